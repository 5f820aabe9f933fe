/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines in which two texts differ. Pure. */
#pragma once

#include <stddef.h>

#include "common/macros.h"

/* A place where lines of the old text give way to lines of the new one; either may be none. Lines are numbered from 0.
 */
typedef struct DiffHunk {
        size_t old_first, old_count, new_first, new_count;
} DiffHunk;

typedef struct Lines {
        const char **items; /* into the text, not terminated */
        size_t *sizes;      /* without the newline */
        size_t n;
} Lines;

/* The lines of a text, which they borrow. NULL is a text of none. 0 or -ENOMEM; release with lines_done(). */
int lines_split(const char *text, Lines *ret) _must_check_;
void lines_done(Lines *l);
bool lines_equal(const Lines *a, size_t i, const Lines *b, size_t j);

/* The hunks in order; free them. Few where the texts have much in common. 0 or -ENOMEM. */
int diff_lines(const Lines *before, const Lines *after, DiffHunk **ret, size_t *ret_n) _must_check_;

/* `text` without the change that made `after` out of `before`: each line that came, wherever it stands now, gives way
 * to the one that went for it. *ret_left: how many lines are no longer there to be taken back. 0 or -ENOMEM; free *ret.
 */
int diff_take_back(const char *text, const char *before, const char *after, char **ret, size_t *ret_left) _must_check_;
