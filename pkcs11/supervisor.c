/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor's loop: accept, wait, expire. Fed by signetd, which may be hijacked, and by the ends of its children.
 * No connection can hold up another: what is slow is done by a process of its own. */
#include "supervisor.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "common/log.h"
#include "common/socket.h"
#include "supervisor-link.h"

#define CONTROL_LINKS   4 /* beside two for each worker: one that serves and one that waits for its place */
#define FIRST_FRAME_MS  5000
#define END_TIMEOUT_MS  2000 /* for a login to be finished */
#define KILL_TIMEOUT_MS 500

int64_t supervisor_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int open_signals(int *ret_fd) {
        sigset_t set;
        int fd;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

int supervisor_new(const SupervisorOptions *options, Supervisor **ret) {
        _cleanup_(supervisor_freep) Supervisor *s = calloc(1, sizeof(*s));
        int flags, r;

        if (!s) {
                close(options->listen_fd);
                return -ENOMEM;
        }
        s->config = options->config;
        s->uids = options->uids;
        s->n_uids = options->n_uids;
        s->listen_fd = options->listen_fd;
        s->signal_fd = -EBADF;
        pin_init(&s->pin, options->config);

        flags = fcntl(s->listen_fd, F_GETFL);
        if (flags < 0 || fcntl(s->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(s->listen_fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        s->links = calloc(2 * options->config->workers + CONTROL_LINKS, sizeof(*s->links));
        if (!s->links)
                return -ENOMEM;
        s->n_links = 2 * options->config->workers + CONTROL_LINKS;
        for (size_t i = 0; i < s->n_links; i++)
                s->links[i] = (Link){ .fd = -EBADF, .report = -EBADF };

        r = secret_new(START_SHARED_BYTES, &s->shared);
        if (r < 0)
                return r;
        if (RAND_bytes(secret_bytes(s->shared), START_SHARED_BYTES) != 1)
                return -EIO;
        r = open_signals(&s->signal_fd);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

/* Reaps until all are gone or the time is over; returns how many are left. */
static size_t await_ends(Supervisor *s, int64_t timeout_ms) {
        int64_t deadline = supervisor_now() + timeout_ms;
        size_t left;

        do {
                struct pollfd pfd = { .fd = s->signal_fd, .events = POLLIN };
                struct signalfd_siginfo info;

                supervisor_reap(s);
                left = 0;
                for (size_t i = 0; i < s->n_links; i++)
                        left += s->links[i].pid > 0;
                if (left > 0 && poll(&pfd, 1, 100) > 0)
                        (void) !read(s->signal_fd, &info, sizeof(info));
        } while (left > 0 && supervisor_now() < deadline);
        return left;
}

/* Ends all and waits for a while: one that hangs must not keep us. */
static void end_all(Supervisor *s) {
        size_t left;

        for (size_t i = 0; i < s->n_links; i++)
                if (s->links[i].state != LINK_FREE)
                        link_end(&s->links[i]);
        if (await_ends(s, END_TIMEOUT_MS) == 0)
                return;
        for (size_t i = 0; i < s->n_links; i++)
                if (s->links[i].state != LINK_FREE)
                        link_kill(&s->links[i]);
        left = await_ends(s, KILL_TIMEOUT_MS);
        if (left > 0)
                log_warning("token \"%s\": %zu workers did not end; they hang in the kernel", s->config->name, left);
}

Supervisor *supervisor_free(Supervisor *s) {
        if (!s)
                return NULL;
        if (s->signal_fd >= 0)
                end_all(s);
        for (size_t i = 0; i < s->n_links; i++)
                link_clear(&s->links[i]);
        free(s->links);
        pin_done(&s->pin);
        secret_free(s->shared);
        close(s->listen_fd);
        if (s->signal_fd >= 0)
                close(s->signal_fd);
        free(s);
        return NULL;
}

/* --- accepting --- */

static Link *free_link(Supervisor *s) {
        for (size_t i = 0; i < s->n_links; i++)
                if (s->links[i].state == LINK_FREE)
                        return &s->links[i];

        return NULL;
}

static bool may_connect(const Supervisor *s, int fd) {
        uid_t uid;
        pid_t pid;

        if (socket_peer(fd, &uid, &pid) < 0)
                return false;
        if (uid == 0 || uid == geteuid())
                return true;
        for (size_t i = 0; i < s->n_uids; i++)
                if (uid == s->uids[i])
                        return true;
        log_warning("token \"%s\": refused a connection of user %u; only signetd connects here (--allow-uid)",
                    s->config->name, (unsigned) uid);
        return false;
}

static void accept_link(Supervisor *s, Link *l) {
        _cleanup_close_ int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        int room = 2 * FRAME_MAX;

        if (fd < 0) {
                if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                        (void) log_warning_errno(errno, "token \"%s\": cannot accept", s->config->name);
                return;
        }
        if (!may_connect(s, fd))
                return;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        l->fd = TAKE_FD(fd);
        l->state = LINK_NEW;
        l->order = s->arrivals++;
        l->deadline = supervisor_now() + FIRST_FRAME_MS;
}

/* --- the loop --- */

enum { POLL_SIGNAL, POLL_LISTEN, POLL_LINKS }; /* then two for each link: connection and report */

/* Fills in what to wait for; returns the timeout. poll() passes over negative descriptors. */
static int prepare_poll(Supervisor *s, struct pollfd *fds) {
        int64_t next = INT64_MAX, now = supervisor_now();

        fds[POLL_SIGNAL] = (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
        fds[POLL_LISTEN] = (struct pollfd){ .fd = free_link(s) ? s->listen_fd : -1, .events = POLLIN };
        for (size_t i = 0; i < s->n_links; i++) {
                const Link *l = &s->links[i];

                /* The child reads what comes after the first frame; a hang-up we see without asking for it. */
                fds[POLL_LINKS + 2 * i] = (struct pollfd){ .fd = l->fd, .events = l->state == LINK_NEW ? POLLIN : 0 };
                fds[POLL_LINKS + 2 * i + 1] = (struct pollfd){ .fd = l->report, .events = POLLIN };
                if (l->deadline > 0)
                        next = MIN(next, l->deadline);
        }
        if (next == INT64_MAX)
                return -1;
        return (int) MAX((int64_t) 0, MIN(next - now, (int64_t) INT_MAX));
}

static void handle_link(Supervisor *s, Link *l, short on_connection, short on_report) {
        if (l->report >= 0 && on_report != 0)
                supervisor_report(s, l);
        if (l->fd < 0 || on_connection == 0)
                return;
        if (l->state == LINK_NEW && (on_connection & POLLIN) != 0)
                supervisor_first_frame(s, l);
        else if ((on_connection & (POLLHUP | POLLERR)) != 0)
                link_end(l);
}

static void handle_signals(Supervisor *s) {
        struct signalfd_siginfo info;

        while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
                if (info.ssi_signo != SIGCHLD)
                        s->stopping = true;
        supervisor_reap(s);
}

static void expire(Supervisor *s) {
        int64_t now = supervisor_now();

        for (size_t i = 0; i < s->n_links; i++) {
                Link *l = &s->links[i];

                if (l->deadline == 0 || now < l->deadline)
                        continue;
                log_warning("token \"%s\": a connection was \"%s\" for too long", s->config->name,
                            link_state_to_string(l->state));
                if (l->unlock && l->fd >= 0)
                        link_answer(l, l->id, WORKER_DEVICE_ERROR, "the token did not answer in time; see the log");
                link_kill(l);
        }
}

int supervisor_run(Supervisor *s) {
        _cleanup_free_ struct pollfd *fds = calloc(POLL_LINKS + 2 * s->n_links, sizeof(*fds));

        if (!fds)
                return -ENOMEM;
        while (!s->stopping) {
                int timeout;

                supervisor_start_next(s);
                timeout = prepare_poll(s, fds);
                if (poll(fds, POLL_LINKS + 2 * s->n_links, timeout) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                /* Links first: the events were found for the links as they were. Reaping and accepting change them. */
                for (size_t i = 0; i < s->n_links; i++)
                        handle_link(s, &s->links[i], fds[POLL_LINKS + 2 * i].revents,
                                    fds[POLL_LINKS + 2 * i + 1].revents);
                if (fds[POLL_SIGNAL].revents != 0)
                        handle_signals(s);
                if (fds[POLL_LISTEN].revents != 0 && free_link(s))
                        accept_link(s, free_link(s));
                expire(s);
        }
        return 0;
}
