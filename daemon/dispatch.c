/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picks the next job and the worker for it. Fed by the queue and by tokens. */
#include "dispatch.h"

#include "common/log.h"
#include "manager.h"

typedef struct Pick {
        Worker *worker;
        uint32_t handle;
} Pick;

static Request *request_of(QueueItem *item) {
        return (Request *) ((char *) item - offsetof(Request, item));
}

static unsigned count_idle(const Token *t) {
        unsigned n = 0;

        for (size_t i = 0; i < t->n_workers; i++)
                n += t->workers[i]->state == WORKER_STATE_IDLE;
        return n;
}

static bool has_steady_token(const Request *r) {
        for (size_t i = 0; i < r->key->n_instances; i++) {
                const Token *t = request_token(r, i);

                if (t && t->state == TOKEN_READY && !token_is_shaky(t))
                        return true;
        }
        return false;
}

/* Among the tokens that hold the key, the one with most workers free; but one that hangs or crashes only if there is no
 * better, even if the better one has to be waited for. */
static bool find_worker(QueueItem *item, void *userdata) {
        Request *r = request_of(item);
        Job *job = request_next_job(r);
        Pick *pick = userdata;
        bool choosy = r->key->n_instances > 1 && has_steady_token(r);
        unsigned most = 0;

        for (size_t i = 0; job && i < r->key->n_instances; i++) {
                Token *t = request_token(r, i);
                unsigned idle = t ? count_idle(t) : 0;
                uint32_t handle;
                Worker *w;

                if (!t || t == job->failed_on || idle <= most || (choosy && token_is_shaky(t)))
                        continue;
                w = token_idle_worker(t, r->key, &handle);
                if (!w)
                        continue;
                most = idle;
                *pick = (Pick){ w, handle };
        }
        return most > 0;
}

static bool any_idle(const Manager *m) {
        for (size_t i = 0; i < m->n_tokens; i++)
                if (count_idle(m->tokens[i]) > 0)
                        return true;
        return false;
}

void dispatch_run(Manager *m) {
        while (any_idle(m)) {
                Pick pick = {};
                QueueItem *item = queue_next(m->queue, find_worker, &pick);
                Request *r;
                Failure f;
                int k;

                if (!item)
                        return;
                r = request_of(item);
                k = request_recheck(r, &f);
                if (k < 0)
                        k = failure_set(&f, OUTCOME_BUSY, "signetd is out of memory; try again");
                if (k > 0)
                        request_fail(r, &f);
                else
                        worker_submit(pick.worker, request_next_job(r), pick.handle);
        }
}

static void sweep_one(QueueItem *item, _unused_ void *userdata) {
        Request *r = request_of(item);
        Failure f;

        for (size_t i = 0; i < r->key->n_instances; i++)
                if (request_token(r, i) && token_outlook(request_token(r, i), &f) == 0)
                        return;
        request_fail(r, &f);
}

void dispatch_sweep(Manager *m) {
        queue_for_each(m->queue, sweep_one, NULL);
}

static void abandon_one(QueueItem *item, void *userdata) {
        Request *r = request_of(item);

        if (!userdata || r->peer == userdata)
                request_abandon(r);
}

/* Requests that wait, and those whose last jobs run: these are not tried again when their worker is lost. */
void dispatch_abandon(Manager *m, const Peer *peer) {
        queue_for_each(m->queue, abandon_one, (void *) peer);
        for (size_t i = 0; i < m->n_tokens; i++)
                for (size_t k = 0; k < m->tokens[i]->n_workers; k++) {
                        Job *job = m->tokens[i]->workers[k]->job;

                        if (job)
                                abandon_one(&job->request->item, (void *) peer);
                }
}
