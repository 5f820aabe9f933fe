/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a program's input comes from and its output goes. */
#pragma once

#include "spool-bio.h"

/* Spools a file, or standard input when path is NULL or "-". */
int input_read(const char *path, Spool **ret, Fault *f) _must_check_;

/* What is written one after the other. */
typedef struct OutputPiece {
        Slice data;
        LineMode mode;
} OutputPiece;

typedef enum OutputFlags {
        /* Write into a file that exists instead of putting a new one in its place: who has it open is to see it. */
        OUTPUT_IN_PLACE = 1 << 0,
        /* A reader that went away is no error. */
        OUTPUT_MAY_BREAK = 1 << 1,
} OutputFlags;

/* Writes a finished result to standard output (path NULL or "-") or to a file, which is replaced in one step: it is
 * the old one or the whole new one. What is no regular file (/dev/null, a pipe) is written to. */
int output_write(const OutputPiece *pieces, size_t n, const char *path, OutputFlags flags, Fault *f) _must_check_;
int output_write_spool(Spool *spool, const char *path, OutputFlags flags, Fault *f) _must_check_; /* all, as it is */
