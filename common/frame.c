/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoding and decoding of worker link frames. Fed by the other end of the link, which may be hijacked. Pure. */
#include "frame.h"

static const char *const worker_code_names[_WORKER_CODE_MAX] = {
        [WORKER_OK] = "ok",
        [WORKER_NO_SUCH_KEY] = "no-such-key",
        [WORKER_LOCKED] = "locked",
        [WORKER_PIN_INCORRECT] = "pin-incorrect",
        [WORKER_PIN_LAST_TRY] = "pin-last-try",
        [WORKER_PIN_LOCKED] = "pin-locked",
        [WORKER_TOKEN_ABSENT] = "token-absent",
        [WORKER_MODULE_FAILED] = "module-failed",
        [WORKER_DECRYPTION_FAILED] = "decryption-failed",
        [WORKER_NOT_SUPPORTED] = "not-supported",
        [WORKER_INVALID_INPUT] = "invalid-input",
        [WORKER_DEVICE_ERROR] = "device-error",
};

const char *worker_code_to_string(WorkerCode c) {
        return (size_t) c < ELEMENTSOF(worker_code_names) ? worker_code_names[c] : NULL;
}

static void begin(Writer *w, uint8_t *room, FrameType type, uint32_t id) {
        writer_init(w, room, FRAME_MAX);
        writer_u8(w, FRAME_VERSION);
        writer_u8(w, (uint8_t) type);
        writer_u16(w, 0);
        writer_u32(w, id);
}

static void write_blob(Writer *w, Blob b) {
        writer_blob(w, b.data, b.size);
}

/* One byte that must be a value below `max`. */
static uint8_t read_enum(Reader *r, uint8_t max) {
        uint8_t v = reader_u8(r);

        if (v >= max)
                r->failed = true;
        return v;
}

ssize_t frame_encode_empty(FrameType type, uint32_t id, uint8_t *ret) {
        Writer w;

        begin(&w, ret, type, id);
        return writer_finish(&w);
}

ssize_t frame_encode_hello(const FrameHello *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_HELLO, 0);
        writer_u8(&w, (uint8_t) m->code);
        write_blob(&w, m->label);
        write_blob(&w, m->serial);
        write_blob(&w, m->model);
        write_blob(&w, m->manufacturer);
        writer_u32(&w, m->pin_tries);
        write_blob(&w, m->message);
        return writer_finish(&w);
}

