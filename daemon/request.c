/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests: admission, waiting, and policy asked again. Fed by callers; what is admitted here reaches a key. */
#include "request.h"

#include <string.h>
#include <time.h>

#include "access.h"
#include "manager.h"
#include "request-answer.h"

#define TIMER_ACCURACY_US 10000

int request_new(Manager *m, Peer *peer, Key *key, RequestKind kind, Purpose purpose, unsigned n, Request **ret) {
        Request *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->n_ref = 1;
        r->jobs = calloc(n, sizeof(*r->jobs));
        r->usable = calloc(key->n_instances, sizeof(*r->usable));
        if (!r->jobs || !r->usable) {
                free(r->jobs);
                free(r->usable);
                free(r);
                return -ENOMEM;
        }
        for (unsigned i = 0; i < n; i++)
                r->jobs[i].request = r;
        r->n_jobs = r->n_waiting = n;
        r->manager = m;
        r->peer = peer_ref(peer);
        r->key = key_ref(key);
        r->kind = kind;
        r->purpose = purpose;
        r->operation = purpose_operation(purpose);
        r->arrived_us = manager_now_us(m);
        *ret = r;
        return 0;
}

Request *request_ref(Request *r) {
        r->n_ref++;
        return r;
}

Request *request_unref(Request *r) {
        if (!r || --r->n_ref > 0)
                return NULL;
        for (unsigned i = 0; i < r->n_jobs; i++) {
                input_done(&r->jobs[i].input);
                free(r->jobs[i].result);
                free(r->jobs[i].rule);
        }
        free(r->jobs);
        free(r->usable);
        sd_event_source_disable_unref(r->timer);
        origin_done(&r->origin);
        key_unref(r->key);
        peer_unref(r->peer);
        free(r);
        return NULL;
}

Hash request_hash(const Request *r) {
        switch (r->kind) {
        case REQUEST_SIGN:
                return r->sign.hash;
        case REQUEST_DECRYPT:
                return r->decrypt.hash;
        case REQUEST_DERIVE:
                return r->derive.hash;
        }
        return HASH_NONE;
}

Job *request_next_job(Request *r) {
        for (unsigned i = 0; i < r->n_jobs && r->n_waiting > 0; i++)
                if (r->jobs[i].state == JOB_WAITING)
                        return &r->jobs[i];
        return NULL;
}

Token *request_token(const Request *r, size_t i) {
        return r->usable[i] ? r->key->instances[i].token : NULL;
}

static void decide(const Request *r, const Job *job, bool *ret_usable, PolicyVerdict *ret) {
        static const char *const none[] = { NULL };
        AccessUse use = {
                .operation = r->operation,
                .purpose = r->purpose,
                .hash = request_hash(r),
                .now = (int64_t) time(NULL),
        };

        if (r->purpose == PURPOSE_CSR) {
                use.addresses = job->input.csr.n_addresses > 0 ? (const char *const *) job->input.csr.addresses : none;
                use.n_addresses = job->input.csr.n_addresses;
                use.domains = job->input.domains;
                use.n_domains = job->input.n_domains;
        }
        access_decide(r->manager->policy, r->peer, r->key, &use, ret_usable, ret);
}

static int set_rule(Job *job, const PolicyRule *rule) {
        char *copy = rule ? strdup(policy_rule_name(rule)) : NULL;

        if (rule && !copy)
                return -ENOMEM;
        free(job->rule);
        job->rule = copy;
        return 0;
}

/* All inputs go where every one of them may: a token that not all may use is not used. */
static void decide_next(Request *r, unsigned i, bool *room, PolicyVerdict *v) {
        bool any = false;

        decide(r, &r->jobs[i], room, v);
        for (size_t k = 0; k < r->key->n_instances; k++) {
                r->usable[k] = room[k] && (i == 0 || r->usable[k]);
                any = any || r->usable[k];
        }
        if (v->effect == POLICY_ALLOW && !any)
                *v = (PolicyVerdict){ .reason = "no token may be used for all of the inputs; send them one by one" };
}

/* Asks policy about every job that waits. Only certificate requests differ from one input to the next. */
static int check_policy(Request *r, const PolicyRule **rules, Job **ret_job, Failure *f) {
        _cleanup_free_ bool *room = calloc(r->key->n_instances, sizeof(*room));
        PolicyVerdict v = {};
        int k;

        if (!room)
                return -ENOMEM;
        for (unsigned i = 0; i < r->n_jobs; i++) {
                Job *job = *ret_job = &r->jobs[i];

                if (i == 0 || r->purpose == PURPOSE_CSR)
                        decide_next(r, i, room, &v);
                if (job->state != JOB_WAITING)
                        continue;
                k = set_rule(job, v.rule);
                if (k < 0)
                        return k;
                if (v.effect != POLICY_ALLOW)
                        return failure_set(f, OUTCOME_NOT_AUTHORIZED,
                                           "policy does not allow to %s with purpose %s and key "
                                           "\"%s\": %s",
                                           operation_to_string(r->operation), purpose_to_string(r->purpose),
                                           r->key->label, v.reason);
                if (rules)
                        rules[i] = v.rule;
        }
        r->generation = r->manager->generation;
        return 0;
}

