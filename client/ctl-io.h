/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input and output of sign and decrypt: files, standard streams, and what may be shown on a terminal. */
#pragma once

#include "ctl.h"

#define IO_INPUT_MAX 65536 /* bytes: what one request to signetd carries */

/* A reader of `path`, or of standard input when that is NULL or "-". A CtlExit; close it if it is not stdin. */
int io_open(Ctl *ctl, const char *path, FILE **ret) _must_check_;
void io_closep(FILE **f); /* leaves stdin open */

/* Reads all of the input, at most IO_INPUT_MAX bytes. A CtlExit; free with signet_free(). */
int io_read(Ctl *ctl, const char *path, unsigned char **ret, size_t *ret_size) _must_check_;

/* Says early that binary output would go to the terminal, before a key is used for nothing. A CtlExit. */
int io_check_output(Ctl *ctl, const char *path, bool base64) _must_check_;

/* Writes to `path` (created with `mode`, replaced when it exists), or to standard output when that is NULL or "-".
 * base64: as text in lines of 64. A CtlExit. */
int io_write(Ctl *ctl, const char *path, mode_t mode, const unsigned char *data, size_t n, bool base64) _must_check_;

/* Base64 in one line. The string is the caller's to free; NULL: out of memory. */
char *io_base64(const unsigned char *data, size_t n);
