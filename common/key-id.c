/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The id of a key from its public half. */
#include "key-id.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "hex.h"

int key_id_from_spki(const void *der, size_t n, KeyId *ret) {
        uint8_t digest[SHA256_DIGEST_LENGTH];

        if (EVP_Digest(der, n, digest, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        hex_encode(digest, sizeof(digest), ret->hex);
        return 0;
}
