/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call of Sign, SignMany, Decrypt or Derive, from the moment its arguments are decoded to its answer.
 *
 * A Request holds its origin and answers it exactly once. Its jobs (one for each input) are handed to workers one
 * by one; each is written to the audit when it ends. A job that is lost with its worker is tried once more. */
#pragma once

#include "input.h"
#include "origin.h"
#include "peer.h"
#include "queue.h"

#include <systemd/sd-event.h>

typedef struct Manager Manager;
typedef struct Request Request;
typedef struct Worker Worker;

#define JOB_TRIES_MAX 2

typedef enum RequestKind { REQUEST_SIGN, REQUEST_DECRYPT, REQUEST_DERIVE } RequestKind;
typedef enum RequestReply { REQUEST_REPLY_ONE, REQUEST_REPLY_MANY } RequestReply; /* "ay" or "aay" */
typedef enum JobState { JOB_WAITING, JOB_RUNNING, JOB_DONE } JobState;

typedef struct Job {
        Request *request;
        JobState state;
        unsigned tries;
        const Token *failed_on; /* where the last try failed, while another token holds the key */
        Input input;
        char *rule;      /* that decided */
        uint8_t *result; /* REQUEST_REPLY_MANY: the signature until all are there */
        size_t result_size;
} Job;

struct Request {
        QueueItem item;
        unsigned n_ref; /* whoever makes it or the queue, and each running job */
        Manager *manager;
        Peer *peer;
        Key *key;
        Origin origin; /* empty once answered */
        RequestKind kind;
        RequestReply reply;
        Operation operation;
        Purpose purpose;
        union {
                SignOptions sign;
                DecryptOptions decrypt;
                DeriveOptions derive;
        };
        Job *jobs;
        unsigned n_jobs, n_waiting, n_done;
        bool *usable;        /* for each instance of the key: whether policy allows it there */
        uint64_t generation; /* of the policy that allowed it */
        uint64_t arrived_us; /* CLOCK_MONOTONIC */
        uint64_t expires_us; /* it must be with a worker by then */
        sd_event_source *timer;
};

/* A request with room for n inputs, none of them filled, and without an origin. Takes references to peer and key. */
int request_new(Manager *m, Peer *peer, Key *key, RequestKind kind, Purpose purpose, unsigned n,
                Request **ret) _must_check_;
Request *request_ref(Request *r);
Request *request_unref(Request *r); /* accepts and returns NULL */
DEFINE_CLEANUP(Request *, request_unref)

/* Asks policy, limits and queue, and hands it over to them or answers why not. 0, or -errno when even that failed: the
 * caller then answers the origin with it. */
int request_submit(Request *r) _must_check_;

/* Answers with an error and writes the audit for what was not done; does nothing when it is answered already. */
void request_fail(Request *r, const Failure *f);

/* Its caller has left: nothing more is done for it. */
void request_abandon(Request *r);

/* The hash that policy and audit see. */
Hash request_hash(const Request *r);

/* Whether a result has a size that is right: a vendor's module may return anything. */
bool request_result_fits(const Request *r, Blob data);

/* The token of the key's instance `i`, or NULL where the caller may not use the key on it. */
Token *request_token(const Request *r, size_t i);

/* The first job that waits for a worker, or NULL. */
Job *request_next_job(Request *r);

/* Just before a job goes to a worker: asks the failure budget, and policy again when it was reloaded since. 0, or an
 * Outcome with *f. */
int request_recheck(Request *r, Failure *f) _must_check_;

/* For the worker that has the job: it began; it was answered; it was lost, and why. The last two end the worker's
 * hold on it. */
void job_started(Job *job);
void job_answered(Job *job, const Worker *worker, WorkerCode code, Blob data, const char *message);
typedef enum JobLoss { JOB_LOST_CRASH, JOB_LOST_DEADLINE } JobLoss;
void job_lost(Job *job, const Token *token, JobLoss loss);
