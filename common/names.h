/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that policy files, D-Bus, the worker link and the audit share, and their numbers.
 * The numbers travel on the worker link (docs/PROTOCOL.md): append, never renumber. */
#pragma once

#include "macros.h"

typedef enum Operation {
        OPERATION_NONE,
        OPERATION_SIGN,
        OPERATION_DECRYPT, /* Decrypt and Derive: both give the holder of a mail its content key */
        OPERATION_UNLOCK,  /* of a token; Lock needs the same right */
        OPERATION_MANAGE,
        _OPERATION_MAX,
} Operation;

typedef enum Purpose {
        PURPOSE_NONE,
        PURPOSE_SMIME,  /* sign DER SignedAttributes, RFC 5652 section 5.3 */
        PURPOSE_DKIM,   /* sign a canonicalised header block, RFC 6376 section 3.7 */
        PURPOSE_CSR,    /* sign a CertificationRequestInfo, RFC 2986 section 4.1 */
        PURPOSE_DIGEST, /* sign any digest: a primitive right */
        PURPOSE_CMS,    /* recover a content key or a key-encryption key, RFC 5652 section 6.2 */
        PURPOSE_RAW,    /* any plaintext or shared secret: a primitive right */
        _PURPOSE_MAX,
} Purpose;

typedef enum Hash {
        HASH_NONE,
        HASH_SHA1, /* decryption parameters only (OAEP, MGF1, X9.63): signatures never use it */
        HASH_SHA224,
        HASH_SHA256,
        HASH_SHA384,
        HASH_SHA512,
        _HASH_MAX,
} Hash;

typedef enum KeyType {
        KEY_TYPE_UNKNOWN, /* listed and left alone */
        KEY_TYPE_RSA,
        KEY_TYPE_EC_P256,
        KEY_TYPE_EC_P384,
        KEY_TYPE_EC_P521,
        KEY_TYPE_ED25519,
        KEY_TYPE_X25519,
        _KEY_TYPE_MAX,
} KeyType;

typedef enum Padding {
        PADDING_NONE,  /* everything but RSA */
        PADDING_PKCS1, /* RSASSA-PKCS1-v1_5 and RSAES-PKCS1-v1_5, RFC 8017 */
        PADDING_PSS,   /* RSASSA-PSS; MGF1 over the same hash */
        PADDING_OAEP,  /* RSAES-OAEP */
        _PADDING_MAX,
} Padding;

typedef enum Kdf {
        KDF_NONE, /* the shared secret itself: purpose raw only */
        KDF_X963, /* ANSI X9.63, as RFC 5753 uses it */
        _KDF_MAX,
} Kdf;

/* The word for a value ("sign", "smime", "sha256", "rsa", "ec-p256", "pkcs1", "x963"), static;
 * "none" (KeyType: "unknown") for the first, NULL for a number outside the enum. */
const char *operation_to_string(Operation v);
const char *purpose_to_string(Purpose v);
const char *hash_to_string(Hash v);
const char *key_type_to_string(KeyType v);
const char *padding_to_string(Padding v);
const char *kdf_to_string(Kdf v);

/* The value for a word, exactly as written above; -EINVAL for any other word, the first value's included. */
int operation_from_string(const char *s) _must_check_;
int purpose_from_string(const char *s) _must_check_;
int hash_from_string(const char *s) _must_check_;
int key_type_from_string(const char *s) _must_check_;
int padding_from_string(const char *s) _must_check_;
int kdf_from_string(const char *s) _must_check_;

size_t hash_size(Hash h); /* in bytes; 0 for HASH_NONE and numbers outside the enum */

/* Which operation a purpose belongs to: smime, dkim, csr, digest sign; cms and raw decrypt. */
Operation purpose_operation(Purpose p);

static inline bool key_type_is_ec(KeyType t) {
        return t == KEY_TYPE_EC_P256 || t == KEY_TYPE_EC_P384 || t == KEY_TYPE_EC_P521;
}
