/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleanup functions for the OpenSSL types that several folders use. Needs libcrypto. */
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "macros.h"

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(X509_REQ *, X509_REQ_free)
DEFINE_CLEANUP(X509_PUBKEY *, X509_PUBKEY_free)
DEFINE_CLEANUP(X509_ATTRIBUTE *, X509_ATTRIBUTE_free)
DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(BIGNUM *, BN_clear_free)

static inline void openssl_freep(void *p) {
        OPENSSL_free(*(void **) p);
}
