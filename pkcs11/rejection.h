/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Implicit rejection for RSAES-PKCS1-v1_5: what a ciphertext with bad padding "decrypts" to.
 *
 * Pseudo-random bytes that are the same for the same key and ciphertext, so that asking twice, or asking another
 * replica, tells nothing. They come from a secret of the key: SHA-256 over RSADP of a fixed block that is derived from
 * the modulus. Only who can do raw RSA with the key can compute it, it needs no storage, and every replica finds the
 * same. */
#pragma once

#include "common/buffer.h"
#include "common/secret.h"
#include "unpad.h"

/* The block to decrypt: k bytes, below the modulus. 0 or -ENOMEM. */
int rejection_block(const uint8_t *modulus, size_t k, uint8_t *ret) _must_check_;

/* The key's secret, from RSADP of that block (k bytes). */
int rejection_secret(const uint8_t *decrypted, size_t k, Secret **ret) _must_check_;

/* The secret of a key on a token without raw RSA: from random bytes that all workers of the token share until its
 * supervisor ends. Weaker, since it changes then and differs between replicas. */
int rejection_secret_shared(const Blob *shared, const Blob *spki, Secret **ret) _must_check_;

/* The substitute for one ciphertext: fills ret (k bytes) and says how many of its last bytes are the message. */
int rejection_substitute(Secret *secret, const uint8_t *ciphertext, size_t k, UnpadShape shape, size_t exact_n,
                         uint8_t *ret, size_t *ret_n) _must_check_;
