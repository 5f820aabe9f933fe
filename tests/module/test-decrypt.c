/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decryption with RSA (PKCS#11 2.40 section 5.9): what OpenSSL encrypted comes out, and what nobody encrypted tells
 * nothing. */
#include <openssl/rsa.h>

#include "host.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE key;
static EVP_PKEY *pkey;
static CK_MECHANISM pkcs1 = { CKM_RSA_PKCS, NULL, 0 };
static unsigned char ciphertext[512], plain[512];
static CK_ULONG n;

static void open_session(void) {
        s = host_open();
        key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
}

static int start(void **state) {
        if (host_start(state) != 0)
                return -1;
        open_session();
        pkey = host_public(s, host_partner(s, key, CKO_PUBLIC_KEY));
        n = sizeof(plain);
        return 0;
}

static int stop(void **state) {
        EVP_PKEY_free(pkey);
        return host_stop(state);
}

static size_t encrypt(const void *data, size_t size, const char *oaep, const char *mgf, const char *label) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
        size_t out = sizeof(ciphertext);

        assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
        if (oaep) {
                assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, oaep, NULL) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, mgf, NULL) > 0);
        }
        if (label)
                assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label), (int) strlen(label)) > 0);
        assert_int_equal(EVP_PKEY_encrypt(ctx, ciphertext, &out, data, size), 1);
        EVP_PKEY_CTX_free(ctx);
        return out;
}

static void test_pkcs1(void **state _unused_) {
        static const size_t sizes[] = { 1, 16, 24, 32, 48, 200 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                unsigned char secret[256];
                size_t c;

                memset(secret, 0xc1, sizeof(secret));
                c = encrypt(secret, sizes[i], NULL, NULL, NULL);
                expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
                n = 0;
                expect(p11->C_Decrypt(s, ciphertext, c, NULL, &n), CKR_OK);
                assert_in_range(n, sizes[i], 256);
                if (!host.reference) { /* which wants room for the whole block */
                        n = sizes[i] - 1;
                        expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_BUFFER_TOO_SMALL);
                        assert_in_range(n, sizes[i], 256);
                        n = sizes[i];
                } else
                        n = sizeof(plain);
                memset(plain, 0, sizeof(plain));
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_OK);
                assert_int_equal(n, sizes[i]);
                assert_memory_equal(plain, secret, n);
                assert_int_equal(plain[n], 0);
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_OPERATION_NOT_INITIALIZED);
        }
}

static void test_oaep(void **state _unused_) {
        static const struct {
                const char *name;
                CK_MECHANISM_TYPE hash;
                CK_RSA_PKCS_MGF_TYPE mgf;
                const char *label;
        } table[] = {
                { "SHA1", CKM_SHA_1, CKG_MGF1_SHA1, NULL },
                { "SHA256", CKM_SHA256, CKG_MGF1_SHA256, NULL },
                { "SHA384", CKM_SHA384, CKG_MGF1_SHA384, NULL },
                { "SHA512", CKM_SHA512, CKG_MGF1_SHA512, "a label" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CK_RSA_PKCS_OAEP_PARAMS p = { table[i].hash, table[i].mgf, CKZ_DATA_SPECIFIED, (void *) table[i].label,
                                              table[i].label ? strlen(table[i].label) : 0 };
                CK_MECHANISM m = { CKM_RSA_PKCS_OAEP, &p, sizeof(p) };
                size_t c;

                if (host.reference && i > 0)
                        break; /* SHA-1 alone */
                c = encrypt("sixteen octets..", 16, table[i].name, table[i].name, table[i].label);
                expect(p11->C_DecryptInit(s, &m, key), CKR_OK);
                n = sizeof(plain);
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_OK);
                assert_int_equal(n, 16);
                assert_memory_equal(plain, "sixteen octets..", 16);

                ciphertext[20] ^= 1;
                expect(p11->C_DecryptInit(s, &m, key), CKR_OK);
                n = sizeof(plain);
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_ENCRYPTED_DATA_INVALID,
                       host.reference ? CKR_GENERAL_ERROR : CKR_ENCRYPTED_DATA_INVALID);
        }
}

