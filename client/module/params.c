/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads parameters of mechanisms. Fed by hosts; what passes is sent to signetd. */
#include "params.h"

#include <string.h>

/* Of PKCS#11 3.0; p11-kit's header does not have it. */
typedef struct EddsaParams {
        CK_BBOOL ph_flag;
        CK_ULONG context_size;
        CK_BYTE_PTR context;
} EddsaParams;

static CK_RV refuse(const char *why) {
        return module_refuse(CKR_MECHANISM_PARAM_INVALID, why);
}

/* Copies a structure out; false unless the host gave exactly one. */
static bool copy_params(const CK_MECHANISM *m, void *ret, size_t size) {
        if (!m->pParameter || m->ulParameterLen != size)
                return false;
        memcpy(ret, m->pParameter, size);
        return true;
}

static Hash hash_of_mechanism(CK_MECHANISM_TYPE type) {
        const Mechanism *m = mechanism_find(type);

        return m && m->kind == MECHANISM_DIGEST ? m->hash : HASH_NONE;
}

static Hash hash_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf) {
        switch (mgf) {
        case CKG_MGF1_SHA1:
                return HASH_SHA1;
        case CKG_MGF1_SHA224:
                return HASH_SHA224;
        case CKG_MGF1_SHA256:
                return HASH_SHA256;
        case CKG_MGF1_SHA384:
                return HASH_SHA384;
        case CKG_MGF1_SHA512:
                return HASH_SHA512;
        default:
                return HASH_NONE;
        }
}

CK_RV params_pss(const CK_MECHANISM *m, const Mechanism *mechanism, size_t bits, PssParams *ret) {
        size_t em = (bits + 6) / 8; /* RFC 8017 section 9.1.1: of one bit less than the modulus has */
        CK_RSA_PKCS_PSS_PARAMS p;
        Hash hash;

        if (!copy_params(m, &p, sizeof(p)))
                return refuse("PSS wants a CK_RSA_PKCS_PSS_PARAMS");
        hash = hash_of_mechanism(p.hashAlg);
        if (hash == HASH_NONE || hash == HASH_SHA1)
                return refuse("PSS is done with SHA-224, SHA-256, SHA-384 and SHA-512");
        if (mechanism->hash != HASH_NONE && mechanism->hash != hash)
                return refuse("the hash in the PSS parameters is not the mechanism's");
        if (hash_of_mgf(p.mgf) != hash)
                return refuse("PSS is done with one hash for message and MGF1");

        /* 0 cannot be asked of libsignet, where it means the hash's size. Nobody who signs wants it. */
        if (p.sLen == 0 || em < hash_size(hash) + 2 || p.sLen > em - hash_size(hash) - 2)
                return refuse("this length of salt does not fit the key and hash");
        *ret = (PssParams){ .hash = hash, .salt_length = (unsigned int) p.sLen };
        return CKR_OK;
}

CK_RV params_oaep(const CK_MECHANISM *m, OaepParams *ret) {
        CK_RSA_PKCS_OAEP_PARAMS p;
        Hash hash, mgf_hash;

        if (!copy_params(m, &p, sizeof(p)))
                return refuse("OAEP wants a CK_RSA_PKCS_OAEP_PARAMS");
        hash = hash_of_mechanism(p.hashAlg);
        mgf_hash = hash_of_mgf(p.mgf);
        if (hash == HASH_NONE || mgf_hash == HASH_NONE)
                return refuse("OAEP is done with SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512");

        /* Some hosts leave the source 0 where there is no label. */
        if (p.source != CKZ_DATA_SPECIFIED && (p.source != 0 || p.ulSourceDataLen > 0))
                return refuse("OAEP knows no source of the label but CKZ_DATA_SPECIFIED");
        if (p.ulSourceDataLen > PARAMS_LABEL_MAX || (p.ulSourceDataLen > 0 && !p.pSourceData))
                return refuse("OAEP takes a label of at most 1024 bytes");

        ret->hash = hash;
        ret->mgf_hash = mgf_hash;
        ret->label_size = p.ulSourceDataLen;
        if (p.ulSourceDataLen > 0)
                memcpy(ret->label, p.pSourceData, p.ulSourceDataLen);
        return CKR_OK;
}

