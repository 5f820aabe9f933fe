/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sign and decrypt in one call each, with the second login that some keys want. */
#include <string.h>

#include "token.h"

#define LOGIN "C_Login"

/* CKA_ALWAYS_AUTHENTICATE: the PIN again, between the operation's start and its data (PKCS #11 v2.40, C_Login). Asked
 * for each time, so the flags are looked at each time: other programs may have spent the tries since. */
static CK_RV authenticate_key(Token *t) {
        CK_RV rv;

        if (!t->pin)
                return CKR_USER_NOT_LOGGED_IN;
        rv = t->p11->C_GetTokenInfo(t->slot_id, &t->info);
        if (rv != CKR_OK)
                return rv;
        if (t->info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED))
                return TOKEN_PIN_NOT_TRIED;
        return t->p11->C_Login(t->session, CKU_CONTEXT_SPECIFIC, secret_bytes(t->pin), secret_size(t->pin) - 1);
}

/* An operation that an earlier error left active. Only a new session ends it; the login stays while libp11 has one
 * open. Not done at once when an operation fails: that would be a difference in time between good and bad padding. */
static bool leave_operation(Token *t, CK_RV rv) {
        if (rv != CKR_OPERATION_ACTIVE)
                return false;
        (void) t->p11->C_CloseSession(t->session);
        t->session = CK_INVALID_HANDLE;
        return t->p11->C_OpenSession(t->slot_id, CKF_SERIAL_SESSION, NULL, NULL, &t->session) == CKR_OK;
}

/* SoftHSM takes no NULL for empty data. */
static CK_BYTE *data_of(Blob b) {
        static CK_BYTE nothing;

        return b.size > 0 ? (CK_BYTE *) b.data : &nothing;
}

Call token_sign(Token *t, CK_OBJECT_HANDLE key, bool authenticate, CK_MECHANISM *m, Blob data, uint8_t *ret,
                CK_ULONG *ret_n) {
        CK_RV rv;

        rv = t->p11->C_SignInit(t->session, m, key);
        if (leave_operation(t, rv))
                rv = t->p11->C_SignInit(t->session, m, key);
        if (rv != CKR_OK)
                return (Call){ "C_SignInit", rv };
        rv = authenticate ? authenticate_key(t) : CKR_OK;
        if (rv != CKR_OK)
                return (Call){ LOGIN, rv };
        rv = t->p11->C_Sign(t->session, data_of(data), data.size, ret, ret_n);
        return (Call){ "C_Sign", rv };
}

Call token_decrypt(Token *t, CK_OBJECT_HANDLE key, bool authenticate, CK_MECHANISM *m, Blob data, uint8_t *ret,
                   CK_ULONG *ret_n) {
        CK_RV rv;

        rv = t->p11->C_DecryptInit(t->session, m, key);
        if (leave_operation(t, rv))
                rv = t->p11->C_DecryptInit(t->session, m, key);
        if (rv != CKR_OK)
                return (Call){ "C_DecryptInit", rv };
        rv = authenticate ? authenticate_key(t) : CKR_OK;
        if (rv != CKR_OK)
                return (Call){ LOGIN, rv };
        rv = t->p11->C_Decrypt(t->session, data_of(data), data.size, ret, ret_n);
        return (Call){ "C_Decrypt", rv };
}

int token_call_failed(Token *t, Call call, Reason *reason) {
        int r;

        if (strcmp(call.name, LOGIN) != 0)
                return reason_from_rv(reason, t->name, call.name, call.rv);

        /* A login that failed for another reason than the PIN is the device's failure: the token did open. */
        r = token_pin_refused(t, call.rv, reason);
        if (r == WORKER_MODULE_FAILED)
                reason->code = WORKER_DEVICE_ERROR;
        return (int) reason->code;
}
