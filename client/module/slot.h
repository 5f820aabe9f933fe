/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots as a host counts them: one for each token that was ever seen since C_Initialize. A token that is not there any
 * more, or not for this user, leaves its slot empty. */
#pragma once

#include "snapshot.h"

Slots *slots_new(void); /* NULL: no memory */
Slots *slots_free(Slots *s);

/* The slot with its token. slot is borrowed from the snapshot, whose reference is the caller's. CKR_SLOT_ID_INVALID,
 * CKR_TOKEN_NOT_PRESENT, CKR_HOST_MEMORY. */
CK_RV slot_find(Module *m, CK_SLOT_ID id, Snapshot **ret_snapshot, const SnapshotSlot **ret_slot) _must_check_;

/* CKR_OK for a slot that there is, with a token or without. CKR_SLOT_ID_INVALID, CKR_HOST_MEMORY. */
CK_RV slot_check(Module *m, CK_SLOT_ID id) _must_check_;

/* Whether the token waits for a PIN that the caller may give: only then is CKF_LOGIN_REQUIRED on. */
bool slot_wants_login(const SnapshotSlot *slot);
bool slot_is_locked(const SnapshotSlot *slot);
