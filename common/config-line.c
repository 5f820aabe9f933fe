/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for an element of an array in the text of a configuration file that libconfig has accepted. */
#include "config-line.h"

#include <string.h>

#include "macros.h"

typedef struct Scanner {
        const char *p;
        unsigned line;
} Scanner;

static void step(Scanner *s) {
        s->line += *s->p == '\n';
        s->p++;
}

static void skip_to(Scanner *s, const char *end) {
        while (*s->p && s->p < end)
                step(s);
}

/* Skips blanks and the three kinds of comments. */
static void skip_blanks(Scanner *s) {
        for (;;) {
                if (*s->p == '#' || strncmp(s->p, "//", 2) == 0)
                        skip_to(s, strchrnul(s->p, '\n'));
                else if (strncmp(s->p, "/*", 2) == 0) {
                        const char *end = strstr(s->p + 2, "*/");

                        skip_to(s, end ? end + 2 : strchrnul(s->p, '\0'));
                } else if (*s->p && strchr(" \t\n\r\v\f", *s->p))
                        step(s);
                else
                        return;
        }
}

static void skip_string(Scanner *s) {
        for (step(s); *s->p && *s->p != '"'; step(s))
                if (*s->p == '\\' && s->p[1])
                        step(s);
        if (*s->p)
                step(s);
}

/* One token: a string, a name or number, or one other character. Returns its size, 0 at the end. */
static size_t skip_token(Scanner *s) {
        static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*";
        const char *begin = s->p;
        size_t n = strspn(begin, word);

        if (*begin == '"')
                skip_string(s);
        else if (*begin)
                skip_to(s, begin + MAX(n, 1U));
        return (size_t) (s->p - begin);
}

/* Moves behind `NAME = [`. */
static bool find_array(Scanner *s, const char *name) {
        size_t n;

        for (;;) {
                const char *token;

                skip_blanks(s);
                token = s->p;
                n = skip_token(s);
                if (n == 0)
                        return false;
                if (n != strlen(name) || memcmp(token, name, n) != 0)
                        continue;
                skip_blanks(s);
                if (*s->p != '=' && *s->p != ':')
                        continue;
                step(s);
                skip_blanks(s);
                if (*s->p != '[')
                        continue;
                step(s);
                return true;
        }
}

unsigned config_element_line(const char *text, unsigned line, const char *name, unsigned index) {
        Scanner s = { .p = text, .line = 1 };

        while (*s.p && s.line < line)
                step(&s);
        if (!find_array(&s, name))
                return 0;

        for (unsigned i = 0;;) {
                skip_blanks(&s);
                if (i == index && *s.p != ']')
                        return s.line;
                if (!*s.p || *s.p == ']')
                        return 0;
                i += *s.p == ',';
                (void) skip_token(&s);
        }
}
