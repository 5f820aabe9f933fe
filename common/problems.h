/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mistakes found in configuration: all of them, each with its file and line and what was meant. */
#pragma once

#include "macros.h"

typedef struct Problem {
        char *file;
        unsigned line; /* 0: the whole file */
        char *text;    /* a sentence without a full stop: names the thing, the cause, what was meant */
} Problem;

typedef struct Problems {
        Problem *items;
        size_t n;
        bool overflow; /* memory ran out or there were more than PROBLEMS_MAX: some are missing, and the file is bad all
                          the same */
} Problems;

#define PROBLEMS_MAX 1000

void problems_done(Problems *p); /* frees what p holds and empties it; p itself is the caller's */
void problems_add(Problems *p, const char *file, unsigned line, const char *format, ...) _printf_(4, 5);
void problems_sort(Problems *p, size_t from); /* the items from this one on: by file, then by line */
static inline bool problems_any(const Problems *p) {
        return p->n > 0 || p->overflow;
}

/* The word in `words` (n of them) that `word` was probably meant to be: at most two edits away, case apart; NULL if
 * none is. */
const char *problems_did_you_mean(const char *word, const char *const *words, size_t n);
