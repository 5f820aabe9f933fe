/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates from hosts: what may be read of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/module/template.h"

static CK_ULONG number = 7;
static CK_BBOOL yes = CK_TRUE;

static void test_check(void **state _unused_) {
        static const CK_ATTRIBUTE nested = { CKA_WRAP_TEMPLATE, (void *) 8, sizeof(CK_ATTRIBUTE) };
        const struct {
                CK_ATTRIBUTE a;
                CK_RV with_values, without;
        } cases[] = {
                { { CKA_CLASS, &number, sizeof(number) }, CKR_OK, CKR_OK },
                { { CKA_LABEL, NULL, 0 }, CKR_OK, CKR_OK },
                { { CKA_LABEL, &yes, 0 }, CKR_OK, CKR_OK },
                { { CKA_LABEL, NULL, 1 }, CKR_ARGUMENTS_BAD, CKR_OK },
                { { CKA_LABEL, NULL, CK_UNAVAILABLE_INFORMATION }, CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK },
                { { CKA_LABEL, (void *) 8, CK_UNAVAILABLE_INFORMATION }, CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK },
                { { CKA_LABEL, (void *) 8, TEMPLATE_VALUE_MAX + 1 }, CKR_ATTRIBUTE_VALUE_INVALID, CKR_OK },
                /* The pointers inside are nobody's business: this one leads nowhere, and is not followed. */
                { nested, CKR_OK, CKR_OK },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(template_check(&cases[i].a, 1, true), cases[i].with_values);
                assert_int_equal(template_check(&cases[i].a, 1, false), cases[i].without);
        }
}

static void test_count(void **state _unused_) {
        static CK_ATTRIBUTE many[TEMPLATE_MAX];

        assert_int_equal(template_check(NULL, 0, true), CKR_OK);
        assert_int_equal(template_check((void *) 8, 0, true), CKR_OK);
        assert_int_equal(template_check(NULL, 1, true), CKR_ARGUMENTS_BAD);
        assert_int_equal(template_check(NULL, 1, false), CKR_ARGUMENTS_BAD);
        assert_int_equal(template_check(many, TEMPLATE_MAX, true), CKR_OK);
        assert_int_equal(template_check(many, TEMPLATE_MAX + 1, true), CKR_ARGUMENTS_BAD);
        assert_int_equal(template_check(many, CK_UNAVAILABLE_INFORMATION, false), CKR_ARGUMENTS_BAD);
}

static void test_scalars(void **state _unused_) {
        unsigned char odd[1 + sizeof(CK_ULONG)];
        const CK_ATTRIBUTE t[] = {
                { CKA_CLASS, odd + 1, sizeof(number) }, /* not aligned */
                { CKA_TOKEN, &yes, sizeof(yes) },         { CKA_KEY_TYPE, &number, sizeof(number) - 1 },
                { CKA_PRIVATE, &number, sizeof(number) }, { CKA_VALUE_LEN, NULL, sizeof(number) },
                { CKA_TOKEN, &number, sizeof(number) },
        };
        CK_ULONG v = 99;
        CK_BBOOL b = 99;

        memcpy(odd + 1, &number, sizeof(number));
        assert_true(template_ulong(t, ELEMENTSOF(t), CKA_CLASS, &v));
        assert_int_equal(v, 7);
        assert_true(template_bool(t, ELEMENTSOF(t), CKA_TOKEN, &b));
        assert_int_equal(b, CK_TRUE);

        v = 99;
        b = 99;
        assert_false(template_ulong(t, ELEMENTSOF(t), CKA_KEY_TYPE, &v));
        assert_false(template_ulong(t, ELEMENTSOF(t), CKA_VALUE_LEN, &v));
        assert_false(template_ulong(t, ELEMENTSOF(t), CKA_ID, &v));
        assert_false(template_bool(t, ELEMENTSOF(t), CKA_PRIVATE, &b));
        assert_false(template_ulong(NULL, 0, CKA_CLASS, &v));
        assert_int_equal(v, 99);
        assert_int_equal(b, 99);

        assert_ptr_equal(template_find(t, ELEMENTSOF(t), CKA_TOKEN), &t[1]);
        assert_null(template_find(t, ELEMENTSOF(t), CKA_ID));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_count),
                cmocka_unit_test(test_scalars),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