/* One rule's share is taken at once, so that a SignMany that doesn't fit takes nothing. */
static int take_limits(Request *r, const PolicyRule **rules, Failure *f) {
        unsigned wait = 0, n;
        int k;

        for (unsigned i = 0; i < r->n_jobs; i += n) {
                for (n = 1; i + n < r->n_jobs && rules[i + n] == rules[i];)
                        n++;
                k = limits_take(r->manager->limits, rules[i], r->peer->uid, n, r->arrived_us, (int64_t) time(NULL),
                                &wait);
                if (k > 0)
                        return failure_set(f, OUTCOME_RATE_LIMITED,
                                           "the %s of rule \"%s\" is used up; try again in %u seconds",
                                           k == LIMITS_E_RATE ? "rate" : "quota", policy_rule_name(rules[i]), wait);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int check_budget(const Request *r, uint64_t now_us, Failure *f) {
        unsigned wait = 0;

        if (r->operation == OPERATION_DECRYPT)
                wait = budget_wait(r->manager->budget, r->peer->uid, now_us);
        if (wait == 0)
                return 0;
        return failure_set(f, OUTCOME_RATE_LIMITED,
                           "too many of this user's decryptions have failed; try again in %u seconds", wait);
}

/* The first token that may be waited for decides; else the last refusal stands. Several differ only where one key is
 * on several tokens. */
static int check_tokens(Request *r, Failure *f) {
        int k = -EINVAL;

        for (size_t i = 0; i < r->key->n_instances; i++) {
                const Token *t = request_token(r, i);

                k = t ? token_outlook(t, f) : k;
                if (k == 0)
                        return 0;
        }
        return k;
}

static int admit(Request *r, Failure *f) {
        int k = queue_admit(r->manager->queue, &r->item, r->peer->uid, r->n_jobs);

        if (k == QUEUE_E_USER_FULL)
                return failure_set(f, OUTCOME_BUSY,
                                   "this user has too many requests waiting (at most %u); wait for answers, "
                                   "or raise \"queue-per-user\" in signetd.conf",
                                   r->manager->settings->queue_per_user);
        if (k == QUEUE_E_FULL)
                return failure_set(f, OUTCOME_BUSY,
                                   "signetd has too many requests waiting (at most %u); try again shortly",
                                   r->manager->settings->queue_total);
        return k;
}

static int on_expired(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        Request *r = userdata;
        Failure f;

        if (r->n_waiting == 0)
                return 0;
        (void) failure_set(&f, OUTCOME_TIMEOUT,
                           "no worker was free for key \"%s\" in time; try again, or give its token more "
                           "\"workers\" or a longer \"deadline\"",
                           r->key->label);
        request_fail(r, &f);
        return 0;
}

static int start_waiting(Request *r) {
        unsigned deadline = 0;
        int k;

        for (size_t i = 0; i < r->key->n_instances; i++)
                if (request_token(r, i))
                        deadline = MAX(deadline, request_token(r, i)->config->deadline);
        r->expires_us = r->arrived_us + deadline * 1000000ULL;
        k = sd_event_add_time(r->manager->event, &r->timer, CLOCK_MONOTONIC, r->expires_us, TIMER_ACCURACY_US,
                              on_expired, r);
        if (k < 0)
                return k;
        queue_enter(r->manager->queue, &r->item, QUEUE_LAST);
        (void) request_ref(r);
        manager_dispatch_soon(r->manager);
        return 0;
}

/* Everything that may stand in the way, in this order: a caller learns that a token is locked only after policy has let
 * it use the key, and what is refused as Busy takes nothing from a rate. */
static int check_all(Request *r, Job **ret_job, Failure *f) {
        _cleanup_free_ const PolicyRule **rules = calloc(r->n_jobs, sizeof(*rules));
        int k;

        if (!rules)
                return -ENOMEM;
        k = check_policy(r, rules, ret_job, f);
        if (k != 0)
                return k;
        *ret_job = &r->jobs[0];
        if ((k = check_tokens(r, f)) != 0 || (k = check_budget(r, r->arrived_us, f)) != 0 || (k = admit(r, f)) != 0)
                return k;
        k = take_limits(r, rules, f);
        if (k != 0)
                queue_release(r->manager->queue, &r->item);
        return k;
}

int request_submit(Request *r) {
        Job *job = &r->jobs[0];
        Failure f;
        int k;

        k = check_all(r, &job, &f);
        if (k > 0) {
                request_refuse(r, job, &f);
                return 0;
        }
        if (k < 0)
                return k;
        k = start_waiting(r);
        if (k < 0)
                queue_release(r->manager->queue, &r->item);
        return k;
}

int request_recheck(Request *r, Failure *f) {
        Job *job;
        int k;

        /* Those that wait side by side were all let in before the first of them failed. */
        k = check_budget(r, manager_now_us(r->manager), f);
        if (k != 0 || r->generation == r->manager->generation)
                return k;
        return check_policy(r, NULL, &job, f);
}
