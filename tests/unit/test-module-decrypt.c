/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decryption by the PKCS#11 module, and its digests and random numbers: states, room, purposes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "fake-session.h"

#define S 1 /* the session */

/* --- decrypting --------------------------------------------------------------------------------------- */

static unsigned char content_key[32] = "0123456789abcdef0123456789abcde", any_text[100] = "more than a content key";

/* With PKCS#1 v1.5, or OAEP over these. */
static size_t encrypt(const void *text, size_t n, const char *hash, const char *mgf_hash, const char *label,
                      unsigned char *ret) {
        EVP_PKEY *key = fake_public("rsa");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
        size_t size = 256;

        assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
        if (hash) {
                assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, mgf_hash, NULL) > 0);
                if (label)
                        assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label), (int) strlen(label)) >
                                    0);
        }
        assert_int_equal(EVP_PKEY_encrypt(ctx, ret, &size, text, n), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(key);
        return size;
}

static void decrypt_init(CK_RSA_PKCS_OAEP_PARAMS *oaep) {
        CK_MECHANISM m = { .mechanism = oaep ? CKM_RSA_PKCS_OAEP : CKM_RSA_PKCS };

        if (oaep) {
                m.pParameter = oaep;
                m.ulParameterLen = sizeof(*oaep);
        }
        assert_int_equal(C_DecryptInit(S, &m, fake_private("rsa")), CKR_OK);
}

static void test_decrypt(void **state _unused_) {
        static char label[] = "a";
        static const struct {
                const char *hash, *mgf_hash, *label;
                CK_RSA_PKCS_OAEP_PARAMS params;
                size_t max;
        } cases[] = {
                { NULL, NULL, NULL, {}, 245 },
                { "SHA1", "SHA1", NULL, { CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 }, 214 },
                { "SHA224", "SHA1", NULL, { CKM_SHA224, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 }, 198 },
                { "SHA256", "SHA256", "a", { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, 1 }, 190 },
                { "SHA384", "SHA384", NULL, { CKM_SHA384, CKG_MGF1_SHA384, 0, NULL, 0 }, 158 },
                { "SHA512", "SHA512", NULL, { CKM_SHA512, CKG_MGF1_SHA512, CKZ_DATA_SPECIFIED, NULL, 0 }, 126 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_RSA_PKCS_OAEP_PARAMS params = cases[i].params;
                unsigned char ciphertext[256], text[256];
                CK_ULONG n = 0;

                encrypt(any_text, sizeof(any_text), cases[i].hash, cases[i].mgf_hash, cases[i].label, ciphertext);
                decrypt_init(cases[i].hash ? &params : NULL);
                memset(&params, 0xff, sizeof(params)); /* the host may forget them */
                assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), NULL, &n), CKR_OK);
                assert_int_equal(n, cases[i].max);
                assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_OK);
                assert_int_equal(n, sizeof(any_text));
                assert_memory_equal(text, any_text, n);
                assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_OPERATION_NOT_INITIALIZED);
        }
        assert_int_equal(ERR_peek_error(), 0);
}

/* The right to any plaintext is used where there is one; a content key is asked for else. */
static void test_purpose(void **state _unused_) {
        static const struct {
                const char *refused, *expected;
                unsigned char *text;
                size_t size;
                unsigned int asked;
                CK_RV rv;
        } cases[] = {
                { NULL, "raw", any_text, sizeof(any_text), 1, CKR_OK },
                { NULL, "raw", content_key, sizeof(content_key), 1, CKR_OK },
                { "decrypt:raw", "cms", content_key, sizeof(content_key), 1, CKR_OK },
                { "decrypt:raw", "cms", any_text, sizeof(any_text), 1, CKR_ENCRYPTED_DATA_INVALID },
                { "decrypt:cms", "raw", content_key, sizeof(content_key), 1, CKR_OK },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned char ciphertext[256], text[256];
                unsigned int before = fake.operations;
                CK_ULONG n = sizeof(text);
                CK_RV rv;

                encrypt(cases[i].text, cases[i].size, NULL, NULL, NULL, ciphertext);
                decrypt_init(NULL);
                fake.refused = cases[i].refused;
                rv = C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n);
                fake.refused = NULL;
                assert_int_equal(rv, cases[i].rv);
                assert_string_equal(fake.purpose, cases[i].expected);
                assert_int_equal(fake.operations, before + cases[i].asked);
        }
}

