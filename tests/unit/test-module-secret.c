/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secret keys that hosts make in a session: what a template may say of them, and what they show. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/module/names.h"
#include "client/module/object.h"
#include "client/module/template.h"

static Names *names;
static const unsigned char key_bytes[256] = "0123456789abcdef0123456789abcdef";

static CK_ULONG n0 = 0, n16 = 16, n24 = 24, secret_class = CKO_SECRET_KEY, public_class = CKO_PUBLIC_KEY, aes = CKK_AES,
                generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE, odd = 7;

static CK_RV make(CK_KEY_TYPE type, size_t size, const CK_ATTRIBUTE *template, CK_ULONG n, Object **ret) {
        Secret *value = NULL;
        CK_RV rv;

        assert_int_equal(secret_new(size, &value), 0);
        memcpy(secret_bytes(value), key_bytes, MIN(size, sizeof(key_bytes)));
        rv = object_new_secret(names, type, value, template, n, ret);
        if (rv != CKR_OK)
                secret_free(value);
        return rv;
}

#define TEXT(type, s)                                                                                                  \
        { (type), (void *) (s), sizeof(s) - 1 }
#define NUMBER(type, v)                                                                                                \
        { (type), &(v), sizeof(v) }

static void test_templates(void **state _unused_) {
        const struct {
                CK_ATTRIBUTE a;
                CK_RV expected;
        } cases[] = {
                { NUMBER(CKA_CLASS, secret_class), CKR_OK },
                { NUMBER(CKA_CLASS, public_class), CKR_TEMPLATE_INCONSISTENT },
                { { CKA_CLASS, &secret_class, 1 }, CKR_ATTRIBUTE_VALUE_INVALID },
                { NUMBER(CKA_KEY_TYPE, aes), CKR_OK },
                { NUMBER(CKA_KEY_TYPE, generic), CKR_TEMPLATE_INCONSISTENT },
                { NUMBER(CKA_VALUE_LEN, n16), CKR_OK },
                { NUMBER(CKA_VALUE_LEN, n24), CKR_TEMPLATE_INCONSISTENT },
                { NUMBER(CKA_VALUE_LEN, n0), CKR_TEMPLATE_INCONSISTENT },
                { { CKA_VALUE, (void *) key_bytes, 16 }, CKR_OK },
                { { CKA_VALUE, (void *) key_bytes, 15 }, CKR_TEMPLATE_INCONSISTENT },
                { { CKA_VALUE, (void *) (key_bytes + 1), 16 }, CKR_TEMPLATE_INCONSISTENT },
                { { CKA_VALUE, NULL, 0 }, CKR_TEMPLATE_INCONSISTENT },
                { NUMBER(CKA_TOKEN, no), CKR_OK },
                { NUMBER(CKA_TOKEN, yes), CKR_TOKEN_WRITE_PROTECTED },
                { NUMBER(CKA_TOKEN, n16), CKR_ATTRIBUTE_VALUE_INVALID },
                { NUMBER(CKA_PRIVATE, yes), CKR_OK },
                { NUMBER(CKA_PRIVATE, odd), CKR_ATTRIBUTE_VALUE_INVALID },
                { NUMBER(CKA_PRIVATE, n16), CKR_ATTRIBUTE_VALUE_INVALID },
                { NUMBER(CKA_COPYABLE, yes), CKR_TEMPLATE_INCONSISTENT },
                { NUMBER(CKA_COPYABLE, no), CKR_OK },
                { NUMBER(CKA_TRUSTED, yes), CKR_TEMPLATE_INCONSISTENT },
                { NUMBER(CKA_LOCAL, no), CKR_ATTRIBUTE_READ_ONLY },
                { NUMBER(CKA_KEY_GEN_MECHANISM, n0), CKR_ATTRIBUTE_READ_ONLY },
                { NUMBER(CKA_ALWAYS_SENSITIVE, yes), CKR_ATTRIBUTE_READ_ONLY },
                { TEXT(CKA_LABEL, "label"), CKR_OK },
                { TEXT(CKA_START_DATE, "20240101"), CKR_OK },
                { TEXT(CKA_START_DATE, "2024"), CKR_ATTRIBUTE_VALUE_INVALID },
                { { CKA_MODULUS, (void *) key_bytes, 16 }, CKR_ATTRIBUTE_TYPE_INVALID },
                { { CKA_VENDOR_DEFINED | 1, (void *) key_bytes, 16 }, CKR_ATTRIBUTE_TYPE_INVALID },
                { { CKA_UNWRAP_TEMPLATE, (void *) 8, sizeof(CK_ATTRIBUTE) }, CKR_ATTRIBUTE_TYPE_INVALID },
                { { CKA_LABEL, NULL, 5 }, CKR_ARGUMENTS_BAD },
                { { CKA_LABEL, (void *) key_bytes, CK_UNAVAILABLE_INFORMATION }, CKR_ATTRIBUTE_VALUE_INVALID },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(object_unrefp) Object *o = NULL;

                assert_int_equal(make(CKK_AES, 16, &cases[i].a, 1, &o), cases[i].expected);
                assert_int_equal(o != NULL, cases[i].expected == CKR_OK);
        }
}

