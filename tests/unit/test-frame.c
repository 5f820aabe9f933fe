/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker link frames: every kind there and back, cut off at every byte, one byte too long, and with numbers outside
 * their enums. */
#include "common/frame.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

static uint8_t packet[FRAME_MAX + 1];

static Blob text(const char *s) {
        return (Blob){ (const uint8_t *) s, strlen(s) };
}

/* Decodes a body of `type` into nothing. */
static int decode_any(FrameType type, Reader *body) {
        union {
                FrameHello hello;
                FrameKey key;
                FrameCert cert;
                FrameSign sign;
                FrameDecrypt decrypt;
                FrameDerive derive;
                FrameResult result;
                uint32_t numbers[2];
        } any;

        switch (type) {
        case FRAME_ATTACH:
        case FRAME_UNLOCK:
        case FRAME_LOCK:
                return frame_decode_empty(body);
        case FRAME_HELLO:
                return frame_decode_hello(body, &any.hello);
        case FRAME_KEY:
                return frame_decode_key(body, &any.key);
        case FRAME_CERT:
                return frame_decode_cert(body, &any.cert);
        case FRAME_READY:
                return frame_decode_ready(body, &any.numbers[0], &any.numbers[1]);
        case FRAME_SIGN:
                return frame_decode_sign(body, &any.sign);
        case FRAME_DECRYPT:
                return frame_decode_decrypt(body, &any.decrypt);
        case FRAME_DERIVE:
                return frame_decode_derive(body, &any.derive);
        case FRAME_STATUS:
        case FRAME_RESULT:
                return frame_decode_result(body, &any.result);
        default:
                return -EBADMSG;
        }
}

static int decode_packet(size_t n, FrameType *ret_type) {
        FrameHeader header;
        Reader body;
        int r;

        r = frame_decode_header(packet, n, &header, &body);
        if (r < 0)
                return r;
        *ret_type = header.type;
        return decode_any(header.type, &body);
}

/* Writes a sample of each kind; its size. */
static ssize_t encode_sample(FrameType type) {
        FrameHello hello = { WORKER_LOCKED, text("mail"), text("1b2c"), text("SoftHSM v2"), text("SoftHSM project"), 1,
                             text("unlock") };
        FrameKey key = {
                7, KEY_TYPE_RSA, FRAME_KEY_SIGN | FRAME_KEY_PRIVATE, text("spki"), text("alice"), text("\x01")
        };
        FrameCert cert = { text("der"), text("alice"), text("\x01") };
        FrameSign sign = { 7, 1000, PADDING_PSS, HASH_SHA256, 32, text("digest") };
        FrameDecrypt decrypt = { 7,    1000, PADDING_OAEP,  HASH_SHA1,         HASH_SHA256,
                                 true, 16,   text("label"), text("ciphertext") };
        FrameDerive derive = { 7, 1000, KDF_X963, HASH_SHA256, 16, text("info"), text("point") };
        FrameResult result = { WORKER_NOT_SUPPORTED, text("data"), text("why") };

        switch (type) {
        case FRAME_HELLO:
                return frame_encode_hello(&hello, packet);
        case FRAME_KEY:
                return frame_encode_key(&key, packet);
        case FRAME_CERT:
                return frame_encode_cert(&cert, packet);
        case FRAME_READY:
                return frame_encode_ready(3, 2, packet);
        case FRAME_SIGN:
                return frame_encode_sign(42, &sign, packet);
        case FRAME_DECRYPT:
                return frame_encode_decrypt(42, &decrypt, packet);
        case FRAME_DERIVE:
                return frame_encode_derive(42, &derive, packet);
        case FRAME_STATUS:
        case FRAME_RESULT:
                return frame_encode_result(type, 42, &result, packet);
        default:
                return frame_encode_empty(type, 0, packet);
        }
}

