/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker link frames from a hijacked peer. What decodes must encode to the same bytes: one reading, one writing. */
#include <string.h>

#include "common/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t again[FRAME_MAX];

/* Decodes the body and encodes it again; the size, or a negative number when it was refused. */
static ssize_t round_trip(const FrameHeader *h, Reader *body) {
        union {
                FrameHello hello;
                FrameKey key;
                FrameCert cert;
                FrameSign sign;
                FrameDecrypt decrypt;
                FrameDerive derive;
                FrameResult result;
                uint32_t numbers[2];
        } m;

        switch (h->type) {
        case FRAME_HELLO:
                return frame_decode_hello(body, &m.hello) < 0 ? -1 : frame_encode_hello(&m.hello, again);
        case FRAME_KEY:
                return frame_decode_key(body, &m.key) < 0 ? -1 : frame_encode_key(&m.key, again);
        case FRAME_CERT:
                return frame_decode_cert(body, &m.cert) < 0 ? -1 : frame_encode_cert(&m.cert, again);
        case FRAME_READY:
                return frame_decode_ready(body, &m.numbers[0], &m.numbers[1]) < 0
                               ? -1
                               : frame_encode_ready(m.numbers[0], m.numbers[1], again);
        case FRAME_SIGN:
                return frame_decode_sign(body, &m.sign) < 0 ? -1 : frame_encode_sign(h->id, &m.sign, again);
        case FRAME_DECRYPT:
                return frame_decode_decrypt(body, &m.decrypt) < 0 ? -1 : frame_encode_decrypt(h->id, &m.decrypt, again);
        case FRAME_DERIVE:
                return frame_decode_derive(body, &m.derive) < 0 ? -1 : frame_encode_derive(h->id, &m.derive, again);
        case FRAME_STATUS:
        case FRAME_RESULT:
                return frame_decode_result(body, &m.result) < 0 ? -1
                                                                : frame_encode_result(h->type, h->id, &m.result, again);
        default:
                return frame_decode_empty(body) < 0 ? -1 : frame_encode_empty(h->type, h->id, again);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        FrameHeader header;
        Reader body;
        ssize_t k;

        if (frame_decode_header(data, n, &header, &body) < 0)
                return 0;
        k = round_trip(&header, &body);
        if (k < FRAME_HEADER)
                return 0;
        if ((size_t) k != n || memcmp(again + FRAME_HEADER, data + FRAME_HEADER, n - FRAME_HEADER) != 0)
                abort();
        return 0;
}
