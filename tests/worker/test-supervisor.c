/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor: PINs that are tried once, connections that lie, fall silent or go away, and processes that end with
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/ossl.h"
#include "common/socket.h"
#include "judge.h"
#include "worker-lab.h"

#define FINAL_TRY "0x20000"
#define LOCKED    "0x40000"

static WorkerLab lab;
static LabAnswer answer;

static int setup(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ec = make_ec("P-256"), *rsa = make_rsa(2048);
        TokenMaker m;

        (void) state;
        if (!lab_begin(&lab)) {
                (void) fprintf(stderr, "SKIP: SoftHSM is not installed\n");
                exit(77);
        }
        maker_begin(&m, "mail");
        maker_import(&m, ec, "ec", 1, MAKE_PAIR);
        maker_import(&m, rsa, "each-time", 2, MAKE_PAIR | MAKE_ALWAYS_AUTHENTICATE);
        maker_end(&m);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        lab_end(&lab);
        return 0;
}

static int begin_test(void **state) {
        (void) state;
        lab_control(&lab, "");
        (void) unlink(lab.log);
        (void) unlink(lab.errors);
        return 0;
}

static int end_test(void **state) {
        (void) state;
        lab_stop(&lab);
        lab.option = NULL;
        return 0;
}

static void begin(const char *pin, const char *more) {
        lab_configure(&lab, "mail", LAB_FAULTY, pin, more);
        lab_start(&lab);
}

static void signs(LabLink *l) {
        static const uint8_t digest[32];
        FrameSign q = { .handle = link_key(l, "ec")->handle, .hash = HASH_SHA256, .data = { digest, sizeof(digest) } };

        assert_int_equal(link_sign(l, &q, &answer), WORKER_OK);
        assert_true(judge_verifies(link_key(l, "ec")->public, &q, answer.data, answer.size));
}

static void attach_expect(WorkerCode code) {
        LabLink l;

        assert_true(link_attach(&lab, &l));
        if (l.code != code)
                fail_msg("HELLO says %s, not %s: %s", worker_code_to_string(l.code), worker_code_to_string(code),
                         l.message);
        if (code == WORKER_OK)
                signs(&l);
        link_close(&l);
}

/* --- PINs --- */

static void wrong_pin_is_tried_once(void **state) {
        LabLink l;

        (void) state;
        begin("9999\n", "workers = 4");
        assert_true(link_attach(&lab, &l));
        assert_int_equal(l.code, WORKER_PIN_INCORRECT);
        assert_non_null(strstr(l.message, "PIN is wrong"));
        assert_int_equal(l.n_keys, 2); /* what public objects show */
        for (int i = 0; i < 4; i++)
                attach_expect(WORKER_PIN_INCORRECT);
        assert_int_equal(lab_count_calls(&lab, "C_Login user"), 1);
        link_close(&l);

        /* The file changed: once more. */
        lab_write(lab.pin_file, "8888\n");
        attach_expect(WORKER_PIN_INCORRECT);
        attach_expect(WORKER_PIN_INCORRECT);
        assert_int_equal(lab_count_calls(&lab, "C_Login user"), 2);
        lab_write(lab.pin_file, MAKER_PIN "\n");
        attach_expect(WORKER_OK);
        attach_expect(WORKER_OK);
}

static void last_try_is_left_alone(void **state) {
        (void) state;
        begin(MAKER_PIN "\n", NULL);
        lab_control(&lab, "C_GetTokenInfo flags " FINAL_TRY "\n");
        attach_expect(WORKER_PIN_LAST_TRY);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_PIN_LAST_TRY);
        lab_control(&lab, "C_GetTokenInfo flags " LOCKED "\n");
        for (int i = 0; i < 5; i++)
                attach_expect(WORKER_PIN_LOCKED);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_PIN_LOCKED);
        assert_int_equal(lab_count_calls(&lab, "C_Login user"), 0);

        /* Nothing was tried, so nothing is remembered: a token whose PIN was unblocked comes up by itself. */
        lab_control(&lab, "");
        attach_expect(WORKER_OK);
}

