/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_OpenSession and its kin (PKCS#11 2.40 section 5.6, 3.0 section 5.6). Fed by the host. */
#include "pkcs11-3.h"
#include "session.h"
#include "slot.h"

/* A read/write session may be had although the token is write-protected: hosts ask for one to make session objects,
 * and do without the token where they cannot have it. What would change the token is refused by itself. */
CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application _unused_, CK_NOTIFY notify _unused_,
                    CK_SESSION_HANDLE *session) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(module_leavep) Module *m = NULL;
        const SnapshotSlot *found;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!session)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_OpenSession needs a place for the handle");
        if (!(flags & CKF_SERIAL_SESSION))
                return module_refuse(CKR_SESSION_PARALLEL_NOT_SUPPORTED, "C_OpenSession wants CKF_SERIAL_SESSION");
        rv = slot_find(m, slot, &snapshot, &found);
        if (rv != CKR_OK)
                return rv;
        rv = sessions_open(m->sessions, found->id, flags & (CKF_RW_SESSION | CKF_SERIAL_SESSION), session);
        return rv == CKR_SESSION_COUNT ? module_refuse(rv, "too many sessions at a time") : rv;
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session) {
        _cleanup_(module_leavep) Module *m = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        return rv == CKR_OK ? sessions_close(m, session) : rv;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot) {
        _cleanup_(module_leavep) Module *m = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv == CKR_OK)
                rv = slot_check(m, slot);
        if (rv == CKR_OK)
                sessions_close_all(m, slot);
        return rv;
}

static CK_STATE state_of(const Call *c) {
        bool logged_in = sessions_logged_in(c->module->sessions, c->session->slot);

        if (c->session->flags & CKF_RW_SESSION)
                return logged_in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION;
        return logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
}

/* Hosts ask this to see whether the token is still there. */
CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(call_end) Call c = {};
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!info)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetSessionInfo needs a place for its answer");
        rv = slot_find(c.module, c.session->slot, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv == CKR_HOST_MEMORY ? rv : CKR_DEVICE_REMOVED;
        *info = (CK_SESSION_INFO){ .slotID = slot->id, .state = state_of(&c), .flags = c.session->flags };
        return CKR_OK;
}

/* Operations that are not under way, or that we do not have, are cancelled already. */
CK_RV C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (flags & CKF_FIND_OBJECTS) {
                find_operation_free(c.session->find);
                c.session->find = NULL;
        }
        if (flags & CKF_DIGEST) {
                digest_operation_free(c.session->digest);
                c.session->digest = NULL;
        }
        if (flags & CKF_SIGN) {
                sign_operation_free(c.session->sign);
                c.session->sign = NULL;
        }
        if (flags & CKF_DECRYPT) {
                decrypt_operation_free(c.session->decrypt);
                c.session->decrypt = NULL;
        }
        return CKR_OK;
}
