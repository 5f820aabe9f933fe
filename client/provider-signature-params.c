/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters of signatures: padding, hashes, salt, and the AlgorithmIdentifier that CMS, requests and certificates
 * carry. */
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "provider-signature.h"

DEFINE_CLEANUP(X509_ALGOR *, X509_ALGOR_free)
DEFINE_CLEANUP(RSA_PSS_PARAMS *, RSA_PSS_PARAMS_free)

/* OpenSSL 3.1's automatic length, no longer than the digest. */
#define SALT_AUTO_DIGEST_MAX (-4)

/* --- salt --------------------------------------------------------------------------------------------- */

static const struct {
        const char *word;
        int value;
} salt_words[] = {
        { OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST },
        { OSSL_PKEY_RSA_PSS_SALT_LEN_MAX, RSA_PSS_SALTLEN_MAX },
        { OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO, RSA_PSS_SALTLEN_AUTO },
        { "auto-digestmax", SALT_AUTO_DIGEST_MAX },
};

int signature_salt_length(const Signature *s, unsigned int *ret) {
        int digest = EVP_MD_get_size(s->md);
        int longest = (EVP_PKEY_get_bits(s->key->soft) + 6) / 8 - digest - 2;
        int length;

        switch (s->salt_length) {
        case RSA_PSS_SALTLEN_DIGEST:
                length = digest;
                break;
        case RSA_PSS_SALTLEN_MAX:
        case RSA_PSS_SALTLEN_AUTO:
                length = longest;
                break;
        case SALT_AUTO_DIGEST_MAX:
                length = MIN(digest, longest);
                break;
        default:
                length = s->salt_length;
        }

        /* signet.h has no way to say 0, and a salt of 0 makes PSS deterministic: nothing that a mail needs. */
        if (length <= 0 || length > longest)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED, "a PSS salt has 1 to %d bytes here, not %d",
                                      longest, length);
        *ret = (unsigned int) length;
        return 1;
}

/* Words, octets, or the negative numbers behind the words, which programs write out too. */
static int set_salt(Signature *s, const OSSL_PARAM *param) {
        _cleanup_free_ char *word = NULL;
        char *end;
        long value;
        int number;

        if (param->data_type == OSSL_PARAM_INTEGER && OSSL_PARAM_get_int(param, &s->salt_length))
                return 1;
        word = provider_param_text(s->provider, param);
        if (!word)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(salt_words); i++)
                if (strcmp(word, salt_words[i].word) == 0) {
                        s->salt_length = salt_words[i].value;
                        return 1;
                }

        value = strtol(word, &end, 10);
        number = value >= SALT_AUTO_DIGEST_MAX && value <= 65536 ? (int) value : SALT_AUTO_DIGEST_MAX - 1;
        if (end == word || *end || number < SALT_AUTO_DIGEST_MAX)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED, "\"%s\" is no length of a salt", word);
        s->salt_length = number;
        return 1;
}

static int get_salt(const Signature *s, OSSL_PARAM *param) {
        char number[16];

        if (param->data_type == OSSL_PARAM_INTEGER)
                return OSSL_PARAM_set_int(param, s->salt_length);

        for (size_t i = 0; i < ELEMENTSOF(salt_words); i++)
                if (s->salt_length == salt_words[i].value)
                        return OSSL_PARAM_set_utf8_string(param, salt_words[i].word);
        BIO_snprintf(number, sizeof(number), "%d", s->salt_length);
        return OSSL_PARAM_set_utf8_string(param, number);
}

/* --- padding ------------------------------------------------------------------------------------------ */

static int set_padding(Signature *s, const OSSL_PARAM *param) {
        _cleanup_free_ char *word = NULL;
        int padding = -1;

        if (param->data_type == OSSL_PARAM_INTEGER)
                (void) OSSL_PARAM_get_int(param, &padding);
        else {
                word = provider_param_text(s->provider, param);
                if (!word)
                        return 0;
                if (strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0)
                        padding = RSA_PKCS1_PADDING;
                else if (strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0)
                        padding = RSA_PKCS1_PSS_PADDING;
        }

        if (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                                      "a key on a token signs with pkcs1 or pss padding only");
        s->padding = padding;
        return 1;
}

