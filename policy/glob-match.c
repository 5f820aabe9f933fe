/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matches patterns. Values may come from anyone (labels of keys, addresses in a request), so matching never takes more
 * than pattern times value steps. */
#include <string.h>

#include "glob-private.h"

#define NOT_UTF8 0x110000 /* added to a byte that begins no character */

uint32_t glob_character(const uint8_t *p, size_t left, bool bytes, size_t *ret_size) {
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

bool glob_is_literal(const Glob *g) {
        for (size_t i = 0; i < g->n_items; i++)
                if (g->items[i].type != ITEM_CHAR)
                        return false;
        return true;
}

bool glob_is_any(const Glob *g) {
        return g->n_items == 1 && g->items[0].type == ITEM_STAR;
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

        c = glob_character(s->value + s->at, s->n - s->at, s->glob->syntax & GLOB_BYTES, &size);
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
                (void) glob_character(s->value + retry_at, s->n - retry_at, s->glob->syntax & GLOB_BYTES, &size);
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
        if (g->needs_user) {
                /* An empty name would turn "%u@example.org" into nobody's address. */
                if (!user || !*user || strlen(user) > GLOB_VALUE_MAX)
                        return MATCH_UNKNOWN;
                s.user_n = strlen(user);
        }

        return match_items(&s) ? MATCH_YES : MATCH_NO;
}
