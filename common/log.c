/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line per message on standard error, in one write, so that lines of several processes do not mix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define LINE_MAX_BYTES 1024

/* Set once by log_init() before there is a second thread. */
static const char *log_program = "signet";
static LogLevel log_max = LOG_LEVEL_INFO;
static bool log_prefix;

void log_init(const char *program, LogLevel max) {
        log_program = program;
        log_max = max;
        log_prefix = getenv("JOURNAL_STREAM") != NULL;
}

static void write_line(LogLevel level, const char *text, int error) {
        char line[LINE_MAX_BYTES + 1];
        int n;

        if (log_prefix)
                n = snprintf(line, sizeof(line), "<%d>%s", (int) level, text);
        else
                n = snprintf(line, sizeof(line), "%s: %s", log_program, text);
        if (error != 0 && n > 0 && (size_t) n < sizeof(line))
                n += snprintf(line + n, sizeof(line) - (size_t) n, ": %s", strerrordesc_np(error) ?: "unknown error");
        if (n < 0)
                return;

        text_clean_in_place(line);
        size_t size = strlen(line);
        line[size++] = '\n';
        while (write(STDERR_FILENO, line, size) < 0 && errno == EINTR)
                ;
}

void log_full(LogLevel level, const char *format, ...) {
        char text[LINE_MAX_BYTES];
        va_list ap;

        if (level > log_max)
                return;
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        write_line(level, text, 0);
}

int log_full_errno(LogLevel level, int error, const char *format, ...) {
        char text[LINE_MAX_BYTES];
        va_list ap;

        error = error < 0 ? -error : error;
        if (level <= log_max) {
                va_start(ap, format);
                (void) vsnprintf(text, sizeof(text), format, ap);
                va_end(ap);
                write_line(level, text, error);
        }
        return -error;
}
