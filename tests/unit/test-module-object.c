/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates as hosts of the PKCS#11 module see them, judged by OpenSSL's reading of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/module/names.h"
#include "client/module/object.h"
#include "make-certificate.h"
#include "module-fake.h"

static struct {
        EVP_PKEY *rsa, *p256, *p521, *ed25519, *x25519;
        Names *names;
} fixture;

static const unsigned char id[] = { 0, 1, 2 };

static ObjectPlace place(void) {
        return (ObjectPlace){
                .names = fixture.names, .slot = 3, .id = id, .id_size = sizeof(id), .label = "Alice's key"
        };
}

static int set_up(void **state _unused_) {
        fixture.rsa = make_rsa();
        fixture.p256 = make_ec("P-256");
        fixture.p521 = make_ec("P-521");
        fixture.ed25519 = make_ed25519();
        fixture.x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        fixture.names = names_new();
        fake_begin();
        return 0;
}

static int tear_down(void **state _unused_) {
        fake_stop();
        names_free(fixture.names);
        EVP_PKEY_free(fixture.rsa);
        EVP_PKEY_free(fixture.p256);
        EVP_PKEY_free(fixture.p521);
        EVP_PKEY_free(fixture.ed25519);
        EVP_PKEY_free(fixture.x25519);
        return 0;
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static unsigned char value[65536];

static CK_RV get(const Object *o, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret_size) {
        CK_ATTRIBUTE a = { type, value, sizeof(value) };
        CK_RV rv = object_get(o, &a, 1);

        *ret_size = a.ulValueLen;
        return rv;
}

static void has(const Object *o, CK_ATTRIBUTE_TYPE type, const void *expected, size_t size) {
        CK_ULONG n;

        assert_int_equal(get(o, type, &n), CKR_OK);
        assert_int_equal(n, size);
        assert_memory_equal(value, expected, size);
        assert_true(object_matches(o, &(CK_ATTRIBUTE){ type, (void *) expected, size }, 1));
}

static void has_ulong(const Object *o, CK_ATTRIBUTE_TYPE type, CK_ULONG expected) {
        has(o, type, &expected, sizeof(expected));
}

static void has_flag(const Object *o, CK_ATTRIBUTE_TYPE type, bool expected) {
        CK_BBOOL b = expected ? CK_TRUE : CK_FALSE;

        has(o, type, &b, sizeof(b));
        assert_int_equal(object_flag(o, type), expected);
}

static void has_text(const Object *o, CK_ATTRIBUTE_TYPE type, const char *expected) {
        has(o, type, expected, strlen(expected));
}

static void lacks(const Object *o, CK_ATTRIBUTE_TYPE type, CK_RV expected) {
        CK_ULONG n;

        assert_int_equal(get(o, type, &n), expected);
        assert_int_equal(n, CK_UNAVAILABLE_INFORMATION);
        assert_false(object_matches(o, &(CK_ATTRIBUTE){ type, NULL, 0 }, 1));
        assert_false(object_matches(o, &(CK_ATTRIBUTE){ type, value, 1 }, 1));
}

static Object *private_of(signet_key *key) {
        ObjectPlace p = place();
        Object *o = NULL;

        assert_int_equal(object_new_private(&p, key, &o), CKR_OK);
        return o;
}

static Object *public_of(signet_key *key) {
        ObjectPlace p = place();
        Object *o = NULL;

        assert_int_equal(object_new_public(&p, key, &o), CKR_OK);
        return o;
}

/* --- keys ------------------------------------------------------------------------------------------------------ */

static void check_number(const Object *o, CK_ATTRIBUTE_TYPE type, const EVP_PKEY *pkey, const char *name) {
        _cleanup_(BN_clear_freep) BIGNUM *n = NULL;
        unsigned char expected[1024];

        assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &n), 1);
        assert_int_equal(BN_bn2bin(n, expected), BN_num_bytes(n));
        has(o, type, expected, (size_t) BN_num_bytes(n));
}

