/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a signing or verifying context holds, and its parameters. */
#pragma once

#include "common/purpose.h"
#include "provider.h"

/* More than this is never SignedAttributes or a request: it goes as a digest. */
#define SIGNATURE_COLLECT_MAX MAX(PURPOSE_SMIME_MAX, PURPOSE_CSR_MAX)

/* A context in one of two states: with `ctx`, OpenSSL's default provider does everything (verifying, software keys);
 * without, the members after it make up a request to signetd. */
typedef struct Signature {
        Provider *provider;
        ProviderKey *key;

        EVP_PKEY_CTX *ctx; /* owned by `digest` when that is there */
        EVP_MD_CTX *digest;

        EVP_MD *md;
        EVP_MD *mgf_md;  /* NULL: as md */
        bool md_fixed;   /* DigestSign set it: parameters may not */
        int padding;     /* RSA_PKCS1_PADDING or RSA_PKCS1_PSS_PADDING */
        int salt_length; /* bytes, or RSA_PSS_SALTLEN_* */
        char *purpose;   /* asked for with PROVIDER_PARAM_PURPOSE, or NULL */

        unsigned char *data; /* what is to be signed, up to SIGNATURE_COLLECT_MAX bytes */
        size_t size;
        size_t room;
        EVP_MD_CTX *overflow; /* it was more: its running hash */
} Signature;

int signature_get_params(void *ctx, OSSL_PARAM params[]);
int signature_set_params(void *ctx, const OSSL_PARAM params[]);
const OSSL_PARAM *signature_gettable_params(void *ctx, void *provctx);
const OSSL_PARAM *signature_settable_params(void *ctx, void *provctx);

/* The octets of salt that PSS is to use. */
int signature_salt_length(const Signature *s, unsigned int *ret);

/* DER AlgorithmIdentifier of the signature (RFC 4055, 5758, 8410). Free with OPENSSL_free(). */
int signature_algorithm(const Signature *s, unsigned char **ret, size_t *ret_size);

/* Sign through signetd: a message of up to SIGNATURE_COLLECT_MAX bytes under the purpose that it fits, or its digest.
 */
int signature_sign_message(Signature *s, const unsigned char *data, size_t size, unsigned char *signature, size_t room,
                           size_t *ret_size);
int signature_sign_digest(Signature *s, const unsigned char *digest, size_t size, unsigned char *signature, size_t room,
                          size_t *ret_size);

/* For OpenSSL's table of functions: a digest, a message in pieces, and one in one piece (Ed25519, which needs it
 * twice).
 */
int signature_sign(void *ctx, unsigned char *signature, size_t *ret_size, size_t room, const unsigned char *digest,
                   size_t size);
int signature_digest_update(void *ctx, const unsigned char *data, size_t size);
int signature_digest_final(void *ctx, unsigned char *signature, size_t *ret_size, size_t room);
int signature_digest(void *ctx, unsigned char *signature, size_t *ret_size, size_t room, const unsigned char *data,
                     size_t size);
