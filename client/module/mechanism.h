/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mechanisms that the module does, and what each means to signetd: one table for C_GetMechanismList,
 * C_GetMechanismInfo and all operations. */
#pragma once

#include "common/names.h"
#include "module.h"

/* Of PKCS#11 3.0; p11-kit's header does not have it. */
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif
/* The older CKM_AES_KEY_WRAP_PAD leaves open which padding it means; most take it for this one. */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif

typedef enum MechanismKind {
        MECHANISM_DIGEST,     /* in this process */
        MECHANISM_RSA_RAW,    /* CKM_RSA_PKCS: a DigestInfo to sign; decryption */
        MECHANISM_RSA_HASH,   /* CKM_SHA256_RSA_PKCS... */
        MECHANISM_PSS_RAW,    /* CKM_RSA_PKCS_PSS: a digest */
        MECHANISM_PSS_HASH,   /* CKM_SHA256_RSA_PKCS_PSS... */
        MECHANISM_OAEP,       /* decryption */
        MECHANISM_ECDSA_RAW,  /* CKM_ECDSA: a digest */
        MECHANISM_ECDSA_HASH, /* CKM_ECDSA_SHA256... */
        MECHANISM_EDDSA,      /* the message */
        MECHANISM_ECDH,       /* CKM_ECDH1_DERIVE */
        MECHANISM_AES_UNWRAP, /* CKM_AES_KEY_WRAP and its like, with session keys, in this process */
} MechanismKind;

typedef struct Mechanism {
        CK_MECHANISM_TYPE type;
        MechanismKind kind;
        Hash hash;                 /* where the mechanism hashes; else HASH_NONE or the like of common/names.h */
        CK_ULONG key_min, key_max; /* bits; bytes for AES */
        CK_FLAGS flags;
} Mechanism;

const Mechanism *mechanism_find(CK_MECHANISM_TYPE type); /* static; NULL: not done */
const Mechanism *mechanism_table(size_t *ret_n);

/* Whether it is for keys of this type: private ones, and secret ones to unwrap with. */
bool mechanism_takes(const Mechanism *m, CK_KEY_TYPE type);

/* A host's mechanism for an operation with this flag (CKF_SIGN...) and key: NULL, unknown and unfit ones refused with
 * CKR_ARGUMENTS_BAD, CKR_MECHANISM_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED,
 * CKR_MECHANISM_PARAM_INVALID (a pointer without length, a length without pointer, one where there is none). `key` is
 * NULL for digests. The parameter itself is not read: params.h. */
struct Object;
CK_RV mechanism_choose(const CK_MECHANISM *m, CK_FLAGS flag, const struct Object *key,
                       const Mechanism **ret) _must_check_;
