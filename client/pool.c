/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lends connections to threads. Fed by every call of libsignet; a mistake here lets two threads into one sd-bus object.
 *
 * The pool's lock is never taken in a child of fork(): the child sees by the pid that the pool is not its own and makes
 * another one. So no handler has to run at the fork, and a lock that another thread held there hurts nobody. */
#include <pthread.h>

#include "deadline.h"
#include "pool.h"

typedef struct PoolEntry {
        Link link;
        bool lent;
} PoolEntry;

struct Pool {
        pid_t pid;
        pthread_mutex_t lock;
        pthread_cond_t given;
        Pool *inherited; /* NULL, or the parent's, as it was at the fork */
        PoolEntry entries[POOL_SIZE];
};

int pool_new(Pool **ret) {
        _cleanup_free_ Pool *p = NULL;
        pthread_condattr_t attributes;
        int r;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->pid = getpid();
        for (size_t i = 0; i < POOL_SIZE; i++)
                p->entries[i].link.fd = -EBADF;

        r = pthread_condattr_init(&attributes);
        if (r != 0)
                return -r;
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* fails for other clocks only */
        r = pthread_cond_init(&p->given, &attributes);
        (void) pthread_condattr_destroy(&attributes);
        if (r != 0)
                return -r;
        r = pthread_mutex_init(&p->lock, NULL);
        if (r != 0) {
                (void) pthread_cond_destroy(&p->given);
                return -r;
        }

        *ret = TAKE_PTR(p);
        return 0;
}

bool pool_is_inherited(const Pool *p) {
        return p->pid != getpid();
}

static void pool_abandon(Pool *p) {
        for (size_t i = 0; i < POOL_SIZE; i++)
                link_abandon(&p->entries[i].link);
}

void pool_replace(Pool *p, Pool *inherited) {
        pool_abandon(inherited);
        p->inherited = inherited;
}

static void pool_close(Pool *p) {
        for (size_t i = 0; i < POOL_SIZE; i++)
                link_close(&p->entries[i].link);
        (void) pthread_mutex_destroy(&p->lock);
        (void) pthread_cond_destroy(&p->given);
}

Pool *pool_free(Pool *p) {
        while (p) {
                Pool *inherited = p->inherited;

                if (pool_is_inherited(p))
                        pool_abandon(p);
                else
                        pool_close(p);
                free(p);
                p = inherited;
        }
        return NULL;
}

/* An idle entry, rather one that is connected; NULL when all are lent. */
static PoolEntry *pool_pick(Pool *p) {
        PoolEntry *closed = NULL;

        for (size_t i = 0; i < POOL_SIZE; i++) {
                PoolEntry *e = &p->entries[i];

                if (e->lent)
                        continue;
                if (e->link.bus)
                        return e;
                if (!closed)
                        closed = e;
        }
        return closed;
}

int pool_take(Pool *p, uint64_t deadline, Link **ret) {
        struct timespec until = { .tv_sec = (time_t) (deadline / 1000000),
                                  .tv_nsec = (long) (deadline % 1000000) * 1000 };
        PoolEntry *e;
        int r = 0;

        pthread_mutex_lock(&p->lock);
        while (!(e = pool_pick(p)) && r == 0)
                r = pthread_cond_timedwait(&p->given, &p->lock, &until);
        if (e)
                e->lent = true;
        pthread_mutex_unlock(&p->lock);
        if (!e)
                return -r;

        *ret = &e->link;
        return 0;
}

void pool_give(Pool *p, Link *l) {
        pthread_mutex_lock(&p->lock);
        for (size_t i = 0; i < POOL_SIZE; i++)
                if (&p->entries[i].link == l)
                        p->entries[i].lent = false;
        pthread_cond_signal(&p->given);
        pthread_mutex_unlock(&p->lock);
}
