/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of mechanisms, and whether a host's mechanism and key go together. Fed by hosts; what passes is an
 * operation of this module, with parameters still to be read (params.h).
 *
 * Nothing signs with SHA-1, since signetd does not. Nothing encrypts, verifies or makes keys: hosts do that with the
 * public key themselves. No bulk cipher is listed, and RSA keys do not unwrap: NSS then decrypts the content key with
 * C_Decrypt, or reads the value of the key that C_UnwrapKey gave, and does the bulk by itself. */
#include "mechanism.h"

#include "object.h"

/* NSS calls AES key wrap (RFC 3394) by a number of its own, from before the standard had one. */
#define CKM_NSS_AES_KEY_WRAP (CKM_VENDOR_DEFINED | 0x4e534351UL)

#define RSA_KEY(t, k, h, f)                                                                                            \
        { CKM_##t, MECHANISM_##k, HASH_##h, 2048, 4096, f }
#define EC_KEY(t, k, h)                                                                                                \
        { CKM_##t, MECHANISM_##k, HASH_##h, 256, 521, CKF_SIGN | CURVES }
#define DIGEST(t, h)                                                                                                   \
        { CKM_##t, MECHANISM_DIGEST, HASH_##h, 0, 0, CKF_DIGEST }
#define AES_UNWRAP(t)                                                                                                  \
        { CKM_##t, MECHANISM_AES_UNWRAP, HASH_NONE, 16, 32, CKF_UNWRAP }
#define CURVES (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)

/* The order is that of preference: some hosts take the first that fits. */
static const Mechanism mechanisms[] = {
        RSA_KEY(RSA_PKCS, RSA_RAW, NONE, CKF_SIGN | CKF_DECRYPT),
        RSA_KEY(SHA256_RSA_PKCS, RSA_HASH, SHA256, CKF_SIGN),
        RSA_KEY(SHA384_RSA_PKCS, RSA_HASH, SHA384, CKF_SIGN),
        RSA_KEY(SHA512_RSA_PKCS, RSA_HASH, SHA512, CKF_SIGN),
        RSA_KEY(SHA224_RSA_PKCS, RSA_HASH, SHA224, CKF_SIGN),
        RSA_KEY(RSA_PKCS_PSS, PSS_RAW, NONE, CKF_SIGN),
        RSA_KEY(SHA256_RSA_PKCS_PSS, PSS_HASH, SHA256, CKF_SIGN),
        RSA_KEY(SHA384_RSA_PKCS_PSS, PSS_HASH, SHA384, CKF_SIGN),
        RSA_KEY(SHA512_RSA_PKCS_PSS, PSS_HASH, SHA512, CKF_SIGN),
        RSA_KEY(SHA224_RSA_PKCS_PSS, PSS_HASH, SHA224, CKF_SIGN),
        RSA_KEY(RSA_PKCS_OAEP, OAEP, NONE, CKF_DECRYPT),
        EC_KEY(ECDSA, ECDSA_RAW, NONE),
        EC_KEY(ECDSA_SHA256, ECDSA_HASH, SHA256),
        EC_KEY(ECDSA_SHA384, ECDSA_HASH, SHA384),
        EC_KEY(ECDSA_SHA512, ECDSA_HASH, SHA512),
        EC_KEY(ECDSA_SHA224, ECDSA_HASH, SHA224),
        { CKM_EDDSA, MECHANISM_EDDSA, HASH_NONE, 255, 255, CKF_SIGN },
        { CKM_ECDH1_DERIVE, MECHANISM_ECDH, HASH_NONE, 255, 521, CKF_DERIVE | CURVES },
        DIGEST(SHA256, SHA256),
        DIGEST(SHA384, SHA384),
        DIGEST(SHA512, SHA512),
        DIGEST(SHA224, SHA224),
        DIGEST(SHA_1, SHA1),
        AES_UNWRAP(AES_KEY_WRAP),
        AES_UNWRAP(AES_KEY_WRAP_PAD),
        AES_UNWRAP(AES_KEY_WRAP_KWP),
        AES_UNWRAP(NSS_AES_KEY_WRAP),
};

const Mechanism *mechanism_table(size_t *ret_n) {
        *ret_n = ELEMENTSOF(mechanisms);
        return mechanisms;
}

const Mechanism *mechanism_find(CK_MECHANISM_TYPE type) {
        for (size_t i = 0; i < ELEMENTSOF(mechanisms); i++)
                if (mechanisms[i].type == type)
                        return &mechanisms[i];
        return NULL;
}

static bool takes_parameter(MechanismKind kind) {
        switch (kind) {
        case MECHANISM_PSS_RAW:
        case MECHANISM_PSS_HASH:
        case MECHANISM_OAEP:
        case MECHANISM_EDDSA:
        case MECHANISM_ECDH:
        case MECHANISM_AES_UNWRAP:
                return true;
        default:
                return false;
        }
}

bool mechanism_takes(const Mechanism *m, CK_KEY_TYPE type) {
        switch (m->kind) {
        case MECHANISM_RSA_RAW:
        case MECHANISM_RSA_HASH:
        case MECHANISM_PSS_RAW:
        case MECHANISM_PSS_HASH:
        case MECHANISM_OAEP:
                return type == CKK_RSA;
        case MECHANISM_ECDSA_RAW:
        case MECHANISM_ECDSA_HASH:
                return type == CKK_EC;
        case MECHANISM_EDDSA:
                return type == CKK_EC_EDWARDS;
        case MECHANISM_ECDH:
                return type == CKK_EC || type == CKK_EC_MONTGOMERY;
        case MECHANISM_AES_UNWRAP:
                return type == CKK_AES;
        default:
                return false;
        }
}

static bool key_fits(const Mechanism *m, const Object *key) {
        CK_OBJECT_CLASS class = m->kind == MECHANISM_AES_UNWRAP ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;

        return key->class == class && mechanism_takes(m, key->key_type);
}

static CK_ATTRIBUTE_TYPE permission(CK_FLAGS flag) {
        switch (flag) {
        case CKF_SIGN:
                return CKA_SIGN;
        case CKF_DECRYPT:
                return CKA_DECRYPT;
        case CKF_DERIVE:
                return CKA_DERIVE;
        default:
                return CKA_UNWRAP;
        }
}

CK_RV mechanism_choose(const CK_MECHANISM *m, CK_FLAGS flag, const Object *key, const Mechanism **ret) {
        const Mechanism *found;

        if (!m)
                return module_refuse(CKR_ARGUMENTS_BAD, "no mechanism is given");
        found = mechanism_find(m->mechanism);
        if (!found || !(found->flags & flag))
                return module_refuse(CKR_MECHANISM_INVALID, "this mechanism is not done, or not for this");
        if (!m->pParameter != (m->ulParameterLen == 0))
                return module_refuse(CKR_MECHANISM_PARAM_INVALID, "a mechanism's parameter and its length contradict");
        if (m->pParameter && !takes_parameter(found->kind))
                return module_refuse(CKR_MECHANISM_PARAM_INVALID, "this mechanism has no parameter");

        if (found->kind != MECHANISM_DIGEST) {
                if (!key || !key_fits(found, key))
                        return module_refuse(CKR_KEY_TYPE_INCONSISTENT, "the mechanism is not for this kind of key");
                if (!object_flag(key, permission(flag)))
                        return module_refuse(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key is not for this");
        }
        *ret = found;
        return CKR_OK;
}
