/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reading and writing. Fed with what other processes send: trusts no length. */
#include "buffer.h"

#include <string.h>

void reader_init(Reader *r, const void *data, size_t n) {
        *r = (Reader){ .p = data, .left = n };
}

/* The next n bytes, or NULL once anything has failed. */
static const uint8_t *take(Reader *r, size_t n) {
        const uint8_t *p = r->p;

        if (r->failed || n > r->left) {
                r->failed = true;
                return NULL;
        }
        r->p += n;
        r->left -= n;
        return p;
}

static uint64_t take_integer(Reader *r, size_t n) {
        const uint8_t *p = take(r, n);
        uint64_t v = 0;

        for (size_t i = 0; p && i < n; i++)
                v = v << 8 | p[i];

        return v;
}

uint8_t reader_u8(Reader *r) {
        return (uint8_t) take_integer(r, 1);
}

uint16_t reader_u16(Reader *r) {
        return (uint16_t) take_integer(r, 2);
}

uint32_t reader_u32(Reader *r) {
        return (uint32_t) take_integer(r, 4);
}

uint64_t reader_u64(Reader *r) {
        return take_integer(r, 8);
}

Blob reader_blob(Reader *r, size_t max) {
        size_t n = reader_u32(r);
        const uint8_t *p;

        if (n > max)
                r->failed = true;
        p = take(r, n);
        if (!p || n == 0)
                return (Blob){};

        return (Blob){ .data = p, .size = n };
}

int reader_finish(const Reader *r) {
        return r->failed || r->left > 0 ? -EBADMSG : 0;
}

void writer_init(Writer *w, void *data, size_t room) {
        *w = (Writer){ .data = data, .room = room };
}

static void put(Writer *w, const void *data, size_t n) {
        if (w->failed || n > w->room - w->size) {
                w->failed = true;
                return;
        }
        if (n > 0)
                memcpy(w->data + w->size, data, n);
        w->size += n;
}

static void put_integer(Writer *w, uint64_t v, size_t n) {
        uint8_t b[8];

        for (size_t i = 0; i < n; i++)
                b[i] = (uint8_t) (v >> (8 * (n - 1 - i)));
        put(w, b, n);
}

void writer_u8(Writer *w, uint8_t v) {
        put_integer(w, v, 1);
}

void writer_u16(Writer *w, uint16_t v) {
        put_integer(w, v, 2);
}

void writer_u32(Writer *w, uint32_t v) {
        put_integer(w, v, 4);
}

void writer_u64(Writer *w, uint64_t v) {
        put_integer(w, v, 8);
}

void writer_blob(Writer *w, const void *data, size_t n) {
        if (n > UINT32_MAX) {
                w->failed = true;
                return;
        }
        writer_u32(w, (uint32_t) n);
        put(w, data, n);
}

void writer_string(Writer *w, const char *s) {
        writer_blob(w, s, s ? strlen(s) : 0);
}

ssize_t writer_finish(const Writer *w) {
        return w->failed ? -EMSGSIZE : (ssize_t) w->size;
}

/* Length of the UTF-8 sequence at p, 0 if there is no valid one within n bytes. */
static size_t utf8_sequence(const uint8_t *p, size_t n) {
        size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

        if (len == 0 || len > n)
                return 0;
        for (size_t i = 1; i < len; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
            (p[0] == 0xf4 && p[1] > 0x8f))
                return 0;

        return len;
}

bool utf8_is_valid(const void *data, size_t n) {
        const uint8_t *p = data;

        while (n > 0) {
                size_t len = utf8_sequence(p, n);
                if (len == 0)
                        return false;
                p += len;
                n -= len;
        }
        return true;
}

/* U+FDD0 to U+FDEF, and the last two of each plane. */
static bool is_noncharacter(const uint8_t *p, size_t len) {
        if (len < 3)
                return false;
        if (p[0] == 0xef && p[1] == 0xb7 && p[2] >= 0x90 && p[2] <= 0xaf)
                return true;
        return p[len - 1] >= 0xbe && p[len - 2] == 0xbf && (len == 3 ? p[0] == 0xef : (p[1] & 0x0f) == 0x0f);
}

bool utf8_is_interchangeable(const void *data, size_t n) {
        const uint8_t *p = data;
        size_t len;

        for (; n > 0; p += len, n -= len) {
                len = utf8_sequence(p, n);
                if (len == 0 || is_noncharacter(p, len))
                        return false;
        }
        return true;
}

int blob_to_string(Blob b, char **ret) {
        char *s;

        if (b.size > 0 && (memchr(b.data, 0, b.size) || !utf8_is_interchangeable(b.data, b.size)))
                return -EBADMSG;
        s = malloc(b.size + 1);
        if (!s)
                return -ENOMEM;
        if (b.size > 0)
                memcpy(s, b.data, b.size);
        s[b.size] = '\0';
        *ret = s;
        return 0;
}
