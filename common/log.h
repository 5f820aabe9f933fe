/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages for people, on standard error. Under systemd each line carries its priority (sd-daemon(3)).
 * Programs log; libraries return errors. Never pass a secret: Secret has no formatter for a reason. */
#pragma once

#include "macros.h"

typedef enum LogLevel {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_NOTICE = 5,
        LOG_LEVEL_INFO = 6,
        LOG_LEVEL_DEBUG = 7,
} LogLevel;

/* Sets the program's name and the lowest level that is shown. Call once, first thing in main(). */
void log_init(const char *program, LogLevel max);

/* Writes one line, control characters replaced. */
void log_full(LogLevel level, const char *format, ...) _printf_(2, 3);

/* The same, followed by ": " and the text of errno `error` (either sign); returns -|error|, so that a caller logs
 * and returns in one statement. */
int log_full_errno(LogLevel level, int error, const char *format, ...) _printf_(3, 4);

#define log_error(...)            log_full(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)          log_full(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)           log_full(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)             log_full(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)            log_full(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_error_errno(e, ...)   log_full_errno(LOG_LEVEL_ERROR, e, __VA_ARGS__)
#define log_warning_errno(e, ...) log_full_errno(LOG_LEVEL_WARNING, e, __VA_ARGS__)
