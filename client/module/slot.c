/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots and their tokens as a host sees them (PKCS#11 2.40 section 5.5). Fed by the snapshot, so by signetd, and by
 * numbers from the host. */
#include "slot.h"

#include <stdio.h>
#include <string.h>

#include "mechanism.h"
#include "names.h"
#include "padded.h"
#include "session.h"

#define PIN_SIZE_MAX 255 /* bytes; as signet-worker takes them */

struct Slots {
        pthread_mutex_t lock;
        CK_ULONG n_shown; /* slots 0 to this less 1 are what C_GetSlotList told */
        bool listed;
        bool *present; /* which slots had a token when C_WaitForSlotEvent looked last */
        CK_ULONG n_present;
        bool looked;
};

Slots *slots_new(void) {
        Slots *s = calloc(1, sizeof(*s));

        if (s)
                (void) pthread_mutex_init(&s->lock, NULL);
        return s;
}

Slots *slots_free(Slots *s) {
        if (!s)
                return NULL;
        free(s->present);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

CK_RV slot_find(Module *m, CK_SLOT_ID id, Snapshot **ret_snapshot, const SnapshotSlot **ret_slot) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = snapshot_get(m, &snapshot); /* first: it gives new slots their numbers */
        if (rv != CKR_OK)
                return rv;
        if (id >= names_slot_count(m->names))
                return module_refuse(CKR_SLOT_ID_INVALID, "there is no such slot");
        slot = snapshot_slot(snapshot, id);
        if (!slot)
                return module_refuse(CKR_TOKEN_NOT_PRESENT, "the token of this slot is not to be seen any more");
        *ret_snapshot = TAKE_PTR(snapshot);
        *ret_slot = slot;
        return CKR_OK;
}

CK_RV slot_check(Module *m, CK_SLOT_ID id) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = slot_find(m, id, &snapshot, &slot);
        return rv == CKR_TOKEN_NOT_PRESENT ? CKR_OK : rv;
}

bool slot_is_locked(const SnapshotSlot *slot) {
        return strcmp(signet_token_state(slot->token), "locked") == 0;
}

bool slot_wants_login(const SnapshotSlot *slot) {
        return slot_is_locked(slot) && signet_token_may_unlock(slot->token);
}

/* --- the list --- */

/* Asking for the number makes new slots visible; the call for the list itself gives those that were counted
 * (section 5.5), so that the host's array is large enough. */
static CK_ULONG slots_shown(Module *m, bool renew) {
        Slots *s = m->slots;
        CK_ULONG n;

        pthread_mutex_lock(&s->lock);
        if (renew || !s->listed)
                s->n_shown = names_slot_count(m->names);
        s->listed = true;
        n = s->n_shown;
        pthread_mutex_unlock(&s->lock);
        return n;
}

CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        CK_ULONG n_shown, n = 0, room;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!count)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetSlotList needs a place for the number");
        rv = snapshot_get(m, &snapshot);
        if (rv != CKR_OK)
                return rv;

        n_shown = slots_shown(m, !list);
        room = list ? *count : 0;
        for (CK_SLOT_ID id = 0; id < n_shown; id++) {
                if (token_present && !snapshot_slot(snapshot, id))
                        continue;
                if (n < room)
                        list[n] = id;
                n++;
        }
        *count = n;
        return list && n > room ? module_refuse(CKR_BUFFER_TOO_SMALL, "C_GetSlotList: there are more slots") : CKR_OK;
}

/* --- one slot --- */

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        const SnapshotSlot *slot = NULL;
        _cleanup_free_ char *text = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!info)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetSlotInfo needs a place for its answer");
        rv = slot_find(m, id, &snapshot, &slot);
        if (rv != CKR_OK && rv != CKR_TOKEN_NOT_PRESENT)
                return rv;
        if (asprintf(&text, "Signet %s", slot ? signet_token_name(slot->token) : "") < 0) {
                text = NULL;
                return CKR_HOST_MEMORY;
        }

        *info = (CK_SLOT_INFO){ .flags = CKF_REMOVABLE_DEVICE | (slot ? CKF_TOKEN_PRESENT : 0) };
        PADDED(info->slotDescription, text);
        PADDED(info->manufacturerID, "Signet");
        return CKR_OK;
}

