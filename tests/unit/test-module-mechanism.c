/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PKCS#11 module's mechanisms and their parameters, one line for each that a host may get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "client/module/params.h"
#include "fake-session.h"

#define NSS_AES_KEY_WRAP 0xce534351UL

/* --- table -------------------------------------------------------------------------------------------- */

static void test_table(void **state _unused_) {
        const Mechanism *table;
        size_t n;

        table = mechanism_table(&n);
        assert_int_equal(n, 27);
        for (size_t i = 0; i < n; i++) {
                assert_ptr_equal(mechanism_find(table[i].type), &table[i]);
                assert_true(table[i].key_min <= table[i].key_max);
                if (table[i].flags & CKF_SIGN)
                        assert_int_not_equal(table[i].hash, HASH_SHA1);
        }
        assert_null(mechanism_find(CKM_SHA1_RSA_PKCS));
        assert_null(mechanism_find(CKM_ECDSA_SHA1));
        assert_null(mechanism_find(CKM_RSA_X_509));
        assert_null(mechanism_find(CKM_AES_CBC));
        assert_null(mechanism_find(CK_UNAVAILABLE_INFORMATION));
        /* NSS unwraps an RSA-encrypted content key with C_Decrypt only where this is not listed. */
        assert_false(mechanism_find(CKM_RSA_PKCS)->flags & CKF_UNWRAP);
        assert_true(mechanism_find(NSS_AES_KEY_WRAP)->flags == CKF_UNWRAP);
}

typedef struct ChooseCase {
        CK_MECHANISM_TYPE type;
        CK_FLAGS flag;
        const char *key; /* NULL: none */
        void *parameter;
        CK_ULONG size;
        CK_RV expected;
} ChooseCase;

static void test_choose(void **state _unused_) {
        static char something[64];
        static const ChooseCase cases[] = {
                { CKM_RSA_PKCS, CKF_SIGN, "rsa", NULL, 0, CKR_OK },
                { CKM_RSA_PKCS, CKF_DECRYPT, "rsa", NULL, 0, CKR_OK },
                { CKM_RSA_PKCS, CKF_UNWRAP, "rsa", NULL, 0, CKR_MECHANISM_INVALID },
                { CKM_RSA_PKCS, CKF_SIGN, "ec-p256", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_RSA_PKCS, CKF_SIGN, "rsa", something, 1, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS, CKF_SIGN, "rsa", something, 0, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS, CKF_SIGN, "rsa", NULL, 1, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS, CKF_SIGN, "rsa", NULL, CK_UNAVAILABLE_INFORMATION, CKR_MECHANISM_PARAM_INVALID },
                { CKM_SHA256_RSA_PKCS, CKF_SIGN, "rsa", NULL, 0, CKR_OK },
                { CKM_SHA256_RSA_PKCS, CKF_DECRYPT, "rsa", NULL, 0, CKR_MECHANISM_INVALID },
                { CKM_SHA1_RSA_PKCS, CKF_SIGN, "rsa", NULL, 0, CKR_MECHANISM_INVALID },
                { CKM_RSA_PKCS_OAEP, CKF_DECRYPT, "rsa", something, sizeof(something), CKR_OK },
                { CKM_ECDSA, CKF_SIGN, "ec-p256", NULL, 0, CKR_OK },
                { CKM_ECDSA, CKF_SIGN, "ec-p521", NULL, 0, CKR_OK },
                { CKM_ECDSA, CKF_SIGN, "ed25519", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_ECDSA, CKF_SIGN, "rsa", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_EDDSA, CKF_SIGN, "ed25519", NULL, 0, CKR_OK },
                { CKM_EDDSA, CKF_SIGN, "ec-p256", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_ECDH1_DERIVE, CKF_DERIVE, "ec-p384", NULL, 0, CKR_OK },
                { CKM_ECDH1_DERIVE, CKF_DERIVE, "x25519", NULL, 0, CKR_OK },
                { CKM_ECDH1_DERIVE, CKF_DERIVE, "rsa", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_AES_KEY_WRAP, CKF_UNWRAP, "rsa", NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
                { CKM_SHA256, CKF_DIGEST, NULL, NULL, 0, CKR_OK },
                { CKM_SHA256, CKF_SIGN, NULL, NULL, 0, CKR_MECHANISM_INVALID },
                { CKM_RSA_PKCS, CKF_SIGN, NULL, NULL, 0, CKR_KEY_TYPE_INCONSISTENT },
        };
        const Mechanism *m = NULL;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const ChooseCase *c = &cases[i];
                CK_MECHANISM mechanism = { c->type, c->parameter, c->size };
                const Object *key = c->key ? fake_object(fake_private(c->key)) : NULL;

                if (mechanism_choose(&mechanism, c->flag, key, &m) != c->expected)
                        fail_msg("case %zu", i);
                if (c->expected == CKR_OK)
                        assert_int_equal(m->type, c->type);
        }
        assert_int_equal(mechanism_choose(NULL, CKF_SIGN, NULL, &m), CKR_ARGUMENTS_BAD);

        CK_MECHANISM rsa = { .mechanism = CKM_RSA_PKCS };
        assert_int_equal(mechanism_choose(&rsa, CKF_SIGN, fake_object(fake_public_object("rsa")), &m),
                         CKR_KEY_TYPE_INCONSISTENT);
}

