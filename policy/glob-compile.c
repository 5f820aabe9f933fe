/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles patterns. Fed by the administrator's files. */
#include <string.h>

#include "glob-private.h"

/* One byte of the pattern after percent-decoding. */
typedef struct Letter {
        uint8_t byte;
        enum { LETTER_PLAIN, LETTER_QUOTED, LETTER_USER } kind;
} Letter;

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* What stands behind a percent sign at p; its size in *ret_size. */
static int read_percent(const char *p, size_t left, GlobSyntax syntax, Letter *ret, size_t *ret_size, Mistake *m) {
        if ((syntax & GLOB_USER) && left >= 2 && p[1] == 'u') {
                *ret = (Letter){ .kind = LETTER_USER };
                *ret_size = 2;
                return 0;
        }
        if ((syntax & GLOB_PERCENT) && left >= 3 && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                *ret = (Letter){ .byte = (uint8_t) (hex_digit(p[1]) << 4 | hex_digit(p[2])), .kind = LETTER_QUOTED };
                *ret_size = 3;
                if (ret->byte == 0 && !(syntax & GLOB_BYTES))
                        return mistake_set(m, "holds %%00, which no name holds");
                return 0;
        }
        if (syntax & GLOB_PERCENT)
                return mistake_set(
                        m,
                        "holds a \"%%\" without two hex digits or \"u\" behind it; a percent sign itself is \"%%25\"");
        if (left >= 2 && p[1] == '%') {
                *ret = (Letter){ .byte = '%', .kind = LETTER_QUOTED };
                *ret_size = 2;
                return 0;
        }
        return mistake_set(m,
                           "holds a \"%%\" that means nothing: \"%%u\" is the caller's name, \"%%%%\" a percent sign");
}

static int read_letters(const char *pattern, size_t n, GlobSyntax syntax, Letter *ret, size_t *ret_n, Mistake *m) {
        size_t k = 0, size;

        for (size_t i = 0; i < n; i += size) {
                size = 1;
                if (pattern[i] == '%' && (syntax & (GLOB_USER | GLOB_PERCENT))) {
                        int r = read_percent(pattern + i, n - i, syntax, &ret[k], &size, m);

                        if (r != 0)
                                return r;
                } else
                        ret[k] = (Letter){ .byte = (uint8_t) pattern[i], .kind = LETTER_PLAIN };
                k++;
        }

        *ret_n = k;
        return 0;
}

static bool is_special(const Letter *letters, size_t n, size_t i, char c) {
        return i < n && letters[i].kind == LETTER_PLAIN && letters[i].byte == (uint8_t) c;
}

static uint32_t read_character(const Letter *letters, size_t n, size_t *i, bool bytes) {
        uint8_t room[4] = {};
        size_t k = 0, size;
        uint32_t c;

        while (k < sizeof(room) && *i + k < n && letters[*i + k].kind != LETTER_USER) {
                room[k] = letters[*i + k].byte;
                k++;
        }
        c = glob_character(room, k, bytes, &size);
        *i += size;
        return c;
}

/* "[" stands at *i. */
static int read_set(Glob *g, const Letter *letters, size_t n, size_t *i, Mistake *m) {
        bool bytes = g->syntax & GLOB_BYTES;
        Item item = { .type = ITEM_SET, .range = g->n_ranges };
        size_t begin;

        ++*i;
        if (is_special(letters, n, *i, '!') || is_special(letters, n, *i, '^')) {
                item.negated = true;
                ++*i;
        }

        /* A "]" that comes first is a member. */
        for (begin = *i; *i < n && (*i == begin || !is_special(letters, n, *i, ']'));) {
                Range range;

                if (letters[*i].kind == LETTER_USER)
                        return mistake_set(m, "holds \"%%u\" inside \"[...]\"");
                range.first = range.last = read_character(letters, n, i, bytes);
                if (is_special(letters, n, *i, '-') && *i + 1 < n && !is_special(letters, n, *i + 1, ']')) {
                        ++*i;
                        if (letters[*i].kind == LETTER_USER)
                                return mistake_set(m, "holds \"%%u\" inside \"[...]\"");
                        range.last = read_character(letters, n, i, bytes);
                }
                if (range.first > range.last)
                        return mistake_set(m, "holds a range inside \"[...]\" that runs backwards");
                g->ranges[g->n_ranges++] = range;
                item.n++;
        }
        if (*i >= n)
                return mistake_set(m, "holds a \"[\" without its \"]\"; a \"[\" itself is written \"[[]\"");
        ++*i;

        g->items[g->n_items++] = item;
        return 0;
}

static int read_items(Glob *g, const Letter *letters, size_t n, Mistake *m) {
        for (size_t i = 0; i < n;) {
                Item *last = g->n_items > 0 ? &g->items[g->n_items - 1] : NULL;

                if (is_special(letters, n, i, '[')) {
                        int r = read_set(g, letters, n, &i, m);

                        if (r != 0)
                                return r;
                } else if (is_special(letters, n, i, '*')) {
                        if (!last || last->type != ITEM_STAR)
                                g->items[g->n_items++] = (Item){ .type = ITEM_STAR };
                        i++;
                } else if (is_special(letters, n, i, '?')) {
                        g->items[g->n_items++] = (Item){ .type = ITEM_ANY };
                        i++;
                } else if (letters[i].kind == LETTER_USER) {
                        g->items[g->n_items++] = (Item){ .type = ITEM_USER };
                        g->needs_user = true;
                        i++;
                } else
                        g->items[g->n_items++] = (Item){ .type = ITEM_CHAR,
                                                         .c = read_character(letters, n, &i, g->syntax & GLOB_BYTES) };
        }

        return 0;
}

int glob_compile(const char *pattern, size_t n, GlobSyntax syntax, Glob **ret, Mistake *m) {
        _cleanup_(glob_freep) Glob *g = NULL;
        _cleanup_free_ Letter *letters = NULL;
        size_t n_letters;
        int r;

        if (n > GLOB_PATTERN_MAX)
                return mistake_set(m, "is longer than %d bytes", GLOB_PATTERN_MAX);

        letters = calloc(n + 1, sizeof(Letter));
        g = calloc(1, sizeof(Glob));
        if (!letters || !g)
                return -ENOMEM;
        r = read_letters(pattern, n, syntax, letters, &n_letters, m);
        if (r != 0)
                return r;

        g->syntax = syntax;
        g->items = calloc(n_letters + 1, sizeof(Item));
        g->ranges = calloc(n_letters + 1, sizeof(Range));
        if (!g->items || !g->ranges)
                return -ENOMEM;
        r = read_items(g, letters, n_letters, m);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(g);
        return 0;
}

Glob *glob_free(Glob *g) {
        if (!g)
                return NULL;

        free(g->items);
        free(g->ranges);
        free(g);
        return NULL;
}
