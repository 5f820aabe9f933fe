/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's side of the worker link, for tests. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/ossl.h"
#include "common/socket.h"
#include "worker-lab.h"

#define PATIENCE_MS 60000

static _noreturn_ void fail(const char *what) {
        (void) fprintf(stderr, "worker-link: %s\n", what);
        abort();
}

static void send_frame(int fd, const uint8_t *packet, ssize_t n, int pass_fd) {
        /* A worker that has just ended is what some tests are about: its end shows when the answer does not come. */
        int r = n < 0 ? 0 : socket_send(fd, packet, (size_t) n, pass_fd);

        if (n < 0 || (r < 0 && r != -EPIPE && r != -ECONNRESET))
                fail("sending a frame");
}

/* One packet; 0 at the end of the connection. */
static size_t receive(int fd, uint8_t *packet) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        ssize_t n;

        if (poll(&pfd, 1, PATIENCE_MS) != 1)
                fail("the worker does not answer");
        n = socket_receive(fd, packet, FRAME_MAX, NULL);
        if (n < 0 && n != -ECONNRESET)
                fail("receiving a frame");
        return n > 0 ? (size_t) n : 0;
}

static void copy_text(char *ret, size_t room, Blob b) {
        size_t n = MIN(b.size, room - 1);

        if (n > 0)
                memcpy(ret, b.data, n);
        ret[n] = '\0';
}

static void take_key(LabLink *l, Reader *body) {
        FrameKey key;
        LabKey *k;
        const uint8_t *p;

        if (frame_decode_key(body, &key) < 0)
                fail("a malformed KEY");
        if (l->n_keys++ >= LAB_KEYS_MAX)
                return;
        k = &l->keys[l->n_keys - 1];
        *k = (LabKey){ .handle = key.handle, .type = key.type, .flags = key.flags };
        copy_text(k->label, sizeof(k->label), key.label);
        p = key.spki.data;
        if (p)
                k->public = d2i_PUBKEY(NULL, &p, (long) key.spki.size);
        if ((key.type == KEY_TYPE_UNKNOWN) != (key.spki.size == 0) ||
            (p && (!k->public || p != key.spki.data + key.spki.size)))
                fail("a KEY whose type and SubjectPublicKeyInfo do not fit");
}

static void take_hello(LabLink *l, Reader *body) {
        FrameHello hello;

        if (frame_decode_hello(body, &hello) < 0)
                fail("a malformed HELLO");
        l->code = hello.code;
        l->pin_tries = hello.pin_tries;
        copy_text(l->message, sizeof(l->message), hello.message);
        copy_text(l->label, sizeof(l->label), hello.label);
        if ((l->code == WORKER_OK) != (hello.message.size == 0))
                fail("a HELLO whose code and message do not fit");
}

bool link_attach(WorkerLab *lab, LabLink *l) {
        uint8_t *packet = malloc(FRAME_MAX);
        bool hello = false, ready = false;
        size_t n;

        *l = (LabLink){ .fd = lab_connect(lab), .next_id = 1000 };
        send_frame(l->fd, packet, frame_encode_empty(FRAME_ATTACH, 1, packet), -1);
        while (!ready && (n = receive(l->fd, packet)) > 0) {
                uint32_t keys, certs;
                FrameHeader header;
                FrameCert cert;
                Reader body;

                if (frame_decode_header(packet, n, &header, &body) < 0)
                        fail("a malformed frame");
                if (!hello && header.type != FRAME_HELLO)
                        fail("something before the HELLO");
                switch (header.type) {
                case FRAME_HELLO:
                        take_hello(l, &body);
                        hello = true;
                        break;
                case FRAME_KEY:
                        take_key(l, &body);
                        break;
                case FRAME_CERT:
                        if (frame_decode_cert(&body, &cert) < 0 || cert.der.size == 0)
                                fail("a malformed CERT");
                        l->n_certs++;
                        break;
                case FRAME_READY:
                        if (frame_decode_ready(&body, &keys, &certs) < 0 || keys != l->n_keys || certs != l->n_certs)
                                fail("a READY that does not add up");
                        ready = true;
                        break;
                default:
                        fail("a frame that does not belong here");
                }
        }
        free(packet);
        return hello;
}

