/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key agreement (provider-keyexch(7)): ECDH on the NIST curves and X25519, with or without the X9.63 derivation that
 * CMS uses. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "provider.h"

#define DERIVED_MAX 65535 /* more than any key has; signetd allows less */

/* With `ctx`, OpenSSL's default provider does everything (software keys); without, the members after it make up a
 * request to signetd. */
typedef struct Exchange {
        Provider *provider;
        ProviderKey *key;
        EVP_PKEY_CTX *ctx;

        ProviderKey *peer;
        bool x963;
        EVP_MD *md;    /* of X9.63; NULL: SHA-256 */
        size_t length; /* of X9.63's output */
        unsigned char *shared_info;
        size_t shared_info_size;
        char *purpose; /* asked for with PROVIDER_PARAM_PURPOSE, or NULL */
} Exchange;

static void *exchange_new(void *provctx) {
        Exchange *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->provider = provctx;
        return e;
}

static void exchange_free(void *ctx) {
        Exchange *e = ctx;

        if (!e)
                return;
        EVP_PKEY_CTX_free(e->ctx);
        provider_key_unref(e->key);
        provider_key_unref(e->peer);
        EVP_MD_free(e->md);
        OPENSSL_free(e->shared_info);
        free(e->purpose);
        free(e);
}

static void *exchange_dup(void *ctx) {
        const Exchange *from = ctx;
        Exchange *to = exchange_new(from->provider);

        if (!to)
                return NULL;
        to->x963 = from->x963;
        to->length = from->length;
        if (from->key)
                to->key = provider_key_ref(from->key);
        if (from->peer)
                to->peer = provider_key_ref(from->peer);
        if (from->md && EVP_MD_up_ref(from->md))
                to->md = from->md;
        if (from->purpose)
                to->purpose = strdup(from->purpose);
        if (from->shared_info_size > 0)
                to->shared_info = OPENSSL_memdup(from->shared_info, from->shared_info_size);
        to->shared_info_size = from->shared_info_size;
        if (from->ctx)
                to->ctx = EVP_PKEY_CTX_dup(from->ctx);

        if (!from->purpose != !to->purpose || !from->ctx != !to->ctx ||
            (from->shared_info_size > 0 && !to->shared_info)) {
                exchange_free(to);
                return NULL;
        }
        return to;
}

/* --- parameters --------------------------------------------------------------------------------------- */

static int set_kdf(Exchange *e, const OSSL_PARAM params[]) {
        _cleanup_free_ char *kdf = NULL;

        if (!provider_param_string(e->provider, params, OSSL_EXCHANGE_PARAM_KDF_TYPE, &kdf))
                return 0;
        if (!kdf)
                return 1;
        if (*kdf && strcmp(kdf, OSSL_KDF_NAME_X963KDF) != 0)
                return provider_raise(e->provider, PROVIDER_R_UNSUPPORTED,
                                      "signetd derives with X963KDF or not at all, not with %s", kdf);
        e->x963 = *kdf != '\0';
        return 1;
}

static int set_params(void *ctx, const OSSL_PARAM params[]) {
        Exchange *e = ctx;
        const OSSL_PARAM *p;

        if (!params || params[0].key == NULL)
                return 1;
        if (e->ctx)
                return EVP_PKEY_CTX_set_params(e->ctx, params) > 0;

        /* The cofactor mode is of no account: these curves have cofactor 1, and X25519 settles it itself. */
        if (!set_kdf(e, params) || !provider_param_hash(e->provider, params, OSSL_EXCHANGE_PARAM_KDF_DIGEST, &e->md) ||
            !provider_param_string(e->provider, params, PROVIDER_PARAM_PURPOSE, &e->purpose) ||
            !provider_param_octets(e->provider, params, OSSL_EXCHANGE_PARAM_KDF_UKM, &e->shared_info,
                                   &e->shared_info_size))
                return 0;

        p = OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
        if (p && !OSSL_PARAM_get_size_t(p, &e->length))
                return provider_raise(e->provider, PROVIDER_R_UNSUPPORTED, "parameter \"%s\" is no size", p->key);
        return 1;
}

static int get_params(void *ctx, OSSL_PARAM params[]) {
        Exchange *e = ctx;
        OSSL_PARAM *p;

        if (e->ctx)
                return EVP_PKEY_CTX_get_params(e->ctx, params) > 0;

        p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE);
        if (p && !OSSL_PARAM_set_int(p, 0))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_TYPE);
        if (p && !OSSL_PARAM_set_utf8_string(p, e->x963 ? OSSL_KDF_NAME_X963KDF : ""))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_DIGEST);
        if (p && !OSSL_PARAM_set_utf8_string(p, e->md ? EVP_MD_get0_name(e->md) : ""))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
        if (p && !OSSL_PARAM_set_size_t(p, e->length))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_UKM);
        return !p || OSSL_PARAM_set_octet_ptr(p, e->shared_info, e->shared_info_size);
}

static const OSSL_PARAM *settable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
                OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS, NULL, 0),
                OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
                OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, NULL, 0),
                OSSL_PARAM_utf8_string(PROVIDER_PARAM_PURPOSE, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}

