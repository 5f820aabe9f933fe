/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests and random numbers (PKCS#11 2.40 sections 5.10 and 5.15). */
#include "host.h"

static const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
} hashes[] = {
        { CKM_SHA_1, "SHA1" },    { CKM_SHA224, "SHA224" }, { CKM_SHA256, "SHA256" },
        { CKM_SHA384, "SHA384" }, { CKM_SHA512, "SHA512" },
};

static unsigned char data[70000], out[128], wanted[EVP_MAX_MD_SIZE];

static void test_hashes(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        unsigned int size;
        CK_ULONG n;

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (unsigned char) (i * 13);
        for (size_t i = 0; i < ELEMENTSOF(hashes); i++) {
                CK_MECHANISM m = { hashes[i].type, NULL, 0 };

                print_message("%s\n", hashes[i].name);
                EVP_Digest(data, sizeof(data), wanted, &size, EVP_get_digestbyname(hashes[i].name), NULL);

                expect(p11->C_DigestInit(s, &m), CKR_OK);
                expect(p11->C_DigestInit(s, &m), CKR_OPERATION_ACTIVE);
                n = 0;
                expect(p11->C_Digest(s, data, sizeof(data), NULL, &n), CKR_OK);
                assert_int_equal(n, size);
                n = size - 1;
                expect(p11->C_Digest(s, data, sizeof(data), out, &n), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(n, size);
                expect(p11->C_Digest(s, data, sizeof(data), out, &n), CKR_OK);
                assert_memory_equal(out, wanted, size);
                expect(p11->C_Digest(s, data, sizeof(data), out, &n), CKR_OPERATION_NOT_INITIALIZED);

                expect(p11->C_DigestInit(s, &m), CKR_OK);
                expect(p11->C_DigestUpdate(s, data, 0), CKR_OK);
                expect(p11->C_DigestUpdate(s, data, 1), CKR_OK);
                expect(p11->C_DigestUpdate(s, data + 1, sizeof(data) - 1), CKR_OK);
                n = 0;
                expect(p11->C_DigestFinal(s, NULL, &n), CKR_OK);
                assert_int_equal(n, size);
                n = 3;
                expect(p11->C_DigestFinal(s, out, &n), CKR_BUFFER_TOO_SMALL);
                n = sizeof(out);
                expect(p11->C_DigestFinal(s, out, &n), CKR_OK);
                assert_int_equal(n, size);
                assert_memory_equal(out, wanted, size);
                expect(p11->C_DigestFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
        }
        host_close(s);
}

static void test_refusals(void **state _unused_) {
        static const CK_MECHANISM_TYPE wrong[] = { CKM_RSA_PKCS, 0xffffUL, CKM_ECDSA, (CK_MECHANISM_TYPE) -1 };
        CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 }, m;
        CK_SESSION_HANDLE s = host_open();
        CK_ULONG n = sizeof(out);

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                m = (CK_MECHANISM){ wrong[i], NULL, 0 };
                expect(p11->C_DigestInit(s, &m), CKR_MECHANISM_INVALID);
        }
        if (!host.reference) {
                m = (CK_MECHANISM){ CKM_SHA256, data, 4 };
                expect(p11->C_DigestInit(s, &m), CKR_MECHANISM_PARAM_INVALID);
                m = (CK_MECHANISM){ CKM_SHA256, WILD, (CK_ULONG) -1 };
                expect(p11->C_DigestInit(s, &m), CKR_MECHANISM_PARAM_INVALID);
        }
        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
        expect(p11->C_DigestUpdate(s, NULL, 4), CKR_ARGUMENTS_BAD);
        host_close(s);
        s = host_open();
        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
        expect(p11->C_DigestUpdate(s, data, 4), CKR_OK);
        expect(p11->C_Digest(s, data, 4, out, &n), CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
               CKR_FUNCTION_FAILED, host.reference ? CKR_OK : CKR_OPERATION_ACTIVE);
        host_close(s);
        if (host.reference)
                return;
        s = host_open();
        for (size_t i = 0; i < n_absurd_lengths; i++)
                if (absurd_lengths[i] >= 1UL << 40) {
                        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
                        expect(p11->C_DigestUpdate(s, WILD, absurd_lengths[i]), CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE);
                        host_close(s);
                        s = host_open();
                        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
                        expect(p11->C_Digest(s, WILD, absurd_lengths[i], out, &n), CKR_ARGUMENTS_BAD,
                               CKR_DATA_LEN_RANGE);
                        host_close(s);
                        s = host_open();
                }
        /* A token's keys have no value here that could be hashed. */
        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
        expect(p11->C_DigestKey(s, host_key(s, CKO_PRIVATE_KEY, CKK_RSA)), CKR_KEY_INDIGESTIBLE, CKR_KEY_HANDLE_INVALID,
               CKR_FUNCTION_NOT_SUPPORTED);
        host_close(s);
}

/* A digest and a signature can be under way in one session (section 5.1 of the user guide; SoftHSM has one at a time),
 * and a search beside them. */
static void test_beside_others(void **state _unused_) {
        CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 }, sign = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA), o;
        unsigned char signature[1024];
        CK_ULONG n = sizeof(out), size = sizeof(signature), k;

        if (host.reference) {
                host_close(s);
                skip();
        }
        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
        expect(p11->C_SignInit(s, &sign, key), CKR_OK);
        expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
        expect(p11->C_DigestUpdate(s, data, 10), CKR_OK);
        expect(p11->C_SignUpdate(s, data, 10), CKR_OK);
        expect(p11->C_FindObjects(s, &o, 1, &k), CKR_OK);
        expect(p11->C_SignFinal(s, signature, &size), CKR_OK);
        expect(p11->C_DigestFinal(s, out, &n), CKR_OK);
        expect(p11->C_FindObjectsFinal(s), CKR_OK);
        host_close(s);
}

static void test_random(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        unsigned char one[64] = { 0 }, other[64] = { 0 };

        expect(p11->C_GenerateRandom(s, NULL, 16), CKR_ARGUMENTS_BAD);
        expect(p11->C_GenerateRandom(s, one, sizeof(one)), CKR_OK);
        expect(p11->C_GenerateRandom(s, other, sizeof(other)), CKR_OK);
        assert_memory_not_equal(one, other, sizeof(one));
        one[0] = 0x11;
        expect(p11->C_GenerateRandom(s, one, 0), CKR_OK, host.reference ? CKR_GENERAL_ERROR : CKR_OK);
        assert_int_equal(one[0], 0x11);
        expect(p11->C_GenerateRandom(s, data, sizeof(data)), CKR_OK);
        if (!host.reference) {
                expect(p11->C_GenerateRandom(s, WILD, (CK_ULONG) -1), CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE);
                expect(p11->C_GenerateRandom(s, WILD, 1UL << 40), CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE);
        }
        expect(p11->C_SeedRandom(s, NULL, 4), CKR_ARGUMENTS_BAD, CKR_RANDOM_SEED_NOT_SUPPORTED);
        expect(p11->C_SeedRandom(s, data, 16), CKR_OK, CKR_RANDOM_SEED_NOT_SUPPORTED);
        if (!host.reference)
                expect(p11->C_SeedRandom(s, WILD, (CK_ULONG) -1), CKR_ARGUMENTS_BAD, CKR_RANDOM_SEED_NOT_SUPPORTED);
        host_close(s);
}

int test_digest(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_hashes, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_refusals, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_beside_others, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_random, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
