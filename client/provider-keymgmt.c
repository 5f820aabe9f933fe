/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key management (provider-keymgmt(7)): public halves go in and out like any other provider's, private parts of remote
 * keys never.
 *
 * An export that asks for the private part of a remote key fails without an error: that is how OpenSSL finds out that
 * an operation with it has to come to this provider. Everything about public halves is asked of OpenSSL's default
 * provider. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "provider-keygen.h"
#include "provider.h"

#define SELECT_PUBLIC  OSSL_KEYMGMT_SELECT_PUBLIC_KEY
#define SELECT_PRIVATE OSSL_KEYMGMT_SELECT_PRIVATE_KEY
#define SELECT_PARAMS  OSSL_KEYMGMT_SELECT_ALL_PARAMETERS

static void key_free(void *keydata) {
        provider_key_unref(keydata);
}

/* A reference is a ProviderKey pointer that the store or a decoder of this provider lends for the time of the call. */
static void *key_load(const void *reference, size_t size) {
        if (size != sizeof(ProviderKey *))
                return NULL;
        return provider_key_ref(*(ProviderKey *const *) reference);
}

static int key_has(const void *keydata, int selection) {
        const ProviderKey *key = keydata;
        int wanted = selection & (OSSL_KEYMGMT_SELECT_KEYPAIR | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS);

        /* An EVP_PKEY may have its type and nothing else yet. */
        if (!key || !key->soft)
                return 0;
        /* Only elliptic curves have parameters to miss. */
        if (key->kind != PROVIDER_EC)
                wanted &= OSSL_KEYMGMT_SELECT_KEYPAIR;
        return (key->parts & wanted) == wanted;
}

static int key_match(const void *keydata1, const void *keydata2, int selection) {
        const ProviderKey *a = keydata1, *b = keydata2;
        int same;

        if (a->kind != PROVIDER_EC && !(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
                return a->kind == b->kind;
        if (!a->soft || !b->soft)
                return 0;

        ERR_set_mark();
        if (selection & OSSL_KEYMGMT_SELECT_KEYPAIR)
                same = EVP_PKEY_eq(a->soft, b->soft);
        else
                same = EVP_PKEY_parameters_eq(a->soft, b->soft);
        ERR_pop_to_mark();
        return same == 1;
}

static int key_validate(const void *keydata, int selection, int check_type) {
        const ProviderKey *key = keydata;
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;

        if (!key->soft)
                return 0;
        ctx = EVP_PKEY_CTX_new_from_pkey(key->provider->soft, key->soft, NULL);
        if (!ctx)
                return 0;

        if ((selection & SELECT_PRIVATE) && !key->remote)
                return EVP_PKEY_check(ctx) == 1;
        if (selection & OSSL_KEYMGMT_SELECT_KEYPAIR)
                return (check_type == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK ? EVP_PKEY_public_check_quick(ctx)
                                                                        : EVP_PKEY_public_check(ctx)) == 1;
        return key->kind != PROVIDER_EC || EVP_PKEY_param_check(ctx) == 1;
}

/* --- in and out --------------------------------------------------------------------------------------- */

/* What a set of parameters brings, by the one of each part that it cannot do without. */
static int parts_of(ProviderKind kind, int selection, const OSSL_PARAM params[]) {
        static const struct {
                const char *public, *private, *group;
        } names[_PROVIDER_KIND_MAX] = {
                [PROVIDER_RSA] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_D, NULL },
                [PROVIDER_EC] = { OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_GROUP_NAME },
                [PROVIDER_ED25519] = { OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_PRIV_KEY, NULL },
                [PROVIDER_X25519] = { OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_PRIV_KEY, NULL },
        };
        int parts = 0;

        if (OSSL_PARAM_locate_const(params, names[kind].private))
                /* The public part follows from it, or the import below fails. */
                parts |= SELECT_PRIVATE | SELECT_PUBLIC;
        if (OSSL_PARAM_locate_const(params, names[kind].public))
                parts |= SELECT_PUBLIC;
        if (kind == PROVIDER_EC && (OSSL_PARAM_locate_const(params, names[kind].group) ||
                                    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_EC_P)))
                parts |= SELECT_PARAMS;
        return parts & selection;
}

