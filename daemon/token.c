/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a token's workers: started one after another, replaced with back-off, and what the token is meanwhile.
 * Fed by workers' ends and inventories. */
#include "token.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/log.h"
#include "common/socket.h"
#include "manager.h"
#include "spawn.h"

#define TIMER_ACCURACY_US 10000
#define RETRY_FIRST_US    (100ULL * 1000)
#define RETRY_MAX_US      (30ULL * 1000 * 1000)
#define SHAKY_US          (30ULL * 1000 * 1000)
#define STEADY_US         (10ULL * 1000 * 1000) /* a worker that lived this long did not fail at its start */
/* In a row, before requests are refused instead of waiting: of workers that were up, and of workers that never were. */
#define FAILURES_MAX       4
#define START_FAILURES_MAX 2

static const char *const state_names[_TOKEN_STATE_MAX] = {
        [TOKEN_STARTING] = "starting",
        [TOKEN_READY] = "ready",
        [TOKEN_LOCKED] = "locked",
        [TOKEN_PIN_INCORRECT] = "pin-incorrect",
        [TOKEN_PIN_LAST_TRY] = "pin-last-try",
        [TOKEN_PIN_LOCKED] = "pin-locked",
        [TOKEN_ABSENT] = "absent",
        [TOKEN_FAILED] = "failed",
};

static void attach_next(Token *t);

const char *token_state_to_string(TokenState s) {
        return (size_t) s < ELEMENTSOF(state_names) ? state_names[s] : NULL;
}

unsigned token_workers_ready(const Token *t) {
        unsigned n = 0;

        for (size_t i = 0; i < t->n_workers; i++)
                n += t->workers[i]->state == WORKER_STATE_IDLE || t->workers[i]->state == WORKER_STATE_BUSY;
        return n;
}

bool token_is_shaky(const Token *t) {
        return t->failed_us > 0 && manager_now_us(t->manager) - t->failed_us < SHAKY_US;
}

int token_failure(const Token *t, Outcome outcome, const char *text, Failure *f) {
        if (strncmp(text, "token \"", strlen("token \"")) == 0)
                return failure_set(f, outcome, "%s", text);
        return failure_set(f, outcome, "token \"%s\": %s", t->config->name, text);
}

/* Tells the manager only what is new: a change is announced on the bus. */
static void set_state(Token *t, TokenState state, const char *text) {
        Failure f = { .text = "" };

        if (state != TOKEN_READY)
                (void) token_failure(t, OUTCOME_TOKEN_UNAVAILABLE, text, &f);
        if (t->state != state || strcmp(t->message ?: "", f.text) != 0) {
                free(t->message);
                t->message = *f.text ? strdup(f.text) : NULL;
                t->state = state;
                if (state == TOKEN_READY)
                        log_info("token \"%s\" is ready", t->config->name);
                else
                        log_notice("%s", f.text);
        }
        if (state != TOKEN_STARTING)
                t->settled = true;
        /* Also when nothing but the number of workers is new. */
        manager_token_changed(t->manager, t);
        if (t->control && state != TOKEN_STARTING)
                control_settled(t->control);
}

static int on_retry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        attach_next(userdata);
        return 0;
}

static void retry_later(Token *t) {
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
                retry_later(t);
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

/* One at a time: parallel logins fail on some tokens. */
static void attach_next(Token *t) {
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
                        set_state(t, t->failures < START_FAILURES_MAX ? TOKEN_STARTING : TOKEN_FAILED, why);
                retry_later(t);
        }
}

void token_start(Token *t) {
        t->failures = 0;
        if (sd_event_source_set_enabled(t->retry, SD_EVENT_OFF) >= 0)
                attach_next(t);
}

