/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList (PKCS#11 2.40 sections 5.4 and 5.3). */
#include "host.h"

static CK_RV no_mutex(void *p _unused_) {
        return CKR_OK;
}

static CK_RV new_mutex(void **p) {
        *p = NULL;
        return CKR_OK;
}

static void finalize_when_up(CK_RV rv) {
        if (rv == CKR_OK)
                expect(p11->C_Finalize(NULL), CKR_OK);
}

static void test_list_is_whole(void **state _unused_) {
        CK_FUNCTION_LIST *again = NULL;
        void **entries = (void **) &p11->C_Initialize;
        size_t n = (sizeof(*p11) - offsetof(CK_FUNCTION_LIST, C_Initialize)) / sizeof(void *);

        assert_int_equal(n, 68);
        assert_int_equal(p11->version.major, 2);
        assert_true(p11->version.minor == 40 || (host.reference && p11->version.minor < 40));
        for (size_t i = 0; i < n; i++)
                assert_non_null(entries[i]);
        expect(p11->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetFunctionList(&again), CKR_OK);
        assert_ptr_equal(again, p11);
}

static void test_initialize(void **state _unused_) {
        CK_C_INITIALIZE_ARGS args = { 0 };
        int word;

        expect(p11->C_Initialize(NULL), CKR_OK);
        expect(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        expect(p11->C_Finalize(NULL), CKR_OK);
        expect(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);

        expect(p11->C_Initialize(&args), CKR_OK);
        expect(p11->C_Initialize(&args), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        expect(p11->C_Finalize(&word), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD); /* it is still up */
        expect(p11->C_Finalize(NULL), CKR_OK);

        args.pReserved = &word;
        if (!host.reference) /* which passes it on */
                expect(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
}

/* Section 5.4: either all four functions or none; whoever has functions but may not have the system's locks
 * may be refused, with CKR_CANT_LOCK. */
static void test_mutexes(void **state _unused_) {
        static const CK_FLAGS flags[] = { 0, CKF_OS_LOCKING_OK, CKF_LIBRARY_CANT_CREATE_OS_THREADS,
                                          CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS };

        for (unsigned mask = 0; mask < 16; mask++)
                for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
                        CK_C_INITIALIZE_ARGS args = {
                                .CreateMutex = mask & 1 ? new_mutex : NULL,
                                .DestroyMutex = mask & 2 ? no_mutex : NULL,
                                .LockMutex = mask & 4 ? no_mutex : NULL,
                                .UnlockMutex = mask & 8 ? no_mutex : NULL,
                                .flags = flags[i],
                        };

                        if (mask > 0 && mask < 15)
                                expect(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
                        else if (mask == 0)
                                finalize_when_up(expect(p11->C_Initialize(&args), CKR_OK));
                        else if (flags[i] & CKF_OS_LOCKING_OK)
                                finalize_when_up(expect(p11->C_Initialize(&args), CKR_OK));
                        else
                                finalize_when_up(expect(p11->C_Initialize(&args), CKR_OK, CKR_CANT_LOCK));
                }
}

/* A fixed field is filled up with blanks and has no NUL (section 3.1). */
static void assert_blank_padded(const unsigned char *field, size_t n) {
        assert_null(memchr(field, '\0', n));
        assert_int_not_equal(field[0], ' ');
}

static void test_info(void **state _unused_) {
        CK_INFO info;

        memset(&info, 0xaa, sizeof(info));
        expect(p11->C_Initialize(NULL), CKR_OK);
        expect(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetInfo(&info), CKR_OK);
        assert_true(info.cryptokiVersion.major == 2 || info.cryptokiVersion.major == 3);
        assert_int_equal(info.flags, 0);
        assert_blank_padded(info.manufacturerID, sizeof(info.manufacturerID));
        assert_blank_padded(info.libraryDescription, sizeof(info.libraryDescription));
        expect(p11->C_Finalize(NULL), CKR_OK);
}

/* Up and down again leaves nothing behind: no descriptor, no session. */
static size_t n_descriptors(void) {
        size_t n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF;
        return n;
}

static void test_again_and_again(void **state) {
        size_t before = 0;

        for (int i = 0; i < 12; i++) {
                CK_SESSION_HANDLE s;

                assert_int_equal(host_start(state), 0);
                s = host_open();
                expect(p11->C_GetSessionInfo(s, NULL), CKR_ARGUMENTS_BAD);
                expect(p11->C_Finalize(NULL), CKR_OK);
                if (i == 1)
                        before = n_descriptors();
        }
        assert_true(n_descriptors() <= before);

        /* What was open is gone. */
        assert_int_equal(host_start(state), 0);
        {
                CK_SESSION_HANDLE s = host_open();
                CK_SESSION_INFO info;

                expect(p11->C_Finalize(NULL), CKR_OK);
                assert_int_equal(host_start(state), 0);
                expect(p11->C_GetSessionInfo(s, &info), CKR_SESSION_HANDLE_INVALID);
                expect(p11->C_CloseSession(s), CKR_SESSION_HANDLE_INVALID);
        }
        expect(p11->C_Finalize(NULL), CKR_OK);
}

int test_general(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_list_is_whole, host_stop),
                cmocka_unit_test_teardown(test_initialize, host_stop),
                cmocka_unit_test_teardown(test_mutexes, host_stop),
                cmocka_unit_test_teardown(test_info, host_stop),
                cmocka_unit_test_teardown(test_again_and_again, host_stop),
        };
        return cmocka_run_group_tests_name("general", tests, NULL, NULL);
}