static int import_soft(ProviderKey *key, int selection, const OSSL_PARAM params[]) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;
        EVP_PKEY *soft = NULL;

        ctx = EVP_PKEY_CTX_new_from_name(key->provider->soft, provider_kind_name(key->kind), NULL);
        if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &soft, selection, (OSSL_PARAM *) params) != 1)
                return 0;

        key->soft = soft;
        key->parts = parts_of(key->kind, selection, params);
        return 1;
}

static int key_import(void *keydata, int selection, const OSSL_PARAM params[]) {
        const OSSL_PARAM *handle = OSSL_PARAM_locate_const(params, PROVIDER_PARAM_KEY);
        ProviderKey *key = keydata;
        const void *remote;
        size_t size;

        if (key->soft)
                return 0;
        if (!handle)
                return import_soft(key, selection, params);
        if (!OSSL_PARAM_get_octet_ptr(handle, &remote, &size) || !remote)
                return 0;
        return provider_key_set_remote(key, (signet_key *) remote);
}

static int key_export(void *keydata, int selection, OSSL_CALLBACK *callback, void *arg) {
        ProviderKey *key = keydata;

        if (!key->soft || (key->remote && (selection & SELECT_PRIVATE)))
                return 0;
        return EVP_PKEY_export(key->soft, selection, callback, arg);
}

static void *key_dup(const void *keydata, int selection) {
        const ProviderKey *key = keydata;
        _cleanup_(provider_key_unrefp) ProviderKey *copy = NULL;
        OSSL_PARAM *params = NULL;
        int ok;

        copy = provider_key_new(key->provider, key->kind);
        if (!copy)
                return NULL;
        /* Without curves there are no parameters: a copy of them is an empty key, as in OpenSSL's own provider. */
        if (!key->soft || (key->kind != PROVIDER_EC && !(selection & OSSL_KEYMGMT_SELECT_KEYPAIR)))
                return TAKE_PTR(copy);
        if (key->remote && (selection & SELECT_PRIVATE))
                return provider_key_set_remote(copy, key->remote) ? TAKE_PTR(copy) : NULL;

        if (EVP_PKEY_todata(key->soft, selection & key->parts, &params) != 1)
                return NULL;
        ok = import_soft(copy, selection & key->parts, params);
        OSSL_PARAM_free(params);
        return ok ? TAKE_PTR(copy) : NULL;
}

/* --- parameters --------------------------------------------------------------------------------------- */

static int key_get_params(void *keydata, OSSL_PARAM params[]) {
        ProviderKey *key = keydata;

        return key->soft && EVP_PKEY_get_params(key->soft, params) == 1;
}

/* An empty key becomes a public one by its encoding alone, as a peer's X25519 key does in TLS. */
static int set_encoded(ProviderKey *key, const OSSL_PARAM *encoded) {
        const void *data;
        size_t size;
        OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };

        if (!encoded || !OSSL_PARAM_get_octet_string_ptr(encoded, &data, &size))
                return 0;
        params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *) data, size);
        return import_soft(key, SELECT_PUBLIC, params);
}

static int key_set_params(void *keydata, const OSSL_PARAM params[]) {
        const OSSL_PARAM *encoded = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
        ProviderKey *key = keydata;

        if (params[0].key == NULL)
                return 1;
        if (key->remote)
                return 0;
        if (!key->soft)
                return set_encoded(key, encoded);
        if (EVP_PKEY_set_params(key->soft, (OSSL_PARAM *) params) != 1)
                return 0;

        /* How CMS and TLS build a peer's key: parameters first, then the point. */
        if (encoded)
                key->parts |= SELECT_PUBLIC;
        return 1;
}

static const OSSL_PARAM *rsa_types(int selection _unused_) {
        static const OSSL_PARAM types[] = {
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_D, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR1, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR2, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT1, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT2, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, NULL, 0),
                OSSL_PARAM_END,
        };

        return types;
}

