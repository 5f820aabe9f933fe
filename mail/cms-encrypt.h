/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMS EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083, 5084). */
#pragma once

#include "certificates.h"
#include "spool-bio.h"

typedef struct EncryptOptions {
        const char *cipher; /* "aes-256-cbc", "aes-128-gcm"...; NULL: aes-256-cbc */
        bool oaep;          /* RSAES-OAEP with SHA-256 instead of PKCS #1 v1.5 */
} EncryptOptions;

/* Writes the content, encrypted for all of the certificates (at least one), to `out`: BER that streams.
 * *ret_authenticated tells AuthEnvelopedData (AES-GCM) from EnvelopedData. ECDH recipients get stdDH with the X9.63 KDF
 * over SHA-256 and an AES key wrap as strong as the content's cipher. MAIL_E_NOT_SUPPORTED for other ciphers, and for
 * kinds of keys that CMS cannot encrypt for. */
int cms_encrypt(STACK_OF(X509) *recipients, const EncryptOptions *options, Slice content, BIO *out,
                bool *ret_authenticated, Fault *f) _must_check_;

/* Is the cipher one that mail is encrypted with here, and an authenticated one? */
int cms_encrypt_cipher(const char *name, const EVP_CIPHER **ret, bool *ret_authenticated, Fault *f) _must_check_;
