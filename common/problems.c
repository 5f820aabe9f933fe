/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects mistakes in configuration. Fed by the readers of configuration files; what they quote comes from the files.
 * Running out of memory here loses a text, never the fact that there was a mistake. */
#include "problems.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 48 /* longer words are no misspelling of ours */

void problems_done(Problems *p) {
        for (size_t i = 0; i < p->n; i++) {
                free(p->items[i].file);
                free(p->items[i].text);
        }
        free(p->items);
        *p = (Problems){};
}

/* Text from a file may hold anything; a problem is one line on a terminal. */
static void replace_controls(char *s) {
        for (; *s; s++)
                if ((unsigned char) *s < ' ' || *s == 0x7f)
                        *s = '?';
}

void problems_add(Problems *p, const char *file, unsigned line, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *copy = NULL;
        Problem *items;
        va_list ap;
        int r;

        if (p->n >= PROBLEMS_MAX) {
                p->overflow = true;
                return;
        }

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0) {
                text = NULL;
                p->overflow = true;
                return;
        }
        replace_controls(text);

        copy = strdup(file);
        items = reallocarray(p->items, p->n + 1, sizeof(Problem));
        if (items)
                p->items = items;
        if (!copy || !items) {
                p->overflow = true;
                return;
        }

        p->items[p->n++] = (Problem){ .file = TAKE_PTR(copy), .line = line, .text = TAKE_PTR(text) };
}

static bool is_behind(const Problem *a, const Problem *b) {
        int r = strcmp(a->file, b->file);

        return r > 0 || (r == 0 && a->line > b->line);
}

/* By insertion: there are few of them, mostly in order, and those of one line stay as they are. */
void problems_sort(Problems *p, size_t from) {
        for (size_t i = from + 1; i < p->n; i++) {
                Problem item = p->items[i];
                size_t k = i;

                for (; k > from && is_behind(&p->items[k - 1], &item); k--)
                        p->items[k] = p->items[k - 1];
                p->items[k] = item;
        }
}

/* "SHA256" is "sha256" misspelt. */
static bool same(char a, char b) {
        return tolower((unsigned char) a) == tolower((unsigned char) b);
}

/* Edits between two words: letters added, dropped or changed, and neighbours swapped, each counted as one. */
static size_t edits(const char *a, size_t a_n, const char *b, size_t b_n) {
        size_t rows[3][WORD_MAX + 1]; /* the row being filled and the two before it, in turns */

        for (size_t j = 0; j <= b_n; j++)
                rows[0][j] = j;

        for (size_t i = 1; i <= a_n; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= b_n; j++) {
                        row[j] = MIN(above[j - 1] + (!same(a[i - 1], b[j - 1])), MIN(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                                row[j] = MIN(row[j], two_above[j - 2] + 1);
                }
        }

        return rows[a_n % 3][b_n];
}

const char *problems_did_you_mean(const char *word, const char *const *words, size_t n) {
        size_t word_n = strlen(word), best = 3;
        const char *found = NULL;

        if (word_n > WORD_MAX)
                return NULL;

        for (size_t i = 0; i < n; i++) {
                size_t candidate_n = strlen(words[i]), d;

                if (candidate_n > WORD_MAX)
                        continue;
                d = edits(word, word_n, words[i], candidate_n);
                /* With as many edits as letters every short word would be "meant". */
                if (d < best && d < MIN(word_n, candidate_n)) {
                        best = d;
                        found = words[i];
                }
        }

        return found;
}
