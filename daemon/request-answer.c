/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of jobs and requests. Fed by workers' replies, which are checked before a caller sees them; nothing is
 * answered before it stands in the audit. */
#include "request-answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "manager.h"

/* Out of the queue; jobs that run keep the request until they end. */
static void settle(Request *r) {
        origin_done(&r->origin);
        r->timer = sd_event_source_disable_unref(r->timer);
        r->n_waiting = 0;
        if (r->item.user) {
                queue_release(r->manager->queue, &r->item);
                request_unref(r);
        }
}

static int audit_job(Request *r, const Job *job, Outcome outcome, const char *reason, const Token *token, Failure *f) {
        const char *verdict = job->rule ? "allow" : NULL;
        Hash hash = request_hash(r);

        if (outcome == OUTCOME_NOT_AUTHORIZED || outcome == OUTCOME_RATE_LIMITED)
                verdict = "deny";
        return manager_audit(r->manager,
                             &(AuditEntry){
                                     .peer = r->peer,
                                     .operation = operation_to_string(r->operation),
                                     .purpose = purpose_to_string(r->purpose),
                                     .hash = hash != HASH_NONE ? hash_to_string(hash) : NULL,
                                     .key = r->key->id.hex,
                                     .label = r->key->label,
                                     .token = token ? token->config->name : NULL,
                                     .digest = job->input.audited,
                                     .rule = job->rule,
                                     .verdict = verdict,
                                     .result = outcome,
                                     .reason = reason,
                                     .duration_us = manager_now_us(r->manager) - r->arrived_us,
                             },
                             f);
}

static void reply_error(Request *r, const Job *job, const Failure *f) {
        unsigned index = (unsigned) (job - r->jobs);
        Failure numbered;

        r->manager->refused++;
        if (r->reply == REQUEST_REPLY_MANY) {
                (void) failure_set(&numbered, f->outcome, "input %u: %s", index, f->text);
                f = &numbered;
        }
        origin_fail(&r->origin, (int) f->outcome, f);
}

/* A refusal costs its caller nothing, and who has a use of one key can have tens of thousands in a second: past his
 * share they are counted only, or they would fill the disk that everybody's uses are written to. */
static void audit_refusal(Request *r, const Job *job, const Failure *f, Failure *ret_written) {
        Manager *m = r->manager;
        uint64_t now = manager_now_us(m);
        char reason[sizeof(f->text) + 128];

        if (budget_wait(m->refusals, r->peer->uid, now) > 0) {
                m->unwritten++;
                return;
        }
        budget_take(m->refusals, r->peer->uid, now);
        (void) snprintf(reason, sizeof(reason), "%s", f->text);
        if (m->unwritten > 0)
                (void) snprintf(reason, sizeof(reason),
                                "%s; %" PRIu64 " refusals before it were too many to write down", f->text,
                                m->unwritten);
        if (audit_job(r, job, f->outcome, reason, NULL, ret_written) < 0)
                log_error("out of memory while a refusal was written down");
        m->unwritten = 0;
}

void request_refuse(Request *r, Job *job, const Failure *f) {
        Failure written = *f;

        if (!origin_is_open(&r->origin))
                return;
        audit_refusal(r, job, f, &written);
        reply_error(r, job, &written);
        settle(r);
}

void request_fail(Request *r, const Failure *f) {
        unsigned i = 0;

        while (i + 1 < r->n_jobs && r->jobs[i].state == JOB_DONE)
                i++;
        request_refuse(r, &r->jobs[i], f);
}

void request_abandon(Request *r) {
        if (origin_is_open(&r->origin))
                settle(r);
}

static void reply_result(Request *r, Blob data) {
        Blob outputs[INPUT_MANY_MAX] = { data };

        for (unsigned i = 0; r->reply == REQUEST_REPLY_MANY && i < r->n_jobs; i++)
                outputs[i] = (Blob){ r->jobs[i].result, r->jobs[i].result_size };
        origin_succeed(&r->origin, &(OriginResult){
                                           .outputs = outputs,
                                           .n = r->n_jobs,
                                           .many = r->reply == REQUEST_REPLY_MANY,
                                           .secret = r->operation == OPERATION_DECRYPT,
                                   });
}

