/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EMSA-PSS. Nothing here is secret: a signature shows all of it. */
#include "pss.h"

#include <string.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "mgf1.h"

#define TRAILER 0xbc

/* H = Hash(eight zeros || digest || salt) */
static int hash_message(Hash hash, const uint8_t *digest, const uint8_t *salt, size_t salt_n, uint8_t *ret) {
        static const uint8_t zeros[8];
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        if (!ctx || EVP_DigestInit_ex(ctx, hash_to_md(hash), NULL) != 1 ||
            EVP_DigestUpdate(ctx, zeros, sizeof(zeros)) != 1 || EVP_DigestUpdate(ctx, digest, hash_size(hash)) != 1 ||
            EVP_DigestUpdate(ctx, salt, salt_n) != 1 || EVP_DigestFinal_ex(ctx, ret, NULL) != 1)
                return -ENOMEM;
        return 0;
}

int pss_encode(Hash hash, const uint8_t *digest, const uint8_t *salt, size_t salt_n, size_t bits, uint8_t *ret) {
        size_t k = (bits + 7) / 8, em_bits = bits - 1, em_n = (em_bits + 7) / 8, h = hash_size(hash);
        uint8_t *em = ret + (k - em_n), *masked = em, *tail;
        size_t db_n;
        int r;

        if (em_n < h + salt_n + 2)
                return PSS_E_TOO_LONG;
        db_n = em_n - h - 1;
        tail = em + db_n;

        memset(ret, 0, k);
        masked[db_n - salt_n - 1] = 0x01;
        memcpy(masked + db_n - salt_n, salt, salt_n);
        r = hash_message(hash, digest, salt, salt_n, tail);
        if (r < 0)
                return r;
        r = mgf1_xor(hash, tail, h, masked, db_n);
        if (r < 0)
                return r;
        masked[0] &= (uint8_t) (0xff >> (8 * em_n - em_bits));
        tail[h] = TRAILER;
        return 0;
}
