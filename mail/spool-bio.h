/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spools as OpenSSL BIOs. */
#pragma once

#include "common/ossl.h"
#include "header.h"

typedef enum LineMode {
        LINE_MODE_VERBATIM,  /* bytes as they are */
        LINE_MODE_CANONICAL, /* LF and CRLF become CRLF */
        LINE_MODE_UNIX,      /* CRLF becomes LF */
} LineMode;

static inline LineMode line_mode_for(LineEnd end) {
        return end == LINE_END_CRLF ? LINE_MODE_CANONICAL : LINE_MODE_UNIX;
}

/* A source that reads the slice, in the given mode. NULL when memory is out. */
BIO *slice_bio_new(Slice slice, LineMode mode);

/* A sink that appends to the spool, in the given mode; borrows the spool. NULL when memory is out. */
BIO *spool_bio_new(Spool *spool, LineMode mode);

/* Copies from one to the other, to its end. 0 or -EIO. */
int bio_copy(BIO *from, BIO *to) _must_check_;

/* Appends the slice to the spool, in the given mode. 0 or -errno. */
int spool_append_slice(Spool *spool, Slice slice, LineMode mode) _must_check_;
