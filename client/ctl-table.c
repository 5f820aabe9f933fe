/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of columns as wide as their widest cell. Fed with names from tokens and certificates; what it breaks is only
 * looks. */
#include "ctl-table.h"

#include <string.h>

#include "ctl-text.h"

#define GAP       2
#define NARROWEST 8 /* a cut column is at least this wide */

typedef struct Cell {
        char *text;
        CtlColour colour;
} Cell;

struct Table {
        const char *const *headings;
        size_t columns;
        unsigned shrink;
        Cell *cells;
        size_t n, room;
        bool failed;
};

int table_new(const char *const *headings, size_t n, unsigned shrink, Table **ret) {
        Table *t;

        if (n == 0 || n > TABLE_COLUMNS_MAX)
                return -EINVAL;
        t = malloc(sizeof(*t));
        if (!t)
                return -ENOMEM;

        *t = (Table){ .headings = headings, .columns = n, .shrink = shrink };
        *ret = t;
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n; i++)
                free(t->cells[i].text);
        free(t->cells);
        free(t);
        return NULL;
}

void table_add_coloured(Table *t, CtlColour colour, const char *text) {
        char *clean = text_clean(text && *text ? text : "-");

        if (clean && t->n == t->room) {
                size_t room = t->room ? 2 * t->room : 64;
                Cell *cells = reallocarray(t->cells, room, sizeof(*cells));

                if (cells) {
                        t->cells = cells;
                        t->room = room;
                }
        }
        if (!clean || t->n == t->room) {
                t->failed = true;
                free(clean);
                return;
        }
        t->cells[t->n++] = (Cell){ .text = clean, .colour = colour };
}

void table_add(Table *t, const char *text) {
        table_add_coloured(t, CTL_PLAIN, text);
}

static size_t total_width(const Table *t, const size_t *widths) {
        size_t total = 0;

        for (size_t c = 0; c < t->columns; c++)
                total += widths[c] + (c > 0 ? GAP : 0);
        return total;
}

/* Takes a column at a time from the widest one that may be cut. */
static void shrink_to(const Table *t, size_t room, size_t *widths) {
        for (size_t total = total_width(t, widths); total > room; total--) {
                size_t widest = t->columns;

                for (size_t c = 0; c < t->columns; c++)
                        if ((t->shrink & 1u << c) && widths[c] > NARROWEST &&
                            (widest == t->columns || widths[c] > widths[widest]))
                                widest = c;
                if (widest == t->columns)
                        return;
                widths[widest]--;
        }
}

static void print_cell(FILE *f, const Ctl *ctl, CtlColour colour, const char *text, size_t pad) {
        if (colour == CTL_PLAIN)
                fputs(text, f);
        else
                fprintf(f, "%s%s%s", ctl_colour(ctl, colour), text, ctl_colour(ctl, CTL_PLAIN));
        fprintf(f, "%*s", (int) pad, "");
}

/* `cells` is one row, or NULL for the headings. */
static int print_row(const Table *t, const Ctl *ctl, FILE *f, const Cell *cells, const size_t *widths) {
        for (size_t c = 0; c < t->columns; c++) {
                _cleanup_free_ char *text = text_shorten(cells ? cells[c].text : t->headings[c], widths[c]);

                if (!text)
                        return -ENOMEM;
                print_cell(f, ctl, cells ? cells[c].colour : CTL_BOLD, text,
                           c + 1 < t->columns ? widths[c] - text_width(text) + GAP : 0);
        }
        fputc('\n', f);
        return 0;
}

static void natural_widths(const Table *t, size_t *widths) {
        for (size_t c = 0; c < t->columns; c++) {
                widths[c] = text_width(t->headings[c]);
                for (size_t i = c; i < t->n; i += t->columns)
                        widths[c] = MAX(widths[c], text_width(t->cells[i].text));
        }
}

bool table_fits(const Table *t, const Ctl *ctl) {
        size_t widths[TABLE_COLUMNS_MAX];

        natural_widths(t, widths);
        return ctl->width == 0 || total_width(t, widths) <= ctl->width;
}

int table_print(const Table *t, const Ctl *ctl, FILE *f) {
        size_t widths[TABLE_COLUMNS_MAX];
        int r;

        if (t->failed)
                return -ENOMEM;
        natural_widths(t, widths);
        if (ctl->width > 0)
                shrink_to(t, ctl->width, widths);

        r = print_row(t, ctl, f, NULL, widths);
        for (size_t i = 0; r == 0 && i + t->columns <= t->n; i += t->columns)
                r = print_row(t, ctl, f, t->cells + i, widths);
        return r;
}