static void unlock_and_lock(void **state) {
        LabLink locked, open;

        (void) state;
        begin(NULL, NULL);
        assert_true(link_attach(&lab, &locked));
        assert_int_equal(locked.code, WORKER_LOCKED);
        assert_int_equal(lab_unlock(&lab, "9999\n", &answer), WORKER_PIN_INCORRECT);
        assert_non_null(strstr(answer.message, "PIN is wrong"));
        attach_expect(WORKER_LOCKED);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN "\n", &answer), WORKER_OK);
        assert_int_equal(lab_count_calls(&lab, "C_Login user"), 2);
        assert_true(link_attach(&lab, &open));
        assert_int_equal(open.code, WORKER_OK);
        signs(&open);

        /* A wrong one does not take the good one away. */
        assert_int_equal(lab_unlock(&lab, "9999", &answer), WORKER_PIN_INCORRECT);
        link_close(&locked);
        attach_expect(WORKER_OK);

        assert_int_equal(lab_lock(&lab, &answer), WORKER_OK);
        assert_true(link_ended(&open, 5000));
        link_close(&open);
        attach_expect(WORKER_LOCKED);
        assert_int_equal(lab_lock(&lab, &answer), WORKER_OK);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_OK);
        attach_expect(WORKER_OK);
}

/* Someone who locks a token means it: the file is not read behind his back. */
static void lock_leaves_the_file_alone(void **state) {
        (void) state;
        begin(MAKER_PIN "\n", NULL);
        attach_expect(WORKER_OK);
        assert_int_equal(lab_lock(&lab, &answer), WORKER_OK);
        attach_expect(WORKER_LOCKED);
        lab_write(lab.pin_file, MAKER_PIN "\n");
        attach_expect(WORKER_LOCKED);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_OK);
        attach_expect(WORKER_OK);
}

static void bad_pin_files(void **state) {
        LabLink l;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_int_equal(chmod(lab.pin_file, 0644), 0);
        assert_true(link_attach(&lab, &l));
        assert_int_equal(l.code, WORKER_LOCKED);
        assert_non_null(strstr(l.message, "chmod 600"));
        link_close(&l);
        assert_int_equal(chmod(lab.pin_file, 0600), 0);
        attach_expect(WORKER_OK);
}

static void unusable_pins(void **state) {
        char longest[400];

        (void) state;
        begin(NULL, NULL);
        memset(longest, '1', sizeof(longest));
        longest[sizeof(longest) - 1] = '\0';
        assert_int_equal(lab_unlock(&lab, "", &answer), WORKER_INVALID_INPUT);
        assert_int_equal(lab_unlock(&lab, "\n", &answer), WORKER_INVALID_INPUT);
        assert_int_equal(lab_unlock(&lab, longest, &answer), WORKER_INVALID_INPUT);
        assert_int_equal(lab_count_calls(&lab, "C_Login user"), 0);
        attach_expect(WORKER_LOCKED);
}

static void key_with_a_pin_of_its_own(void **state) {
        static const uint8_t digest[32];
        FrameSign q = { .padding = PADDING_PKCS1, .hash = HASH_SHA256, .data = { digest, sizeof(digest) } };
        LabLink a, b;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_true(link_attach(&lab, &a) && link_attach(&lab, &b));
        q.handle = link_key(&a, "each-time")->handle;
        assert_int_equal(link_sign(&a, &q, &answer), WORKER_OK);
        assert_int_equal(lab_count_calls(&lab, "C_Login context"), 1);

        /* It refuses the token's PIN: no worker tries that again. */
        lab_control(&lab, "C_Login error 0xa0\n");
        assert_int_equal(link_sign(&a, &q, &answer), WORKER_PIN_INCORRECT);
        assert_true(link_ended(&a, 5000) && link_ended(&b, 5000));
        link_close(&a);
        link_close(&b);
        lab_control(&lab, "");
        attach_expect(WORKER_PIN_INCORRECT);
        assert_int_equal(lab_count_calls(&lab, "C_Login context"), 2);
}

