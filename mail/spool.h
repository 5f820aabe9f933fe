/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mail's bytes outside the heap: what is read and what will be written waits here, so that mails of any size take
 * little memory and nothing half done is ever given out. */
#pragma once

#include "common/macros.h"

/* The largest mail that is taken, in bytes. */
#define SPOOL_MAX ((uint64_t) 2 << 30)

typedef enum SpoolKind {
        SPOOL_DISK,   /* an unlinked file under TMPDIR (or /tmp) that only this process can reach */
        SPOOL_MEMORY, /* anonymous memory: for what was decrypted, which no disk is to keep */
} SpoolKind;

typedef struct Spool Spool;

/* Where SPOOL_DISK puts its files; static, or the environment's. */
const char *spool_directory(void);

int spool_new(SpoolKind kind, Spool **ret) _must_check_; /* 0 or -errno */
Spool *spool_free(Spool *s);                             /* accepts and returns NULL; the bytes are gone */
DEFINE_CLEANUP(Spool *, spool_free)

/* Appends. -EFBIG past SPOOL_MAX, else -errno; after a failure the spool is good for nothing but spool_free(). */
int spool_append(Spool *s, const void *data, size_t n) _must_check_;
int spool_append_string(Spool *s, const char *text) _must_check_;

/* Appends everything from fd to its end. */
int spool_fill(Spool *s, int fd) _must_check_;

uint64_t spool_size(const Spool *s);

/* The file behind the spool, for readers and writers that bring their own buffers; stays the spool's. What was appended
 * is in it; after somebody else wrote to it, spool_refresh() takes note of its new size. */
int spool_fd(Spool *s, int *ret_fd) _must_check_;
int spool_refresh(Spool *s) _must_check_;

/* A part of a spool. Borrows the spool. */
typedef struct Slice {
        Spool *spool;
        uint64_t offset;
        uint64_t size;
} Slice;

Slice spool_slice(Spool *s);                              /* all of it, as it is now */
Slice slice_from(Slice s, uint64_t offset);               /* without its first bytes */
Slice slice_range(Slice s, uint64_t begin, uint64_t end); /* begin <= end <= size */

/* Reads at most n bytes at `offset` within the slice. Returns how many, 0 at the end, or -errno. */
ssize_t slice_read(Slice s, uint64_t offset, void *buffer, size_t n) _must_check_;

/* Writes all of the slice to a descriptor. -EPIPE without a signal where SIGPIPE is ignored. */
int slice_send(Slice s, int fd) _must_check_;

/* Lines, one after the other, of any length. */
typedef struct Line {
        const uint8_t *data; /* borrowed until the next call */
        size_t size;         /* line end included */
        uint64_t offset;     /* of data within the slice */
        bool begins;         /* data is the beginning of a line, not the rest of one longer than LINES_PIECE */
        bool ends;           /* data ends in LF */
} Line;

#define LINES_PIECE 65536

typedef struct Lines {
        Slice slice;
        uint64_t position; /* of what has not been given out */
        size_t have, used; /* bytes in the buffer, and given out from it */
        bool in_line;
        uint8_t buffer[LINES_PIECE];
} Lines;

void lines_init(Lines *l, Slice slice);
int lines_next(Lines *l, Line *ret) _must_check_; /* 1 with a line, 0 at the end, -errno */

/* What a piece of line is without its LF or CRLF. */
size_t line_text_size(const Line *l);
