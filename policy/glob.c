/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles and matches patterns. Patterns come from the administrator; values may come from anyone (names of keys,
 * addresses in a request), so matching never takes more than pattern times value steps. */
#include "glob.h"

#include <string.h>

typedef enum ItemType {
        ITEM_CHAR,
        ITEM_ANY,  /* ? */
        ITEM_STAR, /* * */
        ITEM_SET,  /* [...] */
        ITEM_USER, /* %u */
} ItemType;

typedef struct Range {
        uint32_t first, last; /* characters, both included */
} Range;

typedef struct Item {
        ItemType type;
        bool negated;    /* SET */
        uint32_t c;      /* CHAR */
        size_t range, n; /* SET: where its ranges begin in Glob.ranges, and how many they are */
} Item;

struct Glob {
        GlobSyntax syntax;
        Item *items;
        size_t n_items;
        Range *ranges;
        size_t n_ranges;
};

/* One byte of the pattern after percent-decoding. */
typedef struct Letter {
        uint8_t byte;
        enum { LETTER_PLAIN, LETTER_QUOTED, LETTER_USER } kind;
} Letter;

#define NOT_UTF8 0x110000 /* added to a byte that begins no character: equal to nothing that a pattern can name */

/* The character at p, and its size in bytes. */
static uint32_t character_at(const uint8_t *p, size_t left, bool bytes, size_t *ret_size) {
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t size = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
        uint32_t c;

        *ret_size = 1;
        if (bytes || size == 1)
                return p[0];
        if (size == 0 || size > left)
                return NOT_UTF8 + p[0];

        c = p[0] & (0x7fU >> size);
        for (size_t i = 1; i < size; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return NOT_UTF8 + p[0];
                c = c << 6 | (p[i] & 0x3fU);
        }
        if (c < smallest[size] || c > 0x10ffff)
                return NOT_UTF8 + p[0];

        *ret_size = size;
        return c;
}

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
        c = character_at(room, k, bytes, &size);
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

bool glob_is_literal(const Glob *g) {
        for (size_t i = 0; i < g->n_items; i++)
                if (g->items[i].type != ITEM_CHAR)
                        return false;
        return true;
}

bool glob_is_any(const Glob *g) {
        return g->n_items == 1 && g->items[0].type == ITEM_STAR;
}

static bool uses_user(const Glob *g) {
        for (size_t i = 0; i < g->n_items; i++)
                if (g->items[i].type == ITEM_USER)
                        return true;
        return false;
}

static uint32_t lower(uint32_t c) {
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static uint32_t upper(uint32_t c) {
        return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static bool in_ranges(const Range *ranges, size_t n, uint32_t c) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

static bool in_set(const Glob *g, const Item *item, GlobCase fold, uint32_t c) {
        const Range *ranges = g->ranges + item->range;
        bool found = in_ranges(ranges, item->n, c);

        if (!found && fold == GLOB_FOLD)
                found = in_ranges(ranges, item->n, lower(c)) || in_ranges(ranges, item->n, upper(c));
        return found != item->negated;
}

/* What is matched; `at` is how far. */
typedef struct Subject {
        const Glob *glob;
        GlobCase fold;
        const uint8_t *user;
        size_t user_n;
        const uint8_t *value;
        size_t n, at;
} Subject;

static bool take_user(Subject *s) {
        if (s->user_n > s->n - s->at)
                return false;
        for (size_t i = 0; i < s->user_n; i++) {
                uint8_t a = s->user[i], b = s->value[s->at + i];

                if (a != b && !(s->fold == GLOB_FOLD && lower(a) == lower(b)))
                        return false;
        }
        s->at += s->user_n;
        return true;
}

/* Matches one item that is no star, and moves on behind it. */
static bool take_item(Subject *s, const Item *item) {
        size_t size;
        uint32_t c;
        bool ok;

        if (item->type == ITEM_USER)
                return take_user(s);
        if (s->at == s->n)
                return false;

        c = character_at(s->value + s->at, s->n - s->at, s->glob->syntax & GLOB_BYTES, &size);
        if (item->type == ITEM_SET)
                ok = in_set(s->glob, item, s->fold, c);
        else
                ok = item->type == ITEM_ANY || c == item->c || (s->fold == GLOB_FOLD && lower(c) == lower(item->c));
        if (ok)
                s->at += size;
        return ok;
}

/* Only the last star is ever tried again: if what stands between two stars matches somewhere, its first place is as
 * good as any later one. That keeps the work below items times characters. */
static bool match_items(Subject *s) {
        const Item *items = s->glob->items;
        size_t n = s->glob->n_items, i = 0, retry_item = 0, retry_at = 0, size;
        bool star = false;

        for (;;) {
                if (i < n && items[i].type == ITEM_STAR) {
                        star = true;
                        retry_item = ++i;
                        retry_at = s->at;
                        if (i == n)
                                return true;
                        continue;
                }
                if (i == n && s->at == s->n)
                        return true;
                if (i < n && take_item(s, &items[i])) {
                        i++;
                        continue;
                }
                if (!star || retry_at == s->n)
                        return false;
                (void) character_at(s->value + retry_at, s->n - retry_at, s->glob->syntax & GLOB_BYTES, &size);
                retry_at += size;
                s->at = retry_at;
                i = retry_item;
        }
}

Match glob_match(const Glob *g, GlobCase fold, const char *user, const void *value, size_t n) {
        Subject s = { .glob = g, .fold = fold, .user = (const uint8_t *) user, .value = value, .n = n };

        if (glob_is_any(g))
                return MATCH_YES;
        if (!value || n > GLOB_VALUE_MAX)
                return MATCH_UNKNOWN;
        if (uses_user(g)) {
                /* An empty name would turn "%u@example.org" into nobody's address. */
                if (!user || !*user || strlen(user) > GLOB_VALUE_MAX)
                        return MATCH_UNKNOWN;
                s.user_n = strlen(user);
        }

        return match_items(&s) ? MATCH_YES : MATCH_NO;
}
