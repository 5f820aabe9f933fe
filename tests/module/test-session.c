/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions, log-in and state (PKCS#11 2.40 section 5.6; 3.0 C_LoginUser, C_SessionCancel). */
#include <stdio.h>

#include "host.h"

static void test_open(void **state _unused_) {
        CK_SESSION_HANDLE s = 0, t = 0;

        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_OpenSession(host.slot, 0, NULL, NULL, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
        expect(p11->C_OpenSession(host.slot, CKF_RW_SESSION, NULL, NULL, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
        assert_int_equal(s, 0);
        for (size_t i = 0; i < n_strange_handles; i++)
                if (strange_handles[i] != host.slot)
                        expect(p11->C_OpenSession(strange_handles[i], CKF_SERIAL_SESSION, NULL, NULL, &s),
                               CKR_SLOT_ID_INVALID);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, WILD, NULL, &s), CKR_OK);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &t), CKR_OK);
        assert_int_not_equal(s, 0); /* CK_INVALID_HANDLE */
        assert_int_not_equal(t, 0);
        assert_int_not_equal(s, t);
        expect(p11->C_CloseSession(s), CKR_OK);
        expect(p11->C_CloseSession(s), CKR_SESSION_HANDLE_INVALID);
        expect(p11->C_CloseSession(t), CKR_OK);
}

/* A host that may write opens such sessions, whether it writes or not: NSS does for its tokens. */
static void test_read_write(void **state _unused_) {
        CK_SESSION_HANDLE s = 0;
        CK_SESSION_INFO info;
        CK_RV rv = p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s);

        expect(rv, CKR_OK, CKR_TOKEN_WRITE_PROTECTED);
        if (rv != CKR_OK)
                return;
        expect(p11->C_GetSessionInfo(s, &info), CKR_OK);
        assert_int_equal(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
        assert_true(info.state == CKS_RW_PUBLIC_SESSION || info.state == CKS_RW_USER_FUNCTIONS);
        host_close(s);
}

static void test_info(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_SESSION_INFO info;

        memset(&info, 0xaa, sizeof(info));
        expect(p11->C_GetSessionInfo(s, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetSessionInfo(s, &info), CKR_OK);
        assert_int_equal(info.slotID, host.slot);
        assert_int_equal(info.flags, CKF_SERIAL_SESSION);
        assert_true(info.state == CKS_RO_PUBLIC_SESSION || info.state == CKS_RO_USER_FUNCTIONS);
        host_close(s);
}

static void test_close_all(void **state _unused_) {
        CK_SESSION_HANDLE s[20];
        CK_SESSION_INFO info;

        for (size_t i = 0; i < ELEMENTSOF(s); i++)
                s[i] = host_open();
        expect(p11->C_CloseAllSessions(host.slot), CKR_OK);
        for (size_t i = 0; i < ELEMENTSOF(s); i++)
                expect(p11->C_GetSessionInfo(s[i], &info), CKR_SESSION_HANDLE_INVALID);
        expect(p11->C_CloseAllSessions(host.slot), CKR_OK);
        expect(p11->C_CloseAllSessions((CK_SLOT_ID) -1), CKR_SLOT_ID_INVALID);
}

static CK_STATE state_of(CK_SESSION_HANDLE s) {
        CK_SESSION_INFO info;

        expect(p11->C_GetSessionInfo(s, &info), CKR_OK);
        return info.state;
}

/* One log-in serves all sessions of the token, later ones too, and ends with the last (section 5.6). */
static void test_login(void **state _unused_) {
        CK_SESSION_HANDLE s, t, u;
        const char *pin = host.pin ? host.pin : "anything";

        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &t), CKR_OK);
        expect(p11->C_Logout(s), CKR_USER_NOT_LOGGED_IN, host.reference ? CKR_OK : CKR_USER_NOT_LOGGED_IN);
        expect(p11->C_Login(s, 77, (CK_BYTE *) pin, 4), CKR_USER_TYPE_INVALID);
        expect(p11->C_Login(s, CKU_CONTEXT_SPECIFIC, (CK_BYTE *) pin, 4), CKR_OPERATION_NOT_INITIALIZED,
               CKR_USER_TYPE_INVALID);
        expect(p11->C_Login(s, CKU_SO, (CK_BYTE *) "5678", 4), CKR_SESSION_READ_ONLY_EXISTS, CKR_USER_TYPE_INVALID,
               CKR_PIN_INCORRECT, CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);

        expect(p11->C_Login(s, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
        expect(p11->C_Login(s, CKU_USER, (CK_BYTE *) pin, strlen(pin)), CKR_OK);
        expect(p11->C_Login(t, CKU_USER, (CK_BYTE *) pin, strlen(pin)), CKR_USER_ALREADY_LOGGED_IN);
        assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
        assert_int_equal(state_of(t), CKS_RO_USER_FUNCTIONS);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &u), CKR_OK);
        assert_int_equal(state_of(u), CKS_RO_USER_FUNCTIONS);
        expect(p11->C_Logout(t), CKR_OK);
        expect(p11->C_Logout(t), CKR_USER_NOT_LOGGED_IN, host.reference ? CKR_OK : CKR_USER_NOT_LOGGED_IN);
        assert_int_equal(state_of(u), CKS_RO_PUBLIC_SESSION);

        expect(p11->C_Login(s, CKU_USER, (CK_BYTE *) pin, strlen(pin)), CKR_OK);
        host_close(s);
        host_close(t);
        assert_int_equal(state_of(u), CKS_RO_USER_FUNCTIONS);
        host_close(u);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &u), CKR_OK);
        assert_int_equal(state_of(u), CKS_RO_PUBLIC_SESSION);
        host_close(u);
}

