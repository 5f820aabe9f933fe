/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates by URI (provider-storemgmt(7)): what `openssl ... -inkey pkcs11:...` opens. docs/OPENSSL.md has
 * the URIs. */
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include "provider.h"

/* What one key has to give, in the order in which it is given. */
typedef enum StoreStage {
        STORE_PRIVATE,
        STORE_PUBLIC,
        STORE_CERTIFICATES,
        STORE_CHAIN,
        _STORE_STAGE_MAX,
} StoreStage;

typedef struct Store {
        Provider *provider;
        ProviderName name;
        signet_key **keys;
        size_t n_keys;
        int expected; /* OSSL_STORE_INFO_*, or 0 for anything */

        /* Where it stands. */
        size_t key;
        StoreStage stage;
        size_t index;
} Store;

static int store_close(void *ctx) {
        Store *s = ctx;

        signet_keys_free(s->keys, s->n_keys);
        provider_name_done(&s->name);
        free(s);
        return 1;
}

static void *store_open(void *provctx, const char *uri) {
        Store *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->provider = provctx;
        if (!provider_name_parse(s->provider, uri, &s->name) ||
            !provider_find(s->provider, &s->name, &s->keys, &s->n_keys)) {
                store_close(s);
                return NULL;
        }
        return s;
}

static const OSSL_PARAM *settable_params(void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
                OSSL_PARAM_END,
        };

        return params;
}

static int set_params(void *ctx, const OSSL_PARAM params[]) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);

        return !p || OSSL_PARAM_get_int(p, &((Store *) ctx)->expected);
}

/* The URI's type and the program's expectation must both allow it. A public key and issuers' certificates follow from
 * what else there is, so they are given only where they are asked for. */
static bool wanted(const Store *s, StoreStage stage) {
        const char *type = s->name.type;

        switch (stage) {
        case STORE_PRIVATE:
                return (!*type || strcmp(type, "private") == 0) &&
                       (s->expected == 0 || s->expected == OSSL_STORE_INFO_PKEY);
        case STORE_PUBLIC:
                if (s->expected == 0)
                        return strcmp(type, "public") == 0;
                return (!*type || strcmp(type, "public") == 0) && s->expected == OSSL_STORE_INFO_PUBKEY;
        case STORE_CERTIFICATES:
                return (!*type || strcmp(type, "cert") == 0) &&
                       (s->expected == 0 || s->expected == OSSL_STORE_INFO_CERT);
        case STORE_CHAIN:
                return !*type && s->expected == OSSL_STORE_INFO_CERT;
        default:
                return false;
        }
}

static size_t stage_size(const signet_key *key, StoreStage stage) {
        ProviderKind kind;

        switch (stage) {
        case STORE_CERTIFICATES:
                return signet_key_certificate_count(key);
        case STORE_CHAIN:
                return signet_key_chain_count(key);
        default:
                return provider_kind_from_algorithm(signet_key_algorithm(key), &kind) ? 1 : 0;
        }
}

/* Moves on to the next thing to give, if it does not stand at one; false at the end. */
static bool seek(Store *s) {
        for (; s->key < s->n_keys; s->key++, s->stage = STORE_PRIVATE)
                for (; s->stage < _STORE_STAGE_MAX; s->stage++, s->index = 0)
                        if (wanted(s, s->stage) && s->index < stage_size(s->keys[s->key], s->stage))
                                return true;
        return false;
}

static int store_eof(void *ctx) {
        return !seek(ctx);
}

static int give_private(Store *s, signet_key *remote, OSSL_CALLBACK *callback, void *arg) {
        _cleanup_(provider_key_unrefp) ProviderKey *key = NULL;
        int type = OSSL_OBJECT_PKEY;
        OSSL_PARAM params[4];

        if (!provider_key_from_remote(s->provider, remote, &key))
                return 0;

        params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                                                     (char *) provider_kind_name(key->kind), 0);
        params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof(key));
        params[3] = OSSL_PARAM_construct_end();
        return callback(params, arg);
}

static int give_der(int type, const char *structure, const unsigned char *der, size_t size, OSSL_CALLBACK *callback,
                    void *arg) {
        OSSL_PARAM params[4], *p = params;

        *p++ = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, (void *) der, size);
        if (structure)
                *p++ = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, (char *) structure, 0);
        *p = OSSL_PARAM_construct_end();
        return callback(params, arg);
}

static int store_load(void *ctx, OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *passphrase _unused_,
                      void *passphrase_arg _unused_) {
        Store *s = ctx;
        const unsigned char *der;
        signet_key *key;
        StoreStage stage;
        size_t index, size;

        if (!seek(s))
                return 0;
        key = s->keys[s->key];
        stage = s->stage;
        index = s->index++;

        switch (stage) {
        case STORE_PRIVATE:
                return give_private(s, key, callback, arg);
        case STORE_PUBLIC:
                der = signet_key_public(key, &size);
                return give_der(OSSL_OBJECT_PKEY, "SubjectPublicKeyInfo", der, size, callback, arg);
        case STORE_CERTIFICATES:
                der = signet_key_certificate(key, index, &size);
                return give_der(OSSL_OBJECT_CERT, NULL, der, size, callback, arg);
        default:
                der = signet_key_chain(key, index, &size);
                return give_der(OSSL_OBJECT_CERT, NULL, der, size, callback, arg);
        }
}

/* Asked when another provider's key management is to hold the key; it must not, and OpenSSL then turns to ours. */
static int export_object(void *ctx _unused_, const void *reference _unused_, size_t size _unused_,
                         OSSL_CALLBACK *callback _unused_, void *arg _unused_) {
        return 0;
}

static const OSSL_DISPATCH functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_OPEN, store_open),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_params),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_params),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_LOAD, store_load),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_EOF, store_eof),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_CLOSE, store_close),
        PROVIDER_FUNCTION(OSSL_FUNC_STORE_EXPORT_OBJECT, export_object),
        { 0, NULL },
};

const OSSL_ALGORITHM provider_store[] = {
        { "pkcs11", PROVIDER_PROPERTIES, functions, "Keys of signetd by PKCS#11 URI" },
        { "signet", PROVIDER_PROPERTIES, functions, "Keys of signetd by address or id" },
        { NULL, NULL, NULL, NULL },
};
