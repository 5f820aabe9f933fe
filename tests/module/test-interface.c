/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_GetInterfaceList and C_GetInterface (PKCS#11 3.0 section 5.4.5 and 5.4.6), which work before C_Initialize, after it
 * and after C_Finalize. */
#include <dlfcn.h>

#include "host.h"

static T3Interface *get(const char *name, int major, int minor, CK_FLAGS flags) {
        CK_VERSION version = { (CK_BYTE) major, (CK_BYTE) minor };
        T3Interface *i = WILD;
        CK_RV rv = p11v3->C_GetInterface(name, major < 0 ? NULL : &version, &i, flags);

        if (rv == CKR_OK) {
                assert_non_null(i);
                return i;
        }
        expect(rv, CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD, CKR_GENERAL_ERROR);
        return NULL;
}

static void test_by_name(void **state _unused_) {
        static const struct {
                const char *name;
                int major, minor;
                CK_FLAGS flags;
                int expect_major; /* 0: there is none */
        } table[] = {
                { NULL, -1, 0, 0, 3 },         { "PKCS 11", -1, 0, 0, 3 },  { "PKCS 11", 3, 0, 0, 3 },
                { "PKCS 11", 2, 40, 0, 2 },    { NULL, 2, 40, 0, 2 },       { NULL, 3, 0, 0, 3 },
                { "PKCS 11", 3, 1, 0, 0 },     { "PKCS 11", 2, 41, 0, 0 },  { "PKCS 11", 0, 0, 0, 0 },
                { "PKCS 11", 99, 9, 0, 0 },    { "PKCS11", -1, 0, 0, 0 },   { "pkcs 11", -1, 0, 0, 0 },
                { "", -1, 0, 0, 0 },           { "Vendor x", -1, 0, 0, 0 }, { "PKCS 11 ", 3, 0, 0, 0 },
                { NULL, -1, 0, 1UL << 63, 0 }, { "PKCS 11", 3, 0, 2, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                T3Interface *found = get(table[i].name, table[i].major, table[i].minor, table[i].flags);
                CK_VERSION *version;

                print_message("%s %d.%d flags %lx\n", table[i].name ? table[i].name : "(any)", table[i].major,
                              table[i].minor, table[i].flags);
                if (table[i].expect_major == 0) {
                        assert_null(found);
                        continue;
                }
                assert_non_null(found);
                assert_string_equal(found->name, "PKCS 11");
                version = found->functions;
                assert_int_equal(version->major, table[i].expect_major);
                assert_int_equal(version->minor, table[i].expect_major == 2 ? 40 : 0);
        }
        expect(p11v3->C_GetInterface("PKCS 11", NULL, NULL, 0), CKR_ARGUMENTS_BAD);
}

/* Who asks for an interface that stands forks gets it where the module says that it has one, else nothing. */
static void test_fork_safe(void **state _unused_) {
        T3Interface *plain = get(NULL, -1, 0, 0), *safe = get(NULL, -1, 0, T3_INTERFACE_FORK_SAFE);

        assert_int_equal(plain->flags & ~T3_INTERFACE_FORK_SAFE, 0);
        assert_true(!safe == !(plain->flags & T3_INTERFACE_FORK_SAFE));
}

static void test_list(void **state _unused_) {
        T3Interface list[16];
        CK_ULONG n = 0, few;
        bool has_2 = false, has_3 = false;

        expect(p11v3->C_GetInterfaceList(NULL, NULL), CKR_ARGUMENTS_BAD);
        expect(p11v3->C_GetInterfaceList(list, NULL), CKR_ARGUMENTS_BAD);
        expect(p11v3->C_GetInterfaceList(NULL, &n), CKR_OK);
        assert_in_range(n, 2, ELEMENTSOF(list));
        few = n - 1;
        expect(p11v3->C_GetInterfaceList(list, &few), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(few, n);
        few = 0;
        expect(p11v3->C_GetInterfaceList(list, &few), CKR_BUFFER_TOO_SMALL);
        few = ELEMENTSOF(list);
        expect(p11v3->C_GetInterfaceList(list, &few), CKR_OK);
        assert_int_equal(few, n);
        for (CK_ULONG i = 0; i < n; i++) {
                CK_VERSION *version = list[i].functions;

                assert_string_equal(list[i].name, "PKCS 11");
                has_2 = has_2 || (version->major == 2 && version->minor == 40);
                has_3 = has_3 || (version->major == 3 && version->minor == 0);
        }
        assert_true(has_2 && has_3);
}

static void test_lists_are_whole(void **state _unused_) {
        void **entries = (void **) &p11v3->C_GetInterfaceList;
        size_t n = (sizeof(*p11v3) - offsetof(T3Functions, C_GetInterfaceList)) / sizeof(void *);

        assert_int_equal(n, 24);
        assert_int_equal(p11v3->base.version.major, 3);
        for (size_t i = 0; i < n; i++)
                assert_non_null(entries[i]);
        /* The functions of 2.40 are there too, and C_GetFunctionList never gives a list of 3.0 (section 5.4.4). */
        entries = (void **) &p11v3->base.C_Initialize;
        for (size_t i = 0; i < 68; i++)
                assert_non_null(entries[i]);
        assert_ptr_equal(get("PKCS 11", 2, 40, 0)->functions, p11);
}

/* Section 5.4: interfaces do not change while the module is up. */
static void test_same_at_all_times(void **state) {
        T3Interface *before = get(NULL, -1, 0, 0), *during;

        assert_int_equal(host_start(state), 0);
        during = get(NULL, -1, 0, 0);
        test_list(state);
        assert_int_equal(host_stop(state), 0);
        assert_ptr_equal(before->functions, during->functions);
        assert_ptr_equal(before->functions, get(NULL, -1, 0, 0)->functions);
}

/* A module is loaded among many: it shows its entry points and nothing else. */
static void test_symbols(void **state _unused_) {
        assert_non_null(dlsym(host.library, "C_GetFunctionList"));
        assert_non_null(dlsym(host.library, "C_GetInterface"));
        assert_non_null(dlsym(host.library, "C_GetInterfaceList"));
}

static void test_no_interface(void **state _unused_) {
        assert_true(host.reference); /* any other has to have it */
        skip();
}

int test_interface(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_by_name), cmocka_unit_test(test_fork_safe),
                cmocka_unit_test(test_list),    cmocka_unit_test(test_lists_are_whole),
                cmocka_unit_test(test_symbols), cmocka_unit_test_teardown(test_same_at_all_times, host_stop),
        };
        const struct CMUnitTest none[] = { cmocka_unit_test(test_no_interface) };

        return p11v3 ? cmocka_run_group_tests_name("interface", tests, NULL, NULL)
                     : cmocka_run_group_tests_name("interface", none, NULL, NULL);
}