static const OSSL_PARAM *ec_types(int selection _unused_) {
        static const OSSL_PARAM types[] = {
                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
                OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                OSSL_PARAM_BN(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                OSSL_PARAM_END,
        };

        return types;
}

static const OSSL_PARAM *edwards_types(int selection _unused_) {
        static const OSSL_PARAM types[] = {
                OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                OSSL_PARAM_END,
        };

        return types;
}

/* Which algorithm signs or derives with a key, where it is not called like the key. */
static const char *ec_operation_name(int operation) {
        return operation == OSSL_OP_SIGNATURE ? "ECDSA" : operation == OSSL_OP_KEYEXCH ? "ECDH" : NULL;
}

static const char *rsa_operation_name(int operation _unused_) {
        return "RSA";
}

static const char *ed25519_operation_name(int operation _unused_) {
        return "ED25519";
}

static const char *x25519_operation_name(int operation _unused_) {
        return "X25519";
}

/* --- tables ------------------------------------------------------------------------------------------- */

#define DEFINE_KEYMGMT(prefix, kind, types)                                                                            \
        static void *prefix##_new(void *provctx) {                                                                     \
                return provider_key_new(provctx, kind);                                                                \
        }                                                                                                              \
        static const OSSL_PARAM *prefix##_gettable(void *provctx) {                                                    \
                return EVP_KEYMGMT_gettable_params(((Provider *) provctx)->soft_keymgmt[kind]);                        \
        }                                                                                                              \
        static const OSSL_PARAM *prefix##_settable(void *provctx) {                                                    \
                return EVP_KEYMGMT_settable_params(((Provider *) provctx)->soft_keymgmt[kind]);                        \
        }                                                                                                              \
        static void *prefix##_gen_init(void *provctx, int selection, const OSSL_PARAM params[]) {                      \
                return provider_keygen_new(provctx, kind, selection, params);                                          \
        }                                                                                                              \
        static const OSSL_PARAM *prefix##_gen_settable(void *keygen _unused_, void *provctx) {                         \
                return EVP_KEYMGMT_gen_settable_params(((Provider *) provctx)->soft_keymgmt[kind]);                    \
        }                                                                                                              \
        static const OSSL_DISPATCH prefix##_functions[] = {                                                            \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_NEW, prefix##_new),                                                \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),                                                   \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_LOAD, key_load),                                                   \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has),                                                     \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),                                                 \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_VALIDATE, key_validate),                                           \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                               \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, types),                                              \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                               \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, types),                                              \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_DUP, key_dup),                                                     \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                                       \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, prefix##_gettable),                               \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_SET_PARAMS, key_set_params),                                       \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, prefix##_settable),                               \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN_INIT, prefix##_gen_init),                                      \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, provider_keygen_set_template),                   \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, provider_keygen_set_params),                       \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, prefix##_gen_settable),                       \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN, provider_keygen_run),                                         \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, provider_keygen_free),                                \
                PROVIDER_FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, prefix##_operation_name),                    \
                { 0, NULL },                                                                                           \
        }

DEFINE_KEYMGMT(rsa, PROVIDER_RSA, rsa_types);
DEFINE_KEYMGMT(ec, PROVIDER_EC, ec_types);
DEFINE_KEYMGMT(ed25519, PROVIDER_ED25519, edwards_types);
DEFINE_KEYMGMT(x25519, PROVIDER_X25519, edwards_types);

const OSSL_ALGORITHM provider_keymgmt[] = {
        { PROVIDER_NAMES_RSA, PROVIDER_PROPERTIES, rsa_functions, "RSA keys of Signet" },
        { PROVIDER_NAMES_EC, PROVIDER_PROPERTIES, ec_functions, "Elliptic curve keys of Signet" },
        { PROVIDER_NAMES_ED25519, PROVIDER_PROPERTIES, ed25519_functions, "Ed25519 keys of Signet" },
        { PROVIDER_NAMES_X25519, PROVIDER_PROPERTIES, x25519_functions, "X25519 keys of Signet" },
        { NULL, NULL, NULL, NULL },
};
