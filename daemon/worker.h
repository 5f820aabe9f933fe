/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetd's end of one connection to a worker process: attach, inventory, then one job at a time. */
#pragma once

#include <systemd/sd-event.h>

#include "inventory.h"
#include "request.h"

typedef enum WorkerState {
        WORKER_STATE_STARTING, /* attached, has not said hello */
        WORKER_STATE_LISTING,  /* tells its inventory */
        WORKER_STATE_IDLE,
        WORKER_STATE_BUSY,
        WORKER_STATE_HELD, /* it is up, but its token is locked */
} WorkerState;

struct Worker {
        Token *token;
        WorkerState state;
        int fd;
        sd_event_source *io, *timer;
        Inventory *inventory; /* complete once the state is past LISTING */
        Job *job;             /* while busy */
        uint32_t job_id;
        uint64_t started_us, ready_us; /* CLOCK_MONOTONIC; ready_us is 0 before it is ready */
};

/* Attaches over `fd`, which becomes the worker's on success. The worker calls token_worker_ready() and, once,
 * token_worker_ended(). */
int worker_new(Token *token, int fd, Worker **ret) _must_check_;

/* Hangs up, which ends the worker process; its job, if any, is lost. Accepts and returns NULL. */
Worker *worker_free(Worker *w);
DEFINE_CLEANUP(Worker *, worker_free)

/* The handle of the key with this worker: 0, or -ENOENT. */
int worker_find_key(const Worker *w, const Key *key, uint32_t *ret_handle) _must_check_;

/* Sends the job. When that fails, the job is lost and the worker ends as after a crash. */
void worker_submit(Worker *w, Job *job, uint32_t handle);
