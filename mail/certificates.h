/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates: from files and folders, what addresses they carry, whether they fit a use now. */
#pragma once

#include <openssl/x509v3.h>

#include "common/ossl.h"
#include "fault.h"

#define CERTIFICATE_FILE_MAX ((size_t) 16 << 20) /* bytes of one file of certificates */

static inline void x509_stack_freep(STACK_OF(X509) **p) {
        sk_X509_pop_free(*p, X509_free);
}

typedef enum CertificateUse {
        CERTIFICATE_SIGN,
        CERTIFICATE_ENCRYPT,
} CertificateUse;

/* Appends the certificates in a PEM or DER file to `to` (not NULL). MAIL_E_INVALID_INPUT when there is none. */
int certificates_load(const char *path, STACK_OF(X509) *to, Fault *f) _must_check_;

/* Appends those in the files of a folder (.pem .crt .cer .der, or OpenSSL's HASH.N), not of folders below it. Files
 * without a certificate are passed over. */
int certificates_load_directory(const char *path, STACK_OF(X509) *to, Fault *f) _must_check_;

/* Does it carry the address, as rfc822Name in subjectAltName or as emailAddress in its subject? Letter case does not
 * matter. */
bool certificate_has_address(X509 *certificate, const char *address);

/* All its addresses; free with addresses_free() (header.h). 0 or -ENOMEM. */
int certificate_addresses(X509 *certificate, char ***ret, size_t *ret_n) _must_check_;

/* Its subject on one line, RFC 2253, cut to fit; for people. Never empty. */
void certificate_describe(X509 *certificate, char *ret, size_t size);
void certificate_time(const ASN1_TIME *t, char *ret, size_t size); /* "2026-11-22 02:00:00 UTC" */

/* May it be used so, now? MAIL_E_EXPIRED (too late or too early), MAIL_E_NO_CERTIFICATE (not for this use, RSA below
 * 2048 bits). */
int certificate_check(X509 *certificate, CertificateUse use, Fault *f) _must_check_;

/* Was it issued after the other? Of two at one time, the one that lasts longer. */
bool certificate_is_newer(X509 *certificate, X509 *other);

/* The one that carries the address and fits the use, newest first; else the fault says what comes closest. Borrowed
 * from `from`. */
int certificates_pick(STACK_OF(X509) *from, const char *address, CertificateUse use, X509 **ret, Fault *f) _must_check_;

bool certificate_is_self_issued(X509 *certificate);

/* Appends a reference unless the same certificate is there already. 0 or -ENOMEM. */
int certificates_add(STACK_OF(X509) *to, X509 *certificate) _must_check_;
