/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constant-time unpadding, checked with valgrind by tests/unit/test-constant-time.c. Fed with RSADP of ciphertexts that
 * attackers choose; a difference that they can see here decrypts anybody's mail (Bleichenbacher 1998, Manger 2001). */
#include "unpad.h"

#include <string.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "mgf1.h"

#define PKCS1_SEPARATOR_MIN 10 /* 00 02 and at least eight bytes that are not zero */

static Mask length_fits(size_t n, UnpadShape shape, size_t exact_n) {
        switch (shape) {
        case UNPAD_EXACT:
                return ct_equal(n, exact_n);
        case UNPAD_CONTENT_KEY:
                return ct_equal(n, 16) | ct_equal(n, 24) | ct_equal(n, 32);
        default:
                return ~(Mask) 0;
        }
}

void unpad_pkcs1(const uint8_t *em, size_t k, UnpadShape shape, size_t exact_n, const uint8_t *substitute,
                 size_t substitute_n, uint8_t *ret, size_t *ret_n) {
        Mask good = ct_is_zero(em[0]) & ct_equal(em[1], 2), found = 0;
        size_t separator = 0, n;

        for (size_t i = 2; i < k; i++) {
                Mask zero = ct_is_zero(em[i]);

                separator = ct_select(zero & ~found, i, separator);
                found |= zero;
        }
        good &= found & ~ct_less(separator, PKCS1_SEPARATOR_MIN);
        n = k - 1 - separator;
        good &= length_fits(n, shape, exact_n);

        /* Both messages end where their block ends: a whole block is chosen, and a length. */
        for (size_t i = 0; i < k; i++)
                ret[i] = ct_select_byte(good, em[i], substitute[i]);
        *ret_n = ct_select(good, n, substitute_n);
}

/* Unmasks seed and data block of `em` in place. */
static int oaep_unmask(uint8_t *em, size_t k, size_t h, Hash mgf_hash) {
        uint8_t *seed = em + 1, *db = em + 1 + h;
        size_t db_n = k - 1 - h;
        int r;

        r = mgf1_xor(mgf_hash, db, db_n, seed, h);
        if (r < 0)
                return r;
        return mgf1_xor(mgf_hash, seed, h, db, db_n);
}

/* Whether the block is well formed, and where its message begins less one. */
static Mask oaep_check(const uint8_t *block, size_t k, size_t h, const uint8_t *label_hash, size_t *ret_separator) {
        Mask good = ct_is_zero(block[0]), found = 0;
        size_t separator = 0;

        for (size_t i = 0; i < h; i++)
                good &= ct_equal(block[1 + h + i], label_hash[i]);

        /* After the label's hash: zeros, then a one. Anything else before the one is bad. */
        for (size_t i = 1 + 2 * h; i < k; i++) {
                Mask one = ct_equal(block[i], 1), zero = ct_is_zero(block[i]);

                separator = ct_select(one & ~found, i, separator);
                good &= found | one | zero;
                found |= one;
        }
        *ret_separator = separator;
        return good & found;
}

int unpad_oaep(const uint8_t *em, size_t k, Hash hash, Hash mgf_hash, const uint8_t *label, size_t label_n,
               uint8_t *ret, size_t *ret_n, Mask *ret_good) {
        static const uint8_t empty[1];
        uint8_t label_hash[EVP_MAX_MD_SIZE];
        size_t h = hash_size(hash), separator;
        Mask good;
        int r;

        if (h == 0 || hash_size(mgf_hash) == 0)
                return -EINVAL;
        if (k < 2 * h + 2 || k > RSA_BYTES_MAX)
                return UNPAD_E_INVALID;
        if (EVP_Digest(label_n > 0 ? label : empty, label_n, label_hash, NULL, hash_to_md(hash), NULL) != 1)
                return -ENOMEM;

        memcpy(ret, em, k);
        r = oaep_unmask(ret, k, h, mgf_hash);
        if (r < 0)
                return r;
        good = oaep_check(ret, k, h, label_hash, &separator);
        for (size_t i = 0; i < k; i++)
                ret[i] = ct_select_byte(good, ret[i], 0);
        *ret_n = ct_select(good, k - 1 - separator, 0);
        *ret_good = good;
        return 0;
}
