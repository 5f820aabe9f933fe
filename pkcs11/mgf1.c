/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MGF1. Its input is secret (a decrypted block), so nothing here depends on it but the hash. */
#include "mgf1.h"

#include "common/digest.h"
#include "common/ossl.h"

int mgf1_xor(Hash hash, const uint8_t *seed, size_t seed_n, uint8_t *inout, size_t n) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        const EVP_MD *md = hash_to_md(hash);
        uint8_t block[EVP_MAX_MD_SIZE];
        size_t step = hash_size(hash);
        int r = 0;

        if (!md)
                return -EINVAL;
        if (!ctx)
                return -ENOMEM;

        for (uint32_t counter = 0; n > 0; counter++) {
                uint8_t c[4] = { (uint8_t) (counter >> 24), (uint8_t) (counter >> 16), (uint8_t) (counter >> 8),
                                 (uint8_t) counter };
                size_t k = MIN(step, n);

                if (EVP_DigestInit_ex(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, seed, seed_n) != 1 ||
                    EVP_DigestUpdate(ctx, c, sizeof(c)) != 1 || EVP_DigestFinal_ex(ctx, block, NULL) != 1) {
                        r = -ENOMEM;
                        break;
                }
                for (size_t i = 0; i < k; i++)
                        inout[i] ^= block[i];
                inout += k;
                n -= k;
        }
        OPENSSL_cleanse(block, sizeof(block));
        return r;
}
