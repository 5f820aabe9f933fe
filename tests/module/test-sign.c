/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is signed is right by OpenSSL's judgement, for every mechanism, whole and in parts (PKCS#11 2.40 section
 * 5.11; mechanisms 2.1 and 2.3). */
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "host.h"

typedef struct Case {
        const char *name;
        CK_MECHANISM_TYPE type;
        CK_KEY_TYPE key;
        const char *hash; /* what the message is hashed with, by the host (`raw`) or the module */
        bool raw;
        CK_RSA_PKCS_PSS_PARAMS pss; /* hashAlg 0: none */
} Case;

#define PSS(hash, salt)                                                                                                \
        { CKM_##hash, CKG_MGF1_##hash, salt }
static const Case cases[] = {
        { "RSA_PKCS sha256", CKM_RSA_PKCS, CKK_RSA, "SHA256", true, { 0 } },
        { "RSA_PKCS sha512", CKM_RSA_PKCS, CKK_RSA, "SHA512", true, { 0 } },
        { "SHA256_RSA_PKCS", CKM_SHA256_RSA_PKCS, CKK_RSA, "SHA256", false, { 0 } },
        { "SHA384_RSA_PKCS", CKM_SHA384_RSA_PKCS, CKK_RSA, "SHA384", false, { 0 } },
        { "SHA512_RSA_PKCS", CKM_SHA512_RSA_PKCS, CKK_RSA, "SHA512", false, { 0 } },
        { "RSA_PKCS_PSS", CKM_RSA_PKCS_PSS, CKK_RSA, "SHA256", true, PSS(SHA256, 32) },
        { "SHA256_RSA_PKCS_PSS", CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, "SHA256", false, PSS(SHA256, 32) },
        { "SHA256_RSA_PKCS_PSS salt 20", CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, "SHA256", false, PSS(SHA256, 20) },
        { "SHA384_RSA_PKCS_PSS", CKM_SHA384_RSA_PKCS_PSS, CKK_RSA, "SHA384", false, PSS(SHA384, 48) },
        { "SHA512_RSA_PKCS_PSS", CKM_SHA512_RSA_PKCS_PSS, CKK_RSA, "SHA512", false, PSS(SHA512, 64) },
        { "ECDSA sha256", CKM_ECDSA, CKK_EC, "SHA256", true, { 0 } },
        { "ECDSA sha384", CKM_ECDSA, CKK_EC, "SHA384", true, { 0 } },
        { "ECDSA_SHA256", CKM_ECDSA_SHA256, CKK_EC, "SHA256", false, { 0 } },
        { "ECDSA_SHA384", CKM_ECDSA_SHA384, CKK_EC, "SHA384", false, { 0 } },
        { "ECDSA_SHA512", CKM_ECDSA_SHA512, CKK_EC, "SHA512", false, { 0 } },
        { "EDDSA", CKM_EDDSA, CKK_EC_EDWARDS, NULL, true, { 0 } },
};

/* What a host that hashes gives to C_Sign: a digest, in a DigestInfo for CKM_RSA_PKCS. */
static size_t host_hashes(const Case *c, const unsigned char *message, size_t n, unsigned char *ret) {
        static const unsigned char info256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
        unsigned int size = 0;
        size_t head = 0;

        if (!c->hash) {
                memcpy(ret, message, n);
                return n;
        }
        if (c->type == CKM_RSA_PKCS) {
                head = sizeof(info256);
                memcpy(ret, info256, head);
                if (strcmp(c->hash, "SHA512") == 0) {
                        ret[1] = 0x51;
                        ret[14] = 0x03;
                        ret[18] = 0x40;
                }
        }
        assert_int_equal(EVP_Digest(message, n, ret + head, &size, EVP_get_digestbyname(c->hash), NULL), 1);
        return head + size;
}

/* r and s side by side (mechanisms section 2.3.1) as DER. */
static size_t ecdsa_der(const unsigned char *raw, size_t n, unsigned char *ret) {
        ECDSA_SIG *sig = ECDSA_SIG_new();
        unsigned char *out = ret;
        int size;

        assert_int_equal(n % 2, 0);
        assert_int_equal(
                ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int) n / 2, NULL), BN_bin2bn(raw + n / 2, (int) n / 2, NULL)), 1);
        size = i2d_ECDSA_SIG(sig, &out);
        ECDSA_SIG_free(sig);
        return (size_t) size;
}

static void judge(const Case *c, EVP_PKEY *pkey, const unsigned char *message, size_t n, const unsigned char *signature,
                  size_t size) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        unsigned char der[512];
        EVP_PKEY_CTX *ctx;

        if (c->key == CKK_EC) {
                assert_int_equal(size, 2 * (size_t) ((EVP_PKEY_get_bits(pkey) + 7) / 8));
                size = ecdsa_der(signature, size, der);
                signature = der;
        } else
                assert_int_equal(size, EVP_PKEY_get_size(pkey));
        assert_int_equal(EVP_DigestVerifyInit_ex(md, &ctx, c->hash, NULL, NULL, pkey, NULL), 1);
        if (c->pss.hashAlg) {
                assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int) c->pss.sLen) > 0);
        }
        assert_int_equal(EVP_DigestVerify(md, signature, size, message, n), 1);
        EVP_MD_CTX_free(md);
}

