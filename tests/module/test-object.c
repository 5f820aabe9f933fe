/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of objects, and changes to them (PKCS#11 2.40 sections 4 and 5.7). */
#include <openssl/x509.h>

#include "host.h"

#define MANY 256

/* Section 5.7, C_GetAttributeValue: the length where no buffer is; the length -1 where there is no value to give, where
 * the buffer is short; and all others are filled nevertheless. */
static void test_get(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        CK_OBJECT_CLASS class = 0;
        unsigned char label[256], exponent[512], unknown[8];
        CK_ATTRIBUTE a[4];
        CK_ULONG size;

        a[0] = (CK_ATTRIBUTE){ CKA_LABEL, NULL, 0 };
        expect(p11->C_GetAttributeValue(s, key, a, 1), CKR_OK);
        size = a[0].ulValueLen;
        assert_in_range(size, 1, sizeof(label));
        a[0] = (CK_ATTRIBUTE){ CKA_LABEL, NULL, 12345 }; /* without a buffer the length before means nothing */
        expect(p11->C_GetAttributeValue(s, key, a, 1), CKR_OK);
        assert_int_equal(a[0].ulValueLen, size);
        a[0] = (CK_ATTRIBUTE){ CKA_LABEL, label, size };
        expect(p11->C_GetAttributeValue(s, key, a, 1), CKR_OK);
        a[0] = (CK_ATTRIBUTE){ CKA_LABEL, label, sizeof(label) };
        expect(p11->C_GetAttributeValue(s, key, a, 1), CKR_OK);
        assert_int_equal(a[0].ulValueLen, size);

        for (int order = 0; order < 4; order++) {
                CK_ATTRIBUTE list[] = {
                        { CKA_LABEL, label, order == 0 ? size - 1 : sizeof(label) },
                        { CKA_PRIVATE_EXPONENT, order == 1 ? exponent : NULL, order == 1 ? sizeof(exponent) : 0 },
                        { CKA_VENDOR_DEFINED | 0x1234, order == 2 ? unknown : NULL, order == 2 ? sizeof(unknown) : 0 },
                        { CKA_CLASS, &class, sizeof(class) },
                };

                class = 0;
                memset(exponent, 0xaa, sizeof(exponent));
                memset(unknown, 0xaa, sizeof(unknown));
                expect(p11->C_GetAttributeValue(s, key, list, 4), CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID,
                       order == 0 ? CKR_BUFFER_TOO_SMALL : CKR_ATTRIBUTE_SENSITIVE);
                assert_int_equal(class, CKO_PRIVATE_KEY);
                assert_int_equal(list[3].ulValueLen, sizeof(class));
                assert_int_equal(list[0].ulValueLen, order == 0 ? CK_UNAVAILABLE_INFORMATION : size);
                assert_int_equal(list[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
                assert_int_equal(list[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
                for (size_t i = 0; i < sizeof(exponent); i++)
                        assert_int_equal(exponent[i], 0xaa);
        }
        host_close(s);
}

static void test_get_refusals(void **state _unused_) {
        static const CK_ATTRIBUTE_TYPE secrets[] = { CKA_PRIVATE_EXPONENT, CKA_PRIME_1,     CKA_PRIME_2,
                                                     CKA_EXPONENT_1,       CKA_COEFFICIENT, CKA_EXPONENT_2 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE rsa = host_key(s, CKO_PRIVATE_KEY, CKK_RSA), ec = host_key(s, CKO_PRIVATE_KEY, CKK_EC);
        unsigned char buffer[2048];
        CK_ATTRIBUTE a = { CKA_LABEL, buffer, sizeof(buffer) };

        expect(p11->C_GetAttributeValue(s, rsa, NULL, 1), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetAttributeValue(s, rsa, &a, 0), CKR_OK, CKR_ARGUMENTS_BAD);
        expect(p11->C_GetAttributeValue(s, rsa, NULL, 0), CKR_OK, CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < n_strange_handles; i++)
                expect(p11->C_GetAttributeValue(s, strange_handles[i], &a, 1), CKR_OBJECT_HANDLE_INVALID);
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++) {
                a = (CK_ATTRIBUTE){ secrets[i], buffer, sizeof(buffer) };
                expect(p11->C_GetAttributeValue(s, rsa, &a, 1), CKR_ATTRIBUTE_SENSITIVE);
                assert_int_equal(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
                a = (CK_ATTRIBUTE){ secrets[i], NULL, 0 };
                expect(p11->C_GetAttributeValue(s, rsa, &a, 1), CKR_ATTRIBUTE_SENSITIVE);
        }
        a = (CK_ATTRIBUTE){ CKA_VALUE, buffer, sizeof(buffer) };
        expect(p11->C_GetAttributeValue(s, ec, &a, 1), CKR_ATTRIBUTE_SENSITIVE);
        a = (CK_ATTRIBUTE){ CKA_MODULUS, buffer, sizeof(buffer) };
        expect(p11->C_GetAttributeValue(s, ec, &a, 1), CKR_ATTRIBUTE_TYPE_INVALID);
        a = (CK_ATTRIBUTE){ CKA_VALUE, buffer, sizeof(buffer) };
        expect(p11->C_GetAttributeValue(s, rsa, &a, 1), CKR_ATTRIBUTE_TYPE_INVALID);
        for (size_t i = 0; i < n_absurd_lengths && !host.reference; i++) {
                a = (CK_ATTRIBUTE){ CKA_LABEL, buffer, sizeof(buffer) };
                expect(p11->C_GetAttributeValue(s, rsa, &a, absurd_lengths[i]), CKR_ARGUMENTS_BAD);
        }
        /* Nested attributes are not looked into. */
        if (!host.reference) {
                CK_ATTRIBUTE inner = { CKA_LABEL, WILD, (CK_ULONG) -1 };

                a = (CK_ATTRIBUTE){ CKA_UNWRAP_TEMPLATE, &inner, sizeof(inner) };
                expect(p11->C_GetAttributeValue(s, rsa, &a, 1), CKR_ATTRIBUTE_TYPE_INVALID, CKR_OK);
        }
        host_close(s);
}

static void expect_bool(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, CK_BBOOL wanted) {
        CK_BBOOL value = 77;

        print_message("object %lu attribute 0x%lx\n", o, type);
        assert_int_equal(host_attribute(s, o, type, &value, sizeof(value)), 1);
        assert_int_equal(value, wanted);
}

static void test_private_keys(void **state _unused_) {
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE keys[MANY];
        size_t n = host_find(s, &a, 1, keys, MANY);
        unsigned char mechanisms[1024];

        assert_true(n >= 2);
        for (size_t i = 0; i < n; i++) {
                expect_bool(s, keys[i], CKA_TOKEN, CK_TRUE);
                expect_bool(s, keys[i], CKA_SENSITIVE, CK_TRUE);
                expect_bool(s, keys[i], CKA_EXTRACTABLE, CK_FALSE);
                if (host.reference)
                        continue;
                expect_bool(s, keys[i], CKA_MODIFIABLE, CK_FALSE);
                expect_bool(s, keys[i], CKA_ALWAYS_AUTHENTICATE, CK_FALSE);
                assert_true(host_attribute(s, keys[i], CKA_ID, mechanisms, sizeof(mechanisms)) > 0);
                assert_int_not_equal(host_partner(s, keys[i], CKO_PUBLIC_KEY), 0);
        }
        host_close(s);
}

static void test_public_keys(void **state _unused_) {
        static const CK_KEY_TYPE types[] = { CKK_RSA, CKK_EC, CKK_EC_EDWARDS };
        CK_SESSION_HANDLE s = host_open();

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                CK_OBJECT_HANDLE key = host_key(s, CKO_PUBLIC_KEY, types[i]);
                EVP_PKEY *pkey;

                if (key == 0)
                        continue;
                pkey = host_public(s, key);
                assert_non_null(pkey);
                if (types[i] == CKK_RSA)
                        assert_int_equal(host_ulong(s, key, CKA_MODULUS_BITS), EVP_PKEY_get_bits(pkey));
                EVP_PKEY_free(pkey);
                expect_bool(s, key, CKA_TOKEN, CK_TRUE);
        }
        host_close(s);
}

/* What a host reads of a certificate is what stands in it. */
static void compare_certificate(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o) {
        unsigned char der[8192], field[1024], *own = NULL;
        ssize_t n = host_attribute(s, o, CKA_VALUE, der, sizeof(der)), size;
        const unsigned char *cursor = der;
        X509 *x = d2i_X509(NULL, &cursor, n);

        assert_non_null(x);
        assert_ptr_equal(cursor, der + n);
        assert_int_equal(host_ulong(s, o, CKA_CERTIFICATE_TYPE), CKC_X_509);
        size = host_attribute(s, o, CKA_SUBJECT, field, sizeof(field));
        assert_int_equal(i2d_X509_NAME(X509_get_subject_name(x), &own), size);
        assert_memory_equal(own, field, (size_t) size);
        OPENSSL_free(own);
        own = NULL;
        size = host_attribute(s, o, CKA_ISSUER, field, sizeof(field));
        if (size > 0 || !host.reference) { /* which has what was written beside the certificate */
                assert_int_equal(i2d_X509_NAME(X509_get_issuer_name(x), &own), size);
                assert_memory_equal(own, field, (size_t) size);
                OPENSSL_free(own);
                own = NULL;
                size = host_attribute(s, o, CKA_SERIAL_NUMBER, field, sizeof(field));
                assert_int_equal(i2d_ASN1_INTEGER(X509_get_serialNumber(x), &own), size);
                assert_memory_equal(own, field, (size_t) size);
                OPENSSL_free(own);
        }
        X509_free(x);
}

static void test_certificates(void **state _unused_) {
        CK_OBJECT_CLASS class = CKO_CERTIFICATE;
        CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE found[MANY];
        size_t n = host_find(s, &a, 1, found, MANY);

        for (size_t i = 0; i < n; i++)
                compare_certificate(s, found[i]);
        host_close(s);
        if (n == 0)
                skip();
}

/* What stands on a token stays there: keys are made and thrown away elsewhere. */
static void test_nothing_changes(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA), all[MANY], o = 0;
        size_t n = host_find(s, NULL, 0, all, MANY);
        CK_BBOOL yes = CK_TRUE;
        CK_OBJECT_CLASS data = CKO_DATA;
        CK_ATTRIBUTE label = { CKA_LABEL, (void *) "new", 3 }, extractable = { CKA_EXTRACTABLE, &yes, 1 };
        CK_ATTRIBUTE token[] = { { CKA_CLASS, &data, sizeof(data) }, { CKA_TOKEN, &yes, 1 } };

        expect(p11->C_SetAttributeValue(s, key, &label, 1), CKR_SESSION_READ_ONLY, CKR_ATTRIBUTE_READ_ONLY,
               CKR_ACTION_PROHIBITED, CKR_TOKEN_WRITE_PROTECTED, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_SetAttributeValue(s, key, &extractable, 1), CKR_SESSION_READ_ONLY, CKR_ATTRIBUTE_READ_ONLY,
               CKR_ACTION_PROHIBITED, CKR_TOKEN_WRITE_PROTECTED, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_CopyObject(s, key, &extractable, 1, &o), CKR_SESSION_READ_ONLY, CKR_ACTION_PROHIBITED,
               CKR_TEMPLATE_INCONSISTENT, CKR_TOKEN_WRITE_PROTECTED, CKR_FUNCTION_NOT_SUPPORTED,
               CKR_ATTRIBUTE_READ_ONLY);
        if (!host.reference) {
                expect(p11->C_DestroyObject(s, key), CKR_SESSION_READ_ONLY, CKR_ACTION_PROHIBITED,
                       CKR_TOKEN_WRITE_PROTECTED, CKR_FUNCTION_NOT_SUPPORTED);
                for (size_t i = 0; i < n_strange_handles; i++)
                        expect(p11->C_DestroyObject(s, strange_handles[i]), CKR_OBJECT_HANDLE_INVALID,
                               CKR_FUNCTION_NOT_SUPPORTED);
        }
        expect(p11->C_CreateObject(s, token, 2, &o), CKR_SESSION_READ_ONLY, CKR_TOKEN_WRITE_PROTECTED,
               CKR_FUNCTION_NOT_SUPPORTED, CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT,
               CKR_TEMPLATE_INCOMPLETE);
        assert_int_equal(host_find(s, NULL, 0, all, MANY), n);
        host_close(s);
}

static void test_size(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        CK_ULONG size = 77;

        expect(p11->C_GetObjectSize(s, key, NULL), CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_GetObjectSize(s, key, &size), CKR_OK, CKR_INFORMATION_SENSITIVE, CKR_FUNCTION_NOT_SUPPORTED);
        for (size_t i = 0; i < n_strange_handles; i++)
                expect(p11->C_GetObjectSize(s, strange_handles[i], &size), CKR_OBJECT_HANDLE_INVALID,
                       CKR_FUNCTION_NOT_SUPPORTED);
        host_close(s);
}

int test_object(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_get, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_get_refusals, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_private_keys, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_public_keys, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_certificates, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_nothing_changes, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_size, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