/* --- PSS ---------------------------------------------------------------------------------------------- */

static void test_pss(void **state _unused_) {
        static const struct {
                CK_MECHANISM_TYPE mechanism;
                CK_RSA_PKCS_PSS_PARAMS params;
                CK_RV expected;
        } cases[] = {
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 32 }, CKR_OK },
                { CKM_RSA_PKCS_PSS, { CKM_SHA512, CKG_MGF1_SHA512, 64 }, CKR_OK },
                { CKM_RSA_PKCS_PSS, { CKM_SHA224, CKG_MGF1_SHA224, 28 }, CKR_OK },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 1 }, CKR_OK },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 222 }, CKR_OK },
                { CKM_SHA384_RSA_PKCS_PSS, { CKM_SHA384, CKG_MGF1_SHA384, 48 }, CKR_OK },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 223 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 0 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, ~0UL }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { CKM_SHA_1, CKG_MGF1_SHA1, 20 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA1, 32 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { CKM_SHA256_RSA_PKCS, CKG_MGF1_SHA256, 32 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_RSA_PKCS_PSS, { 0, 0, 32 }, CKR_MECHANISM_PARAM_INVALID },
                { CKM_SHA384_RSA_PKCS_PSS, { CKM_SHA256, CKG_MGF1_SHA256, 32 }, CKR_MECHANISM_PARAM_INVALID },
        };
        PssParams pss;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_RSA_PKCS_PSS_PARAMS p = cases[i].params;
                CK_MECHANISM m = { cases[i].mechanism, &p, sizeof(p) };

                if (params_pss(&m, mechanism_find(m.mechanism), 2048, &pss) != cases[i].expected)
                        fail_msg("case %zu", i);
                if (cases[i].expected == CKR_OK)
                        assert_int_equal(pss.salt_length, p.sLen);
                m.ulParameterLen--;
                assert_int_equal(params_pss(&m, mechanism_find(m.mechanism), 2048, &pss), CKR_MECHANISM_PARAM_INVALID);
        }

        CK_MECHANISM none = { .mechanism = CKM_RSA_PKCS_PSS };
        assert_int_equal(params_pss(&none, mechanism_find(CKM_RSA_PKCS_PSS), 2048, &pss), CKR_MECHANISM_PARAM_INVALID);
}

/* --- OAEP and EdDSA ----------------------------------------------------------------------------------- */