static int get_padding(const Signature *s, OSSL_PARAM *param) {
        if (param->data_type == OSSL_PARAM_INTEGER)
                return OSSL_PARAM_set_int(param, s->padding);
        return OSSL_PARAM_set_utf8_string(param, s->padding == RSA_PKCS1_PSS_PADDING ? OSSL_PKEY_RSA_PAD_MODE_PSS
                                                                                     : OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
}

/* --- the algorithm's identifier ----------------------------------------------------------------------- */

/* The hash with NULL parameters, as RFC 4055 section 2.1 wants it inside of RSASSA-PSS-params. */
static X509_ALGOR *hash_algorithm(const EVP_MD *md) {
        X509_ALGOR *a = X509_ALGOR_new();

        if (a && !X509_ALGOR_set0(a, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL)) {
                X509_ALGOR_free(a);
                return NULL;
        }
        return a;
}

static X509_ALGOR *mgf_algorithm(const EVP_MD *md) {
        _cleanup_(X509_ALGOR_freep) X509_ALGOR *hash = NULL, *mgf = NULL;
        ASN1_STRING *packed = NULL;

        hash = hash_algorithm(md);
        mgf = X509_ALGOR_new();
        if (!hash || !mgf || !ASN1_item_pack(hash, ASN1_ITEM_rptr(X509_ALGOR), &packed))
                return NULL;
        if (!X509_ALGOR_set0(mgf, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, packed)) {
                ASN1_STRING_free(packed);
                return NULL;
        }
        return TAKE_PTR(mgf);
}

static int set_pss_algorithm(const Signature *s, X509_ALGOR *algorithm) {
        _cleanup_(RSA_PSS_PARAMS_freep) RSA_PSS_PARAMS *pss = NULL;
        ASN1_STRING *packed = NULL;
        unsigned int salt_length;

        if (!signature_salt_length(s, &salt_length))
                return 0;

        pss = RSA_PSS_PARAMS_new();
        if (!pss)
                return 0;
        pss->hashAlgorithm = hash_algorithm(s->md);
        pss->maskGenAlgorithm = mgf_algorithm(s->mgf_md ? s->mgf_md : s->md);
        pss->saltLength = ASN1_INTEGER_new();
        if (!pss->hashAlgorithm || !pss->maskGenAlgorithm || !pss->saltLength ||
            !ASN1_INTEGER_set(pss->saltLength, salt_length) ||
            !ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), &packed))
                return 0;
        if (!X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, packed)) {
                ASN1_STRING_free(packed);
                return 0;
        }
        return 1;
}

static int set_algorithm(const Signature *s, X509_ALGOR *algorithm) {
        int nid = NID_ED25519, type = V_ASN1_UNDEF;

        if (s->key->kind != PROVIDER_ED25519 && !s->md)
                return 0;
        if (s->key->kind == PROVIDER_RSA) {
                if (s->padding == RSA_PKCS1_PSS_PADDING)
                        return set_pss_algorithm(s, algorithm);
                if (!OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(s->md), NID_rsaEncryption))
                        return 0;
                type = V_ASN1_NULL;
        } else if (s->key->kind == PROVIDER_EC &&
                   !OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(s->md), NID_X9_62_id_ecPublicKey))
                return 0;

        return X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), type, NULL);
}

int signature_algorithm(const Signature *s, unsigned char **ret, size_t *ret_size) {
        _cleanup_(X509_ALGOR_freep) X509_ALGOR *algorithm = NULL;
        unsigned char *der = NULL;
        int n;

        algorithm = X509_ALGOR_new();
        if (!algorithm || !set_algorithm(s, algorithm))
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                                      "there is no name for signatures of this kind with the hash %s",
                                      s->md ? EVP_MD_get0_name(s->md) : "\"\"");
        n = i2d_X509_ALGOR(algorithm, &der);
        if (n <= 0)
                return 0;

        *ret = der;
        *ret_size = (size_t) n;
        return 1;
}

/* --- get and set -------------------------------------------------------------------------------------- */

static const char *md_name(const EVP_MD *md) {
        return md ? EVP_MD_get0_name(md) : "";
}

int signature_get_params(void *ctx, OSSL_PARAM params[]) {
        Signature *s = ctx;
        OSSL_PARAM *p;

        if (s->ctx)
                return EVP_PKEY_CTX_get_params(s->ctx, params) > 0;
        if (!s->key)
                return 0;

        p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
        if (p) {
                unsigned char *der;
                size_t size;
                int ok;

                if (!signature_algorithm(s, &der, &size))
                        return 0;
                ok = OSSL_PARAM_set_octet_string(p, der, size);
                OPENSSL_free(der);
                if (!ok)
                        return 0;
        }

        p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
        if (p && !get_padding(s, p))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
        if (p && !OSSL_PARAM_set_utf8_string(p, md_name(s->md)))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
        if (p && !OSSL_PARAM_set_utf8_string(p, md_name(s->mgf_md ? s->mgf_md : s->md)))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
        return !p || get_salt(s, p);
}

/* A DigestSign goes on with the hash that it began with; saying it again does no harm. */
static int set_hash(Signature *s, const OSSL_PARAM params[]) {
        _cleanup_(EVP_MD_freep) EVP_MD *md = NULL;

        if (!s->md_fixed)
                return provider_param_hash(s->provider, params, OSSL_SIGNATURE_PARAM_DIGEST, &s->md);
        if (!provider_param_hash(s->provider, params, OSSL_SIGNATURE_PARAM_DIGEST, &md))
                return 0;
        if (md && !EVP_MD_is_a(md, EVP_MD_get0_name(s->md)))
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED, "the message is hashed with %s already",
                                      EVP_MD_get0_name(s->md));
        return 1;
}

int signature_set_params(void *ctx, const OSSL_PARAM params[]) {
        Signature *s = ctx;
        const OSSL_PARAM *p;

        if (!params || params[0].key == NULL)
                return 1;
        if (s->ctx)
                return EVP_PKEY_CTX_set_params(s->ctx, params) > 0;

        if (!set_hash(s, params) ||
            !provider_param_hash(s->provider, params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, &s->mgf_md) ||
            !provider_param_string(s->provider, params, PROVIDER_PARAM_PURPOSE, &s->purpose))
                return 0;

        p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
        if (p && !set_padding(s, p))
                return 0;
        p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
        return !p || set_salt(s, p);
}

const OSSL_PARAM *signature_gettable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}

const OSSL_PARAM *signature_settable_params(void *ctx _unused_, void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, NULL, 0),
                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
                OSSL_PARAM_utf8_string(PROVIDER_PARAM_PURPOSE, NULL, 0),
                OSSL_PARAM_END,
        };

        return params;
}
