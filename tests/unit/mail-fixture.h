/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates made on the spot, and spools of text, for the tests of mail/. Everything asserts. */
#pragma once

#include "mail/keyring.h"
#include "mail/spool.h"

/* A key pair: "rsa" (2048 bits, the same one each time), "p256", "p384" or "ed25519". */
EVP_PKEY *fixture_key(const char *kind);

typedef struct FixtureCertificate {
        const char *name;
        const char *address;            /* rfc822Name; NULL: none */
        const char *key_usage;          /* OpenSSL's words; NULL: no extension */
        const char *extended_key_usage; /* NULL: emailProtection */
        int from_days, to_days;         /* validity, in days from now; both 0: from yesterday to tomorrow */
        bool authority;
} FixtureCertificate;

/* A certificate for `key`, signed by the issuer; by itself when that is NULL. */
X509 *fixture_certificate(const FixtureCertificate *c, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key);

/* Somebody with a key and a certificate of an authority of the test's. */
typedef struct FixturePerson {
        EVP_PKEY *key;
        X509 *certificate;
        Signer signer;        /* borrows the two */
        Decrypter decrypter;  /* the same */
        STACK_OF(X509) *list; /* the certificate alone */
} FixturePerson;
void fixture_person(FixturePerson *p, const char *kind, const char *address);
void fixture_person_done(FixturePerson *p);
X509 *fixture_authority(void); /* borrowed */
void fixture_done(void);       /* drops what is shared between the tests */

Spool *fixture_spool(const void *data, size_t n);
Spool *fixture_text(const char *text);

/* The bytes of a slice with a NUL behind; free them. */
char *fixture_bytes(Slice s);
