/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Public keys from what tokens keep: each form that is met gives the bytes that OpenSSL gives, and nothing else gives
 * any. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "common/ossl.h"
#include "pkcs11/spki.h"

#define BLOB(a) ((Blob){ (a), sizeof(a) })

static const struct {
        KeyType type;
        const char *group;
        uint8_t oid[10];
        size_t oid_n;
        const char *name;
} groups[] = {
        { KEY_TYPE_EC_P256,
          "P-256",
          { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 },
          10,
          "\x13\x09secp256r1" },
        { KEY_TYPE_EC_P384, "P-384", { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7, "\x13\x09secp384r1" },
        { KEY_TYPE_EC_P521, "P-521", { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 }, 7, "\x13\x09secp521r1" },
        { KEY_TYPE_ED25519,
          NULL,
          { 0x06, 0x03, 0x2b, 0x65, 0x70 },
          5,
          "\x13\x0c"
          "edwards25519" },
        { KEY_TYPE_X25519,
          NULL,
          { 0x06, 0x03, 0x2b, 0x65, 0x6e },
          5,
          "\x13\x0a"
          "curve25519" },
};

static void params(void **state) {
        static const uint8_t koblitz[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a };
        static const uint8_t explicit[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
                const uint8_t *name = (const uint8_t *) groups[i].name;
                size_t n = strlen(groups[i].name);

                assert_int_equal(spki_type_of_params((Blob){ groups[i].oid, groups[i].oid_n }), groups[i].type);
                assert_int_equal(spki_type_of_params((Blob){ name, n }), groups[i].type);
                assert_int_equal(spki_type_of_params((Blob){ groups[i].oid, groups[i].oid_n - 1 }), KEY_TYPE_UNKNOWN);
                assert_int_equal(spki_type_of_params((Blob){ name, n - 1 }), KEY_TYPE_UNKNOWN);
        }
        assert_int_equal(spki_type_of_params(BLOB(koblitz)), KEY_TYPE_UNKNOWN);
        assert_int_equal(spki_type_of_params(BLOB(explicit)), KEY_TYPE_UNKNOWN);
        assert_int_equal(spki_type_of_params((Blob){}), KEY_TYPE_UNKNOWN);
}

static void expect_spki(const EVP_PKEY *key, Bytes got) {
        uint8_t *der = NULL;
        int n = i2d_PUBKEY(key, &der);

        assert_true(n > 0);
        assert_int_equal(got.size, (size_t) n);
        assert_memory_equal(got.data, der, got.size);
        OPENSSL_free(der);
        bytes_done(&got);
}

static void ec_point(KeyType type, const char *group) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
        uint8_t point[200], wrapped[200], small[200];
        size_t n, head, field = spki_field_size(type);
        Bytes spki;

        assert_non_null(key);
        assert_int_equal(
                EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n), 1);
        assert_int_equal(n, 1 + 2 * field);
        assert_int_equal(spki_from_point(type, (Blob){ point, n }, &spki), 0);
        expect_spki(key, spki);

        head = n < 0x80 ? 2 : 3;
        wrapped[0] = 4;
        wrapped[1] = 0x81;
        wrapped[head - 1] = (uint8_t) n;
        memcpy(wrapped + head, point, n);
        assert_int_equal(spki_from_point(type, (Blob){ wrapped, head + n }, &spki), 0);
        expect_spki(key, spki);

        /* Compressed, the key stays the same key. */
        small[0] = 2 | (point[n - 1] & 1);
        memcpy(small + 1, point + 1, field);
        assert_int_equal(spki_from_point(type, (Blob){ small, 1 + field }, &spki), 0);
        expect_spki(key, spki);

        /* What is no point on this curve. */
        assert_int_equal(spki_from_point(type, (Blob){ wrapped, head + n - 1 }, &spki), SPKI_E_UNUSABLE);
        wrapped[head + n] = 0;
        assert_int_equal(spki_from_point(type, (Blob){ wrapped, head + n + 1 }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_point(type, (Blob){ point, n - 1 }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_point(type, (Blob){ point, 1 }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_point(type, (Blob){}, &spki), SPKI_E_UNUSABLE);
        point[0] = 6 | (point[n - 1] & 1); /* the hybrid form */
        assert_int_equal(spki_from_point(type, (Blob){ point, n }, &spki), SPKI_E_UNUSABLE);
        point[0] = 4;
        point[n - 1] ^= 1;
        assert_int_equal(spki_from_point(type, (Blob){ point, n }, &spki), SPKI_E_UNUSABLE);
        memset(point, 0, sizeof(point));
        assert_int_equal(spki_from_point(type, (Blob){ point, 1 }, &spki), SPKI_E_UNUSABLE);
        point[0] = 4;
        assert_int_equal(spki_from_point(type, (Blob){ point, n }, &spki), SPKI_E_UNUSABLE);
}

static void points(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (groups[i].group)
                        ec_point(groups[i].type, groups[i].group);
}

static void point_on_another_curve(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
        uint8_t point[65];
        size_t n;
        Bytes spki;

        (void) state;
        assert_int_equal(
                EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n), 1);
        assert_int_equal(spki_from_point(KEY_TYPE_EC_P256, (Blob){ point, n }, &spki), SPKI_E_UNUSABLE);
}

static void edwards(void **state) {
        uint8_t raw[32], wrapped[34] = { 4, 32 };
        size_t n = sizeof(raw);

        (void) state;
        for (KeyType type = KEY_TYPE_ED25519; type <= KEY_TYPE_X25519; type++) {
                _cleanup_(EVP_PKEY_freep) EVP_PKEY *key =
                        EVP_PKEY_Q_keygen(NULL, NULL, type == KEY_TYPE_ED25519 ? "ED25519" : "X25519");
                Bytes spki;

                assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &n), 1);
                memcpy(wrapped + 2, raw, n);
                assert_int_equal(spki_from_point(type, BLOB(raw), &spki), 0);
                expect_spki(key, spki);
                assert_int_equal(spki_from_point(type, BLOB(wrapped), &spki), 0);
                expect_spki(key, spki);
                assert_int_equal(spki_from_point(type, (Blob){ raw, 31 }, &spki), SPKI_E_UNUSABLE);
        }

        /* A bare point that looks like an OCTET STRING is a point all the same. */
        memset(raw, 0x11, sizeof(raw));
        raw[0] = 0x04;
        raw[1] = 30;
        Bytes spki;
        assert_int_equal(spki_from_point(KEY_TYPE_X25519, BLOB(raw), &spki), 0);
        bytes_done(&spki);
}

