/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a DER SubjectPublicKeyInfo says about its key. */
#pragma once

#include <openssl/evp.h>

#include "common/key-id.h"
#include "common/names.h"

enum { SPKI_E_MALFORMED = 1 };

typedef struct SpkiInfo {
        KeyId id;     /* of the DER as OpenSSL writes it, so that a key and its certificate agree */
        KeyType type; /* KEY_TYPE_UNKNOWN for kinds that Signet doesn't use */
        unsigned bits;
        uint8_t *der; /* owned; as OpenSSL writes it */
        size_t size;
} SpkiInfo;

void spki_info_done(SpkiInfo *info);

/* All of `der` is one SubjectPublicKeyInfo, or SPKI_E_MALFORMED. -ENOMEM. */
int spki_parse(const uint8_t *der, size_t n, SpkiInfo *ret) _must_check_;

/* The same for a key that is parsed already. */
int spki_from_pkey(const EVP_PKEY *pkey, SpkiInfo *ret) _must_check_;
