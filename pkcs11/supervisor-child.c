/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor's processes: when they start, what they report, how they end. A child has loaded a vendor's module:
 * what it reports is decoded as any stranger's frame, and decides only about its own connection and the PIN that it was
 * given. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "common/log.h"
#include "common/socket.h"
#include "spawn.h"
#include "supervisor-link.h"

#define PIN_TIMEOUT_MS 10000
#define START_GRACE_MS 5000 /* beyond the child's own deadline */

/* --- starting --- */

static bool someone_opens(const Supervisor *s) {
        for (size_t i = 0; i < s->n_links; i++)
                if (s->links[i].opening)
                        return true;

        return false;
}

/* Children that serve or will serve, killed ones included until they are gone. */
static size_t count_children(const Supervisor *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_links; i++)
                if (!s->links[i].unlock && s->links[i].pid > 0)
                        n++;

        return n;
}

static Link *next_waiting(Supervisor *s) {
        bool room = count_children(s) < s->config->workers;
        Link *next = NULL;

        for (size_t i = 0; i < s->n_links; i++) {
                Link *l = &s->links[i];

                if (l->state == LINK_WAITING && (l->unlock || room) && (!next || l->order < next->order))
                        next = l;
        }
        return next;
}

static void start_child(Supervisor *s, Link *l) {
        int r;

        if (l->unlock)
                r = spawn_child(s->config, -1, s->shared, l->pin, NULL, &l->pid, &l->report);
        else {
                pin_refresh(&s->pin);
                r = spawn_child(s->config, l->fd, s->shared, s->pin.secret, &s->pin.refusal, &l->pid, &l->report);
        }
        l->generation = s->pin.generation;
        if (r < 0) {
                (void) log_error_errno(r, "token \"%s\": cannot start a worker", s->config->name);
                if (l->unlock)
                        link_answer(l, l->id, WORKER_DEVICE_ERROR, "cannot start a worker to try the PIN");
                link_clear(l);
                return;
        }
        l->state = LINK_STARTING;
        l->opening = true;
        l->deadline = supervisor_now() + (int64_t) s->config->start_deadline * 1000 + START_GRACE_MS;
        log_debug("token \"%s\": worker %d starts", s->config->name, (int) l->pid);
}

void supervisor_start_next(Supervisor *s) {
        Link *l;

        while (!someone_opens(s) && (l = next_waiting(s)))
                start_child(s, l);
}

/* --- first frames --- */

static void begin_unlock(Supervisor *s, Link *l, int fd) {
        int r = spawn_pin_reader(fd, PIN_TIMEOUT_MS, &l->pid, &l->report);

        if (r < 0) {
                (void) log_error_errno(r, "token \"%s\": cannot read a PIN", s->config->name);
                link_end(l);
                return;
        }
        l->unlock = true;
        l->state = LINK_READING;
        l->deadline = supervisor_now() + PIN_TIMEOUT_MS + START_GRACE_MS;
}

/* Forgets the PIN and ends everything that works with it. What waits comes up locked. */
static void lock(Supervisor *s, Link *l, uint32_t id) {
        char text[REASON_MAX];

        pin_forget(&s->pin);
        (void) snprintf(text, sizeof(text), "token \"%s\": locked meanwhile", s->config->name);
        for (size_t i = 0; i < s->n_links; i++) {
                Link *other = &s->links[i];

                if (other->unlock && other->fd >= 0)
                        link_answer(other, other->id, WORKER_LOCKED, text);
                if (other->pid > 0 || (other->unlock && other->state == LINK_WAITING))
                        link_end(other);
        }
        log_notice("token \"%s\": locked", s->config->name);
        link_answer(l, id, WORKER_OK, "");
        link_end(l);
}

void supervisor_first_frame(Supervisor *s, Link *l) {
        uint8_t packet[FRAME_HEADER];
        _cleanup_close_ int passed = -EBADF;
        FrameHeader header;
        Reader body;
        ssize_t n;

        /* No first frame has a body: a larger one is malformed already. */
        n = socket_receive(l->fd, packet, sizeof(packet), &passed);
        if (n <= 0 || frame_decode_header(packet, (size_t) n, &header, &body) < 0 || frame_decode_empty(&body) < 0 ||
            (passed >= 0) != (header.type == FRAME_UNLOCK)) {
                if (n != 0 && n != -ECONNRESET)
                        log_warning("token \"%s\": malformed first frame", s->config->name);
                link_end(l);
                return;
        }
        l->id = header.id;
        switch (header.type) {
        case FRAME_ATTACH:
                l->state = LINK_WAITING;
                l->deadline = 0;
                break;
        case FRAME_UNLOCK:
                begin_unlock(s, l, passed);
                break;
        case FRAME_LOCK:
                lock(s, l, header.id);
                break;
        default:
                log_warning("token \"%s\": a connection began with a frame of type %d", s->config->name,
                            (int) header.type);
                link_end(l);
                break;
        }
}

/* --- reports --- */

static void close_report(Link *l) {
        if (l->report >= 0)
                close(l->report);
        l->report = -EBADF;
}

