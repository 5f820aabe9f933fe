/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a token's workers come up: the supervisor, where signetd starts it itself, then one worker after another, again
 * and again with back-off. Fed by ends of processes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/log.h"
#include "common/socket.h"
#include "manager.h"
#include "spawn.h"
#include "token-start.h"

#define RETRY_FIRST_US (100ULL * 1000)
#define RETRY_MAX_US   (30ULL * 1000 * 1000)

int token_on_retry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        token_attach_next(userdata);
        return 0;
}

void token_retry_later(Token *t) {
        unsigned shift = MIN(t->failures, 16U);
        uint64_t delay = t->failures == 0 ? 0 : MIN(RETRY_FIRST_US << (shift - 1), RETRY_MAX_US);
        int r;

        r = sd_event_source_set_time(t->retry, manager_now_us(t->manager) + delay);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->retry, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_error_errno(r, "token \"%s\": its workers cannot be started again", t->config->name);
}

static int on_supervisor_exit(_unused_ sd_event_source *s, const siginfo_t *si, void *userdata) {
        Token *t = userdata;

        log_warning("token \"%s\": signet-worker %s %d", t->config->name,
                    si->si_code == CLD_EXITED ? "exited with status" : "was ended by signal", si->si_status);
        t->supervisor = 0;
        t->supervisor_source = sd_event_source_disable_unref(t->supervisor_source);
        if (t->n_workers == 0)
                token_retry_later(t);
        return 0;
}

static int start_supervisor(Token *t) {
        const Settings *settings = t->manager->settings;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (mkdir(settings->runtime_directory, 0700) < 0 && errno != EEXIST)
                return log_error_errno(errno, "cannot make the directory %s; set \"runtime-dir\" in signetd.conf",
                                       settings->runtime_directory);
        r = socket_listen(t->socket, &fd);
        if (r < 0)
                return log_error_errno(r, "cannot listen on %s; set \"runtime-dir\" in signetd.conf", t->socket);
        r = spawn_supervisor(settings->worker, t->config->file, fd, &t->supervisor);
        if (r < 0)
                return log_error_errno(r, "cannot start %s; set \"worker\" in signetd.conf", settings->worker);
        r = sd_event_add_child(t->manager->event, &t->supervisor_source, t->supervisor, WEXITED, on_supervisor_exit, t);
        if (r < 0) {
                spawn_stop(t->supervisor);
                t->supervisor = 0;
        }
        return r;
}

static int attach(Token *t) {
        _cleanup_close_ int fd = -EBADF;
        const char *path = t->config->socket ?: t->socket;
        Worker *w;
        int r;

        if (!t->config->socket && t->supervisor == 0) {
                r = start_supervisor(t);
                if (r < 0)
                        return r;
        }
        r = socket_connect(path, &fd);
        if (r < 0)
                return log_error_errno(r, "token \"%s\": cannot connect to its worker at %s", t->config->name, path);
        r = worker_new(t, fd, &w);
        if (r < 0)
                return log_error_errno(r, "token \"%s\": cannot attach to its worker", t->config->name);
        (void) TAKE_FD(fd);
        t->workers[t->n_workers++] = w;
        return 0;
}

void token_attach_next(Token *t) {
        int r;

        for (size_t i = 0; i < t->n_workers; i++)
                if (t->workers[i]->state != WORKER_STATE_IDLE && t->workers[i]->state != WORKER_STATE_BUSY)
                        return;
        if (t->n_workers >= MIN(t->config->workers, (unsigned) TOKEN_WORKERS_MAX))
                return;
        r = attach(t);
        if (r < 0) {
                char why[256];

                t->failures++;
                (void) snprintf(why, sizeof(why),
                                "its worker cannot be reached (%s); signetd's log says where it was looked for",
                                strerrordesc_np(-r));
                if (token_workers_ready(t) == 0)
                        token_set_state(t, t->failures < TOKEN_START_FAILURES_MAX ? TOKEN_STARTING : TOKEN_FAILED, why);
                token_retry_later(t);
        }
}

void token_start(Token *t) {
        t->failures = 0;
        if (sd_event_source_set_enabled(t->retry, SD_EVENT_OFF) >= 0)
                token_attach_next(t);
}
