/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures (provider-signature(7)): RSA, ECDSA, Ed25519.
 *
 * Verifying, and signing with software keys, is OpenSSL's default provider's work; signing with a remote key is
 * signetd's. What DigestSign is fed is collected, so that signetd gets the bytes themselves where it knows their form.
 */
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "provider-signature.h"

static void reset(Signature *s) {
        if (s->digest)
                EVP_MD_CTX_free(s->digest);
        else
                EVP_PKEY_CTX_free(s->ctx);
        s->digest = NULL;
        s->ctx = NULL;

        free(s->data);
        s->data = NULL;
        s->size = s->room = 0;
        EVP_MD_CTX_free(s->overflow);
        s->overflow = NULL;
}

static void *signature_new(void *provctx, const char *propq _unused_) {
        Signature *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->provider = provctx;
        return s;
}

static void signature_free(void *ctx) {
        Signature *s = ctx;

        if (!s)
                return;
        reset(s);
        provider_key_unref(s->key);
        EVP_MD_free(s->md);
        EVP_MD_free(s->mgf_md);
        free(s->purpose);
        free(s);
}

static int copy_soft(const Signature *from, Signature *to) {
        if (from->digest) {
                to->digest = EVP_MD_CTX_new();
                if (!to->digest || EVP_MD_CTX_copy_ex(to->digest, from->digest) != 1)
                        return 0;
                to->ctx = EVP_MD_CTX_get_pkey_ctx(to->digest);
        } else if (from->ctx)
                to->ctx = EVP_PKEY_CTX_dup(from->ctx);
        return !from->ctx == !to->ctx;
}

static int copy_message(const Signature *from, Signature *to) {
        if (from->size > 0) {
                to->data = malloc(from->size);
                if (!to->data)
                        return 0;
                memcpy(to->data, from->data, from->size);
                to->size = to->room = from->size;
        }
        if (from->overflow) {
                to->overflow = EVP_MD_CTX_new();
                if (!to->overflow || EVP_MD_CTX_copy_ex(to->overflow, from->overflow) != 1)
                        return 0;
        }
        return 1;
}

/* EVP_DigestSignFinal() always works on a copy. */
static void *signature_dup(void *ctx) {
        const Signature *from = ctx;
        Signature *to = signature_new(from->provider, NULL);

        if (!to)
                return NULL;
        to->md_fixed = from->md_fixed;
        to->padding = from->padding;
        to->salt_length = from->salt_length;
        if (from->key)
                to->key = provider_key_ref(from->key);
        if (from->md && EVP_MD_up_ref(from->md))
                to->md = from->md;
        if (from->mgf_md && EVP_MD_up_ref(from->mgf_md))
                to->mgf_md = from->mgf_md;
        if (from->purpose)
                to->purpose = strdup(from->purpose);

        if (!from->purpose != !to->purpose || !copy_soft(from, to) || !copy_message(from, to)) {
                signature_free(to);
                return NULL;
        }
        return to;
}

/* --- starting ----------------------------------------------------------------------------------------- */

/* keydata may be NULL: the same key again. */
static int start(Signature *s, void *keydata) {
        ProviderKey *key = keydata ? keydata : s->key;

        reset(s);
        if (!key || !key->soft)
                return provider_raise(s->provider, PROVIDER_R_NO_KEY, "there is no key to sign or verify with");
        if (keydata) {
                provider_key_ref(key);
                provider_key_unref(s->key);
                s->key = key;
        }

        EVP_MD_free(s->md);
        EVP_MD_free(s->mgf_md);
        s->md = s->mgf_md = NULL;
        s->md_fixed = false;
        s->padding = RSA_PKCS1_PADDING;
        /* RFC 8017 and every mail program expect as many octets of salt as the hash has; so do later OpenSSLs. */
        s->salt_length = RSA_PSS_SALTLEN_DIGEST;
        return 1;
}

static int start_soft(Signature *s, void *keydata, int (*init)(EVP_PKEY_CTX *, const OSSL_PARAM *),
                      const OSSL_PARAM params[]) {
        if (!start(s, keydata))
                return 0;
        s->ctx = EVP_PKEY_CTX_new_from_pkey(s->provider->soft, s->key->soft, NULL);
        return s->ctx && init(s->ctx, params) > 0;
}

static int sign_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        Signature *s = ctx;
        const ProviderKey *key = keydata ? keydata : s->key;

        if (key && !key->remote)
                return start_soft(s, keydata, EVP_PKEY_sign_init_ex, params);
        return start(s, keydata) && signature_set_params(s, params);
}

static int verify_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        return start_soft(ctx, keydata, EVP_PKEY_verify_init_ex, params);
}

static int verify_recover_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        return start_soft(ctx, keydata, EVP_PKEY_verify_recover_init_ex, params);
}

typedef int DigestInit(EVP_MD_CTX *, EVP_PKEY_CTX **, const char *, OSSL_LIB_CTX *, const char *, EVP_PKEY *,
                       const OSSL_PARAM *);

static int digest_start_soft(Signature *s, const char *hash, void *keydata, DigestInit *init,
                             const OSSL_PARAM params[]) {
        EVP_PKEY_CTX *ctx = NULL;

        if (!start(s, keydata))
                return 0;
        s->digest = EVP_MD_CTX_new();
        if (!s->digest ||
            init(s->digest, &ctx, hash && *hash ? hash : NULL, s->provider->soft, NULL, s->key->soft, params) != 1)
                return 0;
        s->ctx = ctx;
        return 1;
}

