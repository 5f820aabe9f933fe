/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of one mistake. Fed by the parsers of patterns. */
#include <stdarg.h>
#include <stdio.h>

#include "match.h"

int mistake_set(Mistake *m, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(m->text, sizeof(m->text), format, ap);
        va_end(ap);
        return MISTAKE_E_FOUND;
}