static void check_common(const Object *o, CK_OBJECT_CLASS class) {
        static const CK_ATTRIBUTE_TYPE off[] = { CKA_PRIVATE, CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE };

        assert_int_equal(o->class, class);
        has_ulong(o, CKA_CLASS, class);
        has_flag(o, CKA_TOKEN, true);
        for (size_t i = 0; i < ELEMENTSOF(off); i++)
                has_flag(o, off[i], false);
}

static void check_key(const Object *o, CK_OBJECT_CLASS class, CK_KEY_TYPE type, const EVP_PKEY *pkey) {
        size_t size;
        uint8_t *spki = make_spki(pkey, &size);

        check_common(o, class);
        assert_int_equal(o->key_type, type);
        has_ulong(o, CKA_KEY_TYPE, type);
        has(o, CKA_ID, id, sizeof(id));
        has_text(o, CKA_LABEL, "Alice's key");
        has(o, CKA_PUBLIC_KEY_INFO, spki, size);
        has(o, CKA_START_DATE, "", 0);
        has(o, CKA_END_DATE, "", 0);
        has_flag(o, CKA_LOCAL, false);
        has_ulong(o, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
        OPENSSL_free(spki);
}

static void check_private(const Object *o) {
        has_flag(o, CKA_SENSITIVE, true);
        has_flag(o, CKA_EXTRACTABLE, false);
        has_flag(o, CKA_ALWAYS_SENSITIVE, false);
        has_flag(o, CKA_NEVER_EXTRACTABLE, false);
        has_flag(o, CKA_ALWAYS_AUTHENTICATE, false);
        has_flag(o, CKA_SIGN_RECOVER, false);
        has_flag(o, CKA_UNWRAP, false);
        lacks(o, CKA_UNWRAP_TEMPLATE, CKR_ATTRIBUTE_TYPE_INVALID);
        lacks(o, CKA_CERTIFICATE_TYPE, CKR_ATTRIBUTE_TYPE_INVALID);
}

static void test_rsa(void **state _unused_) {
        signet_key *key = fake_add_key("rsa", fixture.rsa, "alice");
        _cleanup_(object_unrefp) Object *private = private_of(key), *public = public_of(key);

        check_key(private, CKO_PRIVATE_KEY, CKK_RSA, fixture.rsa);
        check_private(private);
        check_key(public, CKO_PUBLIC_KEY, CKK_RSA, fixture.rsa);
        for (size_t i = 0; i < 2; i++) {
                const Object *o = i == 0 ? private : public;

                check_number(o, CKA_MODULUS, fixture.rsa, "n");
                check_number(o, CKA_PUBLIC_EXPONENT, fixture.rsa, "e");
                has_ulong(o, CKA_MODULUS_BITS, 2048);
                lacks(o, CKA_EC_PARAMS, CKR_ATTRIBUTE_TYPE_INVALID);
        }
        for (CK_ATTRIBUTE_TYPE t = CKA_PRIVATE_EXPONENT; t <= CKA_COEFFICIENT; t++) {
                lacks(private, t, CKR_ATTRIBUTE_SENSITIVE);
                lacks(public, t, CKR_ATTRIBUTE_TYPE_INVALID);
        }
        assert_int_not_equal(private->handle, public->handle);
}

static void test_curves(void **state _unused_) {
        static const unsigned char p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
        static const unsigned char p521[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x23 };
        static const unsigned char ed25519[] = { 6, 3, 0x2b, 0x65, 0x70 }, x25519[] = { 6, 3, 0x2b, 0x65, 0x6e };
        const struct {
                const char *algorithm;
                const EVP_PKEY *pkey;
                CK_KEY_TYPE type;
                const unsigned char *curve;
                size_t curve_size, header;
        } cases[] = {
                { "ec-p256", fixture.p256, CKK_EC, p256, sizeof(p256), 2 },
                { "ec-p521", fixture.p521, CKK_EC, p521, sizeof(p521), 3 },
                { "ed25519", fixture.ed25519, CKK_EC_EDWARDS, ed25519, sizeof(ed25519), 2 },
                { "x25519", fixture.x25519, 0x41, x25519, sizeof(x25519), 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                signet_key *key = fake_add_key(cases[i].algorithm, cases[i].pkey, "alice");
                _cleanup_(object_unrefp) Object *private = private_of(key), *public = public_of(key);
                unsigned char raw[256], point[256];
                size_t n, header = cases[i].header;

                assert_int_equal(EVP_PKEY_get_octet_string_param(cases[i].pkey, "pub", raw, sizeof(raw), &n), 1);
                point[0] = 4;
                point[1] = 0x81;
                point[header - 1] = (unsigned char) n;
                memcpy(point + header, raw, n);
                check_key(private, CKO_PRIVATE_KEY, cases[i].type, cases[i].pkey);
                check_private(private);
                check_key(public, CKO_PUBLIC_KEY, cases[i].type, cases[i].pkey);
                has(public, CKA_EC_PARAMS, cases[i].curve, cases[i].curve_size);
                has(public, CKA_EC_POINT, point, header + n);
                has(private, CKA_EC_PARAMS, cases[i].curve, cases[i].curve_size);
                has(private, CKA_EC_POINT, point, header + n);
                lacks(private, CKA_VALUE, CKR_ATTRIBUTE_SENSITIVE);
                lacks(public, CKA_VALUE, CKR_ATTRIBUTE_TYPE_INVALID);
                lacks(private, CKA_MODULUS, CKR_ATTRIBUTE_TYPE_INVALID);
                lacks(private, CKA_PRIVATE_EXPONENT, CKR_ATTRIBUTE_TYPE_INVALID);
        }
}

static void test_uses(void **state _unused_) {
        const struct {
                const char *algorithm;
                const EVP_PKEY *pkey;
                const char *operation;
                bool sign, decrypt, derive;
        } cases[] = {
                { "rsa", fixture.rsa, "sign:smime", true, false, false },
                { "rsa", fixture.rsa, "sign:digest", true, false, false },
                { "rsa", fixture.rsa, "sign:csr", true, false, false },
                { "rsa", fixture.rsa, "sign:dkim", false, false, false },
                { "rsa", fixture.rsa, "decrypt:cms", false, true, false },
                { "rsa", fixture.rsa, "decrypt:raw", false, true, false },
                { "rsa", fixture.rsa, "sign:novelty", false, false, false },
                { "ec-p256", fixture.p256, "sign:smime", true, false, false },
                { "ec-p256", fixture.p256, "decrypt:cms", false, false, true },
                { "ec-p256", fixture.p256, "decrypt:raw", false, false, true },
                { "ed25519", fixture.ed25519, "sign:digest", true, false, false },
                { "ed25519", fixture.ed25519, "decrypt:cms", false, false, false },
                { "x25519", fixture.x25519, "decrypt:cms", false, false, true },
                { "x25519", fixture.x25519, "sign:digest", false, false, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                signet_key *key = fake_add_key(cases[i].algorithm, cases[i].pkey, "alice");
                _cleanup_(object_unrefp) Object *private = NULL, *public = NULL;

                fake_may(key, cases[i].operation);
                private = private_of(key);
                public = public_of(key);
                has_flag(private, CKA_SIGN, cases[i].sign);
                has_flag(private, CKA_DECRYPT, cases[i].decrypt);
                has_flag(private, CKA_DERIVE, cases[i].derive);
                has_flag(public, CKA_VERIFY, cases[i].sign);
                has_flag(public, CKA_ENCRYPT, cases[i].decrypt);
                has_flag(public, CKA_WRAP, false);
        }
}

/* What CKA_ALLOWED_MECHANISMS lists: a mechanism of each kind. */
static void test_mechanisms(void **state _unused_) {
        const struct {
                const char *algorithm;
                const EVP_PKEY *pkey;
                const char *operation;
                CK_MECHANISM_TYPE among, not_among;
        } cases[] = {
                { "rsa", fixture.rsa, "sign:smime", CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP },
                { "rsa", fixture.rsa, "sign:smime", CKM_RSA_PKCS, CKM_ECDSA },
                { "rsa", fixture.rsa, "decrypt:cms", CKM_RSA_PKCS_OAEP, CKM_SHA256_RSA_PKCS },
                { "ec-p256", fixture.p256, "sign:digest", CKM_ECDSA, CKM_ECDH1_DERIVE },
                { "ec-p256", fixture.p256, "decrypt:cms", CKM_ECDH1_DERIVE, CKM_ECDSA },
                { "ed25519", fixture.ed25519, "sign:digest", CKM_EDDSA, CKM_ECDSA },
                { "x25519", fixture.x25519, "decrypt:raw", CKM_ECDH1_DERIVE, CKM_SHA256 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                signet_key *key = fake_add_key(cases[i].algorithm, cases[i].pkey, "alice");
                _cleanup_(object_unrefp) Object *o = NULL;
                bool among = false, not_among = false;
                CK_MECHANISM_TYPE type;
                CK_ULONG n;

                fake_may(key, cases[i].operation);
                o = private_of(key);
                assert_int_equal(get(o, CKA_ALLOWED_MECHANISMS, &n), CKR_OK);
                assert_int_equal(n % sizeof(type), 0);
                for (CK_ULONG k = 0; k < n; k += sizeof(type)) {
                        memcpy(&type, value + k, sizeof(type));
                        among = among || type == cases[i].among;
                        not_among = not_among || type == cases[i].not_among;
                }
                assert_true(among);
                assert_false(not_among);
        }

        _cleanup_(object_unrefp) Object *none = private_of(fake_add_key("rsa", fixture.rsa, "alice"));
        has(none, CKA_ALLOWED_MECHANISMS, "", 0);
}

static void test_unreadable_keys(void **state _unused_) {
        static const unsigned char junk[] = { 0x30, 0x82, 0xff, 0xff, 0x00 };
        _cleanup_(object_unrefp) Object *o = NULL;
        ObjectPlace p = place();
        size_t size;
        uint8_t *spki = make_spki(fixture.p256, &size);

        signet_key *unknown = fake_add_key("rot13", fixture.rsa, "alice");
        assert_int_equal(object_new_private(&p, unknown, &o), CKR_GENERAL_ERROR);
        signet_key *other = fake_add_key("rsa", fixture.p256, "alice");
        assert_int_equal(object_new_private(&p, other, &o), CKR_GENERAL_ERROR);
        other = fake_add_key("ec-p256", fixture.rsa, "alice");
        assert_int_equal(object_new_public(&p, other, &o), CKR_GENERAL_ERROR);
        fake_public_key(other, junk, sizeof(junk));
        assert_int_equal(object_new_public(&p, other, &o), CKR_GENERAL_ERROR);
        for (size_t n = 0; n < size; n++) {
                fake_public_key(other, spki, n);
                assert_int_equal(object_new_public(&p, other, &o), CKR_GENERAL_ERROR);
        }
        OPENSSL_free(spki);
}

/* --- certificates ---------------------------------------------------------------------------------------------- */

static uint8_t *certificate(const char *name, size_t *ret_size) {
        return make_certificate(&(CertificateWish){ .name = name,
                                                    .issuer_name = "The issuer",
                                                    .key = fixture.rsa,
                                                    .issuer_key = fixture.p256,
                                                    .addresses = "email:a@example.org" },
                                ret_size);
}

static void check_name(const Object *o, CK_ATTRIBUTE_TYPE type, const X509_NAME *name) {
        const unsigned char *der;
        size_t n;

        assert_int_equal(X509_NAME_get0_der(name, &der, &n), 1);
        has(o, type, der, n);
}

static void check_day(const Object *o, CK_ATTRIBUTE_TYPE type, const ASN1_TIME *t) {
        struct tm tm;
        char day[16];

        assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
        assert_int_equal(strftime(day, sizeof(day), "%Y%m%d", &tm), 8);
        has_text(o, type, day);
}

static void check_digests(const Object *o, const uint8_t *der, size_t size, const X509 *x) {
        const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
        unsigned char sha1[20];

        assert_int_equal(EVP_Digest(der, size, sha1, NULL, EVP_sha1(), NULL), 1);
        has(o, CKA_CHECK_VALUE, sha1, 3);
        assert_int_equal(EVP_Digest(bits->data, (size_t) bits->length, sha1, NULL, EVP_sha1(), NULL), 1);
        has(o, CKA_HASH_OF_SUBJECT_PUBLIC_KEY, sha1, sizeof(sha1));
        has(o, CKA_HASH_OF_ISSUER_PUBLIC_KEY, "", 0);
        has_ulong(o, CKA_NAME_HASH_ALGORITHM, CKM_SHA_1);
}

static void check_certificate(const Object *o, const uint8_t *der, size_t size, CK_ULONG category) {
        const unsigned char *p = der;
        _cleanup_(X509_freep) X509 *x = d2i_X509(NULL, &p, (long) size);
        unsigned char *serial = NULL, *spki = NULL;
        int n;

        assert_non_null(x);
        check_common(o, CKO_CERTIFICATE);
        has_ulong(o, CKA_CERTIFICATE_TYPE, CKC_X_509);
        has_ulong(o, CKA_CERTIFICATE_CATEGORY, category);
        has_ulong(o, CKA_JAVA_MIDP_SECURITY_DOMAIN, 0);
        has_flag(o, CKA_TRUSTED, false);
        has_text(o, CKA_URL, "");
        has(o, CKA_VALUE, der, size);
        check_name(o, CKA_SUBJECT, X509_get_subject_name(x));
        check_name(o, CKA_ISSUER, X509_get_issuer_name(x));
        n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &serial);
        has(o, CKA_SERIAL_NUMBER, serial, (size_t) n);
        n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
        has(o, CKA_PUBLIC_KEY_INFO, spki, (size_t) n);
        check_day(o, CKA_START_DATE, X509_get0_notBefore(x));
        check_day(o, CKA_END_DATE, X509_get0_notAfter(x));
        check_digests(o, der, size, x);
        OPENSSL_free(serial);
        OPENSSL_free(spki);
}

static void test_certificate(void **state _unused_) {
        _cleanup_(object_unrefp) Object *own = NULL, *authority = NULL;
        ObjectPlace p = place();
        unsigned char digest[32];
        size_t size, n;
        uint8_t *der = certificate("The subject", &size), *spki = make_spki(fixture.rsa, &n);

        assert_int_equal(object_new_certificate(&p, der, size, 1, &own), CKR_OK);
        check_certificate(own, der, size, 1);
        has(own, CKA_ID, id, sizeof(id));
        has_text(own, CKA_LABEL, "Alice's key");

        assert_int_equal(object_new_certificate(&p, der, size, 2, &authority), CKR_OK);
        check_certificate(authority, der, size, 2);
        assert_int_equal(EVP_Digest(spki, n, digest, NULL, EVP_sha256(), NULL), 1);
        has(authority, CKA_ID, digest, sizeof(digest));
        has_text(authority, CKA_LABEL, "The subject");
        assert_int_equal(own->handle, authority->handle); /* the same certificate in the same slot */
        OPENSSL_free(der);
        OPENSSL_free(spki);
}

static void test_far_dates(void **state _unused_) {
        _cleanup_(object_unrefp) Object *o = NULL;
        ObjectPlace p = place();
        size_t size;
        uint8_t *der = make_certificate(
                &(CertificateWish){ .name = "x", .key = fixture.p256, .from_days = -20000, .to_days = 20000 }, &size);

        assert_int_equal(object_new_certificate(&p, der, size, 1, &o), CKR_OK);
        check_certificate(o, der, size, 1);
        OPENSSL_free(der);
}

static void test_subject_of_key(void **state _unused_) {
        signet_key *key = fake_add_key("rsa", fixture.rsa, "alice");
        _cleanup_(object_unrefp) Object *without = private_of(key), *private = NULL, *public = NULL;
        size_t size, n;
        uint8_t *first = certificate("First", &size), *second = certificate("Second", &n);
        const unsigned char *p = first;
        _cleanup_(X509_freep) X509 *x = d2i_X509(NULL, &p, (long) size);

        has(without, CKA_SUBJECT, "", 0);
        fake_certificate(key, first, size);
        fake_certificate(key, second, n);
        private = private_of(key);
        public = public_of(key);
        check_name(private, CKA_SUBJECT, X509_get_subject_name(x));
        check_name(public, CKA_SUBJECT, X509_get_subject_name(x));
        OPENSSL_free(first);
        OPENSSL_free(second);
}

static void test_unreadable_certificates(void **state _unused_) {
        _cleanup_(object_unrefp) Object *o = NULL;
        ObjectPlace p = place();
        size_t size;
        uint8_t *der = certificate("The subject", &size);

        for (size_t n = 0; n < size; n++)
                assert_int_equal(object_new_certificate(&p, der, n, 1, &o), CKR_GENERAL_ERROR);
        assert_int_equal(object_new_certificate(&p, NULL, 0, 1, &o), CKR_GENERAL_ERROR);
        assert_null(o);
        OPENSSL_free(der);
}

/* --- C_GetAttributeValue's rules ------------------------------------------------------------------------------- */

static void test_get(void **state _unused_) {
        _cleanup_(object_unrefp) Object *o = private_of(fake_add_key("rsa", fixture.rsa, "alice"));
        CK_ULONG class = 99, type = 99;
        char label[32], short_label[4] = "xxx";
        CK_ATTRIBUTE t[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_PRIVATE_EXPONENT, value, sizeof(value) },
                { CKA_LABEL, label, sizeof(label) },
                { CKA_WRAP_TEMPLATE, value, sizeof(value) },
                { CKA_LABEL, short_label, sizeof(short_label) },
                { CKA_LABEL, NULL, CK_UNAVAILABLE_INFORMATION },
                { CKA_KEY_TYPE, &type, sizeof(type) },
        };

        /* All that can be filled is, whatever else fails. */
        assert_int_equal(object_get(o, t, ELEMENTSOF(t)), CKR_ATTRIBUTE_SENSITIVE);
        assert_int_equal(class, CKO_PRIVATE_KEY);
        assert_int_equal(type, CKK_RSA);
        assert_int_equal(t[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
        assert_int_equal(t[2].ulValueLen, strlen("Alice's key"));
        assert_memory_equal(label, "Alice's key", strlen("Alice's key"));
        assert_int_equal(t[3].ulValueLen, CK_UNAVAILABLE_INFORMATION);
        assert_int_equal(t[4].ulValueLen, CK_UNAVAILABLE_INFORMATION);
        assert_string_equal(short_label, "xxx");
        assert_int_equal(t[5].ulValueLen, strlen("Alice's key"));

        assert_int_equal(object_get(o, &t[3], 1), CKR_ATTRIBUTE_TYPE_INVALID);
        t[4].ulValueLen = sizeof(short_label);
        assert_int_equal(object_get(o, &t[4], 1), CKR_BUFFER_TOO_SMALL);
        assert_true(object_size(o) > 256);
}

static void test_match(void **state _unused_) {
        _cleanup_(object_unrefp) Object *o = private_of(fake_add_key("rsa", fixture.rsa, "alice"));
        CK_ULONG class = CKO_PRIVATE_KEY;
        CK_BBOOL yes = CK_TRUE, odd = 2;
        CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
                             { CKA_ID, (void *) id, sizeof(id) },
                             { CKA_TOKEN, &yes, sizeof(yes) } };

        assert_true(object_matches(o, NULL, 0));
        assert_true(object_matches(o, t, ELEMENTSOF(t)));
        t[1].ulValueLen--;
        assert_false(object_matches(o, t, ELEMENTSOF(t)));
        t[1] = (CK_ATTRIBUTE){ CKA_ID, NULL, 0 };
        assert_false(object_matches(o, t, ELEMENTSOF(t)));
        t[1] = (CK_ATTRIBUTE){ CKA_SUBJECT, NULL, 0 }; /* empty it is */
        assert_true(object_matches(o, t, ELEMENTSOF(t)));
        t[2].pValue = &odd;
        assert_false(object_matches(o, t, ELEMENTSOF(t)));
        t[2] = (CK_ATTRIBUTE){ CKA_CLASS, &yes, sizeof(yes) };
        assert_false(object_matches(o, t, ELEMENTSOF(t)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_rsa, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_curves, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_uses, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_mechanisms, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_unreadable_keys, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_certificate, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_far_dates, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_subject_of_key, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_unreadable_certificates, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_match, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
