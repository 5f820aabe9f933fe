/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host passes to the PKCS#11 module's operations: parameters of mechanisms, DigestInfo, public keys, and what
 * signetd answers as an ECDSA signature. Whatever is accepted must be what it is taken for.
 *
 * The first octet chooses what the rest is. Where a parameter points into the host's memory, the rest is that memory,
 * and of just that size. */
#include <string.h>

#include "client/module/params.h"
#include "client/module/sign.h"
#include "common/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool condition) {
        if (!condition)
                abort();
}

static size_t take(const uint8_t **data, size_t *n, void *ret, size_t size) {
        size = MIN(size, *n);
        memcpy(ret, *data, size);
        *data += size;
        *n -= size;
        return size;
}

static void digest_info(const uint8_t *data, size_t n) {
        Blob digest = {};
        Hash hash = sign_digest_info(data, n, &digest);

        if (hash == HASH_NONE)
                return;
        must(der_check(data, n) && digest.size == hash_size(hash) && digest.data + digest.size == data + n);
}

static void ecdsa(const uint8_t *data, size_t n) {
        static const struct {
                KeyType type;
                size_t octets;
        } curves[] = { { KEY_TYPE_EC_P256, 32 }, { KEY_TYPE_EC_P384, 48 }, { KEY_TYPE_EC_P521, 66 } };

        for (size_t i = 0; i < ELEMENTSOF(curves); i++) {
                uint8_t *rs = malloc(2 * curves[i].octets);

                if (rs && sign_output(curves[i].type, curves[i].octets, data, n, rs) == CKR_OK)
                        must(n >= 8 && n <= 3 + 2 * (curves[i].octets + 3));
                free(rs);
        }
}

static void pss(const uint8_t *data, size_t n) {
        static const CK_MECHANISM_TYPE types[] = { CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS };
        CK_MECHANISM m = { .pParameter = n > 0 ? (void *) data : NULL, .ulParameterLen = n };
        PssParams p;

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (params_pss(&m, mechanism_find(types[i]), 2048, &p) == CKR_OK)
                        must(p.hash > HASH_SHA1 && p.salt_length > 0 && p.salt_length + hash_size(p.hash) <= 254);
}

static void oaep(const uint8_t *data, size_t n) {
        CK_RSA_PKCS_OAEP_PARAMS params = {};
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS_OAEP, .pParameter = &params, .ulParameterLen = sizeof(params) };
        OaepParams p;

        take(&data, &n, &params, sizeof(params));
        params.pSourceData = n > 0 ? (void *) data : NULL;
        if (params.ulSourceDataLen <= PARAMS_LABEL_MAX)
                params.ulSourceDataLen = MIN(params.ulSourceDataLen, n);
        if (params_oaep(&m, &p) == CKR_OK)
                must(p.hash != HASH_NONE && p.mgf_hash != HASH_NONE && p.label_size <= n &&
                     (p.label_size == 0 || memcmp(p.label, data, p.label_size) == 0));
}

static void ecdh(const uint8_t *data, size_t n) {
        static const struct {
                KeyType type;
                size_t octets;
        } keys[] = { { KEY_TYPE_EC_P256, 32 }, { KEY_TYPE_EC_P521, 66 }, { KEY_TYPE_X25519, 32 } };
        CK_ECDH1_DERIVE_PARAMS params = {};
        CK_MECHANISM m = { .mechanism = CKM_ECDH1_DERIVE, .pParameter = &params, .ulParameterLen = sizeof(params) };
        EcdhParams p;

        take(&data, &n, &params, sizeof(params));
        params.pPublicData = n > 0 ? (void *) data : NULL;
        params.ulPublicDataLen = n;
        /* It is borrowed, not read: a length within bounds may be any. */
        params.pSharedData = params.ulSharedDataLen > 0 ? (void *) data : NULL;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (params_ecdh(&m, keys[i].type, keys[i].octets, &p) == CKR_OK)
                        must(p.peer.data >= data && p.peer.data + p.peer.size == data + n &&
                             p.shared_info.size <= PARAMS_SHARED_INFO_MAX &&
                             (p.kdf == KDF_NONE) == (p.hash == HASH_NONE));
}

static void eddsa(const uint8_t *data, size_t n) {
        CK_MECHANISM m = { .mechanism = CKM_EDDSA, .pParameter = n > 0 ? (void *) data : NULL, .ulParameterLen = n };
        const uint8_t *iv;

        (void) !params_eddsa(&m);
        if (params_key_wrap(&m, 8, &iv) == CKR_OK)
                must(n == 0 || n == 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static void (*const targets[])(const uint8_t *data, size_t n) = { digest_info, ecdsa, pss, oaep, ecdh, eddsa };
        uint8_t *copy;

        if (n == 0)
                return 0;
        copy = malloc(n); /* of just that size and at an odd address */
        if (!copy)
                return 0;
        memcpy(copy, data, n);
        targets[copy[0] % ELEMENTSOF(targets)](copy + 1, n - 1);
        free(copy);
        return 0;
}