bool request_result_fits(const Request *r, Blob data) {
        size_t octets = key_octets(r->key);

        switch (r->kind) {
        case REQUEST_SIGN:
                if (r->key->type == KEY_TYPE_RSA)
                        return data.size == octets;
                if (r->key->type == KEY_TYPE_ED25519)
                        return data.size == 64;
                return data.size >= 8 && data.size <= 2 * octets + 16;
        case REQUEST_DECRYPT:
                if (r->purpose == PURPOSE_CMS && r->decrypt.key_length > 0)
                        return data.size == r->decrypt.key_length;
                return data.size <= octets;
        case REQUEST_DERIVE:
                return data.size == (r->derive.kdf == KDF_NONE ? octets : r->derive.length);
        }
        return false;
}

static int keep_result(Job *job, Blob data) {
        job->result = malloc(MAX(data.size, 1U));
        if (!job->result)
                return -ENOMEM;
        memcpy(job->result, data.data, data.size);
        job->result_size = data.size;
        return 0;
}

static void finish_job(Job *job, const Worker *worker, Blob data) {
        Request *r = job->request;
        Failure f;
        int k = 0;

        job->state = JOB_DONE;
        r->n_done++;
        k = audit_job(r, job, OUTCOME_OK, NULL, worker->token, &f);
        if (k == 0)
                r->manager->done++;
        if (!origin_is_open(&r->origin))
                return;
        if (k == 0 && r->reply == REQUEST_REPLY_MANY)
                k = keep_result(job, data);
        if (k < 0)
                (void) failure_set(&f, OUTCOME_BUSY, "signetd is out of memory; try again");
        if (k != 0) {
                reply_error(r, job, &f);
                settle(r);
                return;
        }
        if (r->n_done < r->n_jobs)
                return;

        reply_result(r, data);
        settle(r);
}

/* Whether a token other than `except` (NULL: any) may take the job. */
static bool has_outlook(const Request *r, const Token *except) {
        Failure f;

        for (size_t i = 0; i < r->key->n_instances; i++) {
                const Token *t = request_token(r, i);

                if (t && t != except && token_outlook(t, &f) == 0)
                        return true;
        }
        return false;
}

typedef enum Retry {
        RETRY_ELSEWHERE, /* on another token that holds the key */
        RETRY_ANYWHERE,  /* there if there is one, else on this token again */
} Retry;

/* Puts the job back in front of its line; false when it has had its tries. */
static bool try_again(Job *job, const Token *token, Retry retry) {
        Request *r = job->request;
        bool elsewhere;

        if (!origin_is_open(&r->origin) || job->tries >= JOB_TRIES_MAX || manager_now_us(r->manager) >= r->expires_us)
                return false;
        elsewhere = has_outlook(r, token);
        if (!elsewhere && (retry == RETRY_ELSEWHERE || !has_outlook(r, NULL)))
                return false;
        job->state = JOB_WAITING;
        job->failed_on = elsewhere ? token : NULL;
        r->n_waiting++;
        queue_enter(r->manager->queue, &r->item, QUEUE_FIRST);
        manager_dispatch_soon(r->manager);
        return true;
}

static void fail_job(Job *job, const Token *token, const Failure *f) {
        Request *r = job->request;
        Failure written = *f;

        job->state = JOB_DONE;
        if (audit_job(r, job, f->outcome, f->text, token, &written) < 0)
                log_error("out of memory while a failure was written down");
        if (!origin_is_open(&r->origin))
                return;
        reply_error(r, job, &written);
        settle(r);
}

