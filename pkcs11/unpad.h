/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RSA decryption paddings, taken off in constant time (RFC 8017 section 7).
 *
 * `em` is what RSADP gave: as many bytes as the modulus has. Whether it was well padded shows in no time, no
 * branch and no memory access of these functions: they fill in a block and a length, and decide nothing. The message is
 * the block's last *ret_n bytes. */
#pragma once

#include "common/names.h"
#include "constant-time.h"

#define RSA_BYTES_MAX        512 /* of a modulus: 4096 bits */
#define UNPAD_PKCS1_OVERHEAD 11

enum { UNPAD_E_INVALID = 1 };

/* Which messages an answer may be. */
typedef enum UnpadShape {
        UNPAD_ANY,         /* of any length */
        UNPAD_CONTENT_KEY, /* 16, 24 or 32 bytes */
        UNPAD_EXACT,       /* of the length given */
} UnpadShape;

/* RSAES-PKCS1-v1_5. Always gives a message: the one in em where its padding is good and its length fits `shape`, else
 * the last substitute_n bytes of `substitute` (k bytes). `ret` has k bytes; exact_n counts for UNPAD_EXACT alone. k is
 * at least UNPAD_PKCS1_OVERHEAD and substitute_n at most k. */
void unpad_pkcs1(const uint8_t *em, size_t k, UnpadShape shape, size_t exact_n, const uint8_t *substitute,
                 size_t substitute_n, uint8_t *ret, size_t *ret_n);

/* RSAES-OAEP. *ret_good says whether the padding was good; if not, the message is empty and the block zero. `ret` has k
 * bytes. 0; UNPAD_E_INVALID when k has no room for the hash or is over RSA_BYTES_MAX; -EINVAL for HASH_NONE; -ENOMEM.
 */
int unpad_oaep(const uint8_t *em, size_t k, Hash hash, Hash mgf_hash, const uint8_t *label, size_t label_n,
               uint8_t *ret, size_t *ret_n, Mask *ret_good) _must_check_;
