/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters of mechanisms (PKCS#11 2.40 current mechanisms), read from a host's memory: lengths may be anything, and a
 * structure may lie at any address. What is wrong or not done is CKR_MECHANISM_PARAM_INVALID. */
#pragma once

#include "common/buffer.h"
#include "mechanism.h"

#define PARAMS_LABEL_MAX       1024 /* bytes, OAEP; as signetd takes */
#define PARAMS_SHARED_INFO_MAX 1024 /* bytes, X9.63; likewise */

typedef struct PssParams {
        Hash hash;
        unsigned int salt_length; /* bytes; never 0 */
} PssParams;

/* CK_RSA_PKCS_PSS_PARAMS for a key of `bits`. The hash is the mechanism's, where it has one, and MGF1's. */
CK_RV params_pss(const CK_MECHANISM *m, const Mechanism *mechanism, size_t bits, PssParams *ret) _must_check_;

typedef struct OaepParams {
        Hash hash, mgf_hash;
        uint8_t label[PARAMS_LABEL_MAX];
        size_t label_size;
} OaepParams;

/* CK_RSA_PKCS_OAEP_PARAMS. */
CK_RV params_oaep(const CK_MECHANISM *m, OaepParams *ret) _must_check_;

/* CK_EDDSA_PARAMS: none, or those that mean plain Ed25519. */
CK_RV params_eddsa(const CK_MECHANISM *m) _must_check_;

typedef struct EcdhParams {
        Kdf kdf;
        Hash hash;        /* of X9.63 */
        Blob shared_info; /* borrowed from the host, as is: */
        Blob peer;        /* a point, or 32 octets for X25519; without the OCTET STRING that some hosts put around it */
} EcdhParams;

/* CK_ECDH1_DERIVE_PARAMS for a key of this type, with coordinates of `octets`. */
CK_RV params_ecdh(const CK_MECHANISM *m, KeyType type, size_t octets, EcdhParams *ret) _must_check_;

/* The initial value for AES key wrap, `size` octets borrowed from the host, or NULL for the standard's. */
CK_RV params_key_wrap(const CK_MECHANISM *m, size_t size, const uint8_t **ret) _must_check_;
