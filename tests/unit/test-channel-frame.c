/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of the channel: what is written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/channel-frame.h"

static uint8_t frame[CHANNEL_FRAME_MAX], other[CHANNEL_FRAME_MAX];
static ChannelCall call;
static ChannelResult result;

static const uint8_t key[CHANNEL_ID_SIZE] = { 1, 2, 3 };

static ssize_t write_call(ChannelMethod method, unsigned n_inputs) {
        static ChannelCall c;

        c = (ChannelCall){
                .id = 7, .key = key, .method = method, .purpose = "digest", .n_options = 3, .n_inputs = n_inputs
        };
        c.options[0] = (ChannelOption){ .name = "hash", .type = CHANNEL_OPTION_STRING, .string = "sha256" };
        c.options[1] = (ChannelOption){ .name = "salt-length", .type = CHANNEL_OPTION_NUMBER, .number = 20 };
        c.options[2] = (ChannelOption){ .name = "label", .type = CHANNEL_OPTION_BYTES, .bytes = { key, 2 } };
        for (unsigned i = 0; i < n_inputs; i++)
                c.inputs[i] = (Blob){ key, 3 };
        return channel_encode_call(&c, frame);
}

static void calls_arrive(void **state) {
        ssize_t n = write_call(CHANNEL_SIGN_MANY, 2);

        (void) state;
        assert_true(n > 0);
        assert_int_equal(channel_decode_call(frame, (size_t) n, &call), 0);
        assert_int_equal(call.id, 7);
        assert_memory_equal(call.key, key, sizeof(key));
        assert_int_equal(call.method, CHANNEL_SIGN_MANY);
        assert_string_equal(call.purpose, "digest");
        assert_int_equal(call.n_options, 3);
        assert_string_equal(call.options[0].name, "hash");
        assert_string_equal(call.options[0].string, "sha256");
        assert_int_equal(call.options[1].number, 20);
        assert_int_equal(call.options[2].bytes.size, 2);
        assert_int_equal(call.n_inputs, 2);
        assert_int_equal(call.inputs[1].size, 3);
}

static void results_arrive(void **state) {
        ChannelResult done = { .id = 9, .error = "", .message = "", .outputs = { { key, 4 } }, .n_outputs = 1 };
        ChannelResult failed = { .id = 9, .error = "Busy", .message = "too much" };
        ssize_t n;

        (void) state;
        n = channel_encode_result(&done, frame);
        assert_true(n > 0);
        assert_int_equal(channel_decode_result(frame, (size_t) n, &result), 0);
        assert_int_equal(result.n_outputs, 1);
        assert_memory_equal(result.outputs[0].data, key, 4);
        n = channel_encode_result(&failed, frame);
        assert_true(n > 0);
        assert_int_equal(channel_decode_result(frame, (size_t) n, &result), 0);
        assert_string_equal(result.error, "Busy");
        assert_string_equal(result.message, "too much");
}

/* Neither a call nor a result may be cut anywhere, or go on. */
static void cut_and_longer(void **state) {
        ssize_t n = write_call(CHANNEL_SIGN, 1);

        (void) state;
        for (size_t i = 0; i < (size_t) n; i++)
                assert_int_equal(channel_decode_call(frame, i, &call), -EBADMSG);
        frame[n] = 0;
        assert_int_equal(channel_decode_call(frame, (size_t) n + 1, &call), -EBADMSG);
        assert_int_equal(channel_decode_result(frame, (size_t) n, &result), -EBADMSG);
}

/* Where the parts of write_call()'s frame begin. */
enum {
        AT_VERSION = 0,
        AT_TYPE = 1,
        AT_ZERO = 2,
        AT_KEY_SIZE = 11,
        AT_METHOD = 44,
        AT_PURPOSE_SIZE = 48,
        AT_PURPOSE = 49
};

static void wrong_bytes(void **state) {
        static const struct {
                const char *what;
                size_t at;
                uint8_t value;
        } wrong[] = {
                { "version", AT_VERSION, CHANNEL_VERSION + 1 },
                { "type", AT_TYPE, CHANNEL_RESULT },
                { "reserved", AT_ZERO, 1 },
                { "short key", AT_KEY_SIZE, CHANNEL_ID_SIZE - 1 },
                { "long key", AT_KEY_SIZE, CHANNEL_ID_SIZE + 1 },
                { "no method", AT_METHOD, 0 },
                { "unknown method", AT_METHOD, _CHANNEL_METHOD_MAX },
                { "a NUL in a word", AT_PURPOSE + 1, 0 },
                { "no UTF-8", AT_PURPOSE, 0xff },
                { "no NUL at the end", AT_PURPOSE + 6, 'x' },
                { "a word without end", AT_PURPOSE_SIZE, 255 },
        };
        ssize_t n = write_call(CHANNEL_SIGN, 1);

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                memcpy(other, frame, (size_t) n);
                other[wrong[i].at] = wrong[i].value;
                if (channel_decode_call(other, (size_t) n, &call) != -EBADMSG)
                        fail_msg("%s was taken", wrong[i].what);
        }
}

static void counts(void **state) {
        static uint8_t large[CHANNEL_FRAME_MAX];
        static ChannelCall c;
        ssize_t n;

        (void) state;
        n = write_call(CHANNEL_SIGN, 2);
        assert_int_equal(channel_decode_call(frame, (size_t) n, &call), -EBADMSG); /* two for a method that takes one */
        n = write_call(CHANNEL_SIGN_MANY, 0);
        assert_int_equal(channel_decode_call(frame, (size_t) n, &call), -EBADMSG);
        n = write_call(CHANNEL_SIGN_MANY, CHANNEL_INPUTS_MAX);
        assert_int_equal(channel_decode_call(frame, (size_t) n, &call), 0);

        c = (ChannelCall){ .key = key, .method = CHANNEL_SIGN, .purpose = "digest", .n_inputs = 1 };
        c.inputs[0] = (Blob){ large, sizeof(large) };
        assert_int_equal(channel_encode_call(&c, frame), -EMSGSIZE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(calls_arrive), cmocka_unit_test(results_arrive), cmocka_unit_test(cut_and_longer),
                cmocka_unit_test(wrong_bytes),  cmocka_unit_test(counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