int frame_decode_hello(Reader *body, FrameHello *ret) {
        FrameHello m = {
                .code = read_enum(body, _WORKER_CODE_MAX),
                .label = reader_blob(body, FRAME_STRING_MAX),
                .serial = reader_blob(body, FRAME_STRING_MAX),
                .model = reader_blob(body, FRAME_STRING_MAX),
                .manufacturer = reader_blob(body, FRAME_STRING_MAX),
                .pin_tries = reader_u32(body),
                .message = reader_blob(body, FRAME_STRING_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_key(const FrameKey *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_KEY, 0);
        writer_u32(&w, m->handle);
        writer_u8(&w, (uint8_t) m->type);
        writer_u8(&w, m->flags);
        write_blob(&w, m->spki);
        write_blob(&w, m->label);
        write_blob(&w, m->ckaid);
        return writer_finish(&w);
}

int frame_decode_key(Reader *body, FrameKey *ret) {
        FrameKey m = {
                .handle = reader_u32(body),
                .type = read_enum(body, _KEY_TYPE_MAX),
                .flags = reader_u8(body),
                .spki = reader_blob(body, FRAME_DER_MAX),
                .label = reader_blob(body, FRAME_STRING_MAX),
                .ckaid = reader_blob(body, FRAME_STRING_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_cert(const FrameCert *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_CERT, 0);
        write_blob(&w, m->der);
        write_blob(&w, m->label);
        write_blob(&w, m->ckaid);
        return writer_finish(&w);
}

int frame_decode_cert(Reader *body, FrameCert *ret) {
        FrameCert m = {
                .der = reader_blob(body, FRAME_DER_MAX),
                .label = reader_blob(body, FRAME_STRING_MAX),
                .ckaid = reader_blob(body, FRAME_STRING_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_ready(uint32_t n_keys, uint32_t n_certs, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_READY, 0);
        writer_u32(&w, n_keys);
        writer_u32(&w, n_certs);
        return writer_finish(&w);
}

int frame_decode_ready(Reader *body, uint32_t *ret_keys, uint32_t *ret_certs) {
        uint32_t keys = reader_u32(body), certs = reader_u32(body);

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret_keys = keys;
        *ret_certs = certs;
        return 0;
}

ssize_t frame_encode_sign(uint32_t id, const FrameSign *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_SIGN, id);
        writer_u32(&w, m->handle);
        writer_u32(&w, m->deadline_ms);
        writer_u8(&w, (uint8_t) m->padding);
        writer_u8(&w, (uint8_t) m->hash);
        writer_u16(&w, m->salt_length);
        write_blob(&w, m->data);
        return writer_finish(&w);
}

int frame_decode_sign(Reader *body, FrameSign *ret) {
        FrameSign m = {
                .handle = reader_u32(body),
                .deadline_ms = reader_u32(body),
                .padding = read_enum(body, _PADDING_MAX),
                .hash = read_enum(body, _HASH_MAX),
                .salt_length = reader_u16(body),
                .data = reader_blob(body, FRAME_DATA_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_decrypt(uint32_t id, const FrameDecrypt *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_DECRYPT, id);
        writer_u32(&w, m->handle);
        writer_u32(&w, m->deadline_ms);
        writer_u8(&w, (uint8_t) m->padding);
        writer_u8(&w, (uint8_t) m->hash);
        writer_u8(&w, (uint8_t) m->mgf_hash);
        writer_u8(&w, m->content_key);
        writer_u16(&w, m->key_length);
        write_blob(&w, m->label);
        write_blob(&w, m->ciphertext);
        return writer_finish(&w);
}

int frame_decode_decrypt(Reader *body, FrameDecrypt *ret) {
        FrameDecrypt m = {
                .handle = reader_u32(body),
                .deadline_ms = reader_u32(body),
                .padding = read_enum(body, _PADDING_MAX),
                .hash = read_enum(body, _HASH_MAX),
                .mgf_hash = read_enum(body, _HASH_MAX),
                .content_key = read_enum(body, 2),
                .key_length = reader_u16(body),
                .label = reader_blob(body, FRAME_STRING_MAX),
                .ciphertext = reader_blob(body, FRAME_DATA_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_derive(uint32_t id, const FrameDerive *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, FRAME_DERIVE, id);
        writer_u32(&w, m->handle);
        writer_u32(&w, m->deadline_ms);
        writer_u8(&w, (uint8_t) m->kdf);
        writer_u8(&w, (uint8_t) m->hash);
        writer_u16(&w, m->length);
        write_blob(&w, m->shared_info);
        write_blob(&w, m->peer);
        return writer_finish(&w);
}

int frame_decode_derive(Reader *body, FrameDerive *ret) {
        FrameDerive m = {
                .handle = reader_u32(body),
                .deadline_ms = reader_u32(body),
                .kdf = read_enum(body, _KDF_MAX),
                .hash = read_enum(body, _HASH_MAX),
                .length = reader_u16(body),
                .shared_info = reader_blob(body, FRAME_STRING_MAX),
                .peer = reader_blob(body, FRAME_STRING_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

ssize_t frame_encode_result(FrameType type, uint32_t id, const FrameResult *m, uint8_t *ret) {
        Writer w;

        begin(&w, ret, type, id);
        writer_u8(&w, (uint8_t) m->code);
        write_blob(&w, m->data);
        write_blob(&w, m->message);
        return writer_finish(&w);
}

int frame_decode_result(Reader *body, FrameResult *ret) {
        FrameResult m = {
                .code = read_enum(body, _WORKER_CODE_MAX),
                .data = reader_blob(body, FRAME_DATA_MAX),
                .message = reader_blob(body, FRAME_STRING_MAX),
        };

        if (reader_finish(body) < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}

int frame_decode_header(const void *packet, size_t n, FrameHeader *ret, Reader *ret_body) {
        Reader r;
        uint8_t version, type;
        uint16_t zero;
        uint32_t id;

        if (n > FRAME_MAX)
                return -EBADMSG;
        reader_init(&r, packet, n);
        version = reader_u8(&r);
        type = reader_u8(&r);
        zero = reader_u16(&r);
        id = reader_u32(&r);
        if (r.failed || version != FRAME_VERSION || type == 0 || type >= _FRAME_TYPE_MAX || zero != 0)
                return -EBADMSG;

        *ret = (FrameHeader){ .type = type, .id = id };
        *ret_body = r;
        return 0;
}

int frame_decode_empty(Reader *body) {
        return reader_finish(body);
}
