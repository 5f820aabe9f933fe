/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ECDH, and the secret keys that come of it: derived, looked at, used to unwrap, gone with their session (PKCS#11 2.40
 * sections 4.4, 5.13; ECDH and AES key wrap mechanisms). OpenSSL computes the same from the other side. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "host.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE key;
static EVP_PKEY *pkey, *peer;
static unsigned char point[256], shared[64];
static size_t point_size, shared_size;

static int start(void **state) {
        EVP_PKEY_CTX *ctx;

        if (host_start(state) != 0)
                return -1;
        s = host_open();
        key = host_key(s, CKO_PRIVATE_KEY, CKK_EC);
        pkey = host_public(s, host_partner(s, key, CKO_PUBLIC_KEY));
        peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        assert_int_equal(
                EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &point_size), 1);
        shared_size = sizeof(shared);
        ctx = EVP_PKEY_CTX_new(peer, NULL);
        assert_true(EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, pkey) > 0 &&
                    EVP_PKEY_derive(ctx, shared, &shared_size) > 0);
        EVP_PKEY_CTX_free(ctx);
        return 0;
}

static int stop(void **state) {
        EVP_PKEY_free(pkey);
        EVP_PKEY_free(peer);
        return host_stop(state);
}

static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_BBOOL no = CK_FALSE, yes = CK_TRUE;

static void x963(const char *hash, const void *info, size_t info_size, unsigned char *ret, size_t size) {
        EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
        EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) hash, 0),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared, shared_size),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) info, info_size),
                OSSL_PARAM_construct_end(),
        };

        assert_int_equal(EVP_KDF_derive(ctx, ret, size, params), 1);
        EVP_KDF_CTX_free(ctx);
        EVP_KDF_free(kdf);
}

static void test_shared_secret(void **state _unused_) {
        CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, point_size, point };
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
        CK_ULONG length = 32;
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_key, sizeof(secret_key) },
                { CKA_KEY_TYPE, &generic, sizeof(generic) },
                { CKA_TOKEN, &no, 1 },
                { CKA_SENSITIVE, &no, 1 },
                { CKA_EXTRACTABLE, &yes, 1 },
                { CKA_VALUE_LEN, &length, sizeof(length) },
        };
        CK_OBJECT_HANDLE secret = 0;
        unsigned char value[64], wrapped[64];

        expect(p11->C_DeriveKey(s, &m, key, template, 6, &secret), CKR_OK);
        assert_int_not_equal(secret, 0);
        assert_int_equal(host_attribute(s, secret, CKA_VALUE, value, sizeof(value)), 32);
        assert_memory_equal(value, shared, 32);
        assert_int_equal(host_ulong(s, secret, CKA_CLASS), CKO_SECRET_KEY);
        expect(p11->C_DestroyObject(s, secret), CKR_OK);
        expect(p11->C_DestroyObject(s, secret), CKR_OBJECT_HANDLE_INVALID);

        /* The peer's point in an OCTET STRING, as PKCS#11 3.0 allows as well. */
        wrapped[0] = 0x04;
        wrapped[1] = (unsigned char) point_size;
        memcpy(wrapped + 2, point, MIN(point_size, 62U));
        if (point_size + 2 > sizeof(wrapped)) {
                unsigned char more[256] = { 0x04, (unsigned char) point_size };

                memcpy(more + 2, point, point_size);
                p.pPublicData = more;
                p.ulPublicDataLen = point_size + 2;
                expect(p11->C_DeriveKey(s, &m, key, template, 6, &secret), CKR_OK);
                assert_int_equal(host_attribute(s, secret, CKA_VALUE, value, sizeof(value)), 32);
                assert_memory_equal(value, shared, 32);
        }
}

