/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing texts by lines. Fed with configuration files; what it breaks shows a person something else than what will
 * happen, or undoes too much. */
#include "ctl-setup-diff.h"

#include <stdio.h>
#include <string.h>

#define CELLS_MAX (4U << 20) /* of the table of common lines; beyond that everything between is one hunk */

int lines_split(const char *text, Lines *ret) {
        Lines l = { 0 };
        size_t n = 0;

        for (const char *p = text ?: ""; *p; n++)
                p += strcspn(p, "\n"), p += *p == '\n';
        l.items = calloc(n + 1, sizeof(*l.items));
        l.sizes = calloc(n + 1, sizeof(*l.sizes));
        if (!l.items || !l.sizes) {
                lines_done(&l);
                return -ENOMEM;
        }
        for (const char *p = text ?: ""; l.n < n; l.n++) {
                l.items[l.n] = p;
                l.sizes[l.n] = strcspn(p, "\n");
                p += l.sizes[l.n] + 1;
        }

        *ret = l;
        return 0;
}

void lines_done(Lines *l) {
        free(l->items);
        free(l->sizes);
}

bool lines_equal(const Lines *a, size_t i, const Lines *b, size_t j) {
        return a->sizes[i] == b->sizes[j] && memcmp(a->items[i], b->items[j], a->sizes[i]) == 0;
}

typedef struct Diff {
        const Lines *before, *after;
        DiffHunk *hunks;
        size_t n;
} Diff;

/* Line i of the old text goes, or (added) line j of the new one comes; in order. */
static void add(Diff *d, size_t i, size_t j, bool added) {
        DiffHunk *last = d->n > 0 ? &d->hunks[d->n - 1] : NULL;

        if (!last || last->old_first + last->old_count != i || last->new_first + last->new_count != j)
                d->hunks[d->n++] = (DiffHunk){ .old_first = i, .new_first = j };
        last = &d->hunks[d->n - 1];
        if (added)
                last->new_count++;
        else
                last->old_count++;
}

/* The longest common subsequence of lines from..old_end and from..new_end. */
static int compare_middle(Diff *d, size_t from, size_t old_end, size_t new_end) {
        size_t rows = old_end - from, columns = new_end - from, i = 0, j = 0;
        _cleanup_free_ unsigned *common = calloc((rows + 1) * (columns + 1), sizeof(unsigned));

        if (!common)
                return -ENOMEM;
#define COMMON(a, b) common[(a) * (columns + 1) + (b)]
        for (size_t a = rows; a-- > 0;)
                for (size_t b = columns; b-- > 0;)
                        COMMON(a, b) = lines_equal(d->before, from + a, d->after, from + b)
                                               ? COMMON(a + 1, b + 1) + 1
                                               : MAX(COMMON(a + 1, b), COMMON(a, b + 1));
        while (i < rows || j < columns)
                if (i < rows && j < columns && lines_equal(d->before, from + i, d->after, from + j))
                        i++, j++;
                else if (i < rows && (j == columns || COMMON(i + 1, j) >= COMMON(i, j + 1)))
                        add(d, from + i++, from + j, false);
                else
                        add(d, from + i, from + j++, true);
#undef COMMON
        return 0;
}

int diff_lines(const Lines *before, const Lines *after, DiffHunk **ret, size_t *ret_n) {
        _cleanup_free_ DiffHunk *hunks = calloc(before->n + after->n + 1, sizeof(*hunks));
        Diff d = { .before = before, .after = after, .hunks = hunks };
        size_t from = 0, old_end = before->n, new_end = after->n;
        int r = 0;

        if (!hunks)
                return -ENOMEM;
        while (from < old_end && from < new_end && lines_equal(before, from, after, from))
                from++;
        while (old_end > from && new_end > from && lines_equal(before, old_end - 1, after, new_end - 1))
                old_end--, new_end--;

        if ((old_end - from + 1) * (new_end - from + 1) <= CELLS_MAX)
                r = compare_middle(&d, from, old_end, new_end);
        else
                hunks[d.n++] = (DiffHunk){ from, old_end - from, from, new_end - from };
        if (r < 0)
                return r;

        *ret = TAKE_PTR(hunks);
        *ret_n = d.n;
        return 0;
}

/* --- taking a change back ---------------------------------------------------------------------------------------- */

typedef struct Back {
        Lines text, before, after;
        bool *gone;      /* lines of the text */
        size_t *instead; /* for a line of the text: 1 + the old line that stands there now; 0: none */
} Back;

static void back_done(Back *b) {
        lines_done(&b->text);
        lines_done(&b->before);
        lines_done(&b->after);
        free(b->gone);
        free(b->instead);
}

static size_t find_line(const Back *b, size_t wanted) {
        size_t i = 0;

        while (i < b->text.n && (b->gone[i] || !lines_equal(&b->text, i, &b->after, wanted)))
                i++;
        return i;
}

/* Each new line by itself gives way to its counterpart. Returns how many could not. */
static size_t take_out(Back *b, const DiffHunk *h) {
        size_t left = h->old_count > h->new_count ? h->old_count - h->new_count : 0;

        for (size_t k = 0; k < h->new_count; k++) {
                size_t i = find_line(b, h->new_first + k);
                if (i == b->text.n) {
                        left++;
                        continue;
                }
                b->gone[i] = true;
                b->instead[i] = k < h->old_count ? 1 + h->old_first + k : 0;
        }
        return left;
}

static void put_line(FILE *f, const Lines *l, size_t i) {
        fwrite(l->items[i], 1, l->sizes[i], f);
        fputc('\n', f);
}

static int put_text(const Back *b, char **ret) {
        size_t size;
        char *text = NULL;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < b->text.n; i++)
                if (!b->gone[i])
                        put_line(f, &b->text, i);
                else if (b->instead[i] > 0)
                        put_line(f, &b->before, b->instead[i] - 1);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }

        *ret = text;
        return 0;
}

int diff_take_back(const char *text, const char *before, const char *after, char **ret, size_t *ret_left) {
        _cleanup_(back_done) Back b = { 0 };
        _cleanup_free_ DiffHunk *hunks = NULL;
        size_t n = 0, left = 0;
        int r;

        r = lines_split(text, &b.text);
        if (r == 0)
                r = lines_split(before, &b.before);
        if (r == 0)
                r = lines_split(after, &b.after);
        if (r == 0)
                r = diff_lines(&b.before, &b.after, &hunks, &n);
        if (r < 0)
                return r;
        b.gone = calloc(b.text.n + 1, sizeof(*b.gone));
        b.instead = calloc(b.text.n + 1, sizeof(*b.instead));
        if (!b.gone || !b.instead)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                left += take_out(&b, &hunks[i]);
        r = put_text(&b, ret);
        if (r == 0)
                *ret_left = left;
        return r;
}
