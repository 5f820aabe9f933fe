/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logging in. Every wrong PIN brings a card nearer to its lock: tried once, never the last time, and told apart from
 * failures that say nothing about the PIN. */
#include <openssl/err.h>
#include <string.h>

#include "token.h"

uint32_t token_pin_tries(const Token *t) {
        CK_FLAGS f = t->info.flags;

        if (!(f & CKF_LOGIN_REQUIRED) || (f & CKF_USER_PIN_LOCKED))
                return 0;
        return f & CKF_USER_PIN_FINAL_TRY ? 1 : f & CKF_USER_PIN_COUNT_LOW ? 2 : 3;
}

/* What the token's flags say before anything is tried: 0 when the PIN may be. */
static int check_flags(const Token *t, Reason *reason) {
        if (t->info.flags & CKF_USER_PIN_LOCKED)
                return reason_set(
                        reason, WORKER_PIN_LOCKED,
                        "token \"%s\": PIN is locked after too many wrong tries; unblock it with the security "
                        "officer's PIN and the vendor's tool",
                        t->name);
        if (t->info.flags & CKF_USER_PIN_FINAL_TRY)
                return reason_set(
                        reason, WORKER_PIN_LAST_TRY,
                        "token \"%s\": PIN was not tried because one try is left; log in once with the vendor's "
                        "tool, then: signetctl unlock %s",
                        t->name, t->name);
        return 0;
}

/* The PIN with a NUL after it, as libp11 wants it. */
static int copy_pin(Secret *pin, Secret **ret) {
        _cleanup_(secret_freep) Secret *s = NULL;
        int r;

        if (memchr(secret_bytes(pin), 0, secret_size(pin)))
                return -EINVAL;
        r = secret_new(secret_size(pin) + 1, &s);
        if (r < 0)
                return r;
        memcpy(secret_bytes(s), secret_bytes(pin), secret_size(pin));
        *ret = TAKE_PTR(s);
        return 0;
}

int token_pin_refused(Token *t, CK_RV rv, Reason *reason) {
        static const char *const left[] = { "", "; 1 try left", "; few tries left", "" };

        (void) t->p11->C_GetTokenInfo(t->slot_id, &t->info);
        switch (rv) {
        case CKR_PIN_LOCKED:
                t->info.flags |= CKF_USER_PIN_LOCKED;
                return check_flags(t, reason);
        case CKR_PIN_INCORRECT:
        case CKR_PIN_INVALID:
        case CKR_PIN_LEN_RANGE:
                return reason_set(reason, WORKER_PIN_INCORRECT,
                                  "token \"%s\": PIN is wrong%s; unlock with: signetctl unlock %s", t->name,
                                  left[token_pin_tries(t)], t->name);
        case CKR_PIN_EXPIRED:
                return reason_set(
                        reason, WORKER_PIN_INCORRECT,
                        "token \"%s\": PIN has expired; set a new one with the vendor's tool, then: signetctl "
                        "unlock %s",
                        t->name, t->name);
        case TOKEN_PIN_NOT_TRIED:
                return check_flags(t, reason)
                               ?: reason_set(reason, WORKER_PIN_LAST_TRY, "token \"%s\": PIN was not tried", t->name);
        case CKR_USER_PIN_NOT_INITIALIZED:
                return reason_set(reason, WORKER_LOCKED,
                                  "token \"%s\": no user PIN was ever set; set one with: pkcs11-tool --init-pin",
                                  t->name);
        default:
                (void) reason_from_rv(reason, t->name, "C_Login", rv);
                reason->code = WORKER_MODULE_FAILED;
                return WORKER_MODULE_FAILED;
        }
}

int token_login(Token *t, Secret *pin, Reason *reason) {
        _cleanup_(secret_freep) Secret *copy = NULL;
        unsigned long e;
        int r;

        if (!(t->info.flags & CKF_LOGIN_REQUIRED)) {
                t->logged_in = true;
                return 0;
        }
        if (t->info.flags & CKF_USER_PIN_LOCKED)
                return check_flags(t, reason);
        if (!pin)
                return reason_set(reason, WORKER_LOCKED, "token \"%s\": locked; unlock with: signetctl unlock %s",
                                  t->name, t->name);
        r = check_flags(t, reason);
        if (r != 0)
                return r;
        r = copy_pin(pin, &copy);
        if (r == -EINVAL)
                return reason_set(
                        reason, WORKER_PIN_INCORRECT,
                        "token \"%s\": PIN holds a NUL byte and was not tried; unlock with: signetctl unlock %s",
                        t->name, t->name);
        if (r < 0)
                return r;

        /* libp11 waits forever when it cannot open a session. That we could open one is no promise; the start deadline
         * is. */
        ERR_clear_error();
        t->pin_tried = true;
        if (PKCS11_login(t->slot, 0, (const char *) secret_bytes(copy)) < 0) {
                e = ERR_peek_last_error();
                return token_pin_refused(
                        t, ERR_GET_LIB(e) == ERR_get_CKR_code() ? (CK_RV) ERR_GET_REASON(e) : CKR_GENERAL_ERROR,
                        reason);
        }
        (void) t->p11->C_GetTokenInfo(t->slot_id, &t->info);
        t->pin = TAKE_PTR(copy);
        t->logged_in = true;
        return 0;
}
