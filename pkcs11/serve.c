/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The request loop. signetd is trusted to have decided, not to be well: frames are checked as any others. */
#include "serve.h"

#include <openssl/err.h>
#include <string.h>

#include "child.h"
#include "common/socket.h"
#include "deadline.h"

/* A request, decoded. */
typedef struct Request {
        FrameHeader header;
        uint32_t deadline_ms;
        union {
                FrameSign sign;
                FrameDecrypt decrypt;
                FrameDerive derive;
        };
} Request;

static int decode(const uint8_t *packet, size_t n, Request *ret) {
        Reader body;
        int r;

        r = frame_decode_header(packet, n, &ret->header, &body);
        if (r < 0)
                return r;
        switch (ret->header.type) {
        case FRAME_SIGN:
                r = frame_decode_sign(&body, &ret->sign);
                ret->deadline_ms = r == 0 ? ret->sign.deadline_ms : 0;
                return r;
        case FRAME_DECRYPT:
                r = frame_decode_decrypt(&body, &ret->decrypt);
                ret->deadline_ms = r == 0 ? ret->decrypt.deadline_ms : 0;
                return r;
        case FRAME_DERIVE:
                r = frame_decode_derive(&body, &ret->derive);
                ret->deadline_ms = r == 0 ? ret->derive.deadline_ms : 0;
                return r;
        default:
                return -EBADMSG;
        }
}

static int answer(Service *s, uint32_t id, WorkerCode code, Blob data, const char *text) {
        FrameResult result = { .code = code, .data = data };
        ssize_t n;
        int r;

        if (code != WORKER_OK)
                result.message = (Blob){ (const uint8_t *) text, strlen(text) };
        n = frame_encode_result(FRAME_RESULT, id, &result, s->out);
        if (n < 0)
                return (int) n;
        r = socket_send(s->link, s->out, (size_t) n, -1);
        secret_wipe(s->out, (size_t) n);
        return r;
}

/* Whether the worker can go on after this. */
static bool ends_worker(int code) {
        return code == WORKER_DEVICE_ERROR || code == WORKER_PIN_INCORRECT || code == WORKER_PIN_LOCKED ||
               code == WORKER_PIN_LAST_TRY;
}

static int perform(Service *s, const Request *q, Reason *reason) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        uint8_t signature[SIGNATURE_MAX];
        size_t n = sizeof(signature);
        Blob data = {};
        int r, sent;

        ERR_clear_error(); /* SoftHSM leaves its errors on our queue */
        switch (q->header.type) {
        case FRAME_SIGN:
                r = operation_sign(&s->ops, &q->sign, reason, signature, &n);
                break;
        case FRAME_DECRYPT:
                r = operation_decrypt(&s->ops, &q->decrypt, reason, &secret);
                break;
        default:
                r = operation_derive(&s->ops, &q->derive, reason, &secret);
                break;
        }
        if (r < 0)
                r = reason_set(reason, WORKER_DEVICE_ERROR, "token \"%s\": out of memory", s->ops.token->name);

        if (r == 0 && q->header.type == FRAME_SIGN)
                data = (Blob){ signature, n };
        else if (r == 0 && secret_size(secret) > 0)
                data = (Blob){ secret_bytes(secret), secret_size(secret) };
        sent = answer(s, q->header.id, (WorkerCode) r, data, reason->text);
        if (ends_worker(r))
                return CHILD_EXIT_DEVICE;
        return sent < 0 ? CHILD_EXIT_FAILED : 0;
}

int service_run(Service *s, Reason *reason) {
        for (;;) {
                Request q = {};
                ssize_t n;
                int r;

                n = socket_receive(s->link, s->in, FRAME_MAX, NULL);
                if (n == 0 || n == -ECONNRESET)
                        return CHILD_EXIT_OK;
                if (n < 0 || decode(s->in, (size_t) n, &q) < 0)
                        return CHILD_EXIT_PROTOCOL;

                *reason = (Reason){};
                deadline_arm(q.deadline_ms > 0 ? q.deadline_ms : s->deadline_ms);
                r = perform(s, &q, reason);
                deadline_disarm();
                if (r != 0)
                        return r;
        }
}
