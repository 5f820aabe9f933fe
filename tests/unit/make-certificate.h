/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates for tests, made on the spot by OpenSSL. */
#pragma once

#include "common/ossl.h"

typedef struct CertificateWish {
        const char *name;        /* CN of the subject */
        const char *issuer_name; /* CN of the issuer; NULL: its own name */
        EVP_PKEY *key;
        EVP_PKEY *issuer_key;  /* NULL: its own key */
        const char *addresses; /* "email:a@b,email:c@d", or NULL */
        const char *key_usage; /* as in openssl's configuration, or NULL */
        const char *extended;  /* likewise */
        bool ca;
        long from_days, to_days; /* from now; both 0: a year around now */
} CertificateWish;

EVP_PKEY *make_rsa(void); /* 2048 bits */
EVP_PKEY *make_ec(const char *group);
EVP_PKEY *make_ed25519(void);

/* DER; free it. */
uint8_t *make_certificate(const CertificateWish *w, size_t *ret_size);
uint8_t *make_spki(const EVP_PKEY *key, size_t *ret_size);
