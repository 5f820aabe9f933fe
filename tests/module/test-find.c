/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal (PKCS#11 2.40 section 5.7), and templates that lie. */
#include "host.h"

#define MANY 256

static void test_states(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open(), t = host_open();
        CK_OBJECT_HANDLE found[MANY];
        CK_ULONG n = 77;

        expect(p11->C_FindObjects(s, found, 1, &n), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
        expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OPERATION_ACTIVE);
        expect(p11->C_FindObjectsInit(t, NULL, 0), CKR_OK); /* another session's search is its own */
        expect(p11->C_FindObjects(s, found, 0, &n), CKR_OK, host.reference ? CKR_ARGUMENTS_BAD : CKR_OK);
        assert_int_equal(n, host.reference ? n : 0);
        expect(p11->C_FindObjects(s, NULL, 4, &n), CKR_ARGUMENTS_BAD);
        expect(p11->C_FindObjects(s, found, 4, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_FindObjects(s, found, 1, &n), CKR_OK); /* the search goes on */
        assert_int_equal(n, 1);
        expect(p11->C_FindObjectsFinal(s), CKR_OK);
        expect(p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_FindObjects(s, found, 1, &n), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_FindObjects(t, found, 1, &n), CKR_OK);
        host_close(t); /* with its search */
        host_close(s);
}

/* One at a time and all at once give the same objects, each once. */
static void test_in_steps(void **state _unused_) {
        CK_OBJECT_HANDLE all[MANY], one;
        CK_SESSION_HANDLE s = host_open();
        size_t n = host_find(s, NULL, 0, all, MANY);
        CK_ULONG k;

        assert_true(n >= 4);
        expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
        for (size_t i = 0; i < n; i++) {
                expect(p11->C_FindObjects(s, &one, 1, &k), CKR_OK);
                assert_int_equal(k, 1);
                assert_int_not_equal(one, 0);
                assert_int_equal(one, all[i]);
                for (size_t j = 0; j < i; j++)
                        assert_int_not_equal(all[j], all[i]);
        }
        for (int i = 0; i < 3; i++) { /* at the end it stays at the end */
                expect(p11->C_FindObjects(s, &one, 1, &k), CKR_OK);
                assert_int_equal(k, 0);
        }
        expect(p11->C_FindObjectsFinal(s), CKR_OK);
        /* A number that no array has: only what is there is written. */
        expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
        expect(p11->C_FindObjects(s, all, (CK_ULONG) -1, &k), CKR_OK, CKR_ARGUMENTS_BAD);
        expect(p11->C_FindObjectsFinal(s), CKR_OK);
        host_close(s);
}

/* Every object is found by each single attribute that it has, and a search by it finds only objects that have it. */
static void test_by_each_attribute(void **state _unused_) {
        static const CK_ATTRIBUTE_TYPE types[] = {
                CKA_CLASS,       CKA_TOKEN,         CKA_PRIVATE,          CKA_LABEL,           CKA_ID,
                CKA_KEY_TYPE,    CKA_SUBJECT,       CKA_ISSUER,           CKA_VALUE,           CKA_MODULUS,
                CKA_SIGN,        CKA_DECRYPT,       CKA_CERTIFICATE_TYPE, CKA_EC_PARAMS,       CKA_EC_POINT,
                CKA_EXTRACTABLE, CKA_SERIAL_NUMBER, CKA_SENSITIVE,        CKA_PUBLIC_EXPONENT,
        };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE all[MANY], found[MANY];
        size_t n = host_find(s, NULL, 0, all, MANY);
        unsigned char value[4096], theirs[4096];

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < ELEMENTSOF(types); j++) {
                        ssize_t size = host_attribute(s, all[i], types[j], value, sizeof(value));
                        CK_ATTRIBUTE a = { types[j], value, (CK_ULONG) size };
                        bool itself = false;
                        size_t k;

                        if (size <= 0)
                                continue;
                        k = host_find(s, &a, 1, found, MANY);
                        for (size_t m = 0; m < k; m++) {
                                itself = itself || found[m] == all[i];
                                assert_int_equal(host_attribute(s, found[m], types[j], theirs, sizeof(theirs)), size);
                                assert_memory_equal(theirs, value, (size_t) size);
                        }
                        assert_true(itself);
                        value[size] = 0; /* a value is compared whole: neither a prefix nor more is it */
                        a.ulValueLen++;
                        assert_int_equal(host_find(s, &a, 1, found, MANY), 0);
                }
        host_close(s);
}

static void test_together(void **state _unused_) {
        CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, certificate = CKO_CERTIFICATE, data = CKO_DATA, odd = 0x7fffffff;
        CK_KEY_TYPE rsa = CKK_RSA, ec = CKK_EC;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        struct {
                CK_ATTRIBUTE template[3];
                CK_ULONG n;
                bool some;
        } table[] = {
                { { { CKA_CLASS, &private, sizeof(private) } }, 1, true },
                { { { CKA_CLASS, &private, sizeof(private) }, { CKA_KEY_TYPE, &rsa, sizeof(rsa) } }, 2, true },
                { { { CKA_KEY_TYPE, &ec, sizeof(ec) },
                    { CKA_CLASS, &private, sizeof(private) },
                    { CKA_SIGN, &yes, sizeof(yes) } },
                  3,
                  true },
                { { { CKA_TOKEN, &yes, sizeof(yes) } }, 1, true },
                { { { CKA_TOKEN, &no, sizeof(no) } }, 1, false },
                { { { CKA_CLASS, &private, sizeof(private) },
                    { CKA_SIGN, &no, sizeof(no) },
                    { CKA_SIGN, &yes, sizeof(yes) } },
                  3,
                  false },
                { { { CKA_CLASS, &certificate, sizeof(certificate) }, { CKA_KEY_TYPE, &rsa, sizeof(rsa) } }, 2, false },
                { { { CKA_CLASS, &data, sizeof(data) } }, 1, false },
                { { { CKA_CLASS, &odd, sizeof(odd) } }, 1, false },
                { { { CKA_VENDOR_DEFINED | 5, &yes, sizeof(yes) } }, 1, false },
                { { { CKA_CLASS, &private, 1 } }, 1, false },
                { { { CKA_CLASS, &private, 0 } }, 1, false },
                { { { CKA_CLASS, NULL, 0 } }, 1, false },
        };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE found[MANY];
        CK_ULONG n = 0;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CK_RV rv = p11->C_FindObjectsInit(s, table[i].template, table[i].n);

                print_message("template %zu\n", i);
                if (!table[i].some && rv != CKR_OK) {
                        expect(rv, CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID);
                        continue;
                }
                expect(rv, CKR_OK);
                expect(p11->C_FindObjects(s, found, MANY, &n), CKR_OK);
                assert_int_equal(n > 0, table[i].some);
                expect(p11->C_FindObjectsFinal(s), CKR_OK);
        }
        host_close(s);
}

