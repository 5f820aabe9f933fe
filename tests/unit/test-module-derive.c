/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ECDH and unwrapping by the PKCS#11 module: values judged by OpenSSL's own ECDH, X9.63 and AES key wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "common/names.h"
#include "common/ossl.h"
#include "der-build.h"
#include "fake-session.h"

#define S 1 /* the session */

#define NSS_AES_KEY_WRAP 0xce534351UL
#define AES_KEY_WRAP_KWP 0x210bUL

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* --- helpers ------------------------------------------------------------------------------------------ */

static EVP_PKEY *new_peer(const char *label) {
        if (strcmp(label, "x25519") == 0)
                return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC",
                                 strcmp(label, "ec-p256") == 0   ? "P-256"
                                 : strcmp(label, "ec-p384") == 0 ? "P-384"
                                                                 : "P-521");
}

/* The other side's result. */
static size_t expected_secret(EVP_PKEY *peer, const char *label, unsigned char *ret) {
        EVP_PKEY *public = fake_public(label);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
        size_t n = 66;

        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, public), 1);
        assert_int_equal(EVP_PKEY_derive(ctx, ret, &n), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(public);
        return n;
}

static void x963(const char *hash, const unsigned char *z, size_t z_n, const unsigned char *info, size_t info_n,
                 unsigned char *ret, size_t n) {
        EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
        EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) hash, 0),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) z, z_n),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) info, info_n),
                OSSL_PARAM_construct_end(),
        };

        assert_int_equal(EVP_KDF_derive(ctx, ret, n, params), 1);
        EVP_KDF_CTX_free(ctx);
        EVP_KDF_free(kdf);
}

static size_t shared_info(unsigned int length, Build *ret) {
        const uint8_t bits[] = { 0, 0, (uint8_t) (length * 8 / 256), (uint8_t) (length * 8) };
        const uint8_t wrap[] = { 0x60, 0x86, 0x48,
                                 0x01, 0x65, 0x03,
                                 0x04, 0x01, length == 16 ? 5 : length == 24 ? 25 : 45 };
        Build algorithm = {}, octets = {}, inner = {};

        *ret = (Build){};
        build_tlv(&algorithm, 0x06, wrap, sizeof(wrap));
        build_wrap(&inner, 0x30, &algorithm);
        build_tlv(&octets, 0x04, bits, sizeof(bits));
        build_wrap(&inner, 0xa2, &octets);
        build_wrap(ret, 0x30, &inner);
        return ret->size;
}

static void assert_value(CK_OBJECT_HANDLE handle, const unsigned char *expected, size_t n) {
        unsigned char value[66];
        CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };

        assert_true(handle >= 0x40000000UL);
        assert_int_equal(object_get(fake_object(handle), &a, 1), CKR_OK);
        assert_int_equal(a.ulValueLen, n);
        assert_memory_equal(value, expected, n);
}

/* --- derive ------------------------------------------------------------------------------------------- */

typedef struct Kdf963 {
        CK_ULONG kdf;
        const char *hash;
} Kdf963;

static const Kdf963 kdfs[] = {
        { CKD_SHA1_KDF, "SHA1" },     { CKD_SHA224_KDF, "SHA224" }, { CKD_SHA256_KDF, "SHA256" },
        { CKD_SHA384_KDF, "SHA384" }, { CKD_SHA512_KDF, "SHA512" },
};

static CK_RV derive(const char *label, CK_ECDH1_DERIVE_PARAMS *params, CK_ATTRIBUTE *template, CK_ULONG n,
                    CK_OBJECT_HANDLE *ret) {
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, params, sizeof(*params) };

        return C_DeriveKey(S, &m, fake_private(label), template, n, ret);
}