static void test_every_length(void **state) {
        (void) state;
        for (int type = 1; type < _FRAME_TYPE_MAX; type++) {
                FrameType got = 0;
                ssize_t n = encode_sample((FrameType) type);

                assert_true(n >= FRAME_HEADER);
                assert_int_equal(decode_packet((size_t) n, &got), 0);
                assert_int_equal(got, type);
                for (size_t k = 0; k < (size_t) n; k++)
                        assert_int_equal(decode_packet(k, &got), -EBADMSG);
                packet[n] = 0;
                assert_int_equal(decode_packet((size_t) n + 1, &got), -EBADMSG);
        }
}

static void test_fields(void **state) {
        FrameHeader header;
        FrameDecrypt m;
        Reader body;
        ssize_t n = encode_sample(FRAME_DECRYPT);

        (void) state;
        assert_int_equal(frame_decode_header(packet, (size_t) n, &header, &body), 0);
        assert_int_equal(header.id, 42);
        assert_int_equal(frame_decode_decrypt(&body, &m), 0);
        assert_int_equal(m.handle, 7);
        assert_int_equal(m.deadline_ms, 1000);
        assert_int_equal(m.padding, PADDING_OAEP);
        assert_int_equal(m.mgf_hash, HASH_SHA256);
        assert_true(m.content_key);
        assert_int_equal(m.key_length, 16);
        assert_memory_equal(m.label.data, "label", 5);
        assert_memory_equal(m.ciphertext.data, "ciphertext", 10);
}

typedef struct Damage {
        const char *what;
        FrameType type;
        size_t at;
        uint8_t value;
} Damage;

static void test_damage(void **state) {
        static const Damage cases[] = {
                { "another version", FRAME_SIGN, 0, FRAME_VERSION + 1 },
                { "type 0", FRAME_SIGN, 1, 0 },
                { "a type that does not exist", FRAME_SIGN, 1, _FRAME_TYPE_MAX },
                { "reserved bytes", FRAME_SIGN, 2, 1 },
                { "a padding that does not exist", FRAME_SIGN, 16, _PADDING_MAX },
                { "a hash that does not exist", FRAME_SIGN, 17, _HASH_MAX },
                { "a blob longer than the packet", FRAME_SIGN, 23, 0xff },
                { "a blob longer than its limit", FRAME_SIGN, 20, 1 },
                { "a code that does not exist", FRAME_RESULT, 8, _WORKER_CODE_MAX },
                { "a key type that does not exist", FRAME_KEY, 12, _KEY_TYPE_MAX },
                { "a boolean of 2", FRAME_DECRYPT, 19, 2 },
                { "a KDF that does not exist", FRAME_DERIVE, 16, _KDF_MAX },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                FrameType got;
                ssize_t n = encode_sample(cases[i].type);

                packet[cases[i].at] = cases[i].value;
                if (decode_packet((size_t) n, &got) != -EBADMSG)
                        fail_msg("%s was accepted", cases[i].what);
        }
}

static void test_limits(void **state) {
        static uint8_t data[FRAME_MAX];
        FrameSign sign = { .data = { data, FRAME_DATA_MAX } };
        FrameType got;
        ssize_t n;

        (void) state;
        n = frame_encode_sign(1, &sign, packet);
        assert_true(n > 0);
        assert_int_equal(decode_packet((size_t) n, &got), 0);
        sign.data.size++;
        n = frame_encode_sign(1, &sign, packet);
        assert_int_equal(decode_packet((size_t) n, &got), -EBADMSG);
        sign.data.size = FRAME_MAX;
        assert_int_equal(frame_encode_sign(1, &sign, packet), -EMSGSIZE);
        assert_int_equal(decode_packet(FRAME_MAX + 1, &got), -EBADMSG);
        assert_null(worker_code_to_string(_WORKER_CODE_MAX));
        assert_string_equal(worker_code_to_string(WORKER_PIN_LAST_TRY), "pin-last-try");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_length),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
