/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reading and writing of binary frames. Integers are big-endian; a blob is a u32 length and its bytes.
 *
 * A Reader borrows the memory it reads; blobs and strings that it returns point into that memory. Both types
 * remember their first error and then do nothing more: check once, at the end. */
#pragma once

#include "macros.h"

typedef struct Blob {
        const uint8_t *data; /* borrowed; NULL exactly when size is 0 */
        size_t size;
} Blob;

typedef struct Reader {
        const uint8_t *p;
        size_t left;
        bool failed;
} Reader;

void reader_init(Reader *r, const void *data, size_t n);
uint8_t reader_u8(Reader *r);
uint16_t reader_u16(Reader *r);
uint32_t reader_u32(Reader *r);
uint64_t reader_u64(Reader *r);
Blob reader_blob(Reader *r, size_t max); /* fails when the blob is larger than max */

/* 0 when nothing failed and nothing is left over, else -EBADMSG. */
int reader_finish(const Reader *r) _must_check_;

typedef struct Writer {
        uint8_t *data; /* owned by whoever owns the Writer's memory */
        size_t size;
        size_t room;
        bool failed;
} Writer;

/* Writes into `data`, which must outlive the Writer and holds `room` bytes. */
void writer_init(Writer *w, void *data, size_t room);
void writer_u8(Writer *w, uint8_t v);
void writer_u16(Writer *w, uint16_t v);
void writer_u32(Writer *w, uint32_t v);
void writer_u64(Writer *w, uint64_t v);
void writer_blob(Writer *w, const void *data, size_t n);
void writer_string(Writer *w, const char *s); /* as a blob without the NUL; NULL writes an empty one */

/* The size written, or -EMSGSIZE when it did not all fit. */
ssize_t writer_finish(const Writer *w) _must_check_;

/* A NUL-terminated copy. -EBADMSG when the blob holds a NUL or is not utf8_is_interchangeable(); -ENOMEM. */
int blob_to_string(Blob b, char **ret) _must_check_;

bool utf8_is_valid(const void *data, size_t n); /* RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF */

/* The same without the noncharacters (U+FFFE and the like), which are valid UTF-8: what a D-Bus string may hold. sd-bus
 * refuses to send a message with one, so a label with one would hide all the keys that stand in the same answer. */
bool utf8_is_interchangeable(const void *data, size_t n);