CK_RV params_eddsa(const CK_MECHANISM *m) {
        EddsaParams p;

        if (!m->pParameter)
                return CKR_OK;
        if (!copy_params(m, &p, sizeof(p)))
                return refuse("EdDSA wants a CK_EDDSA_PARAMS or nothing");
        if (p.ph_flag != CK_FALSE || p.context_size > 0)
                return refuse("plain Ed25519 alone is done: no prehash, no context");
        return CKR_OK;
}

static bool is_public_key(KeyType type, size_t octets, const uint8_t *data, size_t n) {
        if (type == KEY_TYPE_X25519)
                return n == 32;
        return (n == 2 * octets + 1 && data[0] == 4) || (n == octets + 1 && (data[0] == 2 || data[0] == 3));
}

/* PKCS#11 2.20 was read in two ways; hosts pass the octets, or a DER OCTET STRING of them, or one after the other. The
 * length tells which: an uncompressed point begins with the tag's octet, too. */
static bool read_peer(KeyType type, size_t octets, const uint8_t *data, size_t n, Blob *ret) {
        size_t skip;

        if (!data || n < 3)
                return false;
        if (!is_public_key(type, octets, data, n)) {
                if (data[0] != 4)
                        return false;
                skip = data[1] == 0x81 && data[2] >= 0x80 ? 3 : 2;
                if ((skip == 2 && data[1] >= 0x80) || data[skip - 1] != n - skip ||
                    !is_public_key(type, octets, data + skip, n - skip))
                        return false;
                data += skip;
                n -= skip;
        }
        *ret = (Blob){ data, n };
        return true;
}

static bool read_kdf(CK_ULONG kdf, Kdf *ret_kdf, Hash *ret_hash) {
        static const struct {
                CK_ULONG kdf;
                Hash hash;
        } kdfs[] = {
                { CKD_NULL, HASH_NONE },         { CKD_SHA1_KDF, HASH_SHA1 },     { CKD_SHA224_KDF, HASH_SHA224 },
                { CKD_SHA256_KDF, HASH_SHA256 }, { CKD_SHA384_KDF, HASH_SHA384 }, { CKD_SHA512_KDF, HASH_SHA512 },
        };

        for (size_t i = 0; i < ELEMENTSOF(kdfs); i++)
                if (kdfs[i].kdf == kdf) {
                        *ret_kdf = kdf == CKD_NULL ? KDF_NONE : KDF_X963;
                        *ret_hash = kdfs[i].hash;
                        return true;
                }
        return false;
}

CK_RV params_ecdh(const CK_MECHANISM *m, KeyType type, size_t octets, EcdhParams *ret) {
        CK_ECDH1_DERIVE_PARAMS p;
        EcdhParams params = {};

        if (!copy_params(m, &p, sizeof(p)))
                return refuse("ECDH wants a CK_ECDH1_DERIVE_PARAMS");
        if (!read_kdf(p.kdf, &params.kdf, &params.hash))
                return refuse("ECDH is done with CKD_NULL and X9.63 over SHA-1, SHA-224, SHA-256, SHA-384, SHA-512");
        if (p.ulSharedDataLen > PARAMS_SHARED_INFO_MAX || (p.ulSharedDataLen > 0 && !p.pSharedData) ||
            (p.ulSharedDataLen > 0 && params.kdf == KDF_NONE))
                return refuse("shared data has at most 1024 bytes, and none without a KDF");
        if (!read_peer(type, octets, p.pPublicData, p.ulPublicDataLen, &params.peer))
                return refuse("the other public key is no point of this key's curve");

        if (p.ulSharedDataLen > 0)
                params.shared_info = (Blob){ p.pSharedData, p.ulSharedDataLen };
        *ret = params;
        return CKR_OK;
}

CK_RV params_key_wrap(const CK_MECHANISM *m, size_t size, const uint8_t **ret) {
        if (m->pParameter && m->ulParameterLen != size)
                return refuse("the initial value of AES key wrap has 8 octets, with padding 4");
        *ret = m->pParameter;
        return CKR_OK;
}
