/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hexadecimal, lower case. Pure. */
#include "hex.h"

void hex_encode(const void *data, size_t n, char *ret) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = data;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = digits[p[i] >> 4];
                ret[2 * i + 1] = digits[p[i] & 15];
        }
        ret[2 * n] = '\0';
}

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -EINVAL;
}

int hex_decode(const char *s, size_t n, uint8_t *ret) {
        if (n % 2 != 0)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (digit(s[i]) < 0)
                        return -EINVAL;
        for (size_t i = 0; i < n / 2; i++)
                ret[i] = (uint8_t) (digit(s[2 * i]) * 16 + digit(s[2 * i + 1]));

        return 0;
}
