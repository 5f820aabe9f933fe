/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cryptoki's fields of text: UTF-8, filled up with blanks, without an end (PKCS#11 2.40 section 3.1). */
#pragma once

#include <string.h>

#include "common/text.h"

/* What does not fit is cut off between two characters. */
static inline void padded_write(unsigned char *field, size_t size, const char *text) {
        size_t n = 0, k;
        uint32_t c;

        while ((k = text_character(text + n, &c)) > 0 && n + k <= size)
                n += k;
        memcpy(field, text, n);
        memset(field + n, ' ', size - n);
}

#define PADDED(field, text) padded_write((field), sizeof(field), (text))
