/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One token of one PKCS#11 module: opened through libp11, then used through plain Cryptoki on the same module.
 *
 * Every call may hang or crash in the module's code: only a child process that can be killed opens a token. */
#pragma once

/* libp11's header declares functions with these types of OpenSSL, which are hidden where deprecated calls are. */
typedef struct rsa_meth_st RSA_METHOD;
typedef struct ec_key_method_st EC_KEY_METHOD;
#include <libp11.h>

#include "common/secret.h"
#include "reason.h"

typedef struct TokenChoice {
        const char *name;   /* the configuration's name, for messages */
        const char *module; /* path of the shared object */
        const char *label;
        const char *serial;    /* or NULL */
        const char *init_args; /* or NULL */
} TokenChoice;

typedef struct Token {
        char *name;
        PKCS11_CTX *ctx;
        PKCS11_SLOT *slots, *slot; /* all of them, and ours: borrowed from `slots` */
        unsigned n_slots;
        void *library;
        CK_FUNCTION_LIST *p11; /* borrowed from the module */
        CK_SLOT_ID slot_id;
        CK_SESSION_HANDLE session;
        CK_TOKEN_INFO info;
        CK_MECHANISM_TYPE *mechanisms;
        size_t n_mechanisms;
        Secret *pin;    /* kept while logged in, for keys that want it each time; its bytes end with a NUL */
        bool logged_in; /* or the token needs no login */
        bool pin_tried; /* C_Login was called */
} Token;

/* Loads and initialises the module, once in a process, finds the token and opens a session. WORKER_MODULE_FAILED,
 * WORKER_TOKEN_ABSENT or -ENOMEM. `choice` is used during the call only. */
int token_open(const TokenChoice *choice, Reason *reason, Token **ret) _must_check_;

/* Closes what is open and unloads the module; accepts and returns NULL. Children end by _exit() instead: teardown is
 * where vendors' code leaks and crashes. */
Token *token_free(Token *t);
DEFINE_CLEANUP(Token *, token_free)

/* Logs in with `pin` (NULL: none is known), at most one try. 0 also when the token needs no login. WORKER_LOCKED,
 * WORKER_PIN_INCORRECT, WORKER_PIN_LAST_TRY (not tried), WORKER_PIN_LOCKED, WORKER_MODULE_FAILED or -ENOMEM. */
int token_login(Token *t, Secret *pin, Reason *reason) _must_check_;

/* How many tries are left, as FrameHello says it. */
uint32_t token_pin_tries(const Token *t);

bool token_has_mechanism(const Token *t, CK_MECHANISM_TYPE mechanism);

/* The text of a fixed-length field of CK_TOKEN_INFO, without its padding. */
Blob token_field(const unsigned char *field, size_t n);

/* --- one-shot operations (token-call.c) --- */

/* How a Cryptoki call went. */
typedef struct Call {
        const char *name; /* the last one made: "C_SignInit"... */
        CK_RV rv;
} Call;

/* C_SignInit, the key's own login where `authenticate`, and C_Sign. *ret_n is the room on entry and the length on
 * return. */
Call token_sign(Token *t, CK_OBJECT_HANDLE key, bool authenticate, CK_MECHANISM *m, Blob data, uint8_t *ret,
                CK_ULONG *ret_n) _must_check_;
Call token_decrypt(Token *t, CK_OBJECT_HANDLE key, bool authenticate, CK_MECHANISM *m, Blob data, uint8_t *ret,
                   CK_ULONG *ret_n) _must_check_;

/* What a call that failed means: as reason_from_rv(), and WORKER_PIN_* for a refused login. */
int token_call_failed(Token *t, Call call, Reason *reason);

/* Stands for a login that was not attempted because the token's flags forbid it: no Cryptoki call returns it here. */
#define TOKEN_PIN_NOT_TRIED CKR_FUNCTION_CANCELED

/* WORKER_PIN_* for a PIN that the token refused with `rv`, else WORKER_MODULE_FAILED (token-login.c). */
int token_pin_refused(Token *t, CK_RV rv, Reason *reason);