static void test_derive(void **state _unused_) {
        static const char *const labels[] = { "ec-p256", "ec-p384", "ec-p521", "x25519" };
        static CK_ULONG lengths[] = { 16, 24, 32 };

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                EVP_PKEY *peer = new_peer(labels[i]);
                unsigned char z[66], expected[66], *point;
                size_t z_n = expected_secret(peer, labels[i], z), point_n;
                CK_ECDH1_DERIVE_PARAMS params = { .kdf = CKD_NULL };
                CK_ATTRIBUTE template[] = {
                        { CKA_CLASS, &secret_class, sizeof(secret_class) },
                        { CKA_KEY_TYPE, &generic, sizeof(generic) },
                        { CKA_VALUE_LEN, NULL, sizeof(CK_ULONG) },
                };
                CK_OBJECT_HANDLE key;
                Build wrapped = {};

                point_n = EVP_PKEY_get1_encoded_public_key(peer, &point);
                params.pPublicData = point;
                params.ulPublicDataLen = point_n;

                /* No KDF: all of it, or its last bytes. */
                assert_int_equal(derive(labels[i], &params, template, 2, &key), CKR_OK);
                assert_value(key, z, z_n);
                assert_string_equal(fake.purpose, "raw");
                assert_int_equal(derive(labels[i], &params, NULL, 0, &key), CKR_OK);
                assert_value(key, z, z_n);
                template[1].pValue = &aes;
                for (size_t k = 0; k < ELEMENTSOF(lengths); k++) {
                        template[2].pValue = &lengths[k];
                        assert_int_equal(derive(labels[i], &params, template, 3, &key), CKR_OK);
                        assert_value(key, z + z_n - lengths[k], lengths[k]);
                }

                build_tlv(&wrapped, 0x04, point, point_n);
                params.pPublicData = wrapped.data;
                params.ulPublicDataLen = wrapped.size;
                /* OpenSSL has no KDF behind X25519, and the software keys have none, therefore. */
                for (size_t h = 0; strcmp(labels[i], "x25519") != 0 && h < ELEMENTSOF(kdfs); h++)
                        for (size_t k = 0; k < ELEMENTSOF(lengths); k++) {
                                Build info;

                                params.kdf = kdfs[h].kdf;
                                template[2].pValue = &lengths[k];
                                params.ulSharedDataLen = shared_info((unsigned int) lengths[k], &info);
                                params.pSharedData = info.data;
                                assert_int_equal(derive(labels[i], &params, template, 3, &key), CKR_OK);
                                assert_string_equal(fake.purpose, "cms");
                                x963(kdfs[h].hash, z, z_n, info.data, info.size, expected, lengths[k]);
                                assert_value(key, expected, lengths[k]);

                                /* Any other shared data. */
                                info.data[info.size - 1] ^= 1;
                                assert_int_equal(derive(labels[i], &params, template, 3, &key), CKR_OK);
                                assert_string_equal(fake.purpose, "raw");
                                x963(kdfs[h].hash, z, z_n, info.data, info.size, expected, lengths[k]);
                                assert_value(key, expected, lengths[k]);
                        }
                OPENSSL_free(point);
                EVP_PKEY_free(peer);
        }
        assert_int_equal(ERR_peek_error(), 0);
}

