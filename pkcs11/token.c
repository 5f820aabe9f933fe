/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a token. Fed by the configuration and by a vendor's module, which may lie about all it lists. */
#include "token.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

#define MECHANISMS_MAX 4096
#define SEEN_MAX       256

Blob token_field(const unsigned char *field, size_t n) {
        while (n > 0 && (field[n - 1] == ' ' || field[n - 1] == '\0'))
                n--;
        return (Blob){ .data = n > 0 ? field : NULL, .size = n };
}

/* The CK_RV that libp11 met, or CKR_GENERAL_ERROR when it failed for reasons of its own. */
static CK_RV libp11_rv(void) {
        unsigned long e = ERR_peek_last_error();

        if (ERR_GET_LIB(e) == ERR_get_CKR_code())
                return (CK_RV) ERR_GET_REASON(e);
        return CKR_GENERAL_ERROR;
}

/* A call that is no request's: whatever it says, the module is of no use now. */
static int module_failed(Reason *reason, const TokenChoice *choice, const char *call, CK_RV rv) {
        (void) reason_from_rv(reason, choice->name, call, rv);
        reason->code = WORKER_MODULE_FAILED;
        return WORKER_MODULE_FAILED;
}

/* Opens the module ourselves first: dlerror() says what is wrong with it, libp11 would not. */
static int load_module(const TokenChoice *choice, Token *t, Reason *reason) {
        CK_C_GetFunctionList get_list;

        t->library = dlopen(choice->module, RTLD_NOW | RTLD_LOCAL);
        if (!t->library)
                return reason_set(reason, WORKER_MODULE_FAILED,
                                  "token \"%s\": cannot load module: %s; check \"module\" in its configuration",
                                  choice->name, dlerror());
        *(void **) &get_list = dlsym(t->library, "C_GetFunctionList");
        if (!get_list || get_list(&t->p11) != CKR_OK || !t->p11)
                return reason_set(reason, WORKER_MODULE_FAILED,
                                  "token \"%s\": %s is no PKCS#11 module; check \"module\" in its configuration",
                                  choice->name, choice->module);

        t->ctx = PKCS11_CTX_new();
        if (!t->ctx)
                return -ENOMEM;
        PKCS11_CTX_init_args(t->ctx, choice->init_args);
        ERR_clear_error();
        if (PKCS11_CTX_load(t->ctx, choice->module) < 0)
                return module_failed(reason, choice, "C_Initialize", libp11_rv());
        return 0;
}

static bool slot_fits(const PKCS11_SLOT *slot, const TokenChoice *choice) {
        const PKCS11_TOKEN *token = slot->token;

        return token && token->initialized && token->label && strcmp(token->label, choice->label) == 0 &&
               (!choice->serial || (token->serialnr && strcmp(token->serialnr, choice->serial) == 0));
}

/* What there is instead of the token that was looked for. */
static void describe_tokens(const Token *t, char *ret, size_t room) {
        size_t n = 0;

        ret[0] = '\0';
        for (unsigned i = 0; i < t->n_slots && n < room; i++) {
                const PKCS11_TOKEN *token = t->slots[i].token;
                int k;

                if (!token || !token->initialized)
                        continue;
                k = snprintf(ret + n, room - n, "%s\"%s\" (serial %s)", n > 0 ? ", " : "", token->label ?: "",
                             token->serialnr ?: "");
                n += k > 0 ? (size_t) k : 0;
        }
        if (n == 0)
                (void) snprintf(ret, room, "no initialised token");
}

static int find_slot(const TokenChoice *choice, Token *t, Reason *reason) {
        char seen[SEEN_MAX];

        ERR_clear_error();
        if (PKCS11_enumerate_slots(t->ctx, &t->slots, &t->n_slots) < 0)
                return module_failed(reason, choice, "listing slots", libp11_rv());
        for (unsigned i = 0; i < t->n_slots; i++) {
                if (!slot_fits(&t->slots[i], choice))
                        continue;
                if (t->slot)
                        return reason_set(reason, WORKER_TOKEN_ABSENT,
                                          "token \"%s\": several tokens are labelled \"%s\" in %s; set \"serial\" too",
                                          choice->name, choice->label, choice->module);
                t->slot = &t->slots[i];
        }
        if (t->slot)
                return 0;

        describe_tokens(t, seen, sizeof(seen));
        return reason_set(
                reason, WORKER_TOKEN_ABSENT,
                "token \"%s\": no token labelled \"%s\"%s%s in %s, which has %s; plug it in or correct \"label\"",
                choice->name, choice->label, choice->serial ? " with serial " : "", choice->serial ?: "",
                choice->module, seen);
}

static int read_mechanisms(Token *t) {
        CK_ULONG n = 0;

        if (t->p11->C_GetMechanismList(t->slot_id, NULL, &n) != CKR_OK || n == 0 || n > MECHANISMS_MAX)
                return 0;
        t->mechanisms = calloc(n, sizeof(*t->mechanisms));
        if (!t->mechanisms)
                return -ENOMEM;
        if (t->p11->C_GetMechanismList(t->slot_id, t->mechanisms, &n) == CKR_OK)
                t->n_mechanisms = n;
        return 0;
}

bool token_has_mechanism(const Token *t, CK_MECHANISM_TYPE mechanism) {
        for (size_t i = 0; i < t->n_mechanisms; i++)
                if (t->mechanisms[i] == mechanism)
                        return true;

        return false;
}

static int open_session(const TokenChoice *choice, Token *t, Reason *reason) {
        CK_RV rv;

        t->slot_id = PKCS11_get_slotid_from_slot(t->slot);
        rv = t->p11->C_GetTokenInfo(t->slot_id, &t->info);
        if (rv == CKR_OK)
                rv = t->p11->C_OpenSession(t->slot_id, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
        if (rv == CKR_OK)
                return read_mechanisms(t);

        (void) reason_from_rv(reason, choice->name, "C_OpenSession", rv);
        reason->code =
                rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED ? WORKER_TOKEN_ABSENT : WORKER_MODULE_FAILED;
        return (int) reason->code;
}

int token_open(const TokenChoice *choice, Reason *reason, Token **ret) {
        _cleanup_(token_freep) Token *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->session = CK_INVALID_HANDLE;
        t->name = strdup(choice->name);
        if (!t->name)
                return -ENOMEM;

        r = load_module(choice, t, reason);
        if (r != 0)
                return r;
        r = find_slot(choice, t, reason);
        if (r != 0)
                return r;
        r = open_session(choice, t, reason);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

Token *token_free(Token *t) {
        if (!t)
                return NULL;
        if (t->session != CK_INVALID_HANDLE)
                (void) t->p11->C_CloseSession(t->session);
        if (t->slots)
                PKCS11_release_all_slots(t->ctx, t->slots, t->n_slots);
        if (t->ctx) {
                if (t->ctx->manufacturer)
                        PKCS11_CTX_unload(t->ctx);
                PKCS11_CTX_free(t->ctx);
        }
        if (t->library)
                dlclose(t->library);
        secret_free(t->pin);
        free(t->mechanisms);
        free(t->name);
        free(t);
        return NULL;
}