static void test_oaep(void **state _unused_) {
        static unsigned char label[PARAMS_LABEL_MAX + 1] = "label";
        static const struct {
                CK_RSA_PKCS_OAEP_PARAMS params;
                CK_RV expected;
        } cases[] = {
                { { CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 }, CKR_OK },
                { { CKM_SHA256, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, label, 5 }, CKR_OK },
                { { CKM_SHA512, CKG_MGF1_SHA512, 0, NULL, 0 }, CKR_OK },
                { { CKM_SHA512, CKG_MGF1_SHA512, CKZ_DATA_SPECIFIED, label, PARAMS_LABEL_MAX }, CKR_OK },
                { { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, 0 }, CKR_OK },
                { { CKM_SHA512, CKG_MGF1_SHA512, 0, label, 5 }, CKR_MECHANISM_PARAM_INVALID },
                { { CKM_SHA512, CKG_MGF1_SHA512, 2, NULL, 0 }, CKR_MECHANISM_PARAM_INVALID },
                { { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 5 }, CKR_MECHANISM_PARAM_INVALID },
                { { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, sizeof(label) },
                  CKR_MECHANISM_PARAM_INVALID },
                { { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, ~0UL }, CKR_MECHANISM_PARAM_INVALID },
                { { CKM_SHA256, 99, CKZ_DATA_SPECIFIED, NULL, 0 }, CKR_MECHANISM_PARAM_INVALID },
                { { CKM_MD5, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 }, CKR_MECHANISM_PARAM_INVALID },
        };
        OaepParams oaep;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_RSA_PKCS_OAEP_PARAMS p = cases[i].params;
                CK_MECHANISM m = { CKM_RSA_PKCS_OAEP, &p, sizeof(p) };

                if (params_oaep(&m, &oaep) != cases[i].expected)
                        fail_msg("case %zu", i);
                if (cases[i].expected == CKR_OK) {
                        assert_int_equal(oaep.label_size, p.ulSourceDataLen);
                        assert_memory_equal(oaep.label, label, oaep.label_size);
                }
                m.ulParameterLen++;
                assert_int_equal(params_oaep(&m, &oaep), CKR_MECHANISM_PARAM_INVALID);
        }
}

static void test_eddsa(void **state _unused_) {
        struct {
                CK_BBOOL ph;
                CK_ULONG n;
                CK_BYTE *context;
        } p = { CK_FALSE, 0, NULL };
        CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };

        assert_int_equal(params_eddsa(&m), CKR_OK);
        m = (CK_MECHANISM){ CKM_EDDSA, &p, sizeof(p) };
        assert_int_equal(params_eddsa(&m), CKR_OK);
        p.ph = CK_TRUE;
        assert_int_equal(params_eddsa(&m), CKR_MECHANISM_PARAM_INVALID);
        p.ph = CK_FALSE;
        p.n = 1;
        assert_int_equal(params_eddsa(&m), CKR_MECHANISM_PARAM_INVALID);
        p.n = 0;
        m.ulParameterLen = 1;
        assert_int_equal(params_eddsa(&m), CKR_MECHANISM_PARAM_INVALID);
}

/* --- ECDH --------------------------------------------------------------------------------------------- */

typedef struct PeerCase {
        KeyType type;
        size_t octets, n;       /* of the whole */
        unsigned char start[4]; /* its first octets; the others are 4 */
        size_t expected;        /* where the public key begins; 99: refused */
} PeerCase;