static void test_twice(void **state _unused_) {
        const CK_ATTRIBUTE t[] = { NUMBER(CKA_TOKEN, no), TEXT(CKA_LABEL, "a"), NUMBER(CKA_TOKEN, yes) };
        Object *o = NULL;

        assert_int_equal(make(CKK_AES, 16, t, ELEMENTSOF(t), &o), CKR_TEMPLATE_INCONSISTENT);
        assert_int_equal(make(CKK_AES, 16, NULL, 1, &o), CKR_ARGUMENTS_BAD);
}

static void test_lengths(void **state _unused_) {
        static const struct {
                CK_KEY_TYPE type;
                size_t size;
                CK_RV expected;
        } cases[] = {
                { CKK_AES, 16, CKR_OK },
                { CKK_AES, 24, CKR_OK },
                { CKK_AES, 32, CKR_OK },
                { CKK_AES, 20, CKR_TEMPLATE_INCONSISTENT },
                { CKK_AES, 8, CKR_TEMPLATE_INCONSISTENT },
                { CKK_AES, 40, CKR_TEMPLATE_INCONSISTENT },
                { CKK_DES3, 24, CKR_OK },
                { CKK_DES3, 16, CKR_TEMPLATE_INCONSISTENT },
                { CKK_GENERIC_SECRET, 1, CKR_OK },
                { CKK_GENERIC_SECRET, SECRET_MAX, CKR_OK },
                { CKK_RSA, 16, CKR_ATTRIBUTE_VALUE_INVALID },
                { CK_UNAVAILABLE_INFORMATION, 16, CKR_ATTRIBUTE_VALUE_INVALID },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(object_unrefp) Object *o = NULL;

                assert_int_equal(make(cases[i].type, cases[i].size, NULL, 0, &o), cases[i].expected);
        }
}

static void test_attributes(void **state _unused_) {
        const CK_ATTRIBUTE t[] = { TEXT(CKA_ID, "id"), NUMBER(CKA_WRAP, yes), NUMBER(CKA_PRIVATE, yes) };
        _cleanup_(object_unrefp) Object *o = NULL, *other = NULL;
        unsigned char value[64];
        CK_ATTRIBUTE get = { CKA_VALUE, value, sizeof(value) };

        assert_int_equal(make(CKK_AES, 16, t, ELEMENTSOF(t), &o), CKR_OK);
        assert_int_equal(make(CKK_AES, 16, t, ELEMENTSOF(t), &other), CKR_OK);
        assert_true(o->handle >= NAMES_SESSION_OBJECT);
        assert_int_not_equal(o->handle, other->handle);
        assert_true(object_matches(o, t, ELEMENTSOF(t)));
        assert_true(object_flag(o, CKA_EXTRACTABLE));
        assert_true(object_flag(o, CKA_DESTROYABLE));
        assert_false(object_flag(o, CKA_TOKEN));
        assert_false(object_flag(o, CKA_SENSITIVE));
        assert_int_equal(object_get(o, &get, 1), CKR_OK);
        assert_int_equal(get.ulValueLen, 16);
        assert_memory_equal(value, key_bytes, 16);
        assert_true(object_matches(o, &get, 1));
        value[0]++;
        assert_false(object_matches(o, &get, 1));
}

static void test_sensitive(void **state _unused_) {
        const CK_ATTRIBUTE ways[] = { NUMBER(CKA_SENSITIVE, yes), NUMBER(CKA_EXTRACTABLE, no) };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                _cleanup_(object_unrefp) Object *o = NULL;
                unsigned char value[64] = { 0 };
                CK_ATTRIBUTE get = { CKA_VALUE, value, sizeof(value) };
                CK_ATTRIBUTE known = { CKA_VALUE, (void *) key_bytes, 16 };

                assert_int_equal(make(CKK_AES, 16, &ways[i], 1, &o), CKR_OK);
                assert_int_equal(object_get(o, &get, 1), CKR_ATTRIBUTE_SENSITIVE);
                assert_int_equal(get.ulValueLen, CK_UNAVAILABLE_INFORMATION);
                assert_int_equal(value[0], 0);
                assert_false(object_matches(o, &known, 1)); /* nor can it be guessed by searches */
        }
}

static int set_up(void **state _unused_) {
        names = names_new();
        return 0;
}

static int tear_down(void **state _unused_) {
        names_free(names);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_templates),  cmocka_unit_test(test_twice),     cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_attributes), cmocka_unit_test(test_sensitive),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
