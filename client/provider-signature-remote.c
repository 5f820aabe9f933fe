/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing through signetd: which purpose the bytes go under, and with which options. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "provider-signature.h"

DEFINE_CLEANUP(X509_SIG *, X509_SIG_free)

/* The hash that a bare digest was made with, for callers that do not say: an ECDSA signature binds none. */
static int guess_hash(Signature *s, size_t size) {
        static const char *const names[] = { "SHA2-256", "SHA2-384", "SHA2-512", "SHA2-224", "SHA1" };
        static const size_t sizes[] = { 32, 48, 64, 28, 20 };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sizes[i] == size)
                        return provider_hash_fetch(s->provider, names[i], &s->md);

        return provider_raise(
                s->provider, PROVIDER_R_UNSUPPORTED,
                "%zu bytes are no digest that signetd knows; name the hash, as in: -pkeyopt digest:sha256", size);
}

/* A PKCS#1 v1.5 signature without a named hash is made over a DigestInfo (RFC 8017 section 9.2), which names it. */
static int take_digest_info(Signature *s, const unsigned char **data, size_t *size, X509_SIG **ret_info) {
        const ASN1_OCTET_STRING *digest;
        const X509_ALGOR *algorithm;
        const unsigned char *p = *data;
        const ASN1_OBJECT *oid;
        char name[80];

        ERR_set_mark();
        *ret_info = d2i_X509_SIG(NULL, &p, (long) MIN(*size, 1024U));
        ERR_pop_to_mark();
        if (!*ret_info || p != *data + *size)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                                      "to sign a digest, name its hash, as in: -pkeyopt digest:sha256");

        X509_SIG_get0(*ret_info, &algorithm, &digest);
        X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
        if (OBJ_obj2txt(name, sizeof(name), oid, 0) <= 0 || !provider_hash_fetch(s->provider, name, &s->md))
                return 0;

        *data = ASN1_STRING_get0_data(digest);
        *size = (size_t) ASN1_STRING_length(digest);
        return 1;
}

static int fill_options(Signature *s, signet_options *options) {
        if (s->key->kind == PROVIDER_ED25519)
                return 1;

        options->hash = provider_hash_word(s->md);
        if (!options->hash)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED, "signetd does not sign with the hash %s",
                                      s->md ? EVP_MD_get0_name(s->md) : "\"\"");
        if (s->key->kind != PROVIDER_RSA || s->padding != RSA_PKCS1_PSS_PADDING)
                return 1;

        if (s->mgf_md && !EVP_MD_is_a(s->mgf_md, EVP_MD_get0_name(s->md)))
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                                      "signetd makes PSS signatures with one hash for message and MGF1");
        options->padding = "pss";
        return signature_salt_length(s, &options->salt_length);
}

static int may(const Signature *s, const char *purpose) {
        char operation[64];

        snprintf(operation, sizeof(operation), "sign:%s", purpose);
        return signet_key_may(s->key->remote, operation);
}

static int finish(Signature *s, int r, unsigned char *result, size_t result_size, unsigned char *signature, size_t room,
                  size_t *ret_size) {
        if (r != 0)
                return provider_raise_status(s->provider, r);
        return provider_output(s->provider, result, result_size, signature, room, ret_size);
}

static int sign_digest(Signature *s, const unsigned char *digest, size_t size, unsigned char *signature, size_t room,
                       size_t *ret_size) {
        _cleanup_(X509_SIG_freep) X509_SIG *info = NULL;
        signet_options options = SIGNET_OPTIONS_INIT;
        unsigned char *result = NULL;
        size_t result_size = 0;
        int r;

        if (!s->md && s->key->kind == PROVIDER_EC && !guess_hash(s, size))
                return 0;
        if (!s->md && s->key->kind == PROVIDER_RSA && !take_digest_info(s, &digest, &size, &info))
                return 0;
        if (!fill_options(s, &options))
                return 0;

        r = signet_sign(s->key->remote, s->purpose ? s->purpose : "digest", digest, size, &options, &result,
                        &result_size);
        return finish(s, r, result, result_size, signature, room, ret_size);
}

/* A hash that nobody named is this digest's alone: the next one may have another. */
int signature_sign_digest(Signature *s, const unsigned char *digest, size_t size, unsigned char *signature, size_t room,
                          size_t *ret_size) {
        bool named = s->md != NULL;
        int ok = sign_digest(s, digest, size, signature, room, ret_size);

        if (!named) {
                EVP_MD_free(s->md);
                s->md = NULL;
        }
        return ok;
}

/* A form that signetd knows goes whole, so that it sees what it signs. Where the caller has no right to that purpose,
 * or the content is one that it refuses, a right to sign any digest covers it. */
int signature_sign_message(Signature *s, const unsigned char *data, size_t size, unsigned char *signature, size_t room,
                           size_t *ret_size) {
        const char *purpose = s->purpose ? s->purpose : purpose_to_string(purpose_guess(data, size));
        unsigned char digest[EVP_MAX_MD_SIZE], *result = NULL;
        signet_options options = SIGNET_OPTIONS_INIT;
        bool fallback = !s->purpose && may(s, "digest");
        unsigned int digest_size;
        size_t result_size = 0;
        int r;

        if (!fill_options(s, &options))
                return 0;

        if (strcmp(purpose, "digest") != 0 && (!fallback || may(s, purpose))) {
                r = signet_sign(s->key->remote, purpose, data, size, &options, &result, &result_size);
                if (!fallback || (r != SIGNET_E_NOT_AUTHORIZED && r != SIGNET_E_INVALID_INPUT))
                        return finish(s, r, result, result_size, signature, room, ret_size);
        }

        /* Ed25519 hashes by itself: its "digest" is the message. */
        if (s->key->kind != PROVIDER_ED25519) {
                if (EVP_Digest(data, size, digest, &digest_size, s->md, NULL) != 1)
                        return provider_raise(s->provider, PROVIDER_R_SOFT, "the message cannot be hashed");
                data = digest;
                size = digest_size;
        }
        r = signet_sign(s->key->remote, "digest", data, size, &options, &result, &result_size);
        return finish(s, r, result, result_size, signature, room, ret_size);
}
