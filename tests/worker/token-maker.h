/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SoftHSM tokens for tests, made object by object through plain Cryptoki: keys that OpenSSL knows as well, and odd
 * ones. Everything here ends the test with a message when it fails. */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>

#include "common/macros.h"

#define MAKER_PIN    "1234"
#define MAKER_SO_PIN "5678"

typedef struct TokenMaker {
        void *library;
        CK_FUNCTION_LIST *p11;
        CK_SESSION_HANDLE session;
} TokenMaker;

/* The path of SoftHSM's module; NULL where it is not installed. */
const char *maker_module(void);

/* Makes a store in `directory` and says so in SOFTHSM2_CONF. */
void maker_store(const char *directory);

/* A new token of that label, opened and logged in. */
void maker_begin(TokenMaker *m, const char *label);
void maker_reopen(TokenMaker *m, const char *label); /* one that is there already */
void maker_end(TokenMaker *m);

enum {
        MAKE_PRIVATE = 1 << 0,
        MAKE_PUBLIC = 1 << 1,
        MAKE_CERTIFICATE = 1 << 2,
        MAKE_ALWAYS_AUTHENTICATE = 1 << 3,
        MAKE_NO_SIGN = 1 << 4,
        MAKE_NO_DECRYPT = 1 << 5, /* nor derive */
        MAKE_PAIR = MAKE_PRIVATE | MAKE_PUBLIC,
};

/* Puts the halves of a key (RSA or EC) that `what` names on the token, under this label and one byte of CKA_ID. */
void maker_import(TokenMaker *m, EVP_PKEY *key, const char *label, uint8_t id, unsigned what);

/* Has the token make an Edwards or Montgomery pair; `params` is the DER of its CKA_EC_PARAMS. */
void maker_generate_edwards(TokenMaker *m, const uint8_t *params, size_t n, const char *label, uint8_t id);

/* What no mail key is: an AES key, a data object, a DSA-sized oddity. */
void maker_oddities(TokenMaker *m);

/* OpenSSL's side. */
EVP_PKEY *make_rsa(unsigned bits);
EVP_PKEY *make_ec(const char *group);
X509 *make_certificate(EVP_PKEY *key, const char *name, bool ca); /* self-signed */