static void test_oaep_parameters(void **state _unused_) {
        CK_RSA_PKCS_OAEP_PARAMS bad[] = {
                { 0, 0, 0, NULL, 0 },
                { CKM_SHA256, 77, CKZ_DATA_SPECIFIED, NULL, 0 },
                { CKM_RSA_PKCS, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0 },
                { CKM_SHA256, CKG_MGF1_SHA256, 7, NULL, 0 },
                { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 5 },
                { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, WILD, (CK_ULONG) -1 },
                { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, WILD, 1UL << 40 },
        };
        CK_RSA_PKCS_OAEP_PARAMS good = { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0 };
        CK_MECHANISM m;

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                m = (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, &bad[i], sizeof(bad[i]) };
                print_message("OAEP %zu\n", i);
                expect(p11->C_DecryptInit(s, &m, key), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
        }
        for (CK_ULONG size = 0; size < 96; size++) {
                m = (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, size ? &good : NULL, size };
                if (size != sizeof(good))
                        expect(p11->C_DecryptInit(s, &m, key), CKR_MECHANISM_PARAM_INVALID);
        }
        for (size_t i = 0; i < n_absurd_lengths; i++) {
                m = (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, &good, absurd_lengths[i] };
                expect(p11->C_DecryptInit(s, &m, key), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
        }
        expect(p11->C_Decrypt(s, ciphertext, 256, plain, &n), CKR_OPERATION_NOT_INITIALIZED);
}

/* A padding that is wrong gives bytes, no error, and for the same ciphertext the same ones. */
static void test_no_oracle(void **state _unused_) {
        unsigned char first[256];
        CK_ULONG first_n = 0;
        size_t c;

        if (host.reference)
                skip();
        c = encrypt("sixteen octets..", 16, NULL, NULL, NULL);
        ciphertext[100] ^= 0x55;
        for (int i = 0; i < 3; i++) {
                expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
                n = sizeof(plain);
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_OK);
                if (i == 0) {
                        first_n = n;
                        memcpy(first, plain, n);
                }
                assert_int_equal(n, first_n);
                assert_memory_equal(plain, first, n);
        }
}

static void test_data(void **state _unused_) {
        static const CK_ULONG wrong[] = { 0, 1, 255, 257, 512, 1UL << 40, (CK_ULONG) -1 };
        size_t c = encrypt("x", 1, NULL, NULL, NULL);

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                if (host.reference)
                        break; /* it has CKR_GENERAL_ERROR for all of it */
                expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
                n = sizeof(plain);
                expect(p11->C_Decrypt(s, ciphertext, wrong[i], plain, &n), CKR_ENCRYPTED_DATA_LEN_RANGE,
                       wrong[i] > 512 || wrong[i] == 0 ? CKR_ARGUMENTS_BAD : CKR_ENCRYPTED_DATA_LEN_RANGE);
                expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_OPERATION_NOT_INITIALIZED);
        }
        memset(ciphertext, 0xff, sizeof(ciphertext)); /* above any modulus */
        expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
        n = sizeof(plain);
        expect(p11->C_Decrypt(s, ciphertext, c, plain, &n), CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
               CKR_OK, host.reference ? CKR_GENERAL_ERROR : CKR_OK);
}

static void test_order(void **state _unused_) {
        CK_OBJECT_HANDLE ec = host_key(s, CKO_PRIVATE_KEY, CKK_EC);
        CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        size_t c = encrypt("x", 1, NULL, NULL, NULL);

        expect(p11->C_DecryptInit(s, &m, key), CKR_MECHANISM_INVALID);
        expect(p11->C_DecryptInit(s, &pkcs1, ec), CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED);
        for (size_t i = 0; i < n_strange_handles; i++)
                expect(p11->C_DecryptInit(s, &pkcs1, strange_handles[i]), CKR_KEY_HANDLE_INVALID,
                       host.reference ? CKR_OBJECT_HANDLE_INVALID : CKR_KEY_HANDLE_INVALID);
        expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
        expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OPERATION_ACTIVE);
        expect(p11->C_Decrypt(s, ciphertext, c, plain, NULL), CKR_ARGUMENTS_BAD);
        host_close(s);
        open_session();
        expect(p11->C_DecryptInit(s, &pkcs1, key), CKR_OK);
        expect(p11->C_Decrypt(s, NULL, c, plain, &n), CKR_ARGUMENTS_BAD);
        host_close(s);
        open_session();
        expect(p11->C_DecryptUpdate(s, ciphertext, c, plain, &n), CKR_OPERATION_NOT_INITIALIZED,
               CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_DecryptFinal(s, plain, &n), CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED);
}

int test_decrypt(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_pkcs1, start, stop),
                cmocka_unit_test_setup_teardown(test_oaep, start, stop),
                cmocka_unit_test_setup_teardown(test_oaep_parameters, start, stop),
                cmocka_unit_test_setup_teardown(test_no_oracle, start, stop),
                cmocka_unit_test_setup_teardown(test_data, start, stop),
                cmocka_unit_test_setup_teardown(test_order, start, stop),
        };
        return cmocka_run_group_tests_name("decrypt", tests, NULL, NULL);
}
