/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Library contexts in which the provider stands before OpenSSL's own, after it, or is brought by libsignet. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "client/provider.h"
#include "fake-signet.h"

typedef enum ContextOrder {
        CONTEXT_SIGNET_FIRST,
        CONTEXT_DEFAULT_FIRST,
        CONTEXT_BUILT_IN, /* nothing loaded: signet_key_evp_pkey() does it */
        _CONTEXT_ORDER_MAX,
} ContextOrder;

typedef struct Context {
        OSSL_LIB_CTX *libctx;
        OSSL_PROVIDER *providers[2];
} Context;

/* Looks everything up now and sees whose it is: OpenSSL 3.0 sorts its providers by name when it next looks for one. */
static inline void context_settle(Context *c, const char *first) {
        EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(c->libctx, "RSA", NULL);
        EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(c->libctx, "RSA", NULL);
        EVP_ASYM_CIPHER *cipher = EVP_ASYM_CIPHER_fetch(c->libctx, "RSA", NULL);
        EVP_KEYEXCH *exchange = EVP_KEYEXCH_fetch(c->libctx, "ECDH", NULL);

        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keymgmt)), first);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(signature)), first);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_ASYM_CIPHER_get0_provider(cipher)), first);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYEXCH_get0_provider(exchange)), first);
        EVP_KEYMGMT_free(keymgmt);
        EVP_SIGNATURE_free(signature);
        EVP_ASYM_CIPHER_free(cipher);
        EVP_KEYEXCH_free(exchange);
}

static inline void context_init(Context *c, ContextOrder order) {
        const char *names[] = { "signet", "default" };

        *c = (Context){ .libctx = OSSL_LIB_CTX_new() };
        assert_non_null(c->libctx);
        if (order == CONTEXT_BUILT_IN)
                return;

        assert_int_equal(OSSL_PROVIDER_add_builtin(c->libctx, "signet", provider_init), 1);
        for (int i = 0; i < 2; i++) {
                c->providers[i] = OSSL_PROVIDER_load(c->libctx, names[order == CONTEXT_DEFAULT_FIRST ? 1 - i : i]);
                assert_non_null(c->providers[i]);
        }
        context_settle(c, order == CONTEXT_DEFAULT_FIRST ? "default" : "signet");
}

static inline void context_done(Context *c) {
        for (int i = 0; i < 2; i++)
                if (c->providers[i])
                        OSSL_PROVIDER_unload(c->providers[i]);
        OSSL_LIB_CTX_free(c->libctx);
}

/* The key of this label, as a program that links libsignet gets it. */
static inline EVP_PKEY *context_key(Context *c, const char *label) {
        signet_client *client;
        signet_key *key;
        EVP_PKEY *pkey;

        assert_int_equal(signet_client_new(NULL, &client), 0);
        assert_int_equal(signet_find_key(client, label, NULL, &key), 0);
        signet_client_unref(client);
        assert_int_equal(signet_key_evp_pkey(key, c->libctx, &pkey), 0);
        signet_key_unref(key);
        return pkey;
}

/* What succeeded leaves nothing on the error queue. */
static inline void assert_no_errors(void) {
        unsigned long e = ERR_peek_error();

        if (e != 0)
                ERR_print_errors_fp(stderr);
        assert_int_equal(e, 0);
}

/* What failed says why: the reason, and words of the sentence. Clears the queue. */
static inline void assert_error(int reason, const char *words) {
        const char *data = NULL;
        int flags = 0;
        bool found = false;
        unsigned long e;

        while ((e = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)
                if (ERR_GET_REASON(e) == reason && (flags & ERR_TXT_STRING) && strstr(data, words))
                        found = true;
        assert_true(found);
}

/* --- every test in every order ------------------------------------------------------------------------ */

static Context context_now;

static inline int context_set_up(void **state, ContextOrder order) {
        context_init(&context_now, order);
        *state = &context_now;
        return 0;
}

static int set_up_signet_first(void **state) {
        return context_set_up(state, CONTEXT_SIGNET_FIRST);
}

static int set_up_default_first(void **state) {
        return context_set_up(state, CONTEXT_DEFAULT_FIRST);
}

/* Another key comes first, so that "signet" is there for tests that ask for it by name alone. */
static int set_up_built_in(void **state) {
        context_set_up(state, CONTEXT_BUILT_IN);
        EVP_PKEY_free(context_key(&context_now, "rsa"));
        return 0;
}

/* Nothing of the test holds a key any more. */
static int tear_down(void **state) {
        context_done(*state);
        return fake.keys_alive == 0 ? 0 : -1;
}

#define EACH_ORDER(test)                                                                                               \
        { #test ": signet first", test, set_up_signet_first, tear_down, NULL },                                        \
                { #test ": default first", test, set_up_default_first, tear_down, NULL }, {                            \
#test ": built in", test, set_up_built_in, tear_down, NULL                                             \
        }
