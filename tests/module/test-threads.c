/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads: eight that work in sessions of their own, others that open and close, and one that finalises under all of
 * them. What a thread gets is a right signature or a return value that says what happened (PKCS#11 2.40 section 6.6.2
 * of the user guide, 5.4 for C_Finalize). */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "host.h"

#define WORKERS 8

static atomic_bool stop, finalised;
static atomic_uint wrong, done;
static CK_RV last_wrong;
static const char *last_what;

static bool allowed(const char *what, CK_RV rv) {
        switch (rv) {
        case CKR_OK:
                return true;
        case CKR_SESSION_HANDLE_INVALID:
        case CKR_SESSION_CLOSED:
        case CKR_CRYPTOKI_NOT_INITIALIZED:
                if (finalised)
                        return true;
                break;
        default:
                break;
        }
        wrong++;
        last_wrong = rv;
        last_what = what;
        return false;
}

/* Signs and verifies; cmocka's assertions are the main thread's alone. */
static void *sign(void *key_) {
        CK_OBJECT_HANDLE key = *(CK_OBJECT_HANDLE *) key_, found[16];
        CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 }, sha256 = { CKM_SHA256, NULL, 0 };
        CK_SESSION_HANDLE s = 0;
        CK_BYTE digest[32], signature[64];
        CK_ULONG n;
        CK_RV rv;

        while (!stop) {
                rv = p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s);
                if (!allowed("C_OpenSession", rv) || rv != CKR_OK)
                        break;
                for (int i = 0; i < 5 && rv == CKR_OK; i++) {
                        rv = p11->C_FindObjectsInit(s, NULL, 0);
                        if (rv == CKR_OK)
                                rv = p11->C_FindObjects(s, found, ELEMENTSOF(found), &n);
                        if (rv == CKR_OK)
                                rv = p11->C_FindObjectsFinal(s);
                        if (rv == CKR_OK)
                                rv = p11->C_DigestInit(s, &sha256);
                        n = sizeof(digest);
                        if (rv == CKR_OK)
                                rv = p11->C_Digest(s, (CK_BYTE *) "abc", 3, digest, &n);
                        if (rv == CKR_OK)
                                rv = p11->C_SignInit(s, &ecdsa, key);
                        n = sizeof(signature);
                        if (rv == CKR_OK)
                                rv = p11->C_Sign(s, digest, sizeof(digest), signature, &n);
                        if (rv == CKR_OK)
                                done++;
                        if (!allowed("working", rv))
                                return NULL;
                }
                if (rv != CKR_OK)
                        break;
                rv = p11->C_CloseSession(s);
                if (!allowed("C_CloseSession", rv))
                        break;
        }
        return NULL;
}

static void *open_and_close(void *nothing _unused_) {
        CK_SESSION_HANDLE s[10];
        CK_RV rv = CKR_OK;

        while (!stop && rv == CKR_OK) {
                size_t n = 0;

                for (; n < ELEMENTSOF(s) && rv == CKR_OK; n++)
                        rv = p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s[n]);
                if (!allowed("C_OpenSession", rv) || rv != CKR_OK)
                        break;
                for (size_t i = 0; i < n && rv == CKR_OK; i++)
                        rv = p11->C_CloseSession(s[i]);
                if (!allowed("C_CloseSession", rv))
                        break;
        }
        return NULL;
}

static void pause_ms(long ms) {
        nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static CK_OBJECT_HANDLE prepare(void) {
        CK_SESSION_HANDLE s = host_open();

        stop = finalised = false;
        wrong = done = 0;
        return host_key(s, CKO_PRIVATE_KEY, CKK_EC); /* the session stays, for those who need a log-in */
}

static void start_all(pthread_t *threads, CK_OBJECT_HANDLE *key) {
        for (size_t i = 0; i < WORKERS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, sign, key), 0);
        assert_int_equal(pthread_create(&threads[WORKERS], NULL, open_and_close, NULL), 0);
}

static void join_all(pthread_t *threads) {
        stop = true;
        for (size_t i = 0; i <= WORKERS; i++)
                pthread_join(threads[i], NULL);
        if (wrong > 0)
                print_error("%s: %s\n", last_what, rv_name(last_wrong));
        assert_int_equal(wrong, 0);
}

static void test_together(void **state _unused_) {
        CK_OBJECT_HANDLE key = prepare();
        pthread_t threads[WORKERS + 1];

        start_all(threads, &key);
        for (int i = 0; i < 100 && done < 200; i++)
                pause_ms(100);
        join_all(threads);
        print_message("%u signatures by %d threads\n", done, WORKERS);
        assert_true(done >= 100);
}

/* The module goes down and comes up while threads are in it. Calls under way end as if it had been up, or with what
 * sections 5.4 and 5.1.6 have for this. */
static void test_finalize_under_threads(void **state) {
        if (host.reference)
                skip(); /* its users promise not to */
        for (int round = 0; round < 20; round++) {
                CK_OBJECT_HANDLE key = prepare();
                pthread_t threads[WORKERS + 1];

                start_all(threads, &key);
                pause_ms(round * 2);
                finalised = true;
                expect(p11->C_Finalize(NULL), CKR_OK);
                join_all(threads);
                assert_int_equal(host_start(state), 0);
        }
}

static atomic_uint initialised, refused;

static void *initialise(void *nothing _unused_) {
        CK_RV rv = p11->C_Initialize(NULL);

        if (rv == CKR_OK)
                initialised++;
        else if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
                refused++;
        return NULL;
}

static void test_initialize_at_once(void **state _unused_) {
        if (host.reference)
                skip();
        for (int round = 0; round < 20; round++) {
                pthread_t threads[WORKERS];

                initialised = refused = 0;
                for (size_t i = 0; i < WORKERS; i++)
                        assert_int_equal(pthread_create(&threads[i], NULL, initialise, NULL), 0);
                for (size_t i = 0; i < WORKERS; i++)
                        pthread_join(threads[i], NULL);
                assert_int_equal(initialised, 1);
                assert_int_equal(refused, WORKERS - 1);
                expect(p11->C_Finalize(NULL), CKR_OK);
        }
}

static CK_SESSION_HANDLE common;

static void *close_common(void *nothing _unused_) {
        pause_ms(1);
        (void) p11->C_CloseSession(common);
        return NULL;
}

/* One session in two threads: it is closed while it signs. */
static void test_close_under_operation(void **state _unused_) {
        CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        CK_SESSION_HANDLE keep = host_open();
        CK_OBJECT_HANDLE key = host_key(keep, CKO_PRIVATE_KEY, CKK_RSA);
        CK_BYTE signature[512];

        if (host.reference)
                skip();
        for (int i = 0; i < 50; i++) {
                CK_ULONG n = sizeof(signature);
                pthread_t thread;

                common = host_open();
                expect(p11->C_SignInit(common, &rsa, key), CKR_OK);
                assert_int_equal(pthread_create(&thread, NULL, close_common, NULL), 0);
                expect(p11->C_Sign(common, (CK_BYTE *) "abc", 3, signature, &n), CKR_OK, CKR_SESSION_CLOSED,
                       CKR_SESSION_HANDLE_INVALID, CKR_OPERATION_NOT_INITIALIZED);
                pthread_join(thread, NULL);
                expect(p11->C_CloseSession(common), CKR_SESSION_HANDLE_INVALID);
        }
        host_close(keep);
}

int test_threads(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_together, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_finalize_under_threads, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_close_under_operation, host_start, host_stop),
                cmocka_unit_test_teardown(test_initialize_at_once, host_stop),
        };
        return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
