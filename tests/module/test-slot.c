/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots, tokens and mechanisms (PKCS#11 2.40 section 5.5). */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "host.h"

static void assert_blank_padded(const unsigned char *field, size_t n) {
        assert_null(memchr(field, '\0', n));
}

static void test_list(void **state _unused_) {
        CK_SLOT_ID slots[64];
        CK_ULONG n = 0, few, present;

        for (int which = 0; which <= 1; which++) {
                CK_BBOOL token = which ? CK_TRUE : CK_FALSE;

                expect(p11->C_GetSlotList(token, NULL, NULL), CKR_ARGUMENTS_BAD);
                expect(p11->C_GetSlotList(token, slots, NULL), CKR_ARGUMENTS_BAD);
                n = 0;
                expect(p11->C_GetSlotList(token, NULL, &n), CKR_OK);
                assert_in_range(n, 1, ELEMENTSOF(slots));
                n = 12345; /* what it was before means nothing without a buffer */
                expect(p11->C_GetSlotList(token, NULL, &n), CKR_OK);
                assert_in_range(n, 1, ELEMENTSOF(slots));
                few = n - 1;
                expect(p11->C_GetSlotList(token, slots, &few), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(few, n);
                few = ELEMENTSOF(slots);
                expect(p11->C_GetSlotList(token, slots, &few), CKR_OK);
                assert_int_equal(few, n);
                for (CK_ULONG i = 0; i < n; i++)
                        for (CK_ULONG j = 0; j < i; j++)
                                assert_int_not_equal(slots[i], slots[j]);
                present = which ? n : present;
        }
        n = 0;
        expect(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
        assert_true(present <= n);
}

static void test_slot_info(void **state _unused_) {
        CK_SLOT_INFO info;

        memset(&info, 0, sizeof(info));
        expect(p11->C_GetSlotInfo(host.slot, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetSlotInfo(host.slot, &info), CKR_OK);
        assert_blank_padded(info.slotDescription, sizeof(info.slotDescription));
        assert_blank_padded(info.manufacturerID, sizeof(info.manufacturerID));
        assert_true(info.flags & CKF_TOKEN_PRESENT);
        assert_int_equal(info.flags & ~(CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE | CKF_HW_SLOT), 0);
}

static void test_token_info(void **state _unused_) {
        CK_SESSION_HANDLE a, b;
        CK_TOKEN_INFO info;

        expect(p11->C_GetTokenInfo(host.slot, NULL), CKR_ARGUMENTS_BAD);
        memset(&info, 0, sizeof(info));
        expect(p11->C_GetTokenInfo(host.slot, &info), CKR_OK);
        assert_blank_padded(info.label, sizeof(info.label));
        assert_blank_padded(info.manufacturerID, sizeof(info.manufacturerID));
        assert_blank_padded(info.model, sizeof(info.model));
        assert_blank_padded(info.serialNumber, sizeof(info.serialNumber));
        assert_true(info.flags & CKF_TOKEN_INITIALIZED);
        assert_true(info.ulMaxPinLen >= info.ulMinPinLen);
        if (!host.reference) {
                assert_false(info.flags & CKF_LOGIN_REQUIRED);
                assert_false(info.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_TO_BE_CHANGED));
                assert_true(info.flags & CKF_WRITE_PROTECTED);
        }

        a = host_open();
        b = host_open();
        expect(p11->C_GetTokenInfo(host.slot, &info), CKR_OK);
        if (info.ulSessionCount != CK_UNAVAILABLE_INFORMATION)
                assert_int_equal(info.ulSessionCount, host.reference ? info.ulSessionCount : 2);
        host_close(a);
        host_close(b);
        expect(p11->C_GetTokenInfo(host.slot, &info), CKR_OK);
        if (info.ulSessionCount != CK_UNAVAILABLE_INFORMATION)
                assert_int_equal(info.ulSessionCount, 0);
}

static void test_mechanism_list(void **state _unused_) {
        CK_MECHANISM_TYPE types[256];
        CK_MECHANISM_INFO info;
        CK_ULONG n = 7, few;

        expect(p11->C_GetMechanismList(host.slot, NULL, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetMechanismList(host.slot, types, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetMechanismList(host.slot, NULL, &n), CKR_OK);
        assert_in_range(n, 1, ELEMENTSOF(types));
        few = n - 1;
        expect(p11->C_GetMechanismList(host.slot, types, &few), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(few, n);
        few = ELEMENTSOF(types);
        expect(p11->C_GetMechanismList(host.slot, types, &few), CKR_OK);
        assert_int_equal(few, n);
        for (CK_ULONG i = 0; i < n; i++) {
                for (CK_ULONG j = 0; j < i; j++)
                        assert_int_not_equal(types[i], types[j]);
                memset(&info, 0, sizeof(info));
                expect(p11->C_GetMechanismInfo(host.slot, types[i], &info), CKR_OK);
                assert_true(info.ulMinKeySize <= info.ulMaxKeySize);
                assert_true(info.flags != 0 || host.reference);
        }
}

static void test_mechanism_info(void **state _unused_) {
        static const CK_MECHANISM_TYPE unknown[] = { 0xffffUL, CKM_VENDOR_DEFINED | 0x77, (CK_MECHANISM_TYPE) -1,
                                                     CKM_SKIPJACK_CBC64, 1UL << 40 };
        CK_MECHANISM_INFO info;

        for (size_t i = 0; i < ELEMENTSOF(unknown); i++)
                expect(p11->C_GetMechanismInfo(host.slot, unknown[i], &info), CKR_MECHANISM_INVALID);
        expect(p11->C_GetMechanismInfo(host.slot, CKM_RSA_PKCS, NULL), CKR_ARGUMENTS_BAD);
        expect(p11->C_GetMechanismInfo(host.slot, CKM_RSA_PKCS, &info), CKR_OK);
        assert_true(info.flags & CKF_SIGN && info.flags & CKF_DECRYPT);
        assert_true(info.ulMaxKeySize >= 2048);
        expect(p11->C_GetMechanismInfo(host.slot, CKM_ECDSA, &info), CKR_OK);
        assert_true(info.flags & CKF_SIGN);
        assert_true(info.flags & CKF_EC_NAMEDCURVE || host.reference);
}

/* A host chooses by these flags: what they promise works, what they do not is refused. */
static void test_mechanism_flags_hold(void **state _unused_) {
        static const struct {
                CK_FLAGS flag;
                int function;
        } functions[] = {
                { CKF_SIGN, 0 }, { CKF_DECRYPT, 1 }, { CKF_DIGEST, 2 }, { CKF_ENCRYPT, 3 }, { CKF_VERIFY, 4 }
        };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        CK_MECHANISM_TYPE types[256];
        CK_ULONG n = ELEMENTSOF(types);

        assert_int_not_equal(key, 0);
        expect(p11->C_GetMechanismList(host.slot, types, &n), CKR_OK);
        for (CK_ULONG i = 0; i < n && !host.reference; i++) {
                CK_MECHANISM m = { types[i], NULL, 0 };
                CK_MECHANISM_INFO info;

                expect(p11->C_GetMechanismInfo(host.slot, types[i], &info), CKR_OK);
                for (size_t j = 0; j < ELEMENTSOF(functions); j++) {
                        CK_RV rv = j == 0   ? p11->C_SignInit(s, &m, key)
                                   : j == 1 ? p11->C_DecryptInit(s, &m, key)
                                   : j == 2 ? p11->C_DigestInit(s, &m)
                                   : j == 3 ? p11->C_EncryptInit(s, &m, key)
                                            : p11->C_VerifyInit(s, &m, key);

                        if (!(info.flags & functions[j].flag))
                                expect(rv, CKR_MECHANISM_INVALID, CKR_FUNCTION_NOT_SUPPORTED, CKR_KEY_TYPE_INCONSISTENT,
                                       CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED);
                        else
                                expect(rv, CKR_OK, CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_PARAM_INVALID,
                                       CKR_KEY_FUNCTION_NOT_PERMITTED);
                        if (rv == CKR_OK) {
                                host_close(s); /* which ends it */
                                s = host_open();
                        }
                }
        }
        host_close(s);
}

/* Nothing of the token can be changed through the module. */
static void test_token_is_not_changed(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_BYTE pin[4] = "1234", label[32];

        if (host.reference) {
                host_close(s);
                skip();
        }
        memset(label, ' ', sizeof(label));
        expect(p11->C_InitToken(host.slot, pin, 4, label), CKR_FUNCTION_NOT_SUPPORTED, CKR_TOKEN_WRITE_PROTECTED,
               CKR_SESSION_EXISTS);
        expect(p11->C_InitToken(host.slot, NULL, 0, label), CKR_FUNCTION_NOT_SUPPORTED, CKR_TOKEN_WRITE_PROTECTED,
               CKR_SESSION_EXISTS, CKR_ARGUMENTS_BAD);
        expect(p11->C_InitPIN(s, pin, 4), CKR_FUNCTION_NOT_SUPPORTED, CKR_TOKEN_WRITE_PROTECTED,
               CKR_USER_NOT_LOGGED_IN);
        expect(p11->C_SetPIN(s, pin, 4, pin, 4), CKR_FUNCTION_NOT_SUPPORTED, CKR_TOKEN_WRITE_PROTECTED,
               CKR_SESSION_READ_ONLY);
        host_close(s);
}

static atomic_bool waiting_ended;
static CK_RV waiting_rv;

static void *wait_for_slot(void *nothing _unused_) {
        CK_SLOT_ID slot;

        waiting_rv = p11->C_WaitForSlotEvent(0, &slot, NULL);
        waiting_ended = true;
        return NULL;
}

/* Section 5.5: a thread that waits comes back with CKR_CRYPTOKI_NOT_INITIALIZED when another finalises. */
static void test_wait_for_slot(void **state _unused_) {
        CK_SLOT_ID slot = 0;
        pthread_t thread;
        int word;

        expect(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED,
               host.reference ? CKR_NO_EVENT : CKR_ARGUMENTS_BAD);
        expect(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &word), CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED,
               host.reference ? CKR_NO_EVENT : CKR_ARGUMENTS_BAD);
        expect(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT, CKR_FUNCTION_NOT_SUPPORTED);
        if (host.reference)
                return;

        waiting_ended = false;
        assert_int_equal(pthread_create(&thread, NULL, wait_for_slot, NULL), 0);
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        expect(p11->C_Finalize(NULL), CKR_OK);
        for (int i = 0; i < 300 && !waiting_ended; i++)
                nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        assert_true(waiting_ended);
        pthread_join(thread, NULL);
        expect(waiting_rv, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED);
}

int test_slot(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_list, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_slot_info, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_token_info, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_mechanism_list, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_mechanism_info, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_mechanism_flags_hold, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_token_is_not_changed, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_wait_for_slot, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
