/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an element of an array stands. libconfig notes the line of the token behind a string, because another string
 * could follow and be part of it; for the last string of an array that is the line of the "]". */
#pragma once

/* The line on which element `index` of the array `name` begins; `line` is the array's own in `text`. 0 when it is not
 * found. */
unsigned config_element_line(const char *text, unsigned line, const char *name, unsigned index);
