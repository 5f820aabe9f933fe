/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets: bounds, the newline of a PIN, the deadline, and that a forked child sees nothing. */
#include "common/secret.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <string.h>
#include <sys/wait.h>

static void test_bounds(void **state) {
        Secret *s = NULL;

        (void) state;
        assert_int_equal(secret_new(0, &s), -EINVAL);
        assert_int_equal(secret_new(SECRET_MAX + 1, &s), -EINVAL);
        assert_null(s);
        assert_int_equal(secret_new(SECRET_MAX, &s), 0);
        memset(secret_bytes(s), 'x', SECRET_MAX);
        secret_truncate(s, 10);
        assert_int_equal(secret_size(s), 10);
        for (size_t i = 10; i < SECRET_MAX; i++)
                assert_int_equal(secret_bytes(s)[i], 0);
        secret_truncate(s, 20); /* does not grow */
        assert_int_equal(secret_size(s), 10);
        assert_null(secret_free(s));
        assert_null(secret_free(NULL));
}

typedef struct PinCase {
        const char *text;
        int r;
        const char *pin;
} PinCase;

static void test_read(void **state) {
        static const PinCase cases[] = {
                { "1234\n", 0, "1234" }, { "1234", 0, "1234" },    { "12\n34\n\n", 0, "12\n34\n" },
                { "", -ENODATA, NULL },  { "\n", -ENODATA, NULL }, { "123456789", -EMSGSIZE, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(secret_freep) Secret *s = NULL;
                int p[2];

                assert_int_equal(pipe(p), 0);
                assert_int_equal(write(p[1], cases[i].text, strlen(cases[i].text)), strlen(cases[i].text));
                close(p[1]);
                assert_int_equal(secret_read_fd(p[0], 8, 1000, &s), cases[i].r);
                close(p[0]);
                if (cases[i].pin) {
                        assert_int_equal(secret_size(s), strlen(cases[i].pin));
                        assert_memory_equal(secret_bytes(s), cases[i].pin, strlen(cases[i].pin));
                } else {
                        assert_null(s);
                }
        }
}

static void test_silent_writer(void **state) {
        Secret *s = NULL;
        int p[2];

        (void) state;
        assert_int_equal(pipe(p), 0);
        assert_int_equal(write(p[1], "12", 2), 2); /* and then nothing, without hanging up */
        assert_int_equal(secret_read_fd(p[0], 8, 20, &s), -ETIMEDOUT);
        assert_null(s);
        close(p[0]);
        close(p[1]);
}

static void test_fork(void **state) {
        _cleanup_(secret_freep) Secret *s = NULL;
        int status = 0;

        (void) state;
        assert_int_equal(secret_new(4, &s), 0);
        memcpy(secret_bytes(s), "1234", 4);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
                _exit(memcmp(secret_bytes(s), "\0\0\0\0", 4) == 0 ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_memory_equal(secret_bytes(s), "1234", 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_read),
                cmocka_unit_test(test_silent_writer),
                cmocka_unit_test(test_fork),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