static void rsa_of(unsigned bits, int want) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) bits);
        _cleanup_(BN_clear_freep) BIGNUM *n = NULL, *e = NULL;
        uint8_t modulus[1024] = { 0 }, exponent[8];
        size_t modulus_n, exponent_n;
        Bytes spki;

        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e), 1);
        modulus_n = 1 + (size_t) BN_bn2bin(n, modulus + 1); /* as a token that puts a zero before it */
        exponent_n = (size_t) BN_bn2bin(e, exponent);
        assert_int_equal(spki_from_rsa((Blob){ modulus, modulus_n }, (Blob){ exponent, exponent_n }, &spki), want);
        if (want == 0)
                expect_spki(key, spki);

        modulus[modulus_n - 1] ^= 1;
        assert_int_equal(spki_from_rsa((Blob){ modulus, modulus_n }, (Blob){ exponent, exponent_n }, &spki),
                         SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_rsa((Blob){}, (Blob){ exponent, exponent_n }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_rsa((Blob){ modulus, modulus_n }, (Blob){}, &spki), SPKI_E_UNUSABLE);
}

static void rsa(void **state) {
        (void) state;
        rsa_of(1024, SPKI_E_UNUSABLE);
        rsa_of(2048, 0);
        rsa_of(3072, 0);
}

static X509 *certificate(EVP_PKEY *key, const char *usage, bool ca) {
        X509 *x = X509_new();
        X509_EXTENSION *u = usage ? X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage) : NULL;
        X509_EXTENSION *b = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, ca ? "CA:TRUE" : "CA:FALSE");

        assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
        assert_int_equal(X509_set_pubkey(x, key), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 60));
        if (u)
                assert_int_equal(X509_add_ext(x, u, -1), 1);
        assert_int_equal(X509_add_ext(x, b, -1), 1);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        X509_EXTENSION_free(u);
        X509_EXTENSION_free(b);
        return x;
}

static void certificates(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
                                           *odd = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
        _cleanup_(X509_freep) X509 *x = certificate(key, "digitalSignature", false), *ca = certificate(key, NULL, true),
                                   *unknown = certificate(odd, NULL, false);
        uint8_t *der = NULL, padded[4096] = { 0 };
        int n = i2d_X509(x, &der);
        SpkiCertificate c;

        (void) state;
        assert_true(n > 0);
        memcpy(padded, der, (size_t) n);
        assert_int_equal(spki_from_certificate((Blob){ padded, (size_t) n + 100 }, &c), 0);
        assert_int_equal(c.size, (size_t) n);
        assert_int_equal(c.type, KEY_TYPE_EC_P256);
        assert_int_equal(c.usage, KU_DIGITAL_SIGNATURE);
        assert_false(c.ca);
        expect_spki(key, c.spki);
        assert_int_equal(spki_from_certificate((Blob){ der, (size_t) n - 1 }, &c), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_certificate((Blob){ der + 1, (size_t) n - 1 }, &c), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_certificate((Blob){}, &c), SPKI_E_UNUSABLE);
        OPENSSL_free(der);

        der = NULL;
        n = i2d_X509(ca, &der);
        assert_int_equal(spki_from_certificate((Blob){ der, (size_t) n }, &c), 0);
        assert_true(c.ca);
        assert_true((c.usage & KU_KEY_AGREEMENT) != 0);
        bytes_done(&c.spki);
        OPENSSL_free(der);

        der = NULL;
        n = i2d_X509(unknown, &der);
        assert_int_equal(spki_from_certificate((Blob){ der, (size_t) n }, &c), 0);
        assert_int_equal(c.type, KEY_TYPE_UNKNOWN);
        assert_int_equal(c.spki.size, 0);
        OPENSSL_free(der);
}

static void info(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
        uint8_t *der = NULL;
        int n = i2d_PUBKEY(key, &der);
        Bytes spki;

        (void) state;
        assert_int_equal(spki_from_info(KEY_TYPE_EC_P384, (Blob){ der, (size_t) n }, &spki), 0);
        expect_spki(key, spki);
        assert_int_equal(spki_from_info(KEY_TYPE_EC_P256, (Blob){ der, (size_t) n }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_info(KEY_TYPE_EC_P384, (Blob){ der, (size_t) n - 1 }, &spki), SPKI_E_UNUSABLE);
        assert_int_equal(spki_from_info(KEY_TYPE_EC_P384, (Blob){}, &spki), SPKI_E_UNUSABLE);
        OPENSSL_free(der);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(params),  cmocka_unit_test(points), cmocka_unit_test(point_on_another_curve),
                cmocka_unit_test(edwards), cmocka_unit_test(rsa),    cmocka_unit_test(certificates),
                cmocka_unit_test(info),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
