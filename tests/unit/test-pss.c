/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EMSA-PSS: what is encoded here and signed with raw RSA, OpenSSL verifies, for modulus sizes with and without a spare
 * byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "pkcs11/mgf1.h"
#include "pkcs11/pss.h"

#define K_MAX 512

static void sign_raw(EVP_PKEY *key, const uint8_t *em, size_t k, uint8_t *ret) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        size_t n = k;

        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
        assert_int_equal(EVP_PKEY_sign(ctx, ret, &n, em, k), 1);
        assert_int_equal(n, k);
}

static int verify(EVP_PKEY *key, Hash hash, size_t salt_n, const uint8_t *sig, size_t k, const uint8_t *digest) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, hash_to_md(hash)), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int) salt_n), 1);
        return EVP_PKEY_verify(ctx, sig, k, digest, hash_size(hash));
}

/* OpenSSL makes no keys with an odd number of bits; this does. */
static EVP_PKEY *key_of(unsigned bits) {
        _cleanup_(BN_clear_freep) BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new(), *d = NULL, *e = BN_new();
        BN_CTX *ctx = BN_CTX_new();
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        OSSL_PARAM *params;
        EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_PKEY *key = NULL;

        assert_int_equal(BN_set_word(e, 65537), 1);
        while (!d) {
                assert_int_equal(BN_generate_prime_ex(p, (int) (bits + 1) / 2, 0, NULL, NULL, NULL), 1);
                assert_int_equal(BN_generate_prime_ex(q, (int) bits / 2, 0, NULL, NULL, NULL), 1);
                assert_int_equal(BN_mul(n, p, q, ctx), 1);
                assert_true(BN_sub_word(p, 1) && BN_sub_word(q, 1) && BN_mul(p, p, q, ctx));
                if (BN_num_bits(n) == (int) bits)
                        d = BN_mod_inverse(NULL, e, p, ctx);
        }
        assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
                    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) &&
                    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d));
        params = OSSL_PARAM_BLD_to_param(build);
        assert_int_equal(EVP_PKEY_fromdata_init(from), 1);
        assert_int_equal(EVP_PKEY_fromdata(from, &key, EVP_PKEY_KEYPAIR, params), 1);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(from);
        BN_CTX_free(ctx);
        return key;
}

static void verifies(void **state) {
        static const unsigned bits[] = { 1024, 1025, 1026, 1031 };
        uint8_t digest[64], salt[64], em[K_MAX], sig[K_MAX];

        (void) state;
        memset(digest, 0x3c, sizeof(digest));
        memset(salt, 0x77, sizeof(salt));
        for (size_t i = 0; i < ELEMENTSOF(bits); i++) {
                _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = key_of(bits[i]);
                size_t k = (bits[i] + 7) / 8;

                for (Hash hash = HASH_SHA224; hash <= HASH_SHA384; hash++) {
                        const size_t salts[] = { 0, 20, hash_size(hash) };

                        for (size_t j = 0; j < ELEMENTSOF(salts); j++) {
                                assert_int_equal(pss_encode(hash, digest, salt, salts[j], bits[i], em), 0);
                                sign_raw(key, em, k, sig);
                                assert_int_equal(verify(key, hash, salts[j], sig, k, digest), 1);
                        }
                }
        }
}

static void does_not_fit(void **state) {
        static const uint8_t digest[64], salt[256];
        uint8_t em[K_MAX];

        (void) state;
        assert_int_equal(pss_encode(HASH_SHA512, digest, salt, 64, 1024, em), PSS_E_TOO_LONG);
        assert_int_equal(pss_encode(HASH_SHA512, digest, salt, 62, 1024, em), 0);
        assert_int_equal(pss_encode(HASH_SHA512, digest, salt, 63, 1024, em), PSS_E_TOO_LONG);
        assert_int_equal(pss_encode(HASH_SHA256, digest, salt, 256, 2048, em), PSS_E_TOO_LONG);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(verifies), cmocka_unit_test(does_not_fit) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
