/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is safe to print. Fed with labels from tokens, mail and certificates from anybody, sentences from other
 * processes; what it lets through takes over the reader's terminal. */
#include "text.h"

#include <string.h>

#include "buffer.h"

size_t text_character(const char *s, uint32_t *ret) {
        static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
        uint8_t first = (uint8_t) *s;
        size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        uint32_t c = first & masks[n];

        if (!first || strnlen(s, n) < n || !utf8_is_valid(s, n))
                return 0;
        for (size_t i = 1; i < n; i++)
                c = c << 6 | ((uint8_t) s[i] & 0x3f);

        *ret = c;
        return n;
}

/* C0, DEL, C1, line separators, and what turns the direction of writing (Unicode UAX #9, section 2). */
static bool is_unsafe(uint32_t c) {
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x061c ||
               (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void text_clean_in_place(char *s) {
        char *p = s;
        uint32_t c;

        while (*s) {
                size_t n = text_character(s, &c);

                if (n == 0 || is_unsafe(c)) {
                        *p++ = '?';
                        s += MAX(n, (size_t) 1);
                } else {
                        memmove(p, s, n);
                        p += n;
                        s += n;
                }
        }
        *p = '\0';
}

char *text_clean(const char *s) {
        char *clean = s ? strdup(s) : NULL;

        if (clean)
                text_clean_in_place(clean);
        return clean;
}
