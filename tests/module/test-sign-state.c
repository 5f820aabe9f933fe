/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing gone about wrongly: keys, mechanisms, parameters, data and buffers that do not fit, and calls out of order
 * (PKCS#11 2.40 sections 5.2 and 5.11). An error ends the operation, CKR_BUFFER_TOO_SMALL and questions for a length
 * do not. */
#include "host.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE rsa, ec;
static CK_MECHANISM sha256_rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 }, raw_rsa = { CKM_RSA_PKCS, NULL, 0 },
                    raw_ecdsa = { CKM_ECDSA, NULL, 0 };
static unsigned char data[4096], out[1024];
static CK_ULONG n;

static void open_session(void) {
        s = host_open();
        rsa = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        ec = host_key(s, CKO_PRIVATE_KEY, CKK_EC);
        n = sizeof(out);
}

/* A session in which nothing is under way. */
static void renew_session(void) {
        host_close(s);
        open_session();
}

static int start(void **state) {
        if (host_start(state) != 0)
                return -1;
        open_session();
        return 0;
}

static void no_operation(void) {
        n = sizeof(out);
        expect(p11->C_Sign(s, data, 32, out, &n), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_SignUpdate(s, data, 32), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_SignFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_keys(void **state _unused_) {
        CK_OBJECT_HANDLE public = host_key(s, CKO_PUBLIC_KEY, CKK_RSA), certificate = 0;
        CK_OBJECT_CLASS class = CKO_CERTIFICATE;
        CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof(class) };

        for (size_t i = 0; i < n_strange_handles; i++)
                expect(p11->C_SignInit(s, &sha256_rsa, strange_handles[i]), CKR_KEY_HANDLE_INVALID,
                       host.reference ? CKR_OBJECT_HANDLE_INVALID : CKR_KEY_HANDLE_INVALID);
        expect(p11->C_SignInit(s, &sha256_rsa, public), CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
               CKR_KEY_TYPE_INCONSISTENT);
        if (host_find(s, &a, 1, &certificate, 1) == 1)
                expect(p11->C_SignInit(s, &sha256_rsa, certificate), CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT,
                       CKR_KEY_FUNCTION_NOT_PERMITTED);
        if (host.reference)
                return; /* it finds out later */
        expect(p11->C_SignInit(s, &sha256_rsa, ec), CKR_KEY_TYPE_INCONSISTENT);
        expect(p11->C_SignInit(s, &raw_ecdsa, rsa), CKR_KEY_TYPE_INCONSISTENT);
        no_operation();
}

static void test_mechanisms(void **state _unused_) {
        static const CK_MECHANISM_TYPE wrong[] = { CKM_ECDH1_DERIVE,          CKM_SHA256,
                                                   CKM_RSA_PKCS_OAEP,         0xffffUL,
                                                   CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_VENDOR_DEFINED,
                                                   (CK_MECHANISM_TYPE) -1 };

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                CK_MECHANISM m = { wrong[i], NULL, 0 };

                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_INVALID);
                m = (CK_MECHANISM){ wrong[i], WILD, (CK_ULONG) -1 };
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID);
        }
        no_operation();
}

/* Parameters of wrong sizes are refused before they are read. */
static void test_parameters(void **state _unused_) {
        static const CK_MECHANISM_TYPE none[] = { CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS };
        CK_RSA_PKCS_PSS_PARAMS good = { CKM_SHA256, CKG_MGF1_SHA256, 32 }, bad[] = {
                { CKM_SHA256, CKG_MGF1_SHA384, 32 },
                { CKM_SHA384, CKG_MGF1_SHA256, 32 },
                { CKM_SHA256, 77, 32 },
                { 0, 0, 0 },
                { CKM_SHA256, CKG_MGF1_SHA256, 4096 },
                { CKM_SHA256, CKG_MGF1_SHA256, (CK_ULONG) -1 },
                { CKM_SHA256, CKG_MGF1_SHA256, 1UL << 32 },
                { CKM_RSA_PKCS, CKG_MGF1_SHA256, 32 },
        };
        CK_MECHANISM m;

        if (host.reference)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(none); i++) {
                m = (CK_MECHANISM){ none[i], data, 8 };
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID);
                m = (CK_MECHANISM){ none[i], NULL, 8 };
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
                m = (CK_MECHANISM){ none[i], WILD, (CK_ULONG) -1 };
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
        }
        for (CK_ULONG size = 0; size < 64; size++) {
                m = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, size ? &good : NULL, size };
                if (size != sizeof(good))
                        expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID);
        }
        for (size_t i = 0; i < n_absurd_lengths; i++) {
                m = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, &good, absurd_lengths[i] };
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
        }
        m = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, NULL, sizeof(good) };
        expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                m = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, &bad[i], sizeof(bad[i]) };
                print_message("PSS %zu\n", i);
                expect(p11->C_SignInit(s, &m, rsa), CKR_MECHANISM_PARAM_INVALID);
        }
        no_operation();
}