/* Policy changed since the key was found: the other right may do. */
static void test_purpose_changed(void **state _unused_) {
        unsigned char ciphertext[256], text[256];
        unsigned int before = fake.operations;
        CK_ULONG n = sizeof(text);

        encrypt(content_key, sizeof(content_key), NULL, NULL, NULL, ciphertext);
        decrypt_init(NULL);
        fake.denied = "decrypt:raw";
        assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_OK);
        fake.denied = NULL;
        assert_string_equal(fake.purpose, "cms");
        assert_int_equal(fake.operations, before + 2);
        assert_int_equal(n, sizeof(content_key));
        assert_memory_equal(text, content_key, n);
}

/* A host that gives less room than the modulus takes, again and again, costs one decryption. */
static void test_decrypt_room(void **state _unused_) {
        unsigned char ciphertext[256], other[256], text[256];
        unsigned int before;
        CK_ULONG n = 31;

        encrypt(content_key, sizeof(content_key), NULL, NULL, NULL, ciphertext);
        encrypt(any_text, sizeof(any_text), NULL, NULL, NULL, other);
        decrypt_init(NULL);
        before = fake.operations;
        assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, 32);
        n = 0;
        assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(fake.operations, before + 1);
        /* Another ciphertext meanwhile is another matter. */
        assert_int_equal(C_Decrypt(S, other, sizeof(other), text, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, sizeof(any_text));
        assert_int_equal(fake.operations, before + 2);
        assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_OK);
        assert_int_equal(n, 32);
        assert_memory_equal(text, content_key, 32);
        assert_int_equal(fake.operations, before + 3);

        /* Nothing at all is a plaintext, too. */
        encrypt("", 0, NULL, NULL, NULL, ciphertext);
        decrypt_init(NULL);
        n = 0;
        assert_int_equal(C_Decrypt(S, ciphertext, sizeof(ciphertext), text, &n), CKR_OK);
        assert_int_equal(n, 0);
}

static void test_decrypt_states(void **state _unused_) {
        unsigned char ciphertext[257] = { 0 }, text[256];
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS };
        unsigned int before = fake.operations;
        CK_ULONG n = sizeof(text);

        assert_int_equal(C_Decrypt(S, ciphertext, 256, text, &n), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DecryptUpdate(S, ciphertext, 256, text, &n), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DecryptFinal(S, text, &n), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DecryptInit(S, NULL, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DecryptInit(S, &m, fake_private("ec-p256")), CKR_KEY_TYPE_INCONSISTENT);
        assert_int_equal(C_DecryptInit(S, &m, 9999), CKR_KEY_HANDLE_INVALID);
        decrypt_init(NULL);
        assert_int_equal(C_DecryptInit(S, &m, fake_private("rsa")), CKR_OPERATION_ACTIVE);
        assert_int_equal(C_DecryptInit(S, NULL, 0), CKR_OK);

        /* Each of these ends it. */
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, ciphertext, 255, text, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, ciphertext, 257, text, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, ciphertext, CK_UNAVAILABLE_INFORMATION, text, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, NULL, 256, text, &n), CKR_ARGUMENTS_BAD);
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, ciphertext, 256, text, NULL), CKR_ARGUMENTS_BAD);
        decrypt_init(NULL);
        assert_int_equal(C_DecryptUpdate(S, ciphertext, 256, text, &n), CKR_FUNCTION_NOT_SUPPORTED);
        decrypt_init(NULL);
        assert_int_equal(C_DecryptFinal(S, text, &n), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(fake.operations, before);

        fake.refused = "decrypt:raw";
        encrypt(any_text, sizeof(any_text), NULL, NULL, NULL, ciphertext);
        decrypt_init(NULL);
        assert_int_equal(C_Decrypt(S, ciphertext, 256, text, &n), CKR_ENCRYPTED_DATA_INVALID);
        assert_int_equal(C_Decrypt(S, ciphertext, 256, text, &n), CKR_OPERATION_NOT_INITIALIZED);
        fake.refused = NULL;
}

/* --- digests ------------------------------------------------------------------------------------------ */

