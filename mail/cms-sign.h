/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMS SignedData (RFC 5652 section 5) as S/MIME 4.0 wants it (RFC 8551). */
#pragma once

#include "keyring.h"
#include "spool-bio.h"

typedef struct SignOptions {
        const char *digest;    /* "sha256", "sha384", "sha512"; NULL: what fits the key */
        bool pss;              /* RSASSA-PSS instead of PKCS #1 v1.5 */
        bool no_certificates;  /* leave the signer's certificate and its chain out */
        STACK_OF(X509) *extra; /* certificates to put in beside; may be NULL */
} SignOptions;

/* The name of the digest that will be used: "sha256"...; static. MAIL_E_NOT_SUPPORTED for any other than the three
 * above. */
int cms_sign_digest(const Signer *signer, const SignOptions *options, const char **ret, Fault *f) _must_check_;

/* Appends a detached signature over the content, DER, to `out`. The content is read once and not copied. */
int cms_sign_detached(const Signer *signer, const SignOptions *options, Slice content, BIO *out, Fault *f) _must_check_;

/* The same with the content inside (BER, indefinite lengths, so that it streams). */
int cms_sign_opaque(const Signer *signer, const SignOptions *options, Slice content, BIO *out, Fault *f) _must_check_;