static void test_kdfs(void **state _unused_) {
        static const struct {
                CK_ULONG kdf;
                const char *hash;
        } table[] = { { CKD_SHA1_KDF, "SHA1" },
                      { CKD_SHA224_KDF, "SHA224" },
                      { CKD_SHA256_KDF, "SHA256" },
                      { CKD_SHA384_KDF, "SHA384" },
                      { CKD_SHA512_KDF, "SHA512" } };
        unsigned char info[] = "shared info", value[64], wanted[64];

        if (host.reference)
                skip(); /* CKD_NULL alone */
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                for (CK_ULONG length = 16; length <= 32; length += 8) {
                        CK_ECDH1_DERIVE_PARAMS p = { table[i].kdf, sizeof(info) - 1, info, point_size, point };
                        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
                        CK_ATTRIBUTE template[] = {
                                { CKA_CLASS, &secret_key, sizeof(secret_key) },
                                { CKA_KEY_TYPE, &aes, sizeof(aes) },
                                { CKA_VALUE_LEN, &length, sizeof(length) },
                                { CKA_EXTRACTABLE, &yes, 1 },
                                { CKA_SENSITIVE, &no, 1 },
                        };
                        CK_OBJECT_HANDLE secret = 0;

                        print_message("%s %lu\n", table[i].hash, length);
                        expect(p11->C_DeriveKey(s, &m, key, template, 5, &secret), CKR_OK);
                        assert_int_equal(host_attribute(s, secret, CKA_VALUE, value, sizeof(value)), length);
                        x963(table[i].hash, info, sizeof(info) - 1, wanted, length);
                        assert_memory_equal(value, wanted, length);
                        assert_int_equal(host_ulong(s, secret, CKA_VALUE_LEN), length);
                }
}

static void test_unwrap(void **state _unused_) {
        unsigned char kek[16], content[32], wrapped[64], value[64];
        CK_ECDH1_DERIVE_PARAMS p = { CKD_SHA256_KDF, 0, NULL, point_size, point };
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) }, wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
        CK_ULONG length = 16;
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &secret_key, sizeof(secret_key) }, { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_VALUE_LEN, &length, sizeof(length) },     { CKA_UNWRAP, &yes, 1 },
        }, content_template[] = {
                { CKA_CLASS, &secret_key, sizeof(secret_key) }, { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_EXTRACTABLE, &yes, 1 },                   { CKA_SENSITIVE, &no, 1 },
        };
        CK_OBJECT_HANDLE secret, unwrapped = 0;
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        int n = 0;

        if (host.reference)
                skip();
        x963("SHA256", "", 0, kek, sizeof(kek));
        memset(content, 0x77, sizeof(content));
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_wrap(), NULL, kek, NULL), 1);
        assert_int_equal(EVP_EncryptUpdate(ctx, wrapped, &n, content, sizeof(content)), 1);
        EVP_CIPHER_CTX_free(ctx);

        expect(p11->C_DeriveKey(s, &m, key, template, 4, &secret), CKR_OK);
        expect(p11->C_UnwrapKey(s, &wrap, secret, wrapped, (CK_ULONG) n, content_template, 4, &unwrapped), CKR_OK);
        assert_int_equal(host_attribute(s, unwrapped, CKA_VALUE, value, sizeof(value)), sizeof(content));
        assert_memory_equal(value, content, sizeof(content));

        wrapped[3] ^= 1;
        expect(p11->C_UnwrapKey(s, &wrap, secret, wrapped, (CK_ULONG) n, content_template, 4, &unwrapped),
               CKR_WRAPPED_KEY_INVALID);
        expect(p11->C_UnwrapKey(s, &wrap, secret, wrapped, 7, content_template, 4, &unwrapped),
               CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID);
        expect(p11->C_UnwrapKey(s, &wrap, secret, NULL, 40, content_template, 4, &unwrapped), CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < n_absurd_lengths; i++)
                expect(p11->C_UnwrapKey(s, &wrap, secret, WILD, absurd_lengths[i], content_template, 4, &unwrapped),
                       CKR_WRAPPED_KEY_LEN_RANGE, CKR_ARGUMENTS_BAD);
        expect(p11->C_UnwrapKey(s, &wrap, key, wrapped, (CK_ULONG) n, content_template, 4, &unwrapped),
               CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_KEY_TYPE_INCONSISTENT,
               CKR_UNWRAPPING_KEY_HANDLE_INVALID);
        expect(p11->C_UnwrapKey(s, &wrap, 0x7777, wrapped, (CK_ULONG) n, content_template, 4, &unwrapped),
               CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID);
        expect(p11->C_UnwrapKey(s, &wrap, secret, wrapped, (CK_ULONG) n, content_template, 4, NULL), CKR_ARGUMENTS_BAD);
}

