/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a token is while its workers come, serve and go. Fed by workers' inventories and ends. */
#include "token.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "manager.h"
#include "spawn.h"
#include "token-start.h"

#define TIMER_ACCURACY_US 10000
#define SHAKY_US          (30ULL * 1000 * 1000)
#define STEADY_US         (10ULL * 1000 * 1000) /* a worker that lived this long did not fail at its start */

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

void token_set_state(Token *t, TokenState state, const char *text) {
        Failure f = { .text = "" };

        if (state != TOKEN_READY)
                (void) token_failure(t, OUTCOME_TOKEN_UNAVAILABLE, text, &f);
        /* Only what is new is logged. */
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
        r = sd_event_add_time(m->event, &t->retry, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, token_on_retry, t);
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
        _cleanup_(inventory_unrefp) Inventory *old = NULL;

        if (w->inventory->n_unknown > 0 || w->inventory->n_malformed > 0)
                log_notice(
                        "token \"%s\": %zu keys of unknown kinds and %zu objects that cannot be read were left alone",
                        t->config->name, w->inventory->n_unknown, w->inventory->n_malformed);
        /* What a worker without the PIN sees is less than what those see that have it. */
        if (w->state == WORKER_STATE_HELD && token_workers_ready(t) > 0)
                return;
        old = t->inventory;
        t->inventory = inventory_ref(w->inventory);
        manager_inventory_changed(t->manager, t, old);

        token_set_state(t, state_of(w->inventory->code), w->inventory->message);
        manager_dispatch_soon(t->manager);
        token_attach_next(t);
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
                return t->failures >= TOKEN_FAILURES_MAX;
        /* The deadline of a start is long enough to have waited once. */
        return end == WORKER_END_DEADLINE || t->failures >= TOKEN_START_FAILURES_MAX;
}

static void state_after_end(Token *t, const Worker *ended, WorkerEnd end) {
        const Worker *held = held_worker(t);
        char message[256];

        if (token_workers_ready(t) > 0)
                token_set_state(t, TOKEN_READY, NULL);
        else if (held)
                token_set_state(t, state_of(held->inventory->code), held->inventory->message);
        else if (end == WORKER_END_TOKEN)
                token_set_state(t, state_of(ended->inventory->code), ended->inventory->message);
        else if (has_failed(t, ended, end)) {
                (void) snprintf(message, sizeof(message), "%s; it is being tried again, and signetd's log says more",
                                end_to_text(end));
                token_set_state(t, TOKEN_FAILED, message);
        } else {
                (void) snprintf(message, sizeof(message), "%s; another is being started", end_to_text(end));
                token_set_state(t, TOKEN_STARTING, message);
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
        token_retry_later(t);
        /* Last: whether it may be tried again depends on what the token is now. */
        if (job)
                job_lost(job, t, end == WORKER_END_DEADLINE ? JOB_LOST_DEADLINE : JOB_LOST_CRASH);
}

void token_restart_workers(Token *t) {
        size_t n = t->n_workers;
        Worker *old[TOKEN_WORKERS_MAX];

        memcpy(old, t->workers, sizeof(old));
        t->n_workers = 0;
        token_set_state(t, TOKEN_STARTING, "its workers are being started afresh");
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