/* What a worker's code is to the caller. `text` is the worker's own sentence. */
static void explain(const Request *r, WorkerCode code, const Token *token, const char *text, Failure *f) {
        static const Outcome outcomes[_WORKER_CODE_MAX] = {
                [WORKER_OK] = OUTCOME_TOKEN_UNAVAILABLE,
                [WORKER_NO_SUCH_KEY] = OUTCOME_TOKEN_UNAVAILABLE,
                [WORKER_LOCKED] = OUTCOME_TOKEN_LOCKED,
                [WORKER_PIN_INCORRECT] = OUTCOME_PIN_INCORRECT,
                [WORKER_PIN_LAST_TRY] = OUTCOME_PIN_LOCKED,
                [WORKER_PIN_LOCKED] = OUTCOME_PIN_LOCKED,
                [WORKER_TOKEN_ABSENT] = OUTCOME_TOKEN_UNAVAILABLE,
                [WORKER_MODULE_FAILED] = OUTCOME_TOKEN_UNAVAILABLE,
                [WORKER_DECRYPTION_FAILED] = OUTCOME_DECRYPTION_FAILED,
                [WORKER_NOT_SUPPORTED] = OUTCOME_NOT_SUPPORTED,
                [WORKER_INVALID_INPUT] = OUTCOME_INVALID_INPUT,
                [WORKER_DEVICE_ERROR] = OUTCOME_TOKEN_UNAVAILABLE,
        };

        /* One sentence, whatever the worker said: the reason is what an attacker wants to know. */
        if (code == WORKER_DECRYPTION_FAILED)
                (void) failure_set(f, OUTCOME_DECRYPTION_FAILED,
                                   "the data could not be decrypted with this key and these parameters");
        else if (code == WORKER_NO_SUCH_KEY)
                (void) failure_set(f, OUTCOME_TOKEN_UNAVAILABLE, "token \"%s\" does not hold key \"%s\" any more",
                                   token->config->name, r->key->label);
        else
                (void) token_failure(token, outcomes[code], *text ? text : worker_code_to_string(code), f);
}

/* Errors that say something about this token alone: a replica may do better. */
static bool is_local_to_token(WorkerCode code) {
        switch (code) {
        case WORKER_NO_SUCH_KEY:
        case WORKER_LOCKED:
        case WORKER_PIN_INCORRECT:
        case WORKER_PIN_LAST_TRY:
        case WORKER_PIN_LOCKED:
        case WORKER_TOKEN_ABSENT:
        case WORKER_MODULE_FAILED:
        case WORKER_NOT_SUPPORTED:
                return true;
        default:
                return false;
        }
}

void job_started(Job *job) {
        (void) request_ref(job->request);
        job->state = JOB_RUNNING;
        job->tries++;
        job->request->n_waiting--;
        if (job->request->n_waiting == 0)
                queue_leave(job->request->manager->queue, &job->request->item);
}

void job_answered(Job *job, const Worker *worker, WorkerCode code, Blob data, const char *message) {
        _cleanup_(request_unrefp) Request *r = job->request; /* what job_started() took */
        Failure f;

        if (code == WORKER_OK) {
                finish_job(job, worker, data);
                return;
        }
        if ((code == WORKER_DECRYPTION_FAILED || code == WORKER_INVALID_INPUT) && r->operation == OPERATION_DECRYPT)
                budget_take(r->manager->budget, r->peer->uid, manager_now_us(r->manager));
        if (code == WORKER_DEVICE_ERROR && try_again(job, worker->token, RETRY_ANYWHERE))
                return;
        if (is_local_to_token(code) && try_again(job, worker->token, RETRY_ELSEWHERE))
                return;

        explain(r, code, worker->token, message, &f);
        fail_job(job, worker->token, &f);
}

void job_lost(Job *job, const Token *token, JobLoss loss) {
        _cleanup_(request_unrefp) _unused_ Request *r = job->request; /* what job_started() took */
        const char *name = token->config->name;
        Failure f;

        if (loss == JOB_LOST_CRASH && try_again(job, token, RETRY_ANYWHERE))
                return;
        if (loss == JOB_LOST_DEADLINE)
                (void) failure_set(&f, OUTCOME_TIMEOUT,
                                   "token \"%s\" did not answer within %u seconds; its worker is being replaced: try "
                                   "again, and see signetd's log if it goes on",
                                   name, token->config->deadline);
        else
                (void) failure_set(&f, OUTCOME_TOKEN_UNAVAILABLE,
                                   "the worker of token \"%s\" ended while it had the request%s; see signetd's log",
                                   name, job->tries > 1 ? ", as one before it" : "");
        fail_job(job, token, &f);
}