static void test_digest(void **state _unused_) {
        static const struct {
                CK_MECHANISM_TYPE type;
                Hash hash;
        } cases[] = {
                { CKM_SHA_1, HASH_SHA1 },    { CKM_SHA224, HASH_SHA224 }, { CKM_SHA256, HASH_SHA256 },
                { CKM_SHA384, HASH_SHA384 }, { CKM_SHA512, HASH_SHA512 },
        };
        unsigned char digest[64], expected[64];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_MECHANISM m = { .mechanism = cases[i].type };
                CK_ULONG n = 0, size = hash_size(cases[i].hash);

                EVP_Digest("words", 5, expected, NULL, hash_to_md(cases[i].hash), NULL);
                assert_int_equal(C_DigestInit(S, &m), CKR_OK);
                assert_int_equal(C_DigestInit(S, &m), CKR_OPERATION_ACTIVE);
                assert_int_equal(C_Digest(S, (CK_BYTE *) "words", 5, NULL, &n), CKR_OK);
                assert_int_equal(n, size);
                n = size - 1;
                assert_int_equal(C_Digest(S, (CK_BYTE *) "words", 5, digest, &n), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(n, size);
                assert_int_equal(C_Digest(S, (CK_BYTE *) "words", 5, digest, &n), CKR_OK);
                assert_memory_equal(digest, expected, size);

                assert_int_equal(C_DigestInit(S, &m), CKR_OK);
                assert_int_equal(C_DigestUpdate(S, (CK_BYTE *) "wor", 3), CKR_OK);
                assert_int_equal(C_Digest(S, (CK_BYTE *) "ds", 2, digest, &n), CKR_OPERATION_ACTIVE);
                assert_int_equal(C_DigestUpdate(S, NULL, 0), CKR_OK);
                assert_int_equal(C_DigestUpdate(S, (CK_BYTE *) "ds", 2), CKR_OK);
                n = 0;
                assert_int_equal(C_DigestFinal(S, digest, &n), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(C_DigestFinal(S, digest, &n), CKR_OK);
                assert_memory_equal(digest, expected, size);
                assert_int_equal(C_DigestFinal(S, digest, &n), CKR_OPERATION_NOT_INITIALIZED);
        }
}

static void test_digest_states(void **state _unused_) {
        CK_MECHANISM m = { .mechanism = CKM_SHA256 }, md5 = { .mechanism = CKM_MD5 };
        unsigned char digest[64];
        CK_ULONG n = sizeof(digest);

        assert_int_equal(C_DigestInit(S, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DigestInit(S, &md5), CKR_MECHANISM_INVALID);
        assert_int_equal(C_Digest(S, digest, 1, digest, &n), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DigestUpdate(S, digest, 1), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DigestKey(S, 1), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DigestFinal(S, digest, &n), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_DigestInit(99, &m), CKR_SESSION_HANDLE_INVALID);

        /* Each of these ends it. */
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestInit(S, NULL), CKR_OK);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_Digest(S, NULL, 1, digest, &n), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_Digest(S, digest, 1, digest, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestUpdate(S, NULL, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestFinal(S, digest, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestKey(S, fake_private("rsa")), CKR_KEY_INDIGESTIBLE);
        assert_int_equal(C_DigestInit(S, &m), CKR_OK);
        assert_int_equal(C_DigestKey(S, 9999), CKR_KEY_HANDLE_INVALID);
        assert_int_equal(C_DigestFinal(S, digest, &n), CKR_OPERATION_NOT_INITIALIZED);
}

/* --- random numbers ----------------------------------------------------------------------------------- */

static void test_random(void **state _unused_) {
        static unsigned char random[200000], zeros[64];

        assert_int_equal(C_SeedRandom(S, random, 5), CKR_RANDOM_SEED_NOT_SUPPORTED);
        assert_int_equal(C_SeedRandom(99, random, 5), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_GenerateRandom(99, random, 5), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_GenerateRandom(S, NULL, 5), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GenerateRandom(S, random, CK_UNAVAILABLE_INFORMATION), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GenerateRandom(S, NULL, 0), CKR_OK);
        assert_int_equal(C_GenerateRandom(S, random, sizeof(random) - 1), CKR_OK);
        for (size_t at = 0; at + 64 < sizeof(random); at += 64)
                assert_memory_not_equal(random + at, zeros, 64);
        assert_int_equal(random[sizeof(random) - 1], 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decrypt),         cmocka_unit_test(test_purpose),
                cmocka_unit_test(test_purpose_changed), cmocka_unit_test(test_decrypt_room),
                cmocka_unit_test(test_decrypt_states),  cmocka_unit_test(test_digest),
                cmocka_unit_test(test_digest_states),   cmocka_unit_test(test_random),
        };
        int r;

        fake_start();
        fake_session_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_session_stop();
        fake_stop();
        return r;
}
