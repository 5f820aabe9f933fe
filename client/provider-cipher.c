/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RSA encryption and decryption (provider-asym_cipher(7)). Encrypting needs no private key: OpenSSL's default provider
 * does it. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "provider.h"

/* With `ctx`, the default provider does everything; without, the members after it make up a request to signetd. */
typedef struct Cipher {
        Provider *provider;
        ProviderKey *key;
        EVP_PKEY_CTX *ctx;

        int padding;    /* RSA_PKCS1_PADDING or RSA_PKCS1_OAEP_PADDING */
        EVP_MD *md;     /* OAEP; NULL: SHA-1 */
        EVP_MD *mgf_md; /* NULL: as md */
        unsigned char *label;
        size_t label_size;
        char *purpose; /* asked for with PROVIDER_PARAM_PURPOSE, or NULL */
} Cipher;

static void *cipher_new(void *provctx) {
        Cipher *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->provider = provctx;
        c->padding = RSA_PKCS1_PADDING;
        return c;
}

static void cipher_free(void *ctx) {
        Cipher *c = ctx;

        if (!c)
                return;
        EVP_PKEY_CTX_free(c->ctx);
        provider_key_unref(c->key);
        EVP_MD_free(c->md);
        EVP_MD_free(c->mgf_md);
        OPENSSL_free(c->label);
        free(c->purpose);
        free(c);
}

static void *cipher_dup(void *ctx) {
        const Cipher *from = ctx;
        Cipher *to = cipher_new(from->provider);

        if (!to)
                return NULL;
        to->padding = from->padding;
        if (from->key)
                to->key = provider_key_ref(from->key);
        if (from->md && EVP_MD_up_ref(from->md))
                to->md = from->md;
        if (from->mgf_md && EVP_MD_up_ref(from->mgf_md))
                to->mgf_md = from->mgf_md;
        if (from->purpose)
                to->purpose = strdup(from->purpose);
        if (from->label_size > 0)
                to->label = OPENSSL_memdup(from->label, from->label_size);
        to->label_size = from->label_size;
        if (from->ctx)
                to->ctx = EVP_PKEY_CTX_dup(from->ctx);

        if (!from->purpose != !to->purpose || !from->ctx != !to->ctx || (from->label_size > 0 && !to->label)) {
                cipher_free(to);
                return NULL;
        }
        return to;
}

/* --- parameters --------------------------------------------------------------------------------------- */

static int set_padding(Cipher *c, const OSSL_PARAM *param) {
        _cleanup_free_ char *word = NULL;
        int padding = -1;

        if (param->data_type == OSSL_PARAM_INTEGER)
                (void) OSSL_PARAM_get_int(param, &padding);
        else {
                word = provider_param_text(c->provider, param);
                if (!word)
                        return 0;
                if (strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0)
                        padding = RSA_PKCS1_PADDING;
                else if (strcmp(word, OSSL_PKEY_RSA_PAD_MODE_OAEP) == 0)
                        padding = RSA_PKCS1_OAEP_PADDING;
        }

        if (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_OAEP_PADDING)
                return provider_raise(c->provider, PROVIDER_R_UNSUPPORTED,
                                      "a key on a token decrypts with pkcs1 or oaep padding only");
        c->padding = padding;
        return 1;
}

static int set_params(void *ctx, const OSSL_PARAM params[]) {
        Cipher *c = ctx;
        const OSSL_PARAM *p;

        if (!params || params[0].key == NULL)
                return 1;
        if (c->ctx)
                return EVP_PKEY_CTX_set_params(c->ctx, params) > 0;

        if (!provider_param_hash(c->provider, params, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, &c->md) ||
            !provider_param_hash(c->provider, params, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, &c->mgf_md) ||
            !provider_param_string(c->provider, params, PROVIDER_PARAM_PURPOSE, &c->purpose) ||
            !provider_param_octets(c->provider, params, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, &c->label, &c->label_size))
                return 0;

        p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
        return !p || set_padding(c, p);
}

static int get_padding(const Cipher *c, OSSL_PARAM *param) {
        if (param->data_type == OSSL_PARAM_INTEGER)
                return OSSL_PARAM_set_int(param, c->padding);
        return OSSL_PARAM_set_utf8_string(param, c->padding == RSA_PKCS1_OAEP_PADDING ? OSSL_PKEY_RSA_PAD_MODE_OAEP
                                                                                      : OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
}

static int get_params(void *ctx, OSSL_PARAM params[]) {
        Cipher *c = ctx;
        const char *hash = c->md ? EVP_MD_get0_name(c->md) : "SHA1";
        OSSL_PARAM *p;

        if (c->ctx)
                return EVP_PKEY_CTX_get_params(c->ctx, params) > 0;

        p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
        if (p && !get_padding(c, p))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST);
        if (p && !OSSL_PARAM_set_utf8_string(p, hash))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST);
        if (p && !OSSL_PARAM_set_utf8_string(p, c->mgf_md ? EVP_MD_get0_name(c->mgf_md) : hash))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL);
        return !p || OSSL_PARAM_set_octet_ptr(p, c->label, c->label_size);
}

