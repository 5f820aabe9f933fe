/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate found on a token, and the few things that signetd reads in it. It is never trusted: it only says which
 * addresses go with a key, and which certificate a mail program should send along. */
#pragma once

#include <openssl/x509.h>

#include "common/key-id.h"
#include "common/names.h"

#define CERTIFICATE_ADDRESSES_MAX 64  /* more are passed over */
#define CERTIFICATE_ADDRESS_MAX   320 /* bytes, RFC 5321 section 4.5.3.1; longer ones are passed over */

typedef struct Certificate {
        unsigned n_ref;
        X509 *x509;
        uint8_t *der;
        size_t size;
        KeyId key;        /* of the public key inside */
        char **addresses; /* printable ASCII: emailAddress of the subject and rfc822Name, each once */
        size_t n_addresses;
        int64_t not_before, not_after; /* seconds since 1970 */
        bool signs, decrypts;          /* what keyUsage and extendedKeyUsage allow for mail */
        bool issues;                   /* may be an issuer in a chain */
} Certificate;

enum { CERTIFICATE_E_MALFORMED = 1 };

/* One DER certificate and nothing behind it, or CERTIFICATE_E_MALFORMED. Copies der. */
int certificate_new(const uint8_t *der, size_t n, Certificate **ret) _must_check_;
Certificate *certificate_ref(Certificate *c);
Certificate *certificate_unref(Certificate *c); /* accepts and returns NULL */
DEFINE_CLEANUP(Certificate *, certificate_unref)

bool certificate_is_valid(const Certificate *c, int64_t now);
bool certificate_fits(const Certificate *c, Operation operation);        /* OPERATION_NONE: any */
bool certificate_has_address(const Certificate *c, const char *address); /* without regard to case (ASCII) */

/* Below 0 when `a` is the one to use before `b`: valid now, then for mail, then the newer. */
int certificate_compare(const Certificate *a, const Certificate *b, int64_t now);

/* Whether `issuer` made `c`: names, key identifiers, key usage and the signature agree. */
bool certificate_issued(const Certificate *issuer, const Certificate *c);