/* No PIN is needed here: any is taken that a host could have, none too, and what no PIN can be is refused. */
static void test_odd_pins(void **state _unused_) {
        static const struct {
                const char *pin;
                CK_ULONG n;
                bool refused;
        } table[] = {
                { "", 0, false },
                { NULL, 0, false },
                { "1234", 4, false },
                { NULL, 4, true },
                { "1234", (CK_ULONG) -1, true },
                { "1234", 1UL << 40, true },
        };
        CK_SESSION_HANDLE s;

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CK_BYTE *pin = (CK_BYTE *) table[i].pin;

                s = host_open();
                print_message("PIN %zu\n", i);
                if (table[i].refused)
                        expect(p11->C_Login(s, CKU_USER, pin, table[i].n), CKR_ARGUMENTS_BAD, CKR_PIN_INCORRECT);
                else
                        expect(p11->C_Login(s, CKU_USER, pin, table[i].n), CKR_OK);
                host_close(s);
        }
        s = host_open();
        expect(p11v3->C_LoginUser(s, CKU_USER, (CK_BYTE *) "1234", 4, (CK_BYTE *) "alice", 5), CKR_OK,
               CKR_FUNCTION_NOT_SUPPORTED, CKR_ARGUMENTS_BAD);
        expect(p11v3->C_LoginUser(s, 99, (CK_BYTE *) "1234", 4, NULL, 0), CKR_USER_TYPE_INVALID,
               CKR_FUNCTION_NOT_SUPPORTED, CKR_USER_ALREADY_LOGGED_IN);
        host_close(s);
}

/* Keys work without C_Login, and go on working after C_Logout: signetd knows the caller. */
static void test_login_hides_nothing(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE before[64], after[64];
        size_t n;

        if (host.reference) {
                host_close(s);
                skip();
        }
        n = host_find(s, NULL, 0, before, ELEMENTSOF(before));
        assert_true(n > 0);
        expect(p11->C_Login(s, CKU_USER, (CK_BYTE *) "1234", 4), CKR_OK);
        assert_int_equal(host_find(s, NULL, 0, after, ELEMENTSOF(after)), n);
        assert_memory_equal(before, after, n * sizeof(before[0]));
        expect(p11->C_Logout(s), CKR_OK);
        assert_int_equal(host_find(s, NULL, 0, after, ELEMENTSOF(after)), n);
        assert_memory_equal(before, after, n * sizeof(before[0]));
        host_close(s);
}

static void test_operation_state(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
        CK_BYTE blob[4096] = { 0 };
        CK_ULONG n = sizeof(blob);

        expect(p11->C_GetOperationState(s, blob, &n), CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_DigestInit(s, &sha256), CKR_OK);
        n = sizeof(blob);
        expect(p11->C_GetOperationState(s, blob, &n), CKR_OK, CKR_STATE_UNSAVEABLE, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_SetOperationState(s, blob, 100, 0, 0), CKR_SAVED_STATE_INVALID, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_SetOperationState(s, WILD, (CK_ULONG) -1, 0, 0), CKR_SAVED_STATE_INVALID, CKR_ARGUMENTS_BAD,
               CKR_FUNCTION_NOT_SUPPORTED);
        host_close(s);
}

/* 3.0 section 5.6.10: C_SessionCancel ends what its flags name and leaves the rest. */
static void test_session_cancel(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
        CK_BYTE out[64];
        CK_ULONG n = sizeof(out);
        CK_RV rv;

        if (!p11v3) {
                host_close(s);
                skip();
        }
        rv = expect(p11v3->C_SessionCancel(s, CKF_SIGN), CKR_OK, CKR_FUNCTION_NOT_SUPPORTED);
        if (rv == CKR_OK) {
                expect(p11->C_DigestInit(s, &sha256), CKR_OK);
                expect(p11->C_FindObjectsInit(s, NULL, 0), CKR_OK);
                expect(p11v3->C_SessionCancel(s, T3_FIND_OBJECTS), CKR_OK);
                expect(p11->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
                expect(p11->C_DigestUpdate(s, out, 1), CKR_OK);
                expect(p11v3->C_SessionCancel(s, CKF_SIGN | CKF_DIGEST | CKF_DECRYPT), CKR_OK);
                expect(p11->C_DigestFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
                expect(p11v3->C_SessionCancel(s, CKF_DIGEST), CKR_OK); /* nothing to cancel is no error */
        }
        expect(p11v3->C_SessionCancel((CK_SESSION_HANDLE) -1, CKF_SIGN), CKR_SESSION_HANDLE_INVALID,
               CKR_FUNCTION_NOT_SUPPORTED);
        host_close(s);
}

/* There is an end to sessions, and it is said; all of them close. */
static void test_very_many(void **state _unused_) {
        CK_ULONG n = 0, max = host.reference ? 2000 : 100000;
        CK_SESSION_HANDLE s = 0;
        CK_RV rv = CKR_OK;

        for (; n < max; n++) {
                rv = p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s);
                if (rv != CKR_OK)
                        break;
        }
        if (!host.reference)
                expect(rv, CKR_SESSION_COUNT, CKR_HOST_MEMORY, CKR_DEVICE_MEMORY);
        assert_true(n >= 1000);
        expect(p11->C_CloseSession(s), CKR_OK);
        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
        expect(p11->C_CloseAllSessions(host.slot), CKR_OK);
        s = host_open();
        host_close(s);
}

int test_session(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_open, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_read_write, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_info, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_close_all, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_login, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_odd_pins, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_login_hides_nothing, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_operation_state, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_session_cancel, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_very_many, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