static const OSSL_PARAM *settable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST_PROPS, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST_PROPS, NULL, 0),
                OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, NULL, 0),
                OSSL_PARAM_utf8_string(PROVIDER_PARAM_PURPOSE, NULL, 0),
                OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
                OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
                OSSL_PARAM_END,
        };

        return params;
}

static const OSSL_PARAM *gettable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
                OSSL_PARAM_DEFN(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, OSSL_PARAM_OCTET_PTR, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}

/* --- operations --------------------------------------------------------------------------------------- */

static int start(Cipher *c, void *keydata, bool encrypt, const OSSL_PARAM params[]) {
        ProviderKey *key = keydata;

        if (key) {
                provider_key_unref(c->key);
                c->key = provider_key_ref(key);
        }
        EVP_PKEY_CTX_free(c->ctx);
        c->ctx = NULL;
        if (!c->key || !c->key->soft)
                return provider_raise(c->provider, PROVIDER_R_NO_KEY, "there is no key to encrypt or decrypt with");

        if (c->key->remote && !encrypt)
                return set_params(c, params);

        c->ctx = EVP_PKEY_CTX_new_from_pkey(c->provider->soft, c->key->soft, NULL);
        return c->ctx &&
               (encrypt ? EVP_PKEY_encrypt_init_ex(c->ctx, params) : EVP_PKEY_decrypt_init_ex(c->ctx, params)) > 0;
}

static int encrypt_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        return start(ctx, keydata, true, params);
}

static int decrypt_init(void *ctx, void *keydata, const OSSL_PARAM params[]) {
        return start(ctx, keydata, false, params);
}

static int encrypt(void *ctx, unsigned char *out, size_t *ret_size, size_t room, const unsigned char *in, size_t size) {
        Cipher *c = ctx;

        *ret_size = room;
        return EVP_PKEY_encrypt(c->ctx, out, ret_size, in, size) > 0;
}

static int fill_options(Cipher *c, signet_options *options) {
        if (c->padding == RSA_PKCS1_PADDING)
                return 1;

        options->padding = "oaep";
        options->hash = c->md ? provider_hash_word(c->md) : "sha1";
        options->mgf_hash = c->mgf_md ? provider_hash_word(c->mgf_md) : options->hash;
        options->label = c->label;
        options->label_size = c->label_size;
        if (!options->hash || !options->mgf_hash)
                return provider_raise(c->provider, PROVIDER_R_UNSUPPORTED, "signetd does not do OAEP with this hash");
        return 1;
}

static int decrypt(void *ctx, unsigned char *out, size_t *ret_size, size_t room, const unsigned char *in, size_t size) {
        Cipher *c = ctx;
        signet_options options = SIGNET_OPTIONS_INIT;
        unsigned char *result = NULL;
        size_t result_size = 0;
        int r;

        if (c->ctx) {
                *ret_size = room;
                return EVP_PKEY_decrypt(c->ctx, out, ret_size, in, size) > 0;
        }
        if (!out) {
                *ret_size = (size_t) EVP_PKEY_get_size(c->key->soft);
                return 1;
        }
        if (!fill_options(c, &options))
                return 0;

        /* A content key is what a mail holds, and what a caller has the right to. Anything else is for those who have
         * the right to any plaintext, and who then get it even where the key is not for mail. */
        r = signet_decrypt(c->key->remote, c->purpose ? c->purpose : "cms", in, size, &options, &result, &result_size);
        if ((r == SIGNET_E_NOT_AUTHORIZED || r == SIGNET_E_NOT_SUPPORTED) && !c->purpose &&
            signet_key_may(c->key->remote, "decrypt:raw"))
                r = signet_decrypt(c->key->remote, "raw", in, size, &options, &result, &result_size);
        if (r != 0)
                return provider_raise_status(c->provider, r);

        return provider_output(c->provider, result, result_size, out, room, ret_size);
}

static const OSSL_DISPATCH functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_NEWCTX, cipher_new),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_FREECTX, cipher_free),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_DUPCTX, cipher_dup),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, encrypt_init),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_ENCRYPT, encrypt),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, decrypt_init),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_DECRYPT, decrypt),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, get_params),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, gettable_params),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, set_params),
        PROVIDER_FUNCTION(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, settable_params),
        { 0, NULL },
};

const OSSL_ALGORITHM provider_cipher[] = {
        { PROVIDER_NAMES_RSA, PROVIDER_PROPERTIES, functions, "RSA decryption by Signet" },
        { NULL, NULL, NULL, NULL },
};
