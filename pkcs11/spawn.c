/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fork, and exec for all that will load a module: vendors' code gets a process image without the PIN of before, without
 * the supervisor's descriptors, and with default signals. */
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "harden.h"

#define FIRST_FREE_FD 10 /* descriptors move here before they are put in their places */

static int pair_new(int *ret_ours, int *ret_theirs) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        *ret_ours = fds[0];
        *ret_theirs = fds[1];
        return 0;
}

/* Puts fds[i] at descriptor 3 + i (-1 leaves it closed) and closes all others. In the new process only. */
static bool arrange_fds(const int *fds, int n) {
        int moved[4];

        for (int i = 0; i < n; i++) {
                moved[i] = fds[i] >= 0 ? fcntl(fds[i], F_DUPFD, FIRST_FREE_FD) : -1;
                if (fds[i] >= 0 && moved[i] < 0)
                        return false;
        }
        for (int i = 0; i < n; i++)
                if (moved[i] < 0)
                        close(3 + i);
                else if (dup2(moved[i], 3 + i) < 0)
                        return false;

        return close_range((unsigned) (3 + n), ~0u, 0) == 0;
}

static void reset_signals(void) {
        sigset_t none;

        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
}

static _noreturn_ void become_child(const int *fds, pid_t supervisor) {
        char *argv[] = { (char *) "signet-worker", (char *) "--child", NULL };

        if (!process_bind_to_parent(SIGTERM, supervisor) || !arrange_fds(fds, 3))
                _exit(EXIT_FAILURE);
        reset_signals();
        execv("/proc/self/exe", argv);
        _exit(EXIT_FAILURE);
}

int spawn_child(const TokenConfig *config, int link_fd, Secret *shared, Secret *pin, const Reason *refusal,
                pid_t *ret_pid, int *ret_report) {
        _cleanup_close_ int start_out = -EBADF, start_in = -EBADF, report = -EBADF, report_theirs = -EBADF;
        pid_t self = getpid(), pid;
        int pipe_fds[2], r;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;
        start_in = pipe_fds[0];
        start_out = pipe_fds[1];
        r = pair_new(&report, &report_theirs);
        if (r < 0)
                return r;

        /* The whole message fits the pipe, so nobody has to be reading yet, and a child that dies at once costs
         * nothing. */
        r = start_write(start_out, config, link_fd < 0, shared, pin, refusal);
        if (r < 0)
                return r;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                become_child((const int[]){ link_fd, start_in, report_theirs }, self);

        *ret_pid = pid;
        *ret_report = TAKE_FD(report);
        return 0;
}

/* --- reading a PIN --- */

typedef struct ReaderResult {
        int32_t error;
        uint8_t pin[START_PIN_MAX];
} ReaderResult;

static _noreturn_ void read_pin(const int *fds, int timeout_ms, pid_t supervisor) {
        Secret *pin = NULL, *packet = NULL;
        ReaderResult *result;
        size_t n = 0;

        if (!process_bind_to_parent(SIGKILL, supervisor) || !arrange_fds(fds, 2) ||
            secret_new(sizeof(*result), &packet) < 0)
                _exit(EXIT_FAILURE);
        reset_signals();
        result = (ReaderResult *) (void *) secret_bytes(packet);
        result->error = secret_read_fd(3, START_PIN_MAX, timeout_ms, &pin);
        if (result->error == 0) {
                n = secret_size(pin);
                memcpy(result->pin, secret_bytes(pin), n);
        }
        (void) !send(4, result, offsetof(ReaderResult, pin) + n, MSG_NOSIGNAL);
        secret_free(pin);
        secret_free(packet);
        _exit(EXIT_SUCCESS);
}

int spawn_pin_reader(int fd, int timeout_ms, pid_t *ret_pid, int *ret_result) {
        _cleanup_close_ int result = -EBADF, result_theirs = -EBADF;
        pid_t self = getpid(), pid;
        int r;

        r = pair_new(&result, &result_theirs);
        if (r < 0)
                return r;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                read_pin((const int[]){ fd, result_theirs }, timeout_ms, self);

        *ret_pid = pid;
        *ret_result = TAKE_FD(result);
        return 0;
}

int pin_reader_take(int result, Secret **ret) {
        _cleanup_(secret_freep) Secret *packet = NULL, *pin = NULL;
        const ReaderResult *p;
        ssize_t n;
        int r;

        r = secret_new(sizeof(*p), &packet);
        if (r < 0)
                return r;
        n = recv(result, secret_bytes(packet), sizeof(*p), MSG_DONTWAIT);
        if (n < 0)
                return -errno;
        p = (const ReaderResult *) (const void *) secret_bytes(packet);
        if ((size_t) n < offsetof(ReaderResult, pin))
                return -ECONNRESET;
        if (p->error < 0)
                return p->error;

        n -= (ssize_t) offsetof(ReaderResult, pin);
        r = secret_new((size_t) n, &pin);
        if (r < 0)
                return r;
        memcpy(secret_bytes(pin), p->pin, (size_t) n);
        *ret = TAKE_PTR(pin);
        return 0;
}
