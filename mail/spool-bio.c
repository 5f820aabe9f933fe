/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets OpenSSL stream from and to spools. Line ends are changed on the way, where the mode says so. */
#include "spool-bio.h"

#include <string.h>

#define CHUNK 16384

typedef struct SpoolBio {
        Slice slice; /* of a source: what has not been read */
        Spool *sink;
        LineMode mode;
        bool after_cr; /* the last byte that went through was a CR; in UNIX mode it is still held back */
        size_t ready, given;
        uint8_t out[2 * CHUNK + 1]; /* converted, not yet given out */
        uint8_t in[CHUNK];
} SpoolBio;

/* Converts n bytes (at most CHUNK) to b->out; returns how many they became. */
static size_t convert(SpoolBio *b, const uint8_t *data, size_t n) {
        uint8_t *q = b->out;

        if (b->mode == LINE_MODE_VERBATIM) {
                memcpy(q, data, n);
                return n;
        }
        for (size_t i = 0; i < n; i++) {
                uint8_t c = data[i];

                if (b->mode == LINE_MODE_CANONICAL) {
                        if (c == '\n' && !b->after_cr)
                                *q++ = '\r';
                        *q++ = c;
                } else {
                        if (b->after_cr && c != '\n')
                                *q++ = '\r';
                        if (c != '\r')
                                *q++ = c;
                }
                b->after_cr = c == '\r';
        }
        return (size_t) (q - b->out);
}

static int source_read(BIO *bio, char *data, size_t n, size_t *ret_n) {
        SpoolBio *b = BIO_get_data(bio);

        BIO_clear_retry_flags(bio);
        while (b->given == b->ready) {
                ssize_t got = slice_read(b->slice, 0, b->in, CHUNK);
                if (got < 0)
                        return -1;
                if (got == 0 && b->mode == LINE_MODE_UNIX && b->after_cr) {
                        b->after_cr = false;
                        b->out[0] = '\r';
                        b->ready = 1;
                } else if (got == 0)
                        return 0;
                else
                        b->ready = convert(b, b->in, (size_t) got);
                b->given = 0;
                b->slice = slice_from(b->slice, (uint64_t) got);
        }
        *ret_n = MIN(n, b->ready - b->given);
        memcpy(data, b->out + b->given, *ret_n);
        b->given += *ret_n;
        return 1;
}

static int sink_write(BIO *bio, const char *data, size_t n, size_t *ret_n) {
        SpoolBio *b = BIO_get_data(bio);

        BIO_clear_retry_flags(bio);
        for (size_t done = 0; done < n;) {
                size_t now = MIN(n - done, CHUNK);
                if (spool_append(b->sink, b->out, convert(b, (const uint8_t *) data + done, now)) < 0)
                        return -1;
                done += now;
        }
        *ret_n = n;
        return 1;
}

static long control(BIO *bio, int command, long number, void *pointer) {
        SpoolBio *b = BIO_get_data(bio);

        (void) number;
        (void) pointer;
        switch (command) {
        case BIO_CTRL_EOF:
                return !b->sink && b->given == b->ready && b->slice.size == 0;
        case BIO_CTRL_FLUSH:
        case BIO_CTRL_DUP:
                return 1;
        default:
                return 0;
        }
}

static int destroy(BIO *bio) {
        SpoolBio *b = BIO_get_data(bio);

        if (b) {
                explicit_bzero(b, sizeof(*b));
                free(b);
        }
        BIO_set_data(bio, NULL);
        return 1;
}

/* One table for the life of the process: OpenSSL keeps pointers to it in every BIO. */
static BIO_METHOD *method(void) {
        static BIO_METHOD *m;

        if (!m && (m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "signet spool"))) {
                BIO_meth_set_read_ex(m, source_read);
                BIO_meth_set_write_ex(m, sink_write);
                BIO_meth_set_ctrl(m, control);
                BIO_meth_set_destroy(m, destroy);
        }
        return m;
}

static BIO *new_bio(LineMode mode, SpoolBio **ret) {
        SpoolBio *b = calloc(1, sizeof(*b));
        BIO *bio = b && method() ? BIO_new(method()) : NULL;

        if (!bio) {
                free(b);
                return NULL;
        }
        b->mode = mode;
        BIO_set_data(bio, b);
        BIO_set_init(bio, 1);
        *ret = b;
        return bio;
}

BIO *slice_bio_new(Slice slice, LineMode mode) {
        SpoolBio *b;
        BIO *bio = new_bio(mode, &b);

        if (bio)
                b->slice = slice;
        return bio;
}

BIO *spool_bio_new(Spool *spool, LineMode mode) {
        SpoolBio *b;
        BIO *bio = new_bio(mode, &b);

        if (bio)
                b->sink = spool;
        return bio;
}

int bio_copy(BIO *from, BIO *to) {
        char buffer[CHUNK];
        int n, r = 0;

        while (r == 0 && (n = BIO_read(from, buffer, sizeof(buffer))) > 0)
                r = BIO_write(to, buffer, n) == n ? 0 : -EIO;
        if (r == 0 && (n < 0 || BIO_flush(to) != 1))
                r = -EIO;
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

int spool_append_slice(Spool *spool, Slice slice, LineMode mode) {
        _cleanup_(BIO_free_allp) BIO *from = slice_bio_new(slice, mode), *to = spool_bio_new(spool, LINE_MODE_VERBATIM);

        return from && to ? bio_copy(from, to) : -ENOMEM;
}
