/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From our names of hashes to OpenSSL's. Pure. */
#include "digest.h"

const EVP_MD *hash_to_md(Hash hash) {
        switch (hash) {
        case HASH_SHA1:
                return EVP_sha1();
        case HASH_SHA224:
                return EVP_sha224();
        case HASH_SHA256:
                return EVP_sha256();
        case HASH_SHA384:
                return EVP_sha384();
        case HASH_SHA512:
                return EVP_sha512();
        default:
                return NULL;
        }
}
