/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three-valued answers of conditions, and the text of one mistake in a pattern. Shared by the parts of policy/ alone.
 */
#pragma once

#include "common/macros.h"

/* How a condition stands to the facts. An allow rule needs YES; a deny rule matches on everything but NO, so that a
 * fact which is not known fails closed. Ordered: all of several conditions is MIN(), any of them is MAX(). */
typedef enum Match {
        MATCH_NO,
        MATCH_UNKNOWN,
        MATCH_YES,
} Match;

/* Why a value of a policy file is wrong: the rest of a sentence that begins with the setting and the value. */
typedef struct Mistake {
        char text[256];
} Mistake;

enum { MISTAKE_E_FOUND = 1 };

/* Writes the text, cut off where the room ends. Returns MISTAKE_E_FOUND, so that a parser sets it and returns in one
 * statement. */
int mistake_set(Mistake *m, const char *format, ...) _printf_(2, 3);
