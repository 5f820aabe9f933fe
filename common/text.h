/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from elsewhere, made safe to print. */
#pragma once

#include "macros.h"

/* A copy that moves no cursor, reorders nothing and hides nothing: control characters, direction overrides, characters
 * without width and bytes that are not UTF-8 become '?'. NULL: out of memory, or s is NULL. */
char *text_clean(const char *s);

/* JSON as a library wrote it, on the heap, with an escape in the place of whatever text_clean() would take out: it says
 * the same, and does nothing to a terminal. NULL: out of memory, or json is NULL. */
char *text_clean_json(const char *json);

/* The same as text_clean() in its own bytes; it never becomes longer. */
void text_clean_in_place(char *s);

/* Makes one blank of every run of blanks, of whatever width: what a name is padded with wraps on a terminal, and the
 * rest of it then looks like a line of ours. For text that was cleaned. */
void text_squeeze_in_place(char *s);

/* The bytes of the UTF-8 character at s, and its code point; 0 at the end and where there is none. */
size_t text_character(const char *s, uint32_t *ret);