/* --- frames --- */

static void send_raw(int fd, const void *data, size_t n, int pass_fd) {
        int r = socket_send(fd, data, n, pass_fd);

        assert_true(r == 0 || r == -EPIPE || r == -ECONNRESET);
}

static bool hangs_up(int fd, int timeout_ms) {
        struct pollfd pfd = { .fd = fd };

        return poll(&pfd, 1, timeout_ms) == 1 && (pfd.revents & POLLHUP) != 0;
}

static void bad_first_frames(void **state) {
        static const struct {
                uint8_t bytes[16];
                size_t n;
                bool fd;
        } table[] = {
                { { 1 }, 1, false },
                { { 1, 1, 0, 0, 0, 0, 0 }, 7, false },
                { { 1, 1, 0, 0, 0, 0, 0, 1, 0 }, 9, false }, /* ATTACH with a body */
                { { 2, 1, 0, 0, 0, 0, 0, 1 }, 8, false },    /* another version */
                { { 0, 1, 0, 0, 0, 0, 0, 1 }, 8, false },
                { { 1, 1, 0, 1, 0, 0, 0, 1 }, 8, false }, /* what should be zero is not */
                { { 1, 0, 0, 0, 0, 0, 0, 1 }, 8, false }, /* no type */
                { { 1, 99, 0, 0, 0, 0, 0, 1 }, 8, false },
                { { 1, FRAME_SIGN, 0, 0, 0, 0, 0, 1 }, 8, false }, /* not a first frame */
                { { 1, FRAME_HELLO, 0, 0, 0, 0, 0, 1 }, 8, false },
                { { 1, FRAME_STATUS, 0, 0, 0, 0, 0, 1 }, 8, false },
                { { 1, FRAME_UNLOCK, 0, 0, 0, 0, 0, 1 }, 8, false }, /* without its descriptor */
                { { 1, FRAME_ATTACH, 0, 0, 0, 0, 0, 1 }, 8, true },  /* with one */
                { { 1, FRAME_LOCK, 0, 0, 0, 0, 0, 1 }, 8, true },
        };
        static const uint8_t huge[FRAME_MAX + 1] = { 1, FRAME_ATTACH };
        LabLink l;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_true(link_attach(&lab, &l));
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int fd = lab_connect(&lab);

                send_raw(fd, table[i].bytes, table[i].n, table[i].fd ? STDIN_FILENO : -1);
                if (!hangs_up(fd, 3000))
                        fail_msg("bad first frame %zu", i);
                close(fd);
        }
        int fd = lab_connect(&lab);
        send_raw(fd, huge, sizeof(huge), -1);
        assert_true(hangs_up(fd, 3000));
        close(fd);
        signs(&l);
        link_close(&l);
        attach_expect(WORKER_OK);
}

static void bad_requests(void **state) {
        static uint8_t packet[FRAME_MAX + 1];
        uint8_t digest[32] = { 0 };

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        for (int i = 0; i < 40; i++) {
                FrameSign q = {
                        .handle = 1, .deadline_ms = 1000, .hash = HASH_SHA256, .data = { digest, sizeof(digest) }
                };
                ssize_t n = frame_encode_sign(5, &q, packet);
                LabLink l;

                assert_true(n > 0);
                assert_true(link_attach(&lab, &l));
                switch (i) {
                case 0:
                        n--; /* cut short */
                        break;
                case 1:
                        n++; /* one byte left over */
                        break;
                case 2:
                        n = FRAME_MAX + 1;
                        break;
                case 3:
                        packet[FRAME_HEADER + 8] = 200; /* no such padding */
                        break;
                case 4:
                        packet[FRAME_HEADER + 12] = 0xff; /* a length beyond the packet */
                        break;
                case 5:
                        n = frame_encode_empty(FRAME_ATTACH, 1, packet); /* twice */
                        break;
                case 6:
                        n = frame_encode_empty(FRAME_LOCK, 1, packet);
                        break;
                default:
                        n = 1 + i * 40;
                        assert_int_equal(RAND_bytes(packet, (int) n), 1);
                        break;
                }
                send_raw(l.fd, packet, (size_t) n, -1);
                if (!hangs_up(l.fd, 5000))
                        fail_msg("bad request %d", i);
                link_close(&l);
        }
        attach_expect(WORKER_OK);
        assert_true(lab_logged(&lab, "malformed frame"));
}

