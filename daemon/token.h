/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One configured token: its supervisor, its workers, what is on it, and how it is. Lives as long as the daemon. */
#pragma once

#include <sys/types.h>

#include "common/token-config.h"
#include "control.h"
#include "worker.h"

#define TOKEN_WORKERS_MAX 16

typedef enum TokenState {
        TOKEN_STARTING,
        TOKEN_READY,
        TOKEN_LOCKED,
        TOKEN_PIN_INCORRECT,
        TOKEN_PIN_LAST_TRY,
        TOKEN_PIN_LOCKED,
        TOKEN_ABSENT,
        TOKEN_FAILED,
        _TOKEN_STATE_MAX,
} TokenState;

const char *token_state_to_string(TokenState s); /* "starting"... */

struct Token {
        Manager *manager;
        const TokenConfig *config; /* owned by the Settings */
        char *path;                /* of its bus object */
        TokenState state;
        char *message;        /* a sentence: what is wrong and what to do; NULL when ready */
        Inventory *inventory; /* the newest that was complete; kept while workers are replaced; NULL before the first */
        Worker *workers[TOKEN_WORKERS_MAX];
        size_t n_workers;
        unsigned failures;  /* ends of workers in a row, for the back-off */
        uint64_t failed_us; /* when a worker last ended badly; CLOCK_MONOTONIC, 0: never */
        bool settled;       /* has once left TOKEN_STARTING */
        pid_t supervisor;   /* started by signetd; 0: none */
        sd_event_source *supervisor_source;
        char *socket;
        sd_event_source *retry;
        Control *control; /* an unlock or lock under way */
        uint8_t *packet;  /* FRAME_MAX bytes, for one frame at a time in either direction */
};

int token_new(Manager *m, const TokenConfig *config, Token **ret) _must_check_;
Token *token_free(Token *t); /* ends its workers; accepts and returns NULL */
DEFINE_CLEANUP(Token *, token_free)

/* Starts supervisor and workers, now or, when that fails, later again: never an error. */
void token_start(Token *t);

/* Whether a worker has ended badly of late: a key that is also on another token is better used there. */
bool token_is_shaky(const Token *t);

/* How many workers are ready for jobs or have one. */
unsigned token_workers_ready(const Token *t);

/* A worker that waits for work and has the key, or NULL. */
Worker *token_idle_worker(const Token *t, const Key *key, uint32_t *ret_handle);

/* Whether a request may wait for it: 0, or the Outcome and sentence with which the token refuses. */
int token_outlook(const Token *t, Failure *f) _must_check_;

/* A failure about the token: `text` behind the token's name, or alone when it names a token itself, as what workers say
 * does. Returns `outcome`. */
int token_failure(const Token *t, Outcome outcome, const char *text, Failure *f);

/* After an unlock or lock: hangs up on all workers and starts them afresh. */
void token_restart_workers(Token *t);

/* The administrator may have mended something: a token that is not ready is tried again at once. */
void token_refresh(Token *t);

/* What Worker tells its Token. After token_worker_ended() the worker is gone. */
void token_worker_ready(Token *t, Worker *w);
typedef enum WorkerEnd {
        WORKER_END_CRASH,    /* it hung up */
        WORKER_END_DEADLINE, /* it took too long */
        WORKER_END_PROTOCOL, /* it sent what no worker sends */
        WORKER_END_TOKEN,    /* it said in its HELLO that it cannot work, and why */
} WorkerEnd;
void token_worker_ended(Token *t, Worker *w, WorkerEnd end);
