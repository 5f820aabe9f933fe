/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The present snapshot. Fed by signetd, asked by every search: what blocks here makes a mail program hang, what is out
 * of date shows keys that are no more.
 *
 * snapshot_lock is held for moments and guards what module.h says; refresh_lock is held by the one thread that asks
 * signetd. */
#include "snapshot.h"

#include <time.h>

#include "snapshot-build.h"

#define RETRY_MS 1000
/* A signetd that hangs lets each attempt last until the client's timeout: most of the time nobody shall wait for it. */
#define RETRY_FACTOR 10
/* Nor does a program that starts wait long: until something was seen, nobody else uses the client. */
#define FIRST_TIMEOUT_MS 5000

void snapshot_unref(Snapshot *s) {
        if (!s || atomic_fetch_sub(&s->n_ref, 1) != 1)
                return;
        for (size_t i = 0; i < s->n_slots; i++) {
                SnapshotSlot *slot = &s->slots[i];

                for (size_t k = 0; k < slot->n_objects; k++)
                        object_unref(slot->objects[k]);
                free(slot->objects);
                signet_token_unref(slot->token);
        }
        free(s->slots);
        free(s);
}

const SnapshotSlot *snapshot_slot(const Snapshot *s, CK_SLOT_ID id) {
        for (size_t i = 0; i < s->n_slots; i++)
                if (s->slots[i].id == id)
                        return &s->slots[i];
        return NULL;
}

Object *snapshot_object(const SnapshotSlot *slot, CK_OBJECT_HANDLE handle) {
        size_t low = 0, high = slot->n_objects;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (slot->objects[middle]->handle == handle)
                        return slot->objects[middle];
                if (slot->objects[middle]->handle < handle)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* --- fetching, under refresh_lock --- */

static int64_t now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A watch where there is none: before signetd is asked, so that no change is missed between the two. */
static int watch_start(Module *m) {
        signet_watch *watch = NULL;
        bool have;
        int r;

        pthread_mutex_lock(&m->snapshot_lock);
        have = m->watch != NULL;
        pthread_mutex_unlock(&m->snapshot_lock);
        if (have)
                return 0;
        r = signet_watch_new(m->client, &watch);
        if (r != 0)
                return r;
        pthread_mutex_lock(&m->snapshot_lock);
        m->watch = watch;
        pthread_mutex_unlock(&m->snapshot_lock);
        return 0;
}

/* Whether there is somebody to ask. The first time it is done in any case, so that the bus can start signetd. After
 * that one that is not there is not waited for, nor started again and again: the watch tells when it comes. */
static bool worth_asking(Module *m) {
        bool worth;

        pthread_mutex_lock(&m->snapshot_lock);
        worth = !m->signetd_asked || (m->watch && signet_watch_service(m->watch));
        m->signetd_asked = true;
        pthread_mutex_unlock(&m->snapshot_lock);
        return worth;
}

static CK_RV fetch(Module *m, Snapshot **ret) {
        signet_token **tokens = NULL;
        signet_key **keys = NULL;
        size_t n_keys = 0, n_tokens = 0;
        CK_RV rv;
        int r;

        r = watch_start(m);
        if (r != 0)
                return module_status(r, "watching signetd");
        if (!worth_asking(m))
                return CKR_OK;
        r = signet_find_all(m->client, &keys, &n_keys, &tokens, &n_tokens);
        if (r != 0)
                return module_status(r, "finding keys");
        rv = snapshot_build(m->names, m->crypto, keys, n_keys, tokens, n_tokens, ret);
        signet_keys_free(keys, n_keys);
        signet_tokens_free(tokens, n_tokens);
        return rv;
}

static Snapshot *empty_snapshot(void) {
        Snapshot *s = calloc(1, sizeof(*s));

        if (s)
                atomic_init(&s->n_ref, 1);
        return s;
}

static CK_RV refresh(Module *m) {
        _cleanup_(snapshot_unrefp) Snapshot *fresh = NULL, *before = NULL, *empty = NULL;
        int64_t begin = now_ms(), end;
        bool seen;
        CK_RV rv;

        pthread_mutex_lock(&m->snapshot_lock);
        m->snapshot_stale = m->snapshot_expired = false; /* changes from here on are other ones */
        seen = m->signetd_seen;
        pthread_mutex_unlock(&m->snapshot_lock);

        if (!seen)
                signet_client_set_timeout(m->client, FIRST_TIMEOUT_MS);
        rv = fetch(m, &fresh);
        if (!seen)
                signet_client_set_timeout(m->client, 0);
        empty = empty_snapshot();
        if (!empty || rv == CKR_HOST_MEMORY)
                rv = CKR_HOST_MEMORY;
        end = now_ms();

        pthread_mutex_lock(&m->snapshot_lock);
        if (rv != CKR_OK) {
                m->snapshot_stale = true;
                m->snapshot_retry = end + MAX((int64_t) RETRY_MS, RETRY_FACTOR * (end - begin));
        } else
                m->snapshot_retry = 0;
        if (fresh) {
                before = m->snapshot;
                m->snapshot = TAKE_PTR(fresh);
                m->signetd_seen = true;
        } else if (!m->snapshot)
                m->snapshot = TAKE_PTR(empty);
        pthread_mutex_unlock(&m->snapshot_lock);
        return rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* --- the others --- */

typedef enum Due {
        DUE_NOT,
        DUE_SOON, /* what there is will do while another thread fetches */
        DUE_NOW,  /* nothing was fetched yet, or what was fetched is known to be wrong */
} Due;

static void look_at_watch(Module *m) {
        int r;

        if (!m->watch)
                return;
        r = signet_watch_changed(m->watch);
        if (r != 0)
                m->snapshot_stale = true;
        if (r < 0) {
                signet_watch_free(m->watch);
                m->watch = NULL;
        }
}

static Due due(Module *m) {
        look_at_watch(m);
        if (!m->snapshot || m->snapshot_expired)
                return DUE_NOW;
        if (m->watch && !m->snapshot_stale)
                return DUE_NOT;
        return m->snapshot_retry > now_ms() ? DUE_NOT : DUE_SOON;
}

static CK_RV bring_up_to_date(Module *m) {
        CK_RV rv = CKR_OK;
        Due when;

        pthread_mutex_lock(&m->snapshot_lock);
        when = due(m);
        pthread_mutex_unlock(&m->snapshot_lock);
        if (when == DUE_NOT)
                return CKR_OK;
        if (when == DUE_NOW)
                pthread_mutex_lock(&m->refresh_lock);
        else if (pthread_mutex_trylock(&m->refresh_lock) != 0)
                return CKR_OK;

        /* Another thread may have done it while this one waited. */
        pthread_mutex_lock(&m->snapshot_lock);
        when = due(m);
        pthread_mutex_unlock(&m->snapshot_lock);
        if (when != DUE_NOT)
                rv = refresh(m);
        pthread_mutex_unlock(&m->refresh_lock);
        return rv;
}

CK_RV snapshot_get(Module *m, Snapshot **ret) {
        CK_RV rv;

        rv = bring_up_to_date(m);
        if (rv != CKR_OK)
                return rv;
        pthread_mutex_lock(&m->snapshot_lock);
        *ret = m->snapshot;
        atomic_fetch_add(&(*ret)->n_ref, 1);
        pthread_mutex_unlock(&m->snapshot_lock);
        return CKR_OK;
}

void snapshot_expire(Module *m) {
        pthread_mutex_lock(&m->snapshot_lock);
        m->snapshot_expired = m->snapshot_stale = true;
        pthread_mutex_unlock(&m->snapshot_lock);
}
