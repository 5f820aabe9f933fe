/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PIN that a supervisor keeps: which files are read, and that a PIN that was refused stays refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <time.h>

#include "pkcs11/pin.h"

static char directory[64], path[128];

static int setup(void **state) {
        (void) state;
        (void) snprintf(directory, sizeof(directory), "/tmp/test-pin.XXXXXX");
        if (!mkdtemp(directory))
                return -1;
        (void) snprintf(path, sizeof(path), "%s/pin", directory);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        (void) unlink(path);
        return rmdir(directory);
}

static void write_pin(const char *text, mode_t mode) {
        struct timespec ts = { .tv_nsec = 20000000 }; /* more than the grain of a file's times */
        int fd;

        (void) nanosleep(&ts, NULL);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        close(fd);
}

static void files(void **state) {
        static char long_pin[400];
        static const struct {
                const char *text;
                mode_t mode;
                uid_t owner;
                int r;
                const char *says;
        } table[] = {
                { "1234\n", 0600, 0, 0, NULL },
                { "1234", 0400, 0, 0, NULL },
                { "1234\n", 0640, 0, WORKER_LOCKED, "open to others" },
                { "1234\n", 0604, 0, WORKER_LOCKED, "open to others" },
                { "1234\n", 0602, 0, WORKER_LOCKED, "open to others" },
                { "1234\n", 0610, 0, WORKER_LOCKED, "open to others" },
                { "", 0600, 0, WORKER_LOCKED, "is empty" },
                { "\n", 0600, 0, WORKER_LOCKED, "is empty" },
                { long_pin, 0600, 0, WORKER_LOCKED, "longer" },
                { "1234\n", 0600, 12345, WORKER_LOCKED, "belongs to user 12345" },
        };

        (void) state;
        memset(long_pin, '1', sizeof(long_pin) - 1);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Reason reason = {};
                Secret *pin = NULL;
                struct stat st;

                if (table[i].owner != 0 && geteuid() != 0)
                        continue;
                write_pin(table[i].text, table[i].mode);
                if (table[i].owner != 0)
                        assert_int_equal(chown(path, table[i].owner, 0), 0);
                assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), table[i].r);
                if (table[i].says)
                        assert_non_null(strstr(reason.text, table[i].says));
                else
                        assert_memory_equal(secret_bytes(pin), "1234", secret_size(pin));
                secret_free(pin);
                assert_int_equal(unlink(path), 0);
        }
}

static void not_a_file(void **state) {
        Reason reason = {};
        Secret *pin = NULL;
        struct stat st;

        (void) state;
        assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), WORKER_LOCKED);
        assert_non_null(strstr(reason.text, "No such file"));
        assert_int_equal(pin_read_file("mail", directory, &st, &reason, &pin), WORKER_LOCKED);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), WORKER_LOCKED);
        assert_non_null(strstr(reason.text, "no regular file"));
        assert_int_equal(unlink(path), 0);
}

/* systemd opens a credential to the service by an access list, whose mask shows as the group's bits. */
static void credential(void **state) {
        Reason reason = {};
        Secret *pin = NULL;
        struct stat st;

        (void) state;
        write_pin("1234\n", 0440);
        assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), WORKER_LOCKED);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
        assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), 0);
        secret_free(pin);
        assert_int_equal(chmod(path, 0444), 0);
        assert_int_equal(pin_read_file("mail", path, &st, &reason, &pin), WORKER_LOCKED);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        assert_int_equal(unlink(path), 0);
}

static void expect(const Pin *pin, PinState state, const char *text) {
        assert_string_equal(pin_state_to_string(pin->state), pin_state_to_string(state));
        assert_int_equal(pin->secret != NULL, text != NULL);
        if (text) {
                assert_int_equal(secret_size(pin->secret), strlen(text));
                assert_memory_equal(secret_bytes(pin->secret), text, strlen(text));
        }
}

static void life(void **state) {
        TokenConfig config = { .name = (char *) "mail", .pin_file = path };
        Secret *given = NULL;
        Pin pin;

        (void) state;
        pin_init(&pin, &config);
        pin_refresh(&pin);
        expect(&pin, PIN_REFUSED, NULL); /* no file yet */
        assert_non_null(strstr(pin.refusal.text, "No such file"));

        write_pin("1111\n", 0600);
        pin_refresh(&pin);
        expect(&pin, PIN_FROM_FILE, "1111");

        /* Refused: not again from the same file, nor when the file goes away and comes back unreadable. */
        pin_refuse(&pin, WORKER_PIN_INCORRECT, "wrong");
        expect(&pin, PIN_REFUSED, NULL);
        pin_refresh(&pin);
        pin_refresh(&pin);
        expect(&pin, PIN_REFUSED, NULL);
        assert_int_equal(pin.refusal.code, WORKER_PIN_INCORRECT);
        assert_int_equal(unlink(path), 0);
        pin_refresh(&pin);
        assert_int_equal(pin.refusal.code, WORKER_PIN_INCORRECT);

        write_pin("2222\n", 0644);
        pin_refresh(&pin);
        expect(&pin, PIN_REFUSED, NULL);
        assert_int_equal(pin.refusal.code, WORKER_LOCKED);
        write_pin("2222\n", 0600);
        pin_refresh(&pin);
        expect(&pin, PIN_FROM_FILE, "2222");
        assert_int_equal(pin.refusal.code, WORKER_OK);

        /* Held although the file is gone; changed with the file. */
        assert_int_equal(unlink(path), 0);
        pin_refresh(&pin);
        expect(&pin, PIN_FROM_FILE, "2222");
        write_pin("3333\n", 0600);
        pin_refresh(&pin);
        expect(&pin, PIN_FROM_FILE, "3333");

        /* Someone's own PIN goes before the file; after a lock the file is left alone. */
        assert_int_equal(secret_new(2, &given), 0);
        memcpy(secret_bytes(given), "44", 2);
        pin_give(&pin, given);
        write_pin("5555\n", 0600);
        pin_refresh(&pin);
        expect(&pin, PIN_GIVEN, "44");
        pin_forget(&pin);
        pin_refresh(&pin);
        expect(&pin, PIN_FORGOTTEN, NULL);
        pin_done(&pin);
        assert_int_equal(unlink(path), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(files),
                cmocka_unit_test(not_a_file),
                cmocka_unit_test(credential),
                cmocka_unit_test(life),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
