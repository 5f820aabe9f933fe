/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pseudo-random side of implicit rejection. It runs for every decryption, good padding or bad: what it takes
 * depends on the ciphertext alone. Whoever learns a key's secret can tell good padding from bad. */
#include "rejection.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "common/ossl.h"
#include "mgf1.h"

DEFINE_CLEANUP(EVP_KDF *, EVP_KDF_free)
DEFINE_CLEANUP(EVP_KDF_CTX *, EVP_KDF_CTX_free)

#define DOMAIN_BLOCK  "signet implicit rejection block 1"
#define DOMAIN_SECRET "signet implicit rejection secret 1"
#define DOMAIN_SHARED "signet implicit rejection shared 1"
#define SECRET_BYTES  32

int rejection_block(const uint8_t *modulus, size_t k, uint8_t *ret) {
        uint8_t seed[sizeof(DOMAIN_BLOCK) + RSA_BYTES_MAX];

        if (k == 0 || k > RSA_BYTES_MAX)
                return -EINVAL;
        memcpy(seed, DOMAIN_BLOCK, sizeof(DOMAIN_BLOCK));
        memcpy(seed + sizeof(DOMAIN_BLOCK), modulus, k);

        /* A modulus of k bytes starts with a byte that is not zero; so a block that starts with zero is below it. */
        memset(ret, 0, k);
        return mgf1_xor(HASH_SHA256, seed, sizeof(DOMAIN_BLOCK) + k, ret + 1, k - 1);
}

/* SHA-256 over the domain and two pieces. */
static int digest_secret(const char *domain, Blob a, Blob b, Secret **ret) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        _cleanup_(secret_freep) Secret *s = NULL;
        int r;

        r = secret_new(SECRET_BYTES, &s);
        if (r < 0)
                return r;
        if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
            EVP_DigestUpdate(ctx, domain, strlen(domain) + 1) != 1 || EVP_DigestUpdate(ctx, a.data, a.size) != 1 ||
            EVP_DigestUpdate(ctx, b.data, b.size) != 1 || EVP_DigestFinal_ex(ctx, secret_bytes(s), NULL) != 1)
                return -ENOMEM;

        *ret = TAKE_PTR(s);
        return 0;
}

int rejection_secret(const uint8_t *decrypted, size_t k, Secret **ret) {
        return digest_secret(DOMAIN_SECRET, (Blob){ decrypted, k }, (Blob){}, ret);
}

int rejection_secret_shared(const Blob *shared, const Blob *spki, Secret **ret) {
        return digest_secret(DOMAIN_SHARED, *shared, *spki, ret);
}

/* HKDF-SHA256 with the secret as input, the ciphertext as salt and `info` as context. */
static int expand(Secret *secret, const uint8_t *ciphertext, size_t k, char *info, uint8_t *ret, size_t n) {
        _cleanup_(EVP_KDF_freep) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
        _cleanup_(EVP_KDF_CTX_freep) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret_bytes(secret), secret_size(secret)),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *) ciphertext, k),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
                OSSL_PARAM_construct_end(),
        };

        if (!ctx || EVP_KDF_derive(ctx, ret, n, params) != 1)
                return -ENOMEM;
        return 0;
}

int rejection_substitute(Secret *secret, const uint8_t *ciphertext, size_t k, UnpadShape shape, size_t exact_n,
                         uint8_t *ret, size_t *ret_n) {
        char info_message[] = "message", info_length[] = "length";
        uint8_t draw[8];
        uint64_t number = 0;
        int r;

        r = expand(secret, ciphertext, k, info_message, ret, k);
        if (r < 0)
                return r;
        r = expand(secret, ciphertext, k, info_length, draw, sizeof(draw));
        if (r < 0)
                return r;
        for (size_t i = 0; i < sizeof(draw); i++)
                number = number << 8 | draw[i];

        /* 64 bits over a few hundred lengths: nobody sees the bias. */
        switch (shape) {
        case UNPAD_EXACT:
                *ret_n = exact_n;
                break;
        case UNPAD_CONTENT_KEY:
                *ret_n = 16 + 8 * (size_t) (number % 3);
                break;
        default:
                *ret_n = (size_t) (number % (k - UNPAD_PKCS1_OVERHEAD + 1));
                break;
        }
        return 0;
}