/* Templates whose numbers lie: refused before anything behind them is read, and no search is left open. */
static void test_lying_templates(void **state _unused_) {
        CK_ATTRIBUTE inner = { CKA_LABEL, WILD, (CK_ULONG) -1 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };
        CK_OBJECT_HANDLE found[MANY];

        if (host.reference) {
                host_close(s);
                skip(); /* it reads them */
        }
        expect(p11->C_FindObjectsInit(s, NULL, 1), CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < n_absurd_lengths; i++) {
                expect(p11->C_FindObjectsInit(s, NULL, absurd_lengths[i]), CKR_ARGUMENTS_BAD);
                expect(p11->C_FindObjectsInit(s, &a, absurd_lengths[i]), CKR_ARGUMENTS_BAD);
                a = (CK_ATTRIBUTE){ CKA_LABEL, &class, absurd_lengths[i] };
                expect(p11->C_FindObjectsInit(s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);
                a = (CK_ATTRIBUTE){ CKA_VENDOR_DEFINED, WILD, absurd_lengths[i] };
                expect(p11->C_FindObjectsInit(s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);
                a = (CK_ATTRIBUTE){ CKA_LABEL, NULL, absurd_lengths[i] };
                expect(p11->C_FindObjectsInit(s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);
        }
        a = (CK_ATTRIBUTE){ CKA_LABEL, NULL, 4 };
        expect(p11->C_FindObjectsInit(s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);

        /* Attributes in an attribute: no object here has one, and what they point to is nobody's business. */
        a = (CK_ATTRIBUTE){ CKA_WRAP_TEMPLATE, &inner, sizeof(inner) };
        assert_int_equal(host_find(s, &a, 1, found, MANY), 0);
        a = (CK_ATTRIBUTE){ CKA_UNWRAP_TEMPLATE, &a, sizeof(a) };
        assert_int_equal(host_find(s, &a, 1, found, MANY), 0);
        a = (CK_ATTRIBUTE){ CKA_UNWRAP_TEMPLATE, &inner, 1 };
        assert_int_equal(host_find(s, &a, 1, found, MANY), 0);

        expect(p11->C_FindObjects(s, found, 1, (CK_ULONG *) &found[1]), CKR_OPERATION_NOT_INITIALIZED);
        host_close(s);
}

/* A module that answers from what it knows gives the same handles to everybody, at any time. */
static void test_handles_stay(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open(), t = host_open();
        CK_OBJECT_HANDLE a[MANY], b[MANY];
        size_t n = host_find(s, NULL, 0, a, MANY);

        assert_int_equal(host_find(t, NULL, 0, b, MANY), n);
        assert_memory_equal(a, b, n * sizeof(a[0]));
        host_close(s);
        assert_int_equal(host_find(t, NULL, 0, b, MANY), n);
        assert_memory_equal(a, b, n * sizeof(a[0]));
        host_close(t);
}

int test_find(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_states, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_in_steps, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_by_each_attribute, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_together, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_lying_templates, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_handles_stay, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
