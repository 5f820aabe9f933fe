/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a supervisor tells a child arrives as it was, PIN and all; what is cut short or too long does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "pkcs11/start.h"

static Secret *secret_of(const void *data, size_t n) {
        Secret *s = NULL;

        assert_int_equal(secret_new(n, &s), 0);
        memcpy(secret_bytes(s), data, n);
        return s;
}

static TokenConfig config_full(void) {
        return (TokenConfig){ .name = (char *) "mail",
                              .module = (char *) "/usr/lib/x.so",
                              .label = (char *) "Mail töken",
                              .serial = (char *) "0123",
                              .init_args = (char *) "configDir='sql:/x'",
                              .deadline = 10,
                              .start_deadline = 60 };
}

/* Through a pipe; the writer's end is closed before reading, as it is when a child starts. */
static int pass(const TokenConfig *config, bool probe, Secret *pin, const Reason *refusal, Start *ret) {
        _cleanup_(secret_freep) Secret *shared = secret_of("0123456789abcdef0123456789abcdef", START_SHARED_BYTES);
        int fds[2], r;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        r = start_write(fds[1], config, probe, shared, pin, refusal);
        close(fds[1]);
        if (r == 0)
                r = start_read(fds[0], ret);
        close(fds[0]);
        return r;
}

static void whole(void **state) {
        static const char *const pins[] = { "1", "1234", "with\n", "\n\n", "pin with spaces", NULL };
        Reason refusal = { .code = WORKER_PIN_INCORRECT, .text = "token \"mail\": PIN is wrong" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(pins); i++) {
                _cleanup_(secret_freep) Secret *pin = pins[i] ? secret_of(pins[i], strlen(pins[i])) : NULL;
                _cleanup_(start_done) Start s = {};
                TokenConfig config = config_full();

                assert_int_equal(pass(&config, i % 2 == 1, pin, &refusal, &s), 0);
                assert_string_equal(s.name, config.name);
                assert_string_equal(s.module, config.module);
                assert_string_equal(s.label, config.label);
                assert_string_equal(s.serial, config.serial);
                assert_string_equal(s.init_args, config.init_args);
                assert_int_equal(s.deadline, 10);
                assert_int_equal(s.start_deadline, 60);
                assert_int_equal(s.probe, i % 2 == 1);
                assert_int_equal(s.refusal.code, WORKER_PIN_INCORRECT);
                assert_string_equal(s.refusal.text, refusal.text);
                assert_memory_equal(secret_bytes(s.shared), "0123456789abcdef0123456789abcdef", START_SHARED_BYTES);
                assert_int_equal(s.pin != NULL, pins[i] != NULL);
                if (pins[i]) {
                        assert_int_equal(secret_size(s.pin), strlen(pins[i]));
                        assert_memory_equal(secret_bytes(s.pin), pins[i], strlen(pins[i]));
                }
        }
}

static void longest_pin(void **state) {
        char text[START_PIN_MAX];
        _cleanup_(start_done) Start s = {};
        _cleanup_(secret_freep) Secret *pin = NULL;
        TokenConfig config = config_full();

        (void) state;
        memset(text, '9', sizeof(text));
        pin = secret_of(text, sizeof(text));
        assert_int_equal(pass(&config, false, pin, NULL, &s), 0);
        assert_int_equal(secret_size(s.pin), sizeof(text));
}

static void optional_strings(void **state) {
        TokenConfig config = { .name = (char *) "mail", .module = (char *) "/x.so", .label = (char *) "mail" };
        _cleanup_(start_done) Start s = {};

        (void) state;
        assert_int_equal(pass(&config, false, NULL, NULL, &s), 0);
        assert_null(s.serial);
        assert_null(s.init_args);
        assert_null(s.pin);
        assert_int_equal(s.refusal.code, WORKER_OK);
}

static void too_long(void **state) {
        static char text[START_SIZE_MAX];
        TokenConfig config = config_full();
        Start s;

        (void) state;
        memset(text, 'x', sizeof(text) - 1);
        config.init_args = text;
        assert_int_equal(pass(&config, false, NULL, NULL, &s), -EMSGSIZE);
}

/* Every message that is cut short is refused, but for one that only lacks its PIN, which cannot be told. */
static void cut_short(void **state) {
        _cleanup_(secret_freep) Secret *shared = secret_of("0123456789abcdef0123456789abcdef", START_SHARED_BYTES);
        TokenConfig config = config_full();
        uint8_t message[1024];
        int fds[2];
        ssize_t n;

        (void) state;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(start_write(fds[1], &config, false, shared, NULL, NULL), 0);
        n = read(fds[0], message, sizeof(message));
        assert_true(n > 100);
        close(fds[0]);
        close(fds[1]);
        for (ssize_t k = 0; k < n; k++) {
                Start s;

                assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
                assert_int_equal(write(fds[1], message, (size_t) k), k);
                close(fds[1]);
                assert_int_equal(start_read(fds[0], &s), -EBADMSG);
                close(fds[0]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole),    cmocka_unit_test(longest_pin), cmocka_unit_test(optional_strings),
                cmocka_unit_test(too_long), cmocka_unit_test(cut_short),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