/* The reader has a PIN, or will not have one. */
static void pin_read(Supervisor *s, Link *l) {
        char text[REASON_MAX];
        int r = pin_reader_take(l->report, &l->pin);

        if (r == -EAGAIN)
                return;
        close_report(l);
        if (r == 0) {
                /* The reader ends by itself; its link is free for the child once it is reaped. */
                return;
        }
        (void) snprintf(text, sizeof(text), "token \"%s\": the PIN %s; it was not tried", s->config->name,
                        r == -ENODATA     ? "is empty"
                        : r == -EMSGSIZE  ? "is longer than any PIN"
                        : r == -ETIMEDOUT ? "did not come in time"
                                          : "could not be read");
        link_answer(l, l->id, WORKER_INVALID_INPUT, text);
        link_end(l);
}

static void kill_children(Supervisor *s) {
        for (size_t i = 0; i < s->n_links; i++)
                if (!s->links[i].unlock && s->links[i].pid > 0)
                        link_end(&s->links[i]);
}

/* A child tried a PIN, or saw that it should not. */
static void pin_reported(Supervisor *s, Link *l, bool tried, WorkerCode code, const char *text) {
        bool served = l->state == LINK_SERVING;

        if (l->unlock) {
                link_answer(l, l->id, code, text);
                if (code == WORKER_OK && l->pin) {
                        pin_give(&s->pin, TAKE_PTR(l->pin));
                        log_notice("token \"%s\": unlocked", s->config->name);
                }
                return;
        }
        if (!tried || (code != WORKER_PIN_INCORRECT && code != WORKER_PIN_LOCKED) || !s->pin.secret ||
            l->generation != s->pin.generation)
                return;
        log_error("%s", text);
        pin_refuse(&s->pin, code, text);

        /* A key that wants the PIN each time refused it in the midst of work: no other child may try it on that key
         * again. */
        if (served)
                kill_children(s);
}

static void child_reported(Supervisor *s, Link *l) {
        uint8_t packet[FRAME_HEADER + 16 + FRAME_STRING_MAX];
        char text[REASON_MAX];
        FrameHeader header;
        FrameResult status;
        Reader body;
        ssize_t n;

        n = socket_receive(l->report, packet, sizeof(packet), NULL);
        if (n == -EAGAIN)
                return;
        if (n <= 0) {
                close_report(l);
                return;
        }
        if (frame_decode_header(packet, (size_t) n, &header, &body) < 0 || header.type != FRAME_STATUS ||
            frame_decode_result(&body, &status) < 0) {
                log_warning("token \"%s\": worker %d reported nonsense", s->config->name, (int) l->pid);
                link_end(l);
                return;
        }
        (void) snprintf(text, sizeof(text), "%.*s", (int) MIN(status.message.size, sizeof(text) - 1),
                        status.message.size > 0 ? (const char *) status.message.data : "");
        l->opening = false;
        l->deadline = 0;
        pin_reported(s, l, header.id == REPORT_PIN_TRIED, status.code, text);
        if (l->state == LINK_ENDING) /* it was let finish this, and no more */
                link_kill(l);
        if (l->state == LINK_STARTING)
                l->state = l->unlock ? LINK_ENDING : LINK_SERVING;
}

void supervisor_report(Supervisor *s, Link *l) {
        if (l->state == LINK_READING)
                pin_read(s, l);
        else
                child_reported(s, l);
}

/* --- ends --- */

static void log_end(const Supervisor *s, LinkState state, pid_t pid, int status) {
        const char *why = WIFEXITED(status) ? child_exit_to_string(WEXITSTATUS(status)) : NULL;

        if (state == LINK_ENDING) /* we killed it or let it go */
                return;
        if (WIFSIGNALED(status))
                log_warning("token \"%s\": worker %d was killed by signal %d (%s); see whether the module is to blame",
                            s->config->name, (int) pid, WTERMSIG(status), sigabbrev_np(WTERMSIG(status)) ?: "unknown");
        else if (why)
                log_warning("token \"%s\": worker %d ended: %s", s->config->name, (int) pid, why);
        else if (WEXITSTATUS(status) != 0)
                log_warning("token \"%s\": worker %d ended with status %d; did the module call exit()?",
                            s->config->name, (int) pid, WEXITSTATUS(status));
}

static void ended(Supervisor *s, Link *l, int status) {
        char text[REASON_MAX];
        LinkState state = l->state;
        pid_t pid = l->pid;

        /* The number may belong to another process from now on. */
        l->pid = 0;
        l->opening = false;
        log_end(s, state, pid, status);

        /* Its last words may still wait to be read: how the login went, and that a PIN was refused later. */
        for (int i = 0; i < 2 && l->report >= 0; i++)
                supervisor_report(s, l);
        if (l->state == LINK_FREE)
                return;
        if (l->state == LINK_READING && l->pin) {
                l->state = LINK_WAITING;
                l->deadline = 0;
                return;
        }
        if (l->unlock && l->fd >= 0) {
                (void) snprintf(text, sizeof(text),
                                "token \"%s\": the worker that tried the PIN did not come back; see the log",
                                s->config->name);
                link_answer(l, l->id, WORKER_DEVICE_ERROR, text);
        }
        link_clear(l);
}

void supervisor_reap(Supervisor *s) {
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (size_t i = 0; i < s->n_links; i++)
                        if (s->links[i].pid == pid) {
                                ended(s, &s->links[i], status);
                                break;
                        }
}