static void sign_whole(const Case *c, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, EVP_PKEY *pkey) {
        CK_RSA_PKCS_PSS_PARAMS pss = c->pss;
        CK_MECHANISM m = { c->type, pss.hashAlg ? &pss : NULL, pss.hashAlg ? sizeof(pss) : 0 };
        unsigned char message[300], input[300], signature[1024];
        CK_ULONG wanted = 0, size;
        size_t n;

        memset(message, 0x5a, sizeof(message));
        n = c->raw ? host_hashes(c, message, sizeof(message), input) : sizeof(message);
        if (!c->raw)
                memcpy(input, message, n);

        expect(p11->C_SignInit(s, &m, key), CKR_OK);
        expect(p11->C_Sign(s, input, n, NULL, &wanted), CKR_OK);
        assert_true(wanted >= (CK_ULONG) (c->key == CKK_EC ? 64 : EVP_PKEY_get_size(pkey)) &&
                    wanted <= sizeof(signature));
        size = wanted - 1;
        memset(signature, 0xaa, sizeof(signature));
        if (c->key != CKK_EC) {
                expect(p11->C_Sign(s, input, n, signature, &size), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(size, wanted);
                assert_int_equal(signature[0], 0xaa);
        }
        size = sizeof(signature);
        expect(p11->C_Sign(s, input, n, signature, &size), CKR_OK);
        assert_true(size <= wanted);
        assert_int_equal(signature[size], 0xaa);
        judge(c, pkey, message, sizeof(message), signature, size);
        expect(p11->C_Sign(s, input, n, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void sign_in_parts(const Case *c, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, EVP_PKEY *pkey) {
        static const size_t cuts[] = { 0, 1, 63, 64, 0, 65, 4096, 70000, 0 };
        CK_RSA_PKCS_PSS_PARAMS pss = c->pss;
        CK_MECHANISM m = { c->type, pss.hashAlg ? &pss : NULL, pss.hashAlg ? sizeof(pss) : 0 };
        static unsigned char message[80000];
        unsigned char signature[1024];
        CK_ULONG size = 0;
        size_t n = 0;

        for (size_t i = 0; i < sizeof(message); i++)
                message[i] = (unsigned char) (i * 7);
        expect(p11->C_SignInit(s, &m, key), CKR_OK);
        for (size_t i = 0; i < ELEMENTSOF(cuts); i++) {
                expect(p11->C_SignUpdate(s, message + n, cuts[i]), CKR_OK);
                n += cuts[i];
        }
        expect(p11->C_SignFinal(s, NULL, &size), CKR_OK);
        size = 1;
        expect(p11->C_SignFinal(s, signature, &size), CKR_BUFFER_TOO_SMALL);
        assert_in_range(size, 2, sizeof(signature));
        expect(p11->C_SignFinal(s, signature, &size), CKR_OK);
        judge(c, pkey, message, n, signature, size);
        expect(p11->C_SignFinal(s, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_all(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_MECHANISM_INFO info;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, cases[i].key);
                EVP_PKEY *pkey;

                if (key == 0 || p11->C_GetMechanismInfo(host.slot, cases[i].type, &info) != CKR_OK) {
                        print_message("%s: not here\n", cases[i].name);
                        assert_true(host.reference || (key == 0 && cases[i].key == CKK_EC_EDWARDS));
                        continue;
                }
                print_message("%s\n", cases[i].name);
                assert_true(info.flags & CKF_SIGN);
                pkey = host_public(s, host_partner(s, key, CKO_PUBLIC_KEY));
                sign_whole(&cases[i], s, key, pkey);
                if (!cases[i].raw)
                        sign_in_parts(&cases[i], s, key, pkey);
                EVP_PKEY_free(pkey);
        }
        host_close(s);
}

/* Nothing at all can be signed as well. */
static void test_empty_message(void **state _unused_) {
        CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        EVP_PKEY *pkey = host_public(s, host_partner(s, key, CKO_PUBLIC_KEY));
        unsigned char signature[1024];
        CK_ULONG n;

        for (int way = 0; way < 3; way++) {
                n = sizeof(signature);
                expect(p11->C_SignInit(s, &m, key), CKR_OK);
                if (way == 0)
                        expect(p11->C_SignFinal(s, signature, &n), CKR_OK);
                else
                        expect(p11->C_Sign(s, way == 1 ? (CK_BYTE *) "" : NULL, 0, signature, &n), CKR_OK,
                               way == 2 && host.reference ? CKR_ARGUMENTS_BAD : CKR_OK);
                if (way < 2)
                        judge(&cases[2], pkey, (const unsigned char *) "", 0, signature, n);
        }
        EVP_PKEY_free(pkey);
        host_close(s);
}

/* The sizes that a host asks for before it has anything to sign; NSS sizes its buffers so. */
static void test_many_in_turn(void **state _unused_) {
        CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 }, ecdsa = { CKM_ECDSA, NULL, 0 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE keys[2] = { host_key(s, CKO_PRIVATE_KEY, CKK_RSA), host_key(s, CKO_PRIVATE_KEY, CKK_EC) };
        unsigned char digest[32] = { 7 }, signature[1024];
        CK_ULONG n;

        for (int i = 0; i < 40; i++) {
                n = sizeof(signature);
                expect(p11->C_SignInit(s, i % 2 ? &ecdsa : &rsa, keys[i % 2]), CKR_OK);
                expect(p11->C_Sign(s, digest, sizeof(digest), signature, &n), CKR_OK);
                assert_int_equal(n, i % 2 ? 64 : 256);
        }
        host_close(s);
}

int test_sign(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_all, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_empty_message, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_many_in_turn, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