static void test_derive_rights(void **state _unused_) {
        EVP_PKEY *peer = new_peer("ec-p256");
        CK_ULONG length = 16;
        CK_ATTRIBUTE template[] = {
                { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_VALUE_LEN, &length, sizeof(length) },
        };
        CK_ECDH1_DERIVE_PARAMS params = { .kdf = CKD_SHA256_KDF };
        CK_OBJECT_HANDLE key;
        unsigned char *point;
        Build info;

        params.ulPublicDataLen = EVP_PKEY_get1_encoded_public_key(peer, &point);
        params.pPublicData = point;
        params.ulSharedDataLen = shared_info(16, &info);
        params.pSharedData = info.data;

        fake.refused = "decrypt:cms";
        assert_int_equal(derive("ec-p256", &params, template, 2, &key), CKR_OK);
        assert_string_equal(fake.purpose, "raw");
        fake.refused = "decrypt:raw";
        assert_int_equal(derive("ec-p256", &params, template, 2, &key), CKR_OK);
        assert_string_equal(fake.purpose, "cms");
        fake.refused = NULL;
        fake.denied = "decrypt:cms"; /* policy changed */
        assert_int_equal(derive("ec-p256", &params, template, 2, &key), CKR_OK);
        assert_string_equal(fake.purpose, "raw");
        fake.denied = NULL;
        fake.refused = "decrypt:raw";
        params.ulSharedDataLen--;
        assert_int_equal(derive("ec-p256", &params, template, 2, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
        assert_string_equal(fake.purpose, "raw");
        fake.refused = NULL;
        OPENSSL_free(point);
        EVP_PKEY_free(peer);
}

static void test_derive_refused(void **state _unused_) {
        static CK_ULONG zero = 0, forty = 40, long_key = 65, z_and_one = 33;
        static CK_KEY_TYPE rsa = CKK_RSA;
        static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
        static unsigned char point[65];
        static const struct {
                CK_ULONG kdf;
                CK_ATTRIBUTE template[3];
                CK_ULONG n;
                CK_RV expected;
        } cases[] = {
                { CKD_SHA256_KDF, { { CKA_KEY_TYPE, &aes, sizeof(aes) } }, 1, CKR_TEMPLATE_INCOMPLETE },
                { CKD_SHA256_KDF, { { CKA_VALUE_LEN, &zero, sizeof(zero) } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_SHA256_KDF, { { CKA_VALUE_LEN, &zero, 4 } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_SHA256_KDF, { { CKA_VALUE_LEN, NULL, 8 } }, 1, CKR_ARGUMENTS_BAD },
                { CKD_SHA256_KDF, { { CKA_VALUE_LEN, &long_key, sizeof(long_key) } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_NULL, { { CKA_VALUE_LEN, &z_and_one, sizeof(z_and_one) } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_SHA256_KDF, { { CKA_KEY_TYPE, &aes, 1 } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_SHA256_KDF,
                  { { CKA_KEY_TYPE, &aes, sizeof(aes) }, { CKA_VALUE_LEN, &forty, sizeof(forty) } },
                  2,
                  CKR_TEMPLATE_INCONSISTENT },
                { CKD_NULL, { { CKA_KEY_TYPE, &rsa, sizeof(rsa) } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
                { CKD_NULL, { { CKA_CLASS, &private_class, sizeof(private_class) } }, 1, CKR_TEMPLATE_INCONSISTENT },
                { CKD_NULL, { { CKA_TOKEN, &yes, sizeof(yes) } }, 1, CKR_TOKEN_WRITE_PROTECTED },
                { CKD_NULL, { { CKA_WRAP_TEMPLATE, &yes, sizeof(yes) } }, 1, CKR_ATTRIBUTE_TYPE_INVALID },
        };
        EVP_PKEY *peer = new_peer("ec-p256");
        CK_ECDH1_DERIVE_PARAMS params = { CKD_NULL, 0, NULL, sizeof(point), point };
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
        CK_OBJECT_HANDLE key = 77;
        unsigned char *encoded;

        assert_int_equal(EVP_PKEY_get1_encoded_public_key(peer, &encoded), sizeof(point));
        memcpy(point, encoded, sizeof(point));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                params.kdf = cases[i].kdf;
                if (derive("ec-p256", &params, (CK_ATTRIBUTE *) cases[i].template, cases[i].n, &key) !=
                    cases[i].expected)
                        fail_msg("case %zu", i);
        }
        params.kdf = CKD_NULL;
        assert_int_equal(derive("ec-p256", &params, NULL, 1, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(derive("ec-p256", &params, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(derive("ec-p384", &params, NULL, 0, &key), CKR_MECHANISM_PARAM_INVALID);
        assert_int_equal(derive("rsa", &params, NULL, 0, &key), CKR_KEY_TYPE_INCONSISTENT);
        assert_int_equal(C_DeriveKey(S, NULL, fake_private("ec-p256"), NULL, 0, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DeriveKey(S, &m, 9999, NULL, 0, &key), CKR_KEY_HANDLE_INVALID);
        assert_int_equal(C_DeriveKey(99, &m, 1, NULL, 0, &key), CKR_SESSION_HANDLE_INVALID);
        /* A pair of numbers that is no point of the curve. */
        point[64] ^= 1;
        assert_int_equal(derive("ec-p256", &params, NULL, 0, &key), CKR_ENCRYPTED_DATA_INVALID);
        ERR_clear_error(); /* of the software key */
        assert_int_equal(key, 77);
        OPENSSL_free(encoded);
        EVP_PKEY_free(peer);
}

/* --- unwrap ------------------------------------------------------------------------------------------- */

/* A session key of that many bytes, and what they are. */
static CK_OBJECT_HANDLE new_kek(CK_ULONG length, CK_BBOOL *unwrap, unsigned char *ret) {
        EVP_PKEY *peer = new_peer("ec-p256");
        CK_ECDH1_DERIVE_PARAMS params = { .kdf = CKD_NULL };
        CK_ATTRIBUTE template[] = {
                { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_VALUE_LEN, &length, sizeof(length) },
                { CKA_UNWRAP, unwrap, sizeof(*unwrap) },
        };
        CK_ATTRIBUTE value = { CKA_VALUE, ret, length };
        CK_OBJECT_HANDLE key = 0;
        unsigned char *point;

        params.ulPublicDataLen = EVP_PKEY_get1_encoded_public_key(peer, &point);
        params.pPublicData = point;
        /* NSS says CKA_WRAP of a key that it unwraps with. */
        if (!unwrap)
                template[2] = (CK_ATTRIBUTE){ CKA_WRAP, &yes, sizeof(yes) };
        assert_int_equal(derive("ec-p256", &params, template, 3, &key), CKR_OK);
        assert_int_equal(object_get(fake_object(key), &value, 1), CKR_OK);
        OPENSSL_free(point);
        EVP_PKEY_free(peer);
        return key;
}

static size_t wrap(const char *cipher, const unsigned char *kek, const unsigned char *iv, const unsigned char *key,
                   size_t n, unsigned char *ret) {
        EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, cipher, NULL);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        int size = 0;

        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        assert_int_equal(EVP_EncryptInit_ex2(ctx, c, kek, iv, NULL), 1);
        assert_int_equal(EVP_EncryptUpdate(ctx, ret, &size, key, (int) n), 1);
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(c);
        return (size_t) size;
}

static void test_unwrap(void **state _unused_) {
        static const struct {
                CK_MECHANISM_TYPE type;
                const char *cipher;
                size_t kek, size;
                unsigned char iv[8];
                CK_ULONG iv_size;
        } cases[] = {
                { CKM_AES_KEY_WRAP, "AES-128-WRAP", 16, 16, {}, 0 },
                { CKM_AES_KEY_WRAP, "AES-192-WRAP", 24, 24, {}, 0 },
                { CKM_AES_KEY_WRAP, "AES-256-WRAP", 32, 32, { 1, 2, 3 }, 8 },
                { NSS_AES_KEY_WRAP, "AES-128-WRAP", 16, 32, {}, 0 },
                { NSS_AES_KEY_WRAP, "AES-256-WRAP", 32, 16, {}, 0 },
                { CKM_AES_KEY_WRAP_PAD, "AES-128-WRAP-PAD", 16, 5, {}, 0 },
                { CKM_AES_KEY_WRAP_PAD, "AES-192-WRAP-PAD", 24, 32, {}, 0 },
                { AES_KEY_WRAP_KWP, "AES-256-WRAP-PAD", 32, 33, { 9, 9, 9, 9 }, 4 },
        };
        static const unsigned char content_key[33] = "abcdefghijklmnopqrstuvwxyz012345";

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned char kek_value[32], wrapped[64];
                const unsigned char *iv = cases[i].iv_size > 0 ? cases[i].iv : NULL;
                CK_OBJECT_HANDLE kek = new_kek(cases[i].kek, NULL, kek_value), key;
                CK_MECHANISM m = { cases[i].type, (void *) iv, cases[i].iv_size };
                CK_ATTRIBUTE template[] = {
                        { CKA_CLASS, &secret_class, sizeof(secret_class) },
                        { CKA_KEY_TYPE, cases[i].size % 8 ? &generic : &aes, sizeof(aes) },
                        { CKA_DECRYPT, &yes, sizeof(yes) },
                };
                size_t n = wrap(cases[i].cipher, kek_value, iv, content_key, cases[i].size, wrapped);

                if (C_UnwrapKey(S, &m, kek, wrapped, n, template, 3, &key) != CKR_OK)
                        fail_msg("case %zu", i);
                assert_value(key, content_key, cases[i].size);

                /* Changed anywhere it is no key. */
                for (size_t at = 0; at < n; at++) {
                        wrapped[at] ^= 0x10;
                        assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, template, 3, &key),
                                         CKR_WRAPPED_KEY_INVALID);
                        wrapped[at] ^= 0x10;
                }
                assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n - 1, template, 3, &key), CKR_WRAPPED_KEY_LEN_RANGE);
                assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, 0, template, 3, &key), CKR_WRAPPED_KEY_LEN_RANGE);
                assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, CK_UNAVAILABLE_INFORMATION & ~7UL, template, 3, &key),
                                 CKR_WRAPPED_KEY_LEN_RANGE);
        }
        assert_int_equal(ERR_peek_error(), 0);
}

static void test_unwrap_refused(void **state _unused_) {
        unsigned char kek_value[32], other[32], wrapped[64], iv[9] = { 0 };
        CK_OBJECT_HANDLE kek = new_kek(16, NULL, kek_value), forbidden = new_kek(16, &no, other), key = 77;
        CK_MECHANISM m = { .mechanism = CKM_AES_KEY_WRAP }, rsa = { .mechanism = CKM_RSA_PKCS };
        CK_ULONG length = 24;
        CK_ATTRIBUTE template[] = {
                { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_VALUE_LEN, &length, sizeof(length) },
        };
        size_t n = wrap("AES-128-WRAP", kek_value, NULL, kek_value, 16, wrapped);

        assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, template, 2, &key), CKR_TEMPLATE_INCONSISTENT);
        assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, template + 1, 1, &key), CKR_TEMPLATE_INCOMPLETE);
        assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, NULL, 1, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_UnwrapKey(S, &m, kek, NULL, n, template, 1, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, template, 1, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_UnwrapKey(S, NULL, kek, wrapped, n, template, 1, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_UnwrapKey(99, &m, kek, wrapped, n, template, 1, &key), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_UnwrapKey(S, &m, 9999, wrapped, n, template, 1, &key), CKR_UNWRAPPING_KEY_HANDLE_INVALID);
        assert_int_equal(C_UnwrapKey(S, &m, forbidden, wrapped, n, template, 1, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
        assert_int_equal(C_UnwrapKey(S, &m, fake_private("rsa"), wrapped, n, template, 1, &key),
                         CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
        /* So that NSS takes C_Decrypt. */
        assert_int_equal(C_UnwrapKey(S, &rsa, fake_private("rsa"), wrapped, n, template, 1, &key),
                         CKR_MECHANISM_INVALID);
        m.pParameter = iv;
        for (m.ulParameterLen = 1; m.ulParameterLen <= 9; m.ulParameterLen++)
                assert_int_equal(C_UnwrapKey(S, &m, kek, wrapped, n, template, 1, &key),
                                 m.ulParameterLen == 8 ? CKR_WRAPPED_KEY_INVALID : CKR_MECHANISM_PARAM_INVALID);
        assert_int_equal(key, 77);
}

/* A session key's value can be hashed. */
static void test_digest_key(void **state _unused_) {
        unsigned char value[32], digest[32], expected[32];
        CK_OBJECT_HANDLE key = new_kek(32, NULL, value);
        CK_MECHANISM m = { .mechanism = CKM_SHA256 };
        CK_ULONG n = sizeof(digest);

        EVP_Digest(value, sizeof(value), expected, NULL, EVP_sha256(), NULL);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestKey(S, key), CKR_OK);
        assert_int_equal(C_DigestFinal(S, digest, &n), CKR_OK);
        assert_memory_equal(digest, expected, 32);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_derive),         cmocka_unit_test(test_derive_rights),
                cmocka_unit_test(test_derive_refused), cmocka_unit_test(test_unwrap),
                cmocka_unit_test(test_unwrap_refused), cmocka_unit_test(test_digest_key),
        };
        int r;

        fake_start();
        fake_session_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_session_stop();
        fake_stop();
        return r;
}
