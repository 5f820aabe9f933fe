/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in the caller's home: read if they are his, written at once or not at all. */
#pragma once

#include <sys/types.h>

#include "common/macros.h"

#define SETUP_FILE_MAX (4U << 20)

typedef enum SetupFileError {
        SETUP_FILE_E_FOREIGN = 1,    /* it belongs to somebody else */
        SETUP_FILE_E_NO_TEXT,        /* a directory, a device, bytes of 0, or too large */
        SETUP_FILE_E_READ_ONLY,      /* its owner does not want it to be written */
        SETUP_FILE_E_OPEN_DIRECTORY, /* others may write to the directory that it is in */
} SetupFileError;

/* Why, for people; static. */
const char *setup_file_error(int error);

/* The text; -ENOENT, a SetupFileError, or another negative errno. The last part of the path is not followed. */
int setup_file_read(const char *path, char **ret, mode_t *ret_mode) _must_check_;

/* Whether setup_file_write() would be allowed, as far as can be told: 0, or why not. */
int setup_file_check(const char *path) _must_check_;

/* Puts `text` in the place of the file, or, NULL, removes the file. 0 or -errno. */
int setup_file_write(const char *path, const char *text, mode_t mode) _must_check_;

/* The path with all links in it resolved, also when its end does not exist yet. -errno; -ELOOP for a link that leads
 * nowhere. Free it. */
int setup_file_resolve(const char *path, char **ret) _must_check_;