/* --- connections --- */

static void hang_up_kills(void **state) {
        LabLink l[2];

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_true(link_attach(&lab, &l[0]) && link_attach(&lab, &l[1]));
        assert_int_equal(lab_children(&lab, NULL, 0), 2);
        link_close(&l[0]);
        assert_true(lab_wait_children(&lab, 1));
        signs(&l[1]);

        /* Also in the midst of a request that never ends. */
        static const uint8_t digest[32];
        uint8_t packet[256];
        FrameSign q = { .handle = link_key(&l[1], "ec")->handle,
                        .deadline_ms = 60000,
                        .hash = HASH_SHA256,
                        .data = { digest, 32 } };
        lab_control(&lab, "C_Sign hang-deaf\n");
        send_raw(l[1].fd, packet, (size_t) frame_encode_sign(1, &q, packet), -1);
        assert_int_equal(poll(NULL, 0, 300), 0);
        link_close(&l[1]);
        assert_true(lab_wait_children(&lab, 0));
}

static void silence_holds_up_nobody(void **state) {
        int silent[3];
        LabLink l;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        for (size_t i = 0; i < ELEMENTSOF(silent); i++)
                silent[i] = lab_connect(&lab);
        assert_true(link_attach(&lab, &l));
        signs(&l);
        for (size_t i = 0; i < ELEMENTSOF(silent); i++) {
                assert_true(hangs_up(silent[i], 8000));
                close(silent[i]);
        }
        signs(&l);
        link_close(&l);
}

/* A PIN that never comes holds up nobody either, and is given up. */
static void silent_pin(void **state) {
        uint8_t packet[FRAME_MAX];
        int fds[2], fd;
        LabLink l;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        fd = lab_connect(&lab);
        send_raw(fd, packet, (size_t) frame_encode_empty(FRAME_UNLOCK, 1, packet), fds[0]);
        assert_true(link_attach(&lab, &l));
        signs(&l);
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_OK);
        assert_true(hangs_up(fd, 14000));
        assert_true(recv(fd, packet, sizeof(packet), MSG_DONTWAIT) > 0);
        assert_int_equal(packet[FRAME_HEADER], WORKER_INVALID_INPUT);
        close(fd);
        close(fds[0]);
        close(fds[1]);
        link_close(&l);
}

/* One more connection than there are places waits for one; a flood is bounded. */
static void too_many(void **state) {
        int fds[40], waiting;
        uint8_t packet[FRAME_MAX];
        LabLink l[2];
        struct pollfd pfd;

        (void) state;
        begin(MAKER_PIN "\n", "workers = 2");
        assert_true(link_attach(&lab, &l[0]) && link_attach(&lab, &l[1]));
        waiting = lab_connect(&lab);
        send_raw(waiting, packet, (size_t) frame_encode_empty(FRAME_ATTACH, 1, packet), -1);
        pfd = (struct pollfd){ .fd = waiting, .events = POLLIN };
        assert_int_equal(poll(&pfd, 1, 500), 0);
        assert_int_equal(lab_children(&lab, NULL, 0), 2);
        link_close(&l[0]);
        assert_int_equal(poll(&pfd, 1, 10000), 1);
        assert_true(recv(waiting, packet, sizeof(packet), 0) > 0);
        assert_int_equal(packet[1], FRAME_HELLO);
        assert_int_equal(packet[FRAME_HEADER], WORKER_OK);
        close(waiting);

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                if (socket_connect(lab.socket, &fds[i]) < 0)
                        fds[i] = -1; /* the backlog is full */
                else
                        send_raw(fds[i], packet, (size_t) frame_encode_empty(FRAME_ATTACH, 1, packet), -1);
        }
        assert_true(lab_children(&lab, NULL, 0) <= 3);
        signs(&l[1]);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (fds[i] >= 0)
                        close(fds[i]);
        link_close(&l[1]);
        attach_expect(WORKER_OK);
}