static int digest_sign_init(void *ctx, const char *hash, void *keydata, const OSSL_PARAM params[]) {
        Signature *s = ctx;
        const ProviderKey *key = keydata ? keydata : s->key;
        _cleanup_(EVP_MD_freep) EVP_MD *md = s->md && EVP_MD_up_ref(s->md) ? s->md : NULL;

        if (key && !key->remote)
                return digest_start_soft(s, hash, keydata, EVP_DigestSignInit_ex, params);
        if (!start(s, keydata))
                return 0;

        if (s->key->kind == PROVIDER_ED25519) {
                if (hash && *hash)
                        return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED, "Ed25519 takes no hash, not %s",
                                              hash);
                return signature_set_params(s, params);
        }

        if (hash && *hash) {
                if (!provider_hash_fetch(s->provider, hash, &s->md))
                        return 0;
        } else if (!keydata && md) {
                s->md = TAKE_PTR(md);
        } else if (!provider_hash_fetch(s->provider, "SHA2-256", &s->md))
                return 0;
        s->md_fixed = true;
        return signature_set_params(s, params);
}

static int digest_verify_init(void *ctx, const char *hash, void *keydata, const OSSL_PARAM params[]) {
        return digest_start_soft(ctx, hash, keydata, EVP_DigestVerifyInit_ex, params);
}

/* --- messages in pieces ------------------------------------------------------------------------------- */

/* OpenSSL 3.0 calls what is not there. */
static int refuse_pieces(const Signature *s) {
        return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                              "Ed25519 takes a message in one piece: EVP_DigestSign(), EVP_DigestVerify()");
}

static int refuse_update(void *ctx, const unsigned char *data _unused_, size_t size _unused_) {
        return refuse_pieces(ctx);
}

static int refuse_sign_final(void *ctx, unsigned char *signature _unused_, size_t *ret_size _unused_,
                             size_t room _unused_) {
        return refuse_pieces(ctx);
}

static int refuse_verify_final(void *ctx, const unsigned char *signature _unused_, size_t size _unused_) {
        return refuse_pieces(ctx);
}

/* --- verifying ---------------------------------------------------------------------------------------- */

static int signature_verify(void *ctx, const unsigned char *signature, size_t signature_size,
                            const unsigned char *digest, size_t size) {
        return EVP_PKEY_verify(((Signature *) ctx)->ctx, signature, signature_size, digest, size) > 0;
}

static int verify_recover(void *ctx, unsigned char *out, size_t *ret_size, size_t room, const unsigned char *signature,
                          size_t signature_size) {
        *ret_size = room;
        return EVP_PKEY_verify_recover(((Signature *) ctx)->ctx, out, ret_size, signature, signature_size) > 0;
}

static int digest_verify_update(void *ctx, const unsigned char *data, size_t size) {
        return EVP_DigestVerifyUpdate(((Signature *) ctx)->digest, data, size);
}

static int digest_verify_final(void *ctx, const unsigned char *signature, size_t signature_size) {
        return EVP_DigestVerifyFinal(((Signature *) ctx)->digest, signature, signature_size) > 0;
}

static int digest_verify(void *ctx, const unsigned char *signature, size_t signature_size, const unsigned char *data,
                         size_t size) {
        return EVP_DigestVerify(((Signature *) ctx)->digest, signature, signature_size, data, size) > 0;
}

/* --- tables ------------------------------------------------------------------------------------------- */

#define COMMON_FUNCTIONS                                                                                               \
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signature_new),                                                  \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signature_free),                                        \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DUPCTX, signature_dup),                                          \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_sign_init),                             \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, digest_verify_init),                         \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, signature_get_params),                           \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, signature_gettable_params),                 \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signature_set_params),                           \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signature_settable_params)

#define DIGEST_FUNCTIONS                                                                                               \
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),                                                   \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_SIGN, signature_sign),                                           \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_VERIFY_INIT, verify_init),                                       \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_VERIFY, signature_verify),                                       \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, signature_digest_update),                    \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, signature_digest_final),                      \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, digest_verify_update),                     \
                PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, digest_verify_final)

static const OSSL_DISPATCH rsa_functions[] = {
        COMMON_FUNCTIONS,
        DIGEST_FUNCTIONS,
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, verify_recover_init),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, verify_recover),
        { 0, NULL },
};

static const OSSL_DISPATCH ecdsa_functions[] = {
        COMMON_FUNCTIONS,
        DIGEST_FUNCTIONS,
        { 0, NULL },
};

static const OSSL_DISPATCH ed25519_functions[] = {
        COMMON_FUNCTIONS,
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signature_digest),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, digest_verify),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, refuse_update),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, refuse_sign_final),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, refuse_update),
        PROVIDER_FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, refuse_verify_final),
        { 0, NULL },
};

const OSSL_ALGORITHM provider_signature[] = {
        { PROVIDER_NAMES_RSA, PROVIDER_PROPERTIES, rsa_functions, "RSA signatures by Signet" },
        { "ECDSA", PROVIDER_PROPERTIES, ecdsa_functions, "ECDSA signatures by Signet" },
        { PROVIDER_NAMES_ED25519, PROVIDER_PROPERTIES, ed25519_functions, "Ed25519 signatures by Signet" },
        { NULL, NULL, NULL, NULL },
};
