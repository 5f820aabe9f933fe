/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hexadecimal, lower case. */
#pragma once

#include "macros.h"

/* Writes 2 * n characters and a NUL to ret, which must hold 2 * n + 1 bytes. */
void hex_encode(const void *data, size_t n, char *ret);

/* Decodes n characters (either case) into ret, which must hold n / 2 bytes. -EINVAL for an odd n or another character.
 */
int hex_decode(const char *s, size_t n, uint8_t *ret) _must_check_;