int token_new(Manager *m, const TokenConfig *config, Token **ret) {
        _cleanup_(token_freep) Token *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->manager = m;
        t->config = config;
        t->packet = malloc(FRAME_MAX);
        if (!t->packet)
                return -ENOMEM;
        if (asprintf(&t->socket, "%s/%s.socket", m->settings->runtime_directory, config->name) < 0) {
                t->socket = NULL;
                return -ENOMEM;
        }
        r = sd_bus_path_encode(BUS_TOKENS, config->name, &t->path);
        if (r < 0)
                return r;
        r = sd_event_add_time(m->event, &t->retry, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, on_retry, t);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(t->retry, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

Token *token_free(Token *t) {
        if (!t)
                return NULL;
        control_free(t->control);
        for (size_t i = 0; i < t->n_workers; i++)
                worker_free(t->workers[i]);
        sd_event_source_disable_unref(t->retry);
        sd_event_source_disable_unref(t->supervisor_source);
        if (t->supervisor > 0) {
                spawn_stop(t->supervisor);
                (void) unlink(t->socket);
        }
        inventory_unref(t->inventory);
        free(t->socket);
        free(t->path);
        free(t->message);
        free(t->packet);
        free(t);
        return NULL;
}

Worker *token_idle_worker(const Token *t, const Key *key, uint32_t *ret_handle) {
        for (size_t i = 0; i < t->n_workers; i++)
                if (t->workers[i]->state == WORKER_STATE_IDLE && worker_find_key(t->workers[i], key, ret_handle) == 0)
                        return t->workers[i];
        return NULL;
}

int token_outlook(const Token *t, Failure *f) {
        static const Outcome outcomes[_TOKEN_STATE_MAX] = {
                [TOKEN_LOCKED] = OUTCOME_TOKEN_LOCKED,       [TOKEN_PIN_INCORRECT] = OUTCOME_TOKEN_LOCKED,
                [TOKEN_PIN_LAST_TRY] = OUTCOME_TOKEN_LOCKED, [TOKEN_PIN_LOCKED] = OUTCOME_PIN_LOCKED,
                [TOKEN_ABSENT] = OUTCOME_TOKEN_UNAVAILABLE,  [TOKEN_FAILED] = OUTCOME_TOKEN_UNAVAILABLE,
        };

        if (t->state == TOKEN_READY || t->state == TOKEN_STARTING)
                return 0;
        return token_failure(t, outcomes[t->state], t->message ?: token_state_to_string(t->state), f);
}

/* The state that a worker's HELLO amounts to. */
static TokenState state_of(WorkerCode code) {
        switch (code) {
        case WORKER_OK:
                return TOKEN_READY;
        case WORKER_LOCKED:
                return TOKEN_LOCKED;
        case WORKER_PIN_INCORRECT:
                return TOKEN_PIN_INCORRECT;
        case WORKER_PIN_LAST_TRY:
                return TOKEN_PIN_LAST_TRY;
        case WORKER_PIN_LOCKED:
                return TOKEN_PIN_LOCKED;
        case WORKER_TOKEN_ABSENT:
                return TOKEN_ABSENT;
        default:
                return TOKEN_FAILED;
        }
}

void token_worker_ready(Token *t, Worker *w) {
        if (w->inventory->n_unknown > 0 || w->inventory->n_malformed > 0)
                log_notice(
                        "token \"%s\": %zu keys of unknown kinds and %zu objects that cannot be read were left alone",
                        t->config->name, w->inventory->n_unknown, w->inventory->n_malformed);
        /* What a worker without the PIN sees is less than what those see that have it. */
        if (w->state == WORKER_STATE_HELD && token_workers_ready(t) > 0)
                return;
        inventory_unref(t->inventory);
        t->inventory = inventory_ref(w->inventory);
        manager_inventory_changed(t->manager);

        set_state(t, state_of(w->inventory->code), w->inventory->message);
        manager_dispatch_soon(t->manager);
        attach_next(t);
}

static void remove_worker(Token *t, const Worker *w) {
        size_t i = 0;

        while (i < t->n_workers && t->workers[i] != w)
                i++;
        if (i < t->n_workers)
                t->workers[i] = t->workers[--t->n_workers];
}

static const char *end_to_text(WorkerEnd end) {
        switch (end) {
        case WORKER_END_CRASH:
                return "its worker ended unexpectedly";
        case WORKER_END_DEADLINE:
                return "its worker did not answer in time and was ended";
        case WORKER_END_PROTOCOL:
                return "its worker sent what no worker sends and was ended";
        case WORKER_END_TOKEN:
                return "its worker could not start";
        }
        return "its worker ended";
}

static const Worker *held_worker(const Token *t) {
        for (size_t i = 0; i < t->n_workers; i++)
                if (t->workers[i]->state == WORKER_STATE_HELD)
                        return t->workers[i];
        return NULL;
}

/* Whether it is time to say that the token failed, rather than that it is about to come back. */
static bool has_failed(const Token *t, const Worker *ended, WorkerEnd end) {
        if (ended->ready_us > 0)
                return t->failures >= FAILURES_MAX;
        /* The deadline of a start is long enough to have waited once. */
        return end == WORKER_END_DEADLINE || t->failures >= START_FAILURES_MAX;
}

static void state_after_end(Token *t, const Worker *ended, WorkerEnd end) {
        const Worker *held = held_worker(t);
        char message[256];

        if (token_workers_ready(t) > 0)
                set_state(t, TOKEN_READY, NULL);
        else if (held)
                set_state(t, state_of(held->inventory->code), held->inventory->message);
        else if (end == WORKER_END_TOKEN)
                set_state(t, state_of(ended->inventory->code), ended->inventory->message);
        else if (has_failed(t, ended, end)) {
                (void) snprintf(message, sizeof(message), "%s; it is being tried again, and signetd's log says more",
                                end_to_text(end));
                set_state(t, TOKEN_FAILED, message);
        } else {
                (void) snprintf(message, sizeof(message), "%s; another is being started", end_to_text(end));
                set_state(t, TOKEN_STARTING, message);
        }
}

void token_worker_ended(Token *t, Worker *w, WorkerEnd end) {
        Job *job = TAKE_PTR(w->job);

        /* A supervisor that locks ends the workers before it says so. */
        if (end != WORKER_END_TOKEN && !t->control)
                log_warning("token \"%s\": %s", t->config->name, end_to_text(end));
        t->failed_us = manager_now_us(t->manager);
        if (w->ready_us > 0 && t->failed_us - w->ready_us >= STEADY_US)
                t->failures = 0;
        else
                t->failures++;
        remove_worker(t, w);
        state_after_end(t, w, end);
        worker_free(w);
        retry_later(t);
        /* Last: whether it may be tried again depends on what the token is now. */
        if (job)
                job_lost(job, t, end == WORKER_END_DEADLINE ? JOB_LOST_DEADLINE : JOB_LOST_CRASH);
}

void token_restart_workers(Token *t) {
        size_t n = t->n_workers;
        Worker *old[TOKEN_WORKERS_MAX];

        memcpy(old, t->workers, sizeof(old));
        t->n_workers = 0;
        set_state(t, TOKEN_STARTING, "its workers are being started afresh");
        for (size_t i = 0; i < n; i++)
                worker_free(old[i]);
        token_start(t);
}

void token_refresh(Token *t) {
        switch (t->state) {
        case TOKEN_READY:
        case TOKEN_STARTING:
                return;
        case TOKEN_ABSENT:
        case TOKEN_FAILED:
                token_start(t);
                return;
        default:
                token_restart_workers(t);
        }
}