static const OSSL_PARAM *gettable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
                OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
                OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
                OSSL_PARAM_DEFN(OSSL_EXCHANGE_PARAM_KDF_UKM, OSSL_PARAM_OCTET_PTR, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}

/* --- operations --------------------------------------------------------------------------------------- */

static int exchange_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        Exchange *e = ctx;
        ProviderKey *key = keydata;

        if (!key || !key->soft)
                return provider_raise(e->provider, PROVIDER_R_NO_KEY, "there is no key to derive with");
        provider_key_unref(e->key);
        e->key = provider_key_ref(key);
        EVP_PKEY_CTX_free(e->ctx);
        e->ctx = NULL;
        if (key->remote)
                return set_params(e, params);

        e->ctx = EVP_PKEY_CTX_new_from_pkey(e->provider->soft, key->soft, NULL);
        return e->ctx && EVP_PKEY_derive_init_ex(e->ctx, params) > 0;
}

static int set_peer(void *ctx, void *keydata) {
        Exchange *e = ctx;
        ProviderKey *peer = keydata;

        if (!peer || !peer->soft || !e->key)
                return provider_raise(e->provider, PROVIDER_R_NO_KEY, "there is no peer's key to derive with");
        if (e->ctx)
                return EVP_PKEY_derive_set_peer(e->ctx, peer->soft) > 0;
        if (e->key->kind == PROVIDER_EC && EVP_PKEY_parameters_eq(e->key->soft, peer->soft) != 1)
                return provider_raise(e->provider, SIGNET_E_INVALID_INPUT, "the peer's key is on another curve");

        provider_key_unref(e->peer);
        e->peer = provider_key_ref(peer);
        return 1;
}

static size_t output_size(const Exchange *e) {
        if (e->x963)
                return e->length;
        return e->key->kind == PROVIDER_X25519 ? 32 : (size_t) (EVP_PKEY_get_bits(e->key->soft) + 7) / 8;
}

static int derive_remote(Exchange *e, unsigned char *secret, size_t *ret_size, size_t room) {
        signet_options options = SIGNET_OPTIONS_INIT;
        unsigned char *point = NULL, *result = NULL;
        size_t point_size, result_size = 0;
        int r;

        options.kdf = e->x963 ? "x963" : "none";
        if (e->x963) {
                options.hash = e->md ? provider_hash_word(e->md) : "sha256";
                if (!options.hash)
                        return provider_raise(e->provider, PROVIDER_R_UNSUPPORTED, "signetd does not derive with %s",
                                              EVP_MD_get0_name(e->md));
                options.key_length = (unsigned int) e->length;
                options.shared_info = e->shared_info;
                options.shared_info_size = e->shared_info_size;
        }

        point_size = EVP_PKEY_get1_encoded_public_key(e->peer->soft, &point);
        if (point_size == 0)
                return provider_raise(e->provider, PROVIDER_R_SOFT, "the peer's key cannot be encoded");
        r = signet_derive(e->key->remote,
                          e->purpose ? e->purpose
                          : e->x963  ? "cms"
                                     : "raw",
                          point, point_size, &options, &result, &result_size);
        OPENSSL_free(point);
        if (r != 0)
                return provider_raise_status(e->provider, r);
        return provider_output(e->provider, result, result_size, secret, room, ret_size);
}

static int derive(void *ctx, unsigned char *secret, size_t *ret_size, size_t room) {
        Exchange *e = ctx;

        if (e->ctx) {
                *ret_size = room;
                return EVP_PKEY_derive(e->ctx, secret, ret_size) > 0;
        }
        if (!e->key || !e->peer)
                return provider_raise(e->provider, PROVIDER_R_NO_KEY, "derivation needs a key and a peer's key");
        if (!secret) {
                *ret_size = output_size(e);
                return 1;
        }
        /* Before signetd is asked: what it has derived is counted and written down. */
        if (room < output_size(e))
                return provider_raise(e->provider, PROVIDER_R_SMALL_BUFFER, "the secret has %zu bytes, the buffer %zu",
                                      output_size(e), room);
        if (e->length > DERIVED_MAX)
                return provider_raise(e->provider, PROVIDER_R_UNSUPPORTED, "X9.63 gives at most %d bytes here, not %zu",
                                      DERIVED_MAX, e->length);
        return derive_remote(e, secret, ret_size, room);
}

static const OSSL_DISPATCH functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_NEWCTX, exchange_new),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_FREECTX, exchange_free),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_DUPCTX, exchange_dup),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_INIT, exchange_init),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_SET_PEER, set_peer),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_DERIVE, derive),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, get_params),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, gettable_params),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, set_params),
        PROVIDER_FUNCTION(OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, settable_params),
        { 0, NULL },
};

const OSSL_ALGORITHM provider_exchange[] = {
        { "ECDH", PROVIDER_PROPERTIES, functions, "ECDH by Signet" },
        { PROVIDER_NAMES_X25519, PROVIDER_PROPERTIES, functions, "X25519 by Signet" },
        { NULL, NULL, NULL, NULL },
};
