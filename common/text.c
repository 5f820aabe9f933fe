/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is safe to print. Fed with labels from tokens, mail and certificates from anybody, sentences from other
 * processes; what it lets through takes over the reader's terminal. */
#include "text.h"

#include <stdio.h>
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

/* C0, DEL, C1, line separators, what turns the direction of writing (Unicode UAX #9, section 2), and what is not seen,
 * so that two names look like one. Joiners (U+200C, U+200D) belong to the spelling of some languages and stay. */
static bool is_unsafe(uint32_t c) {
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x061c || c == 0x180e || c == 0x200b ||
               c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
               c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
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

/* Unicode's space separators, and letters that look like them. */
static bool is_blank(uint32_t c) {
        return c == ' ' || c == 0xa0 || c == 0x115f || c == 0x1160 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
               c == 0x202f || c == 0x205f || c == 0x2800 || c == 0x3000 || c == 0x3164 || c == 0xffa0;
}

void text_squeeze_in_place(char *s) {
        bool before = false;
        char *p = s;
        uint32_t c;

        for (size_t n; (n = text_character(s, &c)) > 0; s += n) {
                if (!is_blank(c)) {
                        memmove(p, s, n);
                        p += n;
                } else if (!before)
                        *p++ = ' ';
                before = is_blank(c);
        }
        *p = '\0';
}

/* RFC 8259 section 7. */
static char *escape(char *p, uint32_t c) {
        if (c < 0x10000)
                return p + sprintf(p, "\\u%04x", (unsigned) c);
        c -= 0x10000;
        return p + sprintf(p, "\\u%04x\\u%04x", (unsigned) (0xd800 + (c >> 10)), (unsigned) (0xdc00 + (c & 0x3ff)));
}

char *text_clean_json(const char *json) {
        char *clean = json ? malloc(6 * strlen(json) + 1) : NULL, *p = clean;
        uint32_t c;

        for (const char *s = json; clean && *s;) {
                size_t n = text_character(s, &c);

                if (n == 0)
                        p = escape(p, 0xfffd);
                else if (is_unsafe(c) && c != '\n')
                        p = escape(p, c);
                else
                        p = mempcpy(p, s, n);
                s += MAX(n, (size_t) 1);
        }
        if (clean)
                *p = '\0';
        return clean;
}

char *text_clean(const char *s) {
        char *clean = s ? strdup(s) : NULL;

        if (clean)
                text_clean_in_place(clean);
        return clean;
}
