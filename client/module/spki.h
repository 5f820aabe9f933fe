/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Public keys and certificates, taken apart as far as attributes need it (RFC 5280, 8017, 5480, 8410). Blobs borrow
 * from the input. No OpenSSL: its decoders would load the program's configuration and providers. */
#pragma once

#include "common/der.h"

typedef struct Spki {
        Blob bits;              /* the subjectPublicKey, without the count of unused bits */
        Blob modulus, exponent; /* RSA: big-endian, without leading zeros; else empty */
        Blob curve;             /* else: what CKA_EC_PARAMS holds, the DER object identifier of the curve */
} Spki;

/* false: no SubjectPublicKeyInfo of RSA, a named curve, Ed25519 or X25519. */
bool spki_parse(Blob der, Spki *ret);

typedef struct Certificate {
        Blob serial, issuer, subject, spki; /* DER, identifiers and lengths included */
        char from[8], to[8];                /* the days of its validity, YYYYMMDD; NULs where they cannot be read */
} Certificate;

/* false: no X.509 certificate. Extensions and signature are not looked at. */
bool certificate_parse(Blob der, Certificate *ret);

/* The last common name in a DER Name, else its organisation, as clean UTF-8. "" when it has neither. Longer ones are
 * cut. */
#define NAME_TEXT_SIZE 256
void name_text(Blob name, char ret[static NAME_TEXT_SIZE]);