/* A token that was never read has no label yet; its name in signetd's configuration stands in. */
static const char *label(const signet_token *t) {
        const char *l = signet_token_label(t);

        return l[0] != '\0' ? l : signet_token_name(t);
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!info)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetTokenInfo needs a place for its answer");
        rv = slot_find(m, id, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv;

        *info = (CK_TOKEN_INFO){
                .flags = CKF_RNG | CKF_WRITE_PROTECTED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED |
                         (slot_wants_login(slot) ? CKF_LOGIN_REQUIRED : 0),
                .ulMaxSessionCount = SESSIONS_MAX,
                .ulMaxRwSessionCount = SESSIONS_MAX,
                .ulMaxPinLen = PIN_SIZE_MAX,
                .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
                .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
                .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
                .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
        };
        sessions_count(m->sessions, id, &info->ulSessionCount, &info->ulRwSessionCount);
        PADDED(info->label, label(slot->token));
        PADDED(info->manufacturerID, signet_token_manufacturer(slot->token));
        PADDED(info->model, signet_token_model(slot->token));
        PADDED(info->serialNumber, signet_token_serial(slot->token));
        PADDED(info->utcTime, "");
        return CKR_OK;
}

/* --- mechanisms --- */

/* Every slot has all of them, whatever keys it shows now: hosts read the list once, and a locked token's keys come
 * later. */
CK_RV C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        const SnapshotSlot *slot;
        const Mechanism *table;
        CK_ULONG room;
        size_t n;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!count)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetMechanismList needs a place for the number");
        rv = slot_find(m, id, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv;

        table = mechanism_table(&n);
        room = *count;
        *count = n;
        if (!list)
                return CKR_OK;
        if (room < n)
                return module_refuse(CKR_BUFFER_TOO_SMALL, "C_GetMechanismList: there are more mechanisms");
        for (size_t i = 0; i < n; i++)
                list[i] = table[i].type;
        return CKR_OK;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        const SnapshotSlot *slot;
        const Mechanism *found;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!info)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetMechanismInfo needs a place for its answer");
        rv = slot_find(m, id, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv;
        found = mechanism_find(type);
        if (!found)
                return module_refuse(CKR_MECHANISM_INVALID, "C_GetMechanismInfo: this mechanism is not done");
        *info = (CK_MECHANISM_INFO){
                .ulMinKeySize = found->key_min,
                .ulMaxKeySize = found->key_max,
                .flags = found->flags,
        };
        return CKR_OK;
}

/* --- events --- */

/* The first slot whose token came or went since the last look, which is remembered. The first look sees no change. */
static CK_RV slots_compare(Slots *s, CK_ULONG n, const Snapshot *snapshot, CK_SLOT_ID *ret) {
        bool *larger;

        if (n > s->n_present) {
                larger = reallocarray(s->present, n, sizeof(*larger));
                if (!larger)
                        return CKR_HOST_MEMORY;
                memset(larger + s->n_present, 0, (n - s->n_present) * sizeof(*larger));
                s->present = larger;
                s->n_present = n;
        }
        for (CK_SLOT_ID id = 0; id < s->n_present; id++) {
                bool present = snapshot_slot(snapshot, id) != NULL;

                if (present == s->present[id])
                        continue;
                s->present[id] = present;
                if (s->looked) {
                        *ret = id;
                        return CKR_OK;
                }
        }
        s->looked = true;
        return CKR_NO_EVENT;
}

/* Without CKF_DONT_BLOCK it would have to wait for signetd in the host's thread, and C_Finalize would have to wake it:
 * that takes a thread of ours, which a host's process must not get. Hosts know the answer and look from time to time
 * instead. */
CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!slot || reserved)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_WaitForSlotEvent needs a place for the slot, and no more");
        if (!(flags & CKF_DONT_BLOCK))
                return module_refuse(CKR_FUNCTION_NOT_SUPPORTED, "C_WaitForSlotEvent wants CKF_DONT_BLOCK");
        rv = snapshot_get(m, &snapshot);
        if (rv != CKR_OK)
                return rv;

        pthread_mutex_lock(&m->slots->lock);
        rv = slots_compare(m->slots, names_slot_count(m->names), snapshot, slot);
        pthread_mutex_unlock(&m->slots->lock);
        return rv;
}
