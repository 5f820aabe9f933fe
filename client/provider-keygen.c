/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes the generation of software keys on to OpenSSL's default provider. */
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider-keygen.h"

typedef struct Keygen {
        Provider *provider;
        ProviderKind kind;
        EVP_PKEY_CTX *ctx;
        bool pair; /* a key pair, not parameters alone */
} Keygen;

void provider_keygen_free(void *keygen) {
        Keygen *g = keygen;

        if (!g)
                return;
        EVP_PKEY_CTX_free(g->ctx);
        free(g);
}

int provider_keygen_set_params(void *keygen, const OSSL_PARAM params[]) {
        Keygen *g = keygen;

        return !params || params[0].key == NULL || EVP_PKEY_CTX_set_params(g->ctx, params) > 0;
}

void *provider_keygen_new(Provider *p, ProviderKind kind, int selection, const OSSL_PARAM params[]) {
        Keygen *g;

        g = calloc(1, sizeof(*g));
        if (!g)
                return NULL;
        g->provider = p;
        g->kind = kind;
        g->pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
        g->ctx = EVP_PKEY_CTX_new_from_name(p->soft, provider_kind_name(kind), NULL);
        if (!g->ctx || (g->pair ? EVP_PKEY_keygen_init(g->ctx) : EVP_PKEY_paramgen_init(g->ctx)) <= 0 ||
            !provider_keygen_set_params(g, params)) {
                provider_keygen_free(g);
                return NULL;
        }
        return g;
}

int provider_keygen_set_template(void *keygen, void *keydata) {
        Keygen *g = keygen;
        ProviderKey *key = keydata;
        char group[64];
        OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };

        if (g->kind != PROVIDER_EC || !key->soft)
                return 1;
        if (EVP_PKEY_get_group_name(key->soft, group, sizeof(group), NULL) != 1)
                return 0;

        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
        return EVP_PKEY_CTX_set_params(g->ctx, params) > 0;
}

void *provider_keygen_run(void *keygen, OSSL_CALLBACK *progress _unused_, void *arg _unused_) {
        Keygen *g = keygen;
        _cleanup_(provider_key_unrefp) ProviderKey *key = NULL;

        key = provider_key_new(g->provider, g->kind);
        if (!key || EVP_PKEY_generate(g->ctx, &key->soft) <= 0)
                return NULL;

        key->parts = g->pair ? OSSL_KEYMGMT_SELECT_ALL : OSSL_KEYMGMT_SELECT_ALL_PARAMETERS;
        return TAKE_PTR(key);
}
