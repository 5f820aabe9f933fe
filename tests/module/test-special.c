/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Circumstances that a script makes: nothing to be seen (no signetd, or no rule), signetd that goes away and comes back
 * meanwhile, very many keys. Times are of the wall; MODULE_TEST_SLOWNESS multiplies what is allowed. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "host.h"

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static double allowed(double seconds) {
        const char *slowness = getenv("MODULE_TEST_SLOWNESS");

        return seconds * (slowness ? strtod(slowness, NULL) : 1);
}

/* --- nothing to be seen ------------------------------------------------------------------------------- */

static void test_nothing_there(void **state _unused_) {
        CK_SESSION_HANDLE s = 77;
        CK_SLOT_ID slots[4];
        CK_SLOT_INFO slot_info;
        CK_TOKEN_INFO token_info;
        CK_INFO info;
        CK_ULONG n;
        double started = now();

        expect(p11->C_Initialize(NULL), CKR_OK);
        for (int i = 0; i < 3; i++) {
                n = 77;
                expect(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
                assert_int_equal(n, 0);
                n = ELEMENTSOF(slots);
                expect(p11->C_GetSlotList(CK_FALSE, slots, &n), CKR_OK);
                assert_int_equal(n, 0);
        }
        print_message("start: %.1f ms\n", (now() - started) * 1000);
        assert_true(now() - started < allowed(0.25));

        expect(p11->C_GetInfo(&info), CKR_OK);
        for (CK_SLOT_ID id = 0; id < 3; id++) {
                expect(p11->C_GetSlotInfo(id, &slot_info), CKR_SLOT_ID_INVALID);
                expect(p11->C_GetTokenInfo(id, &token_info), CKR_SLOT_ID_INVALID);
                expect(p11->C_OpenSession(id, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
                expect(p11->C_GetMechanismList(id, NULL, &n), CKR_SLOT_ID_INVALID);
        }
        assert_int_equal(s, 77);
        expect(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, slots, NULL), CKR_NO_EVENT, CKR_FUNCTION_NOT_SUPPORTED);
        expect(p11->C_Finalize(NULL), CKR_OK);
        print_message("all: %.1f ms\n", (now() - started) * 1000);
        assert_true(now() - started < allowed(0.5));
}

/* signetd is there and does not answer: that is noticed, once, and not waited for again and again. */
static void test_no_answer(void **state _unused_) {
        double started = now();
        CK_ULONG n;

        expect(p11->C_Initialize(NULL), CKR_OK);
        for (int i = 0; i < 100; i++) {
                n = 77;
                expect(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
                assert_int_equal(n, 0);
        }
        expect(p11->C_Finalize(NULL), CKR_OK);
        print_message("start: %.1f ms\n", (now() - started) * 1000);
        assert_true(now() - started < allowed(7));
}

int test_hanging(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(test_no_answer, host_stop) };

        return cmocka_run_group_tests_name("hanging", tests, NULL, NULL);
}

int test_empty(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(test_nothing_there, host_stop) };

        return cmocka_run_group_tests_name("empty", tests, NULL, NULL);
}

/* --- signetd goes and comes --------------------------------------------------------------------------- */

static volatile sig_atomic_t ended;

static void end(int signal _unused_) {
        ended = 1;
}

/* Signs in one session, and searches, until SIGTERM or for a minute, whatever becomes of signetd. */
static void test_signing_goes_on(void **state _unused_) {
        CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_EC), all[64];
        size_t n_all = host_find(s, NULL, 0, all, ELEMENTSOF(all)), count = 0;
        CK_BYTE digest[32] = { 1 }, signature[64];
        double started = now(), longest = 0;

        signal(SIGTERM, end);
        print_message("ready\n");
        fflush(NULL);
        while (!ended && now() - started < 60) {
                CK_ULONG n = sizeof(signature);
                double before = now();

                expect(p11->C_SignInit(s, &ecdsa, key), CKR_OK);
                expect(p11->C_Sign(s, digest, sizeof(digest), signature, &n), CKR_OK);
                longest = now() - before > longest ? now() - before : longest;
                /* While signetd is away everything stays as it was. */
                if (count++ % 16 == 0)
                        assert_int_equal(host_find(s, NULL, 0, all, ELEMENTSOF(all)), n_all);
        }
        print_message("%zu signatures, the longest took %.0f ms\n", count, longest * 1000);
        assert_true(ended);
        host_close(s);
}

int test_restart(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_signing_goes_on, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}

/* --- very many keys ----------------------------------------------------------------------------------- */

#define KEYS 1000

static CK_OBJECT_HANDLE keys[2 * KEYS];

/* As NSS and Thunderbird do: all of a class, then each by its id, its label and its subject, again and again. */
static void test_many_keys(void **state) {
        CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, public = CKO_PUBLIC_KEY;
        CK_ATTRIBUTE class = { CKA_CLASS, &private, sizeof(private) };
        CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
        CK_BYTE digest[32] = { 1 }, signature[64], id[256], label[256];
        CK_SESSION_HANDLE s;
        CK_ULONG size;
        double started = now(), t;
        size_t n;

        assert_int_equal(host_start(state), 0);
        s = host_open();
        n = host_find(s, &class, 1, keys, ELEMENTSOF(keys));
        t = now() - started;
        print_message("start and first search: %.0f ms, %zu keys\n", t * 1000, n);
        assert_true(n >= KEYS);
        assert_true(t < allowed(3));

        started = now();
        for (size_t i = 0; i < n; i++) {
                ssize_t id_n = host_attribute(s, keys[i], CKA_ID, id, sizeof(id));
                ssize_t label_n = host_attribute(s, keys[i], CKA_LABEL, label, sizeof(label));
                CK_ATTRIBUTE a[] = {
                        { CKA_CLASS, &public, sizeof(public) },
                        { CKA_ID, id, (CK_ULONG) id_n },
                        { CKA_LABEL, label, (CK_ULONG) label_n },
                };
                CK_OBJECT_HANDLE found[2];

                assert_true(id_n > 0 && label_n > 0);
                assert_int_equal(host_find(s, a, 3, found, 2), 1);
        }
        t = now() - started;
        print_message("%zu searches: %.0f ms\n", n, t * 1000);
        assert_true(t < allowed(2));

        started = now();
        for (size_t i = 0; i < n; i += 50) {
                size = sizeof(signature);
                expect(p11->C_SignInit(s, &ecdsa, keys[i]), CKR_OK);
                expect(p11->C_Sign(s, digest, sizeof(digest), signature, &size), CKR_OK);
        }
        print_message("20 signatures with 20 keys: %.0f ms\n", (now() - started) * 1000);
        host_close(s);
        started = now();
        assert_int_equal(host_stop(state), 0);
        print_message("C_Finalize: %.0f ms\n", (now() - started) * 1000);
}

int test_many(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(test_many_keys, host_stop) };

        return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
