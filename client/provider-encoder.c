/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing keys (provider-encoder(7)): a private key on a token becomes a key file that names it, or a description in
 * words. Public halves are left to OpenSSL's default provider, which gets them from key management. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

DEFINE_CLEANUP(OSSL_ENCODER_CTX *, OSSL_ENCODER_CTX_free)

typedef struct Encoder {
        Provider *provider;
        char *cipher; /* asked for, or NULL */
} Encoder;

static void *encoder_new(void *provctx) {
        Encoder *e = calloc(1, sizeof(*e));

        if (e)
                e->provider = provctx;
        return e;
}

static void encoder_free(void *ctx) {
        Encoder *e = ctx;

        if (!e)
                return;
        free(e->cipher);
        free(e);
}

static int encoder_set_params(void *ctx, const OSSL_PARAM params[]) {
        Encoder *e = ctx;

        return provider_param_string(e->provider, params, OSSL_ENCODER_PARAM_CIPHER, &e->cipher);
}

static const OSSL_PARAM *encoder_settable_params(void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}

static int does_selection(void *provctx _unused_, int selection) {
        return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

typedef struct Passphrase {
        OSSL_PASSPHRASE_CALLBACK *callback;
        void *arg;
} Passphrase;

static int get_passphrase(char *out, size_t room, size_t *ret_size, const OSSL_PARAM params[], void *arg) {
        Passphrase *p = arg;

        return p->callback && p->callback(out, room, ret_size, params, p->arg);
}

/* A software key that is with us because we came first: OpenSSL's own encoder writes it, encrypted if that was asked
 * for. */
static int encode_soft(Encoder *e, const ProviderKey *key, BIO *out, const char *type, const char *structure,
                       int selection, Passphrase *passphrase) {
        _cleanup_(OSSL_ENCODER_CTX_freep) OSSL_ENCODER_CTX *ctx = NULL;

        ctx = OSSL_ENCODER_CTX_new_for_pkey(key->soft, selection, type, structure, NULL);
        if (!ctx || OSSL_ENCODER_CTX_get_num_encoders(ctx) == 0)
                return 0;
        if (e->cipher && *e->cipher &&
            (!OSSL_ENCODER_CTX_set_cipher(ctx, e->cipher, NULL) ||
             !OSSL_ENCODER_CTX_set_passphrase_cb(ctx, get_passphrase, passphrase)))
                return 0;
        return OSSL_ENCODER_to_bio(ctx, out);
}

/* What stands in a key file: the URI, which tells people something, or the id where there is no URI that could be read
 * again. */
static char *key_name(const signet_key *key) {
        char *name;

        if (signet_key_uri_count(key) > 0 && strlen(signet_key_uri(key, 0)) <= PROVIDER_NAME_MAX)
                return strdup(signet_key_uri(key, 0));
        return asprintf(&name, "signet:%s", signet_key_id(key)) < 0 ? NULL : name;
}

static int encode_pem(void *ctx, OSSL_CORE_BIO *out, const void *keydata, const OSSL_PARAM abstract[], int selection,
                      OSSL_PASSPHRASE_CALLBACK *callback, void *arg) {
        Encoder *e = ctx;
        const ProviderKey *key = keydata;
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        Passphrase passphrase = { callback, arg };
        _cleanup_free_ char *name = NULL;

        if (!key || !key->soft || abstract)
                return 0;
        bio = BIO_new_from_core_bio(e->provider->soft, out);
        if (!bio)
                return 0;
        if (!key->remote)
                return encode_soft(e, key, bio, "PEM", "PrivateKeyInfo", selection, &passphrase);

        if (e->cipher && *e->cipher)
                return provider_raise(
                        e->provider, PROVIDER_R_UNSUPPORTED,
                        "a key file of Signet names a key and holds no secret: write it without a cipher");
        name = key_name(key->remote);
        if (!name)
                return provider_raise(e->provider, PROVIDER_R_SYSTEM, "out of memory");
        return PEM_write_bio(bio, PROVIDER_KEYFILE_LABEL, "", (const unsigned char *) name, (long) strlen(name)) > 0;
}

static int encode_text(void *ctx, OSSL_CORE_BIO *out, const void *keydata, const OSSL_PARAM abstract[], int selection,
                       OSSL_PASSPHRASE_CALLBACK *callback _unused_, void *arg _unused_) {
        Encoder *e = ctx;
        const ProviderKey *key = keydata;
        _cleanup_(BIO_free_allp) BIO *bio = NULL;

        if (!key || !key->soft || abstract)
                return 0;
        bio = BIO_new_from_core_bio(e->provider->soft, out);
        if (!bio)
                return 0;
        if (!key->remote)
                return encode_soft(e, key, bio, "TEXT", NULL, selection, NULL);

        BIO_printf(bio, "Private key on a token, used through signetd:\n");
        for (size_t i = 0; i < signet_key_uri_count(key->remote); i++)
                BIO_printf(bio, "    %s\n", signet_key_uri(key->remote, i));
        return EVP_PKEY_print_public(bio, key->soft, 0, NULL) > 0;
}

#define DEFINE_ENCODER(prefix)                                                                                         \
        static const OSSL_DISPATCH prefix##_functions[] = {                                                            \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_NEWCTX, encoder_new),                                              \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_FREECTX, encoder_free),                                            \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, encoder_set_params),                               \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, encoder_settable_params),                     \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_DOES_SELECTION, does_selection),                                   \
                PROVIDER_FUNCTION(OSSL_FUNC_ENCODER_ENCODE, encode_##prefix),                                          \
                { 0, NULL },                                                                                           \
        }

DEFINE_ENCODER(pem);
DEFINE_ENCODER(text);

#define PEM_PROPERTIES  PROVIDER_PROPERTIES ",output=pem,structure=PrivateKeyInfo"
#define TEXT_PROPERTIES PROVIDER_PROPERTIES ",output=text"

const OSSL_ALGORITHM provider_encoder[] = {
        { PROVIDER_NAMES_RSA, PEM_PROPERTIES, pem_functions, "Key files of Signet" },
        { PROVIDER_NAMES_EC, PEM_PROPERTIES, pem_functions, "Key files of Signet" },
        { PROVIDER_NAMES_ED25519, PEM_PROPERTIES, pem_functions, "Key files of Signet" },
        { PROVIDER_NAMES_X25519, PEM_PROPERTIES, pem_functions, "Key files of Signet" },
        { PROVIDER_NAMES_RSA, TEXT_PROPERTIES, text_functions, "Keys of Signet in words" },
        { PROVIDER_NAMES_EC, TEXT_PROPERTIES, text_functions, "Keys of Signet in words" },
        { PROVIDER_NAMES_ED25519, TEXT_PROPERTIES, text_functions, "Keys of Signet in words" },
        { PROVIDER_NAMES_X25519, TEXT_PROPERTIES, text_functions, "Keys of Signet in words" },
        { NULL, NULL, NULL, NULL },
};
