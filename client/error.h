/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last error of each thread: a status for the program and a sentence for people. */
#pragma once

#include "common/macros.h"

#define ERROR_MESSAGE_MAX 1024 /* bytes, with the NUL; longer sentences are cut */

/* Remembers the sentence for this thread and returns `status` (SIGNET_E_* or a negative errno), so that a caller
 * fails in one statement. Control characters become spaces. */
int error_set(int status, const char *format, ...) _printf_(2, 3);

int error_no_memory(void); /* the same with -ENOMEM and its sentence */

/* A sentence for `r`, a negative errno of a call that may only fail by running out of memory or by misuse. */
int error_set_errno(int r, const char *what);