static void test_ecdh_peer(void **state _unused_) {
        static const PeerCase cases[] = {
                { KEY_TYPE_EC_P256, 32, 65, { 4 }, 0 },
                { KEY_TYPE_EC_P256, 32, 33, { 2 }, 0 },
                { KEY_TYPE_EC_P256, 32, 33, { 3 }, 0 },
                { KEY_TYPE_EC_P256, 32, 67, { 4, 65, 4 }, 2 },
                { KEY_TYPE_EC_P256, 32, 35, { 4, 33, 3 }, 2 },
                { KEY_TYPE_EC_P384, 48, 97, { 4 }, 0 },
                { KEY_TYPE_EC_P384, 48, 99, { 4, 97, 4 }, 2 },
                { KEY_TYPE_EC_P521, 66, 133, { 4 }, 0 },
                { KEY_TYPE_EC_P521, 66, 136, { 4, 0x81, 133, 4 }, 3 },
                { KEY_TYPE_EC_P521, 66, 69, { 4, 67, 2 }, 2 },
                { KEY_TYPE_X25519, 32, 32, { 4 }, 0 },
                { KEY_TYPE_X25519, 32, 34, { 4, 32 }, 2 },
                { KEY_TYPE_EC_P256, 32, 65, { 0 }, 99 },
                { KEY_TYPE_EC_P256, 32, 65, { 6 }, 99 },
                { KEY_TYPE_EC_P256, 32, 64, { 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 66, { 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 33, { 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 67, { 4, 66, 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 67, { 4, 65, 2 }, 99 },
                { KEY_TYPE_EC_P256, 32, 67, { 3, 65, 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 68, { 4, 0x81, 65, 4 }, 99 },
                { KEY_TYPE_EC_P521, 66, 135, { 4, 133, 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 1, { 4 }, 99 },
                { KEY_TYPE_EC_P256, 32, 2, { 4, 0 }, 99 },
                { KEY_TYPE_X25519, 32, 33, { 4, 31 }, 99 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const PeerCase *c = &cases[i];
                unsigned char *peer = test_malloc(c->n); /* of just that size, for the sanitizer */
                CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, c->n, peer };
                CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
                EcdhParams ecdh;
                CK_RV rv;

                memset(peer, 4, c->n);
                memcpy(peer, c->start, MIN(c->n, (size_t) (c->start[1] ? c->start[2] ? 3 : 2 : 1)));
                if (c->start[1] == 0x81)
                        peer[3] = c->start[3];
                if (c->n == 2)
                        peer[1] = 0;
                rv = params_ecdh(&m, c->type, c->octets, &ecdh);
                if (rv != (c->expected == 99 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK))
                        fail_msg("case %zu", i);
                if (rv == CKR_OK) {
                        assert_ptr_equal(ecdh.peer.data, peer + c->expected);
                        assert_int_equal(ecdh.peer.size, c->n - c->expected);
                }
                test_free(peer);
        }
}

static void test_ecdh(void **state _unused_) {
        static unsigned char point[65] = { 4 }, shared[PARAMS_SHARED_INFO_MAX + 1] = { 1 };
        static const struct {
                CK_ECDH1_DERIVE_PARAMS params;
                Hash hash;
                CK_RV expected;
        } cases[] = {
                { { CKD_NULL, 0, NULL, 65, point }, HASH_NONE, CKR_OK },
                { { CKD_SHA1_KDF, 0, NULL, 65, point }, HASH_SHA1, CKR_OK },
                { { CKD_SHA224_KDF, 1, shared, 65, point }, HASH_SHA224, CKR_OK },
                { { CKD_SHA256_KDF, 1024, shared, 65, point }, HASH_SHA256, CKR_OK },
                { { CKD_SHA384_KDF, 9, shared, 65, point }, HASH_SHA384, CKR_OK },
                { { CKD_SHA512_KDF, 9, shared, 65, point }, HASH_SHA512, CKR_OK },
                { { CKD_NULL, 1, shared, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, 1025, shared, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, ~0UL, shared, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, 9, NULL, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, 0, NULL, 65, NULL }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, 0, NULL, 0, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA256_KDF, 0, NULL, ~0UL, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { CKD_SHA1_KDF_ASN1, 0, NULL, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { 0, 0, NULL, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
                { { ~0UL, 0, NULL, 65, point }, 0, CKR_MECHANISM_PARAM_INVALID },
        };
        EcdhParams ecdh;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_ECDH1_DERIVE_PARAMS p = cases[i].params;
                CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };

                if (params_ecdh(&m, KEY_TYPE_EC_P256, 32, &ecdh) != cases[i].expected)
                        fail_msg("case %zu", i);
                if (cases[i].expected != CKR_OK)
                        continue;
                assert_int_equal(ecdh.hash, cases[i].hash);
                assert_int_equal(ecdh.kdf, p.kdf == CKD_NULL ? KDF_NONE : KDF_X963);
                assert_int_equal(ecdh.shared_info.size, p.ulSharedDataLen);
        }
}

/* A structure need not be aligned. */
static void test_unaligned(void **state _unused_) {
        static unsigned char point[65] = { 4 };
        CK_ECDH1_DERIVE_PARAMS p = { CKD_SHA256_KDF, 0, NULL, 65, point };
        unsigned char memory[sizeof(p) + 1];
        CK_MECHANISM m = { CKM_ECDH1_DERIVE, memory + 1, sizeof(p) };
        EcdhParams ecdh;

        memcpy(memory + 1, &p, sizeof(p));
        assert_int_equal(params_ecdh(&m, KEY_TYPE_EC_P256, 32, &ecdh), CKR_OK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table), cmocka_unit_test(test_choose),    cmocka_unit_test(test_pss),
                cmocka_unit_test(test_oaep),  cmocka_unit_test(test_eddsa),     cmocka_unit_test(test_ecdh_peer),
                cmocka_unit_test(test_ecdh),  cmocka_unit_test(test_unaligned),
        };
        int r;

        fake_start();
        fake_session_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_session_stop();
        fake_stop();
        return r;
}
