/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What signetd showed this process last: tokens as slots, and the objects in each. Immutable, counted references.
 *
 * Searches are answered from it without asking signetd. A signet_watch tells when it may be out of date; it is fetched
 * again then, in one round trip, by the call that notices. While signetd is away the last one stays. */
#pragma once

#include "object.h"

typedef struct SnapshotSlot {
        CK_SLOT_ID id;
        signet_token *token; /* a reference */
        Object **objects;    /* sorted by handle; a reference each */
        size_t n_objects;
} SnapshotSlot;

struct Snapshot {
        atomic_uint n_ref;
        SnapshotSlot *slots; /* sorted by id: tokens of which the caller sees a key, or which he may unlock */
        size_t n_slots;
};

/* The present snapshot, fetched or refreshed where needed. No signetd, or none that answers: an empty one or the last,
 * at once and without an error. CKR_HOST_MEMORY. */
CK_RV snapshot_get(Module *m, Snapshot **ret) _must_check_;
void snapshot_unref(Snapshot *s); /* accepts NULL */
DEFINE_CLEANUP(Snapshot *, snapshot_unref)

/* Makes the next snapshot_get() fetch: something was done that changes what is there (a token was unlocked). */
void snapshot_expire(Module *m);

/* Borrowed from s; NULL when there is none. */
const SnapshotSlot *snapshot_slot(const Snapshot *s, CK_SLOT_ID id);
Object *snapshot_object(const SnapshotSlot *slot, CK_OBJECT_HANDLE handle);