static void test_parameters(void **state _unused_) {
        CK_ECDH1_DERIVE_PARAMS good = { CKD_NULL, 0, NULL, point_size, point }, bad[] = {
                { 77, 0, NULL, point_size, point },
                { CKD_NULL, 4, point, point_size, point }, /* no shared data without a KDF */
                { CKD_NULL, 4, NULL, point_size, point },
                { CKD_NULL, 0, NULL, 0, NULL },
                { CKD_NULL, 0, NULL, point_size, NULL },
                { CKD_NULL, 0, NULL, 4, point },
                { CKD_NULL, 0, NULL, point_size - 1, point },
                { CKD_NULL, 0, NULL, (CK_ULONG) -1, point },
                { CKD_NULL, 0, NULL, 1UL << 40, point },
                { CKD_SHA256_KDF, (CK_ULONG) -1, WILD, point_size, point },
                { CKD_SHA256_KDF, 1UL << 40, WILD, point_size, point },
        };
        unsigned char outside[65] = { 0x04 };
        CK_ATTRIBUTE template[] = { { CKA_CLASS, &secret_key, sizeof(secret_key) },
                                    { CKA_KEY_TYPE, &generic, sizeof(generic) } };
        CK_OBJECT_HANDLE secret = 0;
        CK_MECHANISM m;

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                m = (CK_MECHANISM){ CKM_ECDH1_DERIVE, &bad[i], sizeof(bad[i]) };
                print_message("ECDH %zu\n", i);
                expect(p11->C_DeriveKey(s, &m, key, template, 2, &secret), CKR_MECHANISM_PARAM_INVALID,
                       CKR_ARGUMENTS_BAD);
        }
        memset(outside + 1, 0x11, sizeof(outside) - 1); /* not on the curve */
        good.pPublicData = outside;
        m = (CK_MECHANISM){ CKM_ECDH1_DERIVE, &good, sizeof(good) };
        expect(p11->C_DeriveKey(s, &m, key, template, 2, &secret), CKR_MECHANISM_PARAM_INVALID, CKR_FUNCTION_FAILED,
               CKR_DATA_INVALID);
        for (CK_ULONG size = 0; size < 80; size++) {
                m = (CK_MECHANISM){ CKM_ECDH1_DERIVE, size ? &good : NULL, size };
                if (size != sizeof(good))
                        expect(p11->C_DeriveKey(s, &m, key, template, 2, &secret), CKR_MECHANISM_PARAM_INVALID);
        }
        assert_int_equal(secret, 0);
}

