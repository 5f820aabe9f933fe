/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start message: a length, a body, then the PIN's bytes and a newline where there is one. */
#include "start.h"

#include <string.h>

#define BODY_MAX        (START_SIZE_MAX - 4 - START_PIN_MAX - 1)
#define READ_TIMEOUT_MS 10000

void start_done(Start *s) {
        free(s->name);
        free(s->module);
        free(s->label);
        free(s->serial);
        free(s->init_args);
        secret_free(s->pin);
        secret_free(s->shared);
        *s = (Start){};
}

static int write_all(int fd, const void *data, size_t n) {
        const uint8_t *p = data;

        while (n > 0) {
                ssize_t k = write(fd, p, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

int start_write(int fd, const TokenConfig *config, bool probe, Secret *shared, Secret *pin, const Reason *refusal) {
        uint8_t room[4 + BODY_MAX];
        Writer w;
        ssize_t n;
        int r;

        writer_init(&w, room + 4, BODY_MAX);
        writer_string(&w, config->name);
        writer_string(&w, config->module);
        writer_string(&w, config->label);
        writer_string(&w, config->serial);
        writer_string(&w, config->init_args);
        writer_u32(&w, config->deadline);
        writer_u32(&w, config->start_deadline);
        writer_u8(&w, probe);
        writer_blob(&w, secret_bytes(shared), secret_size(shared));
        writer_u8(&w, refusal ? (uint8_t) refusal->code : WORKER_OK);
        writer_string(&w, refusal ? refusal->text : NULL);
        n = writer_finish(&w);
        if (n < 0)
                return (int) n;
        writer_init(&w, room, 4);
        writer_u32(&w, (uint32_t) n);

        r = write_all(fd, room, 4 + (size_t) n);
        secret_wipe(room, sizeof(room));
        if (r < 0 || !pin)
                return r;

        /* The newline is what secret_read_fd() takes off again: a PIN that ends in one arrives whole. */
        r = write_all(fd, secret_bytes(pin), secret_size(pin));
        return r < 0 ? r : write_all(fd, "\n", 1);
}

static int read_all(int fd, void *ret, size_t n) {
        uint8_t *p = ret;

        while (n > 0) {
                ssize_t k = read(fd, p, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        return -EBADMSG;
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

static int read_string(Reader *r, bool optional, char **ret) {
        Blob b = reader_blob(r, BODY_MAX);

        if (optional && b.size == 0)
                return 0;
        return blob_to_string(b, ret);
}

static int decode(Reader *r, Start *s) {
        Blob shared, text;
        int e = read_string(r, false, &s->name) ?: read_string(r, false, &s->module) ?: read_string(r, false, &s->label)
                ?: read_string(r, true, &s->serial) ?: read_string(r, true, &s->init_args);

        if (e < 0)
                return e;
        s->deadline = reader_u32(r);
        s->start_deadline = reader_u32(r);
        s->probe = reader_u8(r) != 0;
        shared = reader_blob(r, START_SHARED_BYTES);
        s->refusal.code = reader_u8(r);
        text = reader_blob(r, sizeof(s->refusal.text) - 1);
        if (reader_finish(r) < 0 || shared.size != START_SHARED_BYTES || s->refusal.code >= _WORKER_CODE_MAX)
                return -EBADMSG;
        if (text.size > 0)
                memcpy(s->refusal.text, text.data, text.size);
        e = secret_new(START_SHARED_BYTES, &s->shared);
        if (e == 0)
                memcpy(secret_bytes(s->shared), shared.data, shared.size);
        return e;
}

int start_read(int fd, Start *ret) {
        _cleanup_(start_done) Start s = {};
        uint8_t head[4], body[BODY_MAX];
        Reader r;
        uint32_t n;
        int e;

        e = read_all(fd, head, sizeof(head));
        if (e < 0)
                return e;
        reader_init(&r, head, sizeof(head));
        n = reader_u32(&r);
        if (n > sizeof(body))
                return -EBADMSG;
        e = read_all(fd, body, n);
        if (e == 0) {
                reader_init(&r, body, n);
                e = decode(&r, &s);
        }
        secret_wipe(body, sizeof(body));
        if (e < 0)
                return e;

        e = secret_read_fd(fd, START_PIN_MAX + 1, READ_TIMEOUT_MS, &s.pin); /* the newline counts */
        if (e < 0 && e != -ENODATA)
                return e;
        *ret = s;
        s = (Start){};
        return 0;
}