static void killed_worker(void **state) {
        pid_t children[4];
        LabLink a, b;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_true(link_attach(&lab, &a));
        assert_int_equal(lab_children(&lab, children, 4), 1);
        assert_true(link_attach(&lab, &b));
        assert_int_equal(kill(children[0], SIGKILL), 0);
        assert_true(link_ended(&a, 5000));
        signs(&b);
        link_close(&a);
        link_close(&b);
        assert_true(lab_logged(&lab, "killed by signal 9"));
        attach_expect(WORKER_OK);
}

/* --- ends --- */

static void supervisor_takes_its_children_along(void **state) {
        pid_t children[4];
        LabLink l;

        (void) state;
        begin(MAKER_PIN "\n", NULL);
        assert_true(link_attach(&lab, &l));
        assert_int_equal(lab_children(&lab, children, 4), 1);
        assert_int_equal(kill(lab.supervisor, SIGKILL), 0);
        assert_int_equal(waitpid(lab.supervisor, NULL, 0), lab.supervisor);
        lab.supervisor = 0;
        (void) unlink(lab.socket);
        assert_true(lab_gone(children[0]));
        assert_true(link_ended(&l, 5000));
        link_close(&l);
}

static void dies_with_its_parent(void **state) {
        pid_t parent, supervisor;
        int fds[2];

        (void) state;
        lab_configure(&lab, "mail", NULL, MAKER_PIN "\n", NULL);
        assert_int_equal(pipe(fds), 0);
        parent = fork();
        if (parent == 0) {
                lab_start(&lab);
                _exit(write(fds[1], &lab.supervisor, sizeof(pid_t)) == sizeof(pid_t) ? 0 : 1);
        }
        assert_int_equal(read(fds[0], &supervisor, sizeof(supervisor)), sizeof(supervisor));
        assert_int_equal(waitpid(parent, NULL, 0), parent);
        assert_true(lab_gone(supervisor));
        (void) unlink(lab.socket);
        close(fds[0]);
        close(fds[1]);
}

static void strangers(void **state) {
        int status;

        (void) state;
        if (geteuid() != 0) {
                (void) fprintf(stderr, "SKIP: connections of other users: needs root\n");
                return;
        }
        lab.option = "--allow-uid=12346";
        begin(MAKER_PIN "\n", NULL);
        assert_int_equal(chmod(lab.socket, 0666), 0);
        assert_int_equal(chmod(lab.directory, 0755), 0);
        for (uid_t uid = 12345; uid <= 12346; uid++) {
                pid_t pid = fork();

                if (pid == 0) {
                        LabLink l;

                        if (setuid(uid) < 0)
                                _exit(2);
                        _exit(link_attach(&lab, &l) ? 0 : 1);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), uid == 12345 ? 1 : 0);
        }
        assert_true(lab_logged(&lab, "user 12345"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_test, end_test)
        const struct CMUnitTest tests[] = {
                TEST(wrong_pin_is_tried_once),
                TEST(last_try_is_left_alone),
                TEST(unlock_and_lock),
                TEST(lock_leaves_the_file_alone),
                TEST(bad_pin_files),
                TEST(unusable_pins),
                TEST(key_with_a_pin_of_its_own),
                TEST(bad_first_frames),
                TEST(bad_requests),
                TEST(hang_up_kills),
                TEST(silence_holds_up_nobody),
                TEST(silent_pin),
                TEST(too_many),
                TEST(killed_worker),
                TEST(supervisor_takes_its_children_along),
                TEST(dies_with_its_parent),
                TEST(strangers),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