static void test_order(void **state _unused_) {
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OPERATION_ACTIVE);
        expect(p11->C_SignUpdate(s, data, 32), CKR_OK); /* the first one goes on */
        expect(p11->C_SignFinal(s, out, &n), CKR_OK);
        assert_int_equal(n, 256);
        no_operation();

        /* C_Sign does not end what C_SignUpdate began (section 5.11). */
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignUpdate(s, data, 32), CKR_OK);
        n = sizeof(out);
        expect(p11->C_Sign(s, data, 32, out, &n), CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
               CKR_FUNCTION_FAILED);
        renew_session();

        /* Nor has CKM_RSA_PKCS parts, or it has: then they have to come out right. */
        expect(p11->C_SignInit(s, &raw_ecdsa, ec), CKR_OK);
        if (p11->C_SignUpdate(s, data, 16) == CKR_OK) {
                expect(p11->C_SignUpdate(s, data, 16), CKR_OK);
                n = sizeof(out);
                expect(p11->C_SignFinal(s, out, &n), CKR_OK);
                assert_int_equal(n, 64);
        }
        no_operation();
}

/* 3.0 section 5.2: a NULL mechanism cancels; 2.40 knows no such thing. */
static void test_cancel(void **state _unused_) {
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        if (expect(p11->C_SignInit(s, NULL, 0), CKR_OK, CKR_ARGUMENTS_BAD, CKR_OPERATION_ACTIVE) == CKR_OK)
                no_operation();
        else
                expect(p11->C_Sign(s, data, 32, out, &n), CKR_OK);
}

static void test_data(void **state _unused_) {
        static const struct {
                CK_MECHANISM *mechanism;
                CK_OBJECT_HANDLE *key;
                CK_ULONG n;
        } table[] = {
                { &raw_rsa, &rsa, 246 },        { &raw_rsa, &rsa, 256 },           { &raw_rsa, &rsa, 4096 },
                { &raw_rsa, &rsa, 1UL << 40 },  { &raw_rsa, &rsa, (CK_ULONG) -1 }, { &raw_ecdsa, &ec, (CK_ULONG) -1 },
                { &raw_ecdsa, &ec, 1UL << 40 },
        };

        if (host.reference)
                skip(); /* it has CKR_GENERAL_ERROR for all of it */
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                n = sizeof(out);
                expect(p11->C_SignInit(s, table[i].mechanism, *table[i].key), CKR_OK);
                expect(p11->C_Sign(s, data, table[i].n, out, &n), CKR_DATA_LEN_RANGE,
                       table[i].n > 4096 ? CKR_ARGUMENTS_BAD : CKR_DATA_LEN_RANGE);
                no_operation();
        }
        expect(p11->C_SignInit(s, &raw_ecdsa, ec), CKR_OK);
        expect(p11->C_Sign(s, data, 0, out, &n), CKR_DATA_LEN_RANGE, CKR_ARGUMENTS_BAD);
        no_operation();
        for (size_t i = 0; i < n_absurd_lengths; i++) {
                expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
                if (absurd_lengths[i] >= 1UL << 40) /* what no memory has */
                        expect(p11->C_SignUpdate(s, WILD, absurd_lengths[i]), CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE);
                expect(p11->C_SignInit(s, NULL, 0), CKR_OK, CKR_ARGUMENTS_BAD, CKR_OPERATION_ACTIVE);
                renew_session();
        }
}

static void test_null(void **state _unused_) {
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_Sign(s, NULL, 32, out, &n), CKR_ARGUMENTS_BAD);
        renew_session();
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_Sign(s, data, 32, out, NULL), CKR_ARGUMENTS_BAD);
        renew_session();
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignUpdate(s, NULL, 32), CKR_ARGUMENTS_BAD);
        renew_session();
        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignFinal(s, out, NULL), CKR_ARGUMENTS_BAD);
}

/* Sessions do not share operations, and one that is closed takes its operation with it. */
static void test_two_sessions(void **state _unused_) {
        CK_SESSION_HANDLE t = host_open();

        expect(p11->C_SignInit(s, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignUpdate(t, data, 1), CKR_OPERATION_NOT_INITIALIZED);
        expect(p11->C_SignInit(t, &sha256_rsa, rsa), CKR_OK);
        expect(p11->C_SignUpdate(s, data, 1), CKR_OK);
        host_close(s);
        expect(p11->C_Sign(t, data, 32, out, &n), CKR_OK);
        host_close(t);
        open_session();
        no_operation();
}

static void test_recover(void **state _unused_) {
        expect(p11->C_SignRecoverInit(s, &raw_rsa, rsa), CKR_FUNCTION_NOT_SUPPORTED, CKR_MECHANISM_INVALID);
        expect(p11->C_VerifyRecoverInit(s, &raw_rsa, rsa), CKR_FUNCTION_NOT_SUPPORTED, CKR_MECHANISM_INVALID);
}

int test_sign_state(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_keys, start, host_stop),
                cmocka_unit_test_setup_teardown(test_mechanisms, start, host_stop),
                cmocka_unit_test_setup_teardown(test_parameters, start, host_stop),
                cmocka_unit_test_setup_teardown(test_order, start, host_stop),
                cmocka_unit_test_setup_teardown(test_cancel, start, host_stop),
                cmocka_unit_test_setup_teardown(test_data, start, host_stop),
                cmocka_unit_test_setup_teardown(test_null, start, host_stop),
                cmocka_unit_test_setup_teardown(test_two_sessions, start, host_stop),
                cmocka_unit_test_setup_teardown(test_recover, start, host_stop),
        };
        return cmocka_run_group_tests_name("sign-state", tests, NULL, NULL);
}