static void test_templates(void **state _unused_) {
        CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, point_size, point };
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
        CK_ATTRIBUTE inner = { CKA_LABEL, WILD, (CK_ULONG) -1 };
        CK_OBJECT_CLASS private = CKO_PRIVATE_KEY;
        CK_ULONG huge = (CK_ULONG) -1, zero = 0, long_ = 1UL << 40, more = 4096;
        CK_KEY_TYPE rsa = CKK_RSA;
        CK_ATTRIBUTE table[] = {
                { CKA_CLASS, &private, sizeof(private) },
                { CKA_CLASS, &private, 1 },
                { CKA_KEY_TYPE, &rsa, sizeof(rsa) },
                { CKA_TOKEN, &yes, 1 },
                { CKA_VALUE_LEN, &huge, sizeof(huge) },
                { CKA_VALUE_LEN, &long_, sizeof(long_) },
                { CKA_VALUE_LEN, &more, sizeof(more) },
                { CKA_VALUE_LEN, &zero, sizeof(zero) },
                { CKA_VALUE_LEN, &more, 2 },
                { CKA_LABEL, WILD, (CK_ULONG) -1 },
                { CKA_LABEL, NULL, 4 },
                { CKA_LABEL, WILD, 1UL << 40 },
                { CKA_UNWRAP_TEMPLATE, &inner, sizeof(inner) },
                { CKA_WRAP_TEMPLATE, &inner, 3 },
                { CKA_MODULUS, &huge, sizeof(huge) },
                { CKA_VENDOR_DEFINED, &huge, sizeof(huge) },
                { CKA_ALWAYS_SENSITIVE, &yes, 1 },
                { CKA_SENSITIVE, &huge, sizeof(huge) },
        };
        CK_OBJECT_HANDLE secret = 0, found[8];
        CK_ATTRIBUTE class = { CKA_CLASS, &secret_key, sizeof(secret_key) };

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                print_message("template %zu\n", i);
                expect(p11->C_DeriveKey(s, &m, key, &table[i], 1, &secret), CKR_TEMPLATE_INCONSISTENT,
                       CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY,
                       CKR_ARGUMENTS_BAD, CKR_SESSION_READ_ONLY, CKR_KEY_SIZE_RANGE, CKR_TOKEN_WRITE_PROTECTED);
        }
        expect(p11->C_DeriveKey(s, &m, key, NULL, 3, &secret), CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < n_absurd_lengths; i++)
                expect(p11->C_DeriveKey(s, &m, key, &class, absurd_lengths[i], &secret), CKR_ARGUMENTS_BAD);
        assert_int_equal(host_find(s, &class, 1, found, 8), 0); /* nothing was left behind */
}

/* Session objects are seen by the sessions of the slot and go with the one that made them (section 4.4). */
static void test_life(void **state _unused_) {
        CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, point_size, point };
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
        CK_ULONG length = 32;
        CK_ATTRIBUTE class = { CKA_CLASS, &secret_key, sizeof(secret_key) }, template[] = {
                class,
                { CKA_KEY_TYPE, &generic, sizeof(generic) },
                { CKA_VALUE_LEN, &length, sizeof(length) },
                { CKA_SENSITIVE, &yes, 1 },
                { CKA_EXTRACTABLE, &no, 1 },
        };
        CK_SESSION_HANDLE maker = host_open();
        CK_OBJECT_HANDLE secret = 0, found[8];
        unsigned char value[64];
        CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };

        expect(p11->C_DeriveKey(maker, &m, key, template, 5, &secret), CKR_OK);
        assert_int_equal(host_find(s, &class, 1, found, 8), 1);
        assert_int_equal(found[0], secret);
        expect(p11->C_GetAttributeValue(s, secret, &a, 1), CKR_ATTRIBUTE_SENSITIVE);
        host_close(maker);
        assert_int_equal(host_find(s, &class, 1, found, 8), 0);
        expect(p11->C_GetAttributeValue(s, secret, &a, 1), CKR_OBJECT_HANDLE_INVALID);
}

int test_derive(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_shared_secret, start, stop),
                cmocka_unit_test_setup_teardown(test_kdfs, start, stop),
                cmocka_unit_test_setup_teardown(test_unwrap, start, stop),
                cmocka_unit_test_setup_teardown(test_parameters, start, stop),
                cmocka_unit_test_setup_teardown(test_templates, start, stop),
                cmocka_unit_test_setup_teardown(test_life, start, stop),
        };
        return cmocka_run_group_tests_name("derive", tests, NULL, NULL);
}
