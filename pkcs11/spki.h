/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER SubjectPublicKeyInfo from what tokens keep: RSA numbers, EC points, certificates. Pure; input is a module's. */
#pragma once

#include <openssl/evp.h>

#include "common/buffer.h"
#include "common/names.h"

/* Memory of its own, from malloc(); {NULL, 0} holds nothing. */
typedef struct Bytes {
        uint8_t *data;
        size_t size;
} Bytes;
void bytes_done(Bytes *b);                          /* frees what b holds */
int bytes_copy(Blob from, Bytes *ret) _must_check_; /* 0 or -ENOMEM */
int bytes_compare(const Bytes *a, const Bytes *b);  /* as memcmp(), shorter ones first */
static inline Blob bytes_blob(const Bytes *b) {
        return (Blob){ b->size > 0 ? b->data : NULL, b->size };
}

/* Which kind of key CKA_EC_PARAMS names: a named curve's OID, or its name as a PrintableString. */
KeyType spki_type_of_params(Blob ec_params);

/* Which kind an OpenSSL key is; RSA outside 2048 to 4096 bits is KEY_TYPE_UNKNOWN. */
KeyType spki_type_of_key(const EVP_PKEY *key);

/* Bytes of one coordinate; 0 for what is no EC key. */
size_t spki_field_size(KeyType type);

/* 0; SPKI_E_UNUSABLE when the input makes no key of a known kind; -ENOMEM. */
enum { SPKI_E_UNUSABLE = 1 };
int spki_from_rsa(Blob modulus, Blob exponent, Bytes *ret) _must_check_;
int spki_from_point(KeyType type, Blob point,
                    Bytes *ret) _must_check_; /* CKA_EC_POINT: DER OCTET STRING or the bare point */
int spki_from_info(KeyType type, Blob info,
                   Bytes *ret) _must_check_; /* CKA_PUBLIC_KEY_INFO, which must be of that type */

/* What a certificate says of its key. */
typedef struct SpkiCertificate {
        Bytes spki; /* empty when the key's kind is unknown; the caller's to free */
        KeyType type;
        size_t size;    /* how much of the input is the certificate: cards pad */
        uint32_t usage; /* KU_* of OpenSSL, all bits where the certificate does not restrict it */
        bool ca;        /* basicConstraints says so */
} SpkiCertificate;
int spki_from_certificate(Blob der, SpkiCertificate *ret) _must_check_; /* SPKI_E_UNUSABLE when it is none */

/* An OpenSSL key from a point on the curve `type`, checked to be on it (SEC 1 section 3.2.2), or from 32 bytes of
 * Ed25519 or X25519. */
int spki_key_from_point(KeyType type, Blob point, EVP_PKEY **ret) _must_check_;
