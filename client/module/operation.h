/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations (digest, sign, decrypt, derive, unwrap) share. */
#pragma once

#include <openssl/err.h>

#include "common/names.h"
#include "module.h"

/* The convention of section 5.2 for output: whether the host only asks for its size (out is NULL: CKR_OK), or left too
 * little room for it (CKR_BUFFER_TOO_SMALL). Either way *n becomes `size`, nothing is done, and the operation goes on.
 */
static inline bool output_postponed(size_t size, const void *out, CK_ULONG *n, CK_RV *ret) {
        if (out && *n >= size)
                return false;
        *n = size;
        *ret = out ? CKR_BUFFER_TOO_SMALL : CKR_OK;
        return true;
}

#define INPUT_MAX (UINT64_C(1) << 36) /* bytes in one call; a host that says more has lost count */

/* A pointer that may be NULL only with a length of 0, and a length that a host can have. */
static inline bool input_readable(const void *data, CK_ULONG n) {
        return (data || n == 0) && n <= INPUT_MAX;
}

/* The kind of a key at signetd; KEY_TYPE_UNKNOWN for one that this version knows nothing of. */
static inline KeyType remote_key_type(const signet_key *key) {
        int type = key_type_from_string(signet_key_algorithm(key));

        return type < 0 ? KEY_TYPE_UNKNOWN : (KeyType) type;
}

/* Octets of an RSA key's modulus, or of a coordinate on the curve of another key. */
static inline size_t remote_key_octets(const signet_key *key) {
        return (signet_key_bits(key) + 7) / 8;
}

/* OpenSSL's error queue belongs to the host, which may use the same libcrypto. A block that begins with
 * OPENSSL_ERRORS_KEPT leaves the queue as it was. */
static inline void openssl_errors_restore(int *unused _unused_) {
        ERR_pop_to_mark();
}
#define OPENSSL_ERRORS_KEPT _cleanup_(openssl_errors_restore) _unused_ int openssl_errors_mark = ERR_set_mark()
