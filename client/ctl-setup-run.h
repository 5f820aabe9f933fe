/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running other programs for a self-test, and a directory to do it in. */
#pragma once

#include "common/macros.h"

#define RUN_OUTPUT_MAX 65536
#define RUN_SECONDS    60 /* an agent and a card may have to start */

/* The program's path, from PATH; NULL: there is none. To be freed. */
char *run_find(const char *program);

/* Runs argv (found in PATH) with nothing on standard input, in its own session; `variable` ("NAME=value", or NULL) is
 * added to its environment. *ret_output gets what it wrote, on both streams, without blanks at its end; free it.
 * Returns the exit status, 128 + N for signal N, -ETIME when it took too long and was killed, or another negative
 * errno. */
int run_program(const char *const *argv, const char *variable, char **ret_output) _must_check_;

/* A new directory of the caller's alone; free the path. 0 or -errno. */
int scratch_new(char **ret) _must_check_;
/* Removes it with the files in it. */
void scratch_remove(const char *path);

/* "DIRECTORY/NAME" with this text. Free the path; NULL: it could not be written. */
char *scratch_file(const char *directory, const char *name, const char *text);