void link_close(LabLink *l) {
        close(l->fd);
        for (size_t i = 0; i < MIN(l->n_keys, (size_t) LAB_KEYS_MAX); i++)
                EVP_PKEY_free(l->keys[i].public);
        *l = (LabLink){ .fd = -1 };
}

const LabKey *link_key(const LabLink *l, const char *label) {
        for (size_t i = 0; i < MIN(l->n_keys, (size_t) LAB_KEYS_MAX); i++)
                if (strcmp(l->keys[i].label, label) == 0)
                        return &l->keys[i];

        fail(label);
}

/* Reads the answer to request `id`. */
static int take_answer(int fd, FrameType type, uint32_t id, uint8_t *packet, LabAnswer *ret) {
        FrameResult result;
        FrameHeader header;
        Reader body;
        size_t n = receive(fd, packet);

        ret->lost = n == 0;
        ret->size = 0;
        if (n == 0)
                return -1;
        if (frame_decode_header(packet, n, &header, &body) < 0 || header.type != type || header.id != id ||
            frame_decode_result(&body, &result) < 0)
                fail("an answer that is none");
        if ((result.code == WORKER_OK) != (result.message.size == 0) ||
            (result.code != WORKER_OK && result.data.size > 0))
                fail("an answer whose code, data and message do not fit");
        ret->code = result.code;
        ret->size = result.data.size;
        if (result.data.size > 0)
                memcpy(ret->data, result.data.data, result.data.size);
        copy_text(ret->message, sizeof(ret->message), result.message);
        return (int) result.code;
}

#define DEFINE_REQUEST(name, Type)                                                                                     \
        int link_##name(LabLink *l, const Type *request, LabAnswer *ret) {                                             \
                uint8_t *packet = malloc(FRAME_MAX);                                                                   \
                uint32_t id = l->next_id++;                                                                            \
                Type q = *request;                                                                                     \
                int r;                                                                                                 \
                                                                                                                       \
                q.deadline_ms = q.deadline_ms ?: 10000;                                                                \
                send_frame(l->fd, packet, frame_encode_##name(id, &q, packet), -1);                                    \
                r = take_answer(l->fd, FRAME_RESULT, id, packet, ret);                                                 \
                free(packet);                                                                                          \
                return r;                                                                                              \
        }
DEFINE_REQUEST(sign, FrameSign)
DEFINE_REQUEST(decrypt, FrameDecrypt)
DEFINE_REQUEST(derive, FrameDerive)

bool link_ended(LabLink *l, int timeout_ms) {
        struct pollfd pfd = { .fd = l->fd, .events = 0 };

        return poll(&pfd, 1, timeout_ms) == 1 && (pfd.revents & POLLHUP) != 0;
}

static int control(WorkerLab *lab, FrameType type, int pass_fd, LabAnswer *ret) {
        uint8_t *packet = malloc(FRAME_MAX);
        int fd = lab_connect(lab), r;

        send_frame(fd, packet, frame_encode_empty(type, 77, packet), pass_fd);
        r = take_answer(fd, FRAME_STATUS, 77, packet, ret);
        if (r >= 0 && receive(fd, packet) != 0)
                fail("something after the STATUS");
        close(fd);
        free(packet);
        return r;
}

int lab_unlock(WorkerLab *lab, const char *pin, LabAnswer *ret) {
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0 || write(fds[1], pin, strlen(pin)) != (ssize_t) strlen(pin))
                fail("pipe");
        close(fds[1]);
        r = control(lab, FRAME_UNLOCK, fds[0], ret);
        close(fds[0]);
        return r;
}

int lab_lock(WorkerLab *lab, LabAnswer *ret) {
        return control(lab, FRAME_LOCK, -1, ret);
}
