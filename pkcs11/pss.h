/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EMSA-PSS encoding, RFC 8017 section 9.1.1, for tokens that do raw RSA but not PSS. */
#pragma once

#include "common/names.h"

enum { PSS_E_TOO_LONG = 1 };

/* Encodes `digest` (hash_size(hash) bytes) into `ret`, k bytes for a modulus of `bits` bits. `salt` is random.
 * PSS_E_TOO_LONG when the modulus has no room for it; -ENOMEM. */
int pss_encode(Hash hash, const uint8_t *digest, const uint8_t *salt, size_t salt_n, size_t bits,
               uint8_t *ret) _must_check_;
