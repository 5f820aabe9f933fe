/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searches and functions on objects, as hosts call them, with right and wrong arguments; and what a search costs among
 * thousands of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/module/names.h"
#include "client/module/template.h"
#include "make-certificate.h"
#include "module-fake.h"

#define MANY       1000
#define NO_SESSION 0x7777UL
#define NO_OBJECT  0x3fffffffUL
#define ULONG(t, v)                                                                                                    \
        { (t), &(CK_ULONG){ (v) }, sizeof(CK_ULONG) }
#define FLAG(t, v)                                                                                                     \
        { (t), &(CK_BBOOL){ (v) }, sizeof(CK_BBOOL) }

static CK_SESSION_HANDLE session;

static void add_keys(size_t n) {
        static EVP_PKEY *issuer;

        if (!issuer)
                issuer = make_ed25519();
        for (size_t i = 0; i < n; i++) {
                EVP_PKEY *pkey = make_ed25519();
                char label[32], uri[128], subject[64];
                signet_key *key;
                size_t size;
                uint8_t *der;

                snprintf(label, sizeof(label), "user-%04zu", i);
                snprintf(uri, sizeof(uri), "pkcs11:token=One;id=%%%02zx%%%02zx;object=%s", i >> 8, i & 0xff, label);
                snprintf(subject, sizeof(subject), "User %zu", i);
                key = fake_add_key("ed25519", pkey, label);
                fake_uri(key, uri);
                fake_may(key, "sign:smime");
                der = make_certificate(
                        &(CertificateWish){
                                .name = subject, .issuer_name = "Issuer", .key = pkey, .issuer_key = issuer },
                        &size);
                fake_certificate(key, der, size);
                OPENSSL_free(der);
                der = make_certificate(&(CertificateWish){ .name = "Issuer", .key = issuer, .ca = true }, &size);
                if (i == 0)
                        fake_chain(key, der, size);
                OPENSSL_free(der);
                EVP_PKEY_free(pkey);
        }
        EVP_PKEY_free(issuer);
        issuer = NULL;
}

static void open_module(size_t n_keys) {
        CK_SLOT_ID slot;
        CK_ULONG n = 1;

        fake_begin();
        fake_add_token("one", "One", "1", false);
        add_keys(n_keys);
        assert_int_equal(C_Initialize(NULL), CKR_OK);
        assert_int_equal(C_GetSlotList(CK_TRUE, &slot, &n), CKR_OK);
        assert_int_equal(n, 1);
        assert_int_equal(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_OK);
}

static int set_up(void **state _unused_) {
        open_module(2);
        return 0;
}

static int set_up_many(void **state _unused_) {
        open_module(MANY);
        return 0;
}

static int tear_down(void **state _unused_) {
        assert_int_equal(C_Finalize(NULL), CKR_OK);
        fake_stop();
        return 0;
}

/* How many there are, and up to 8 of them. */
static CK_ULONG search(CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE found[8]) {
        CK_OBJECT_HANDLE some[8];
        CK_ULONG k, total = 0;

        assert_int_equal(C_FindObjectsInit(session, template, n), CKR_OK);
        do {
                assert_int_equal(C_FindObjects(session, some, ELEMENTSOF(some), &k), CKR_OK);
                if (total == 0 && found)
                        memcpy(found, some, k * sizeof(*some));
                total += k;
        } while (k > 0);
        assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
        return total;
}

static CK_OBJECT_HANDLE one_key(void) {
        CK_ATTRIBUTE t[] = { ULONG(CKA_CLASS, CKO_PRIVATE_KEY) };
        CK_OBJECT_HANDLE found[8] = { 0 };

        assert_int_equal(search(t, 1, found), 2);
        return found[0];
}

static void test_search(void **state _unused_) {
        CK_ATTRIBUTE by_class[] = { ULONG(CKA_CLASS, CKO_CERTIFICATE) };
        CK_ATTRIBUTE own[] = { ULONG(CKA_CERTIFICATE_CATEGORY, 1) };
        CK_ATTRIBUTE both[] = { ULONG(CKA_CLASS, CKO_PUBLIC_KEY), { CKA_LABEL, (void *) "user-0001", 9 } };
        CK_ATTRIBUTE trust[] = { ULONG(CKA_CLASS, CKO_VENDOR_DEFINED | 0x4e534353UL) };
        CK_OBJECT_HANDLE found[8];

        assert_int_equal(search(NULL, 0, found), 7);
        for (size_t i = 1; i < 7; i++)
                assert_true(found[i - 1] < found[i]);
        assert_int_equal(search(by_class, 1, NULL), 3);
        assert_int_equal(search(own, 1, NULL), 2);
        assert_int_equal(search(both, 2, NULL), 1);
        assert_int_equal(search(trust, 1, NULL), 0);
}

static void test_search_by_steps(void **state _unused_) {
        CK_OBJECT_HANDLE found[8];
        CK_ULONG n;

        assert_int_equal(C_FindObjectsInit(session, NULL, 0), CKR_OK);
        assert_int_equal(C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
        assert_int_equal(C_FindObjects(session, NULL, 8, &n), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_FindObjects(session, found, 8, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_FindObjects(session, NULL, 0, &n), CKR_OK);
        assert_int_equal(n, 0);
        assert_int_equal(C_FindObjects(session, found, 5, &n), CKR_OK);
        assert_int_equal(n, 5);
        /* What is found stays found: keys that go meanwhile do not shift the rest. */
        fake_remove_keys();
        fake_signetd.changed = 1;
        assert_int_equal(C_FindObjects(session, found, CK_UNAVAILABLE_INFORMATION, &n), CKR_OK);
        assert_int_equal(n, 2);
        assert_int_equal(C_FindObjects(session, found, 8, &n), CKR_OK);
        assert_int_equal(n, 0);
        assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
        assert_int_equal(C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_FindObjects(session, found, 8, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_hostile_searches(void **state _unused_) {
        static const CK_ATTRIBUTE inner[] = { { CKA_WRAP_TEMPLATE, (void *) 8, 0x7fffffff } };
        CK_ATTRIBUTE nested = { CKA_WRAP_TEMPLATE, (void *) inner, sizeof(inner) };
        CK_ATTRIBUTE lost = { CKA_LABEL, NULL, 4 }, absurd = { CKA_ID, (void *) 8, CK_UNAVAILABLE_INFORMATION };
        CK_ULONG n;

        assert_int_equal(C_FindObjectsInit(session, NULL, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_FindObjectsInit(session, &lost, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_FindObjectsInit(session, &absurd, 1), CKR_ATTRIBUTE_VALUE_INVALID);
        assert_int_equal(C_FindObjectsInit(session, &absurd, CK_UNAVAILABLE_INFORMATION), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_FindObjectsInit(NO_SESSION, NULL, 0), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_FindObjects(NO_SESSION, NULL, 0, &n), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_FindObjectsFinal(NO_SESSION), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(search(&nested, 1, NULL), 0);
        /* A refused one leaves nothing under way. */
        assert_int_equal(search(NULL, 0, NULL), 7);
}

static void test_get(void **state _unused_) {
        CK_OBJECT_HANDLE key = one_key();
        CK_ULONG class = 99, size = 0;
        CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_VALUE, NULL, 0 } };

        assert_int_equal(C_GetAttributeValue(session, key, t, 1), CKR_OK);
        assert_int_equal(class, CKO_PRIVATE_KEY);
        assert_int_equal(C_GetAttributeValue(session, key, t, 2), CKR_ATTRIBUTE_SENSITIVE);
        assert_int_equal(C_GetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetAttributeValue(session, key, NULL, 0), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetAttributeValue(session, key, t, TEMPLATE_MAX + 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetAttributeValue(session, 0, t, 1), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_GetAttributeValue(session, NO_OBJECT, t, 1), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_GetAttributeValue(NO_SESSION, key, t, 1), CKR_SESSION_HANDLE_INVALID);

        assert_int_equal(C_GetObjectSize(session, key, &size), CKR_OK);
        assert_true(size > 0);
        assert_int_equal(C_GetObjectSize(session, key, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetObjectSize(session, NO_OBJECT, &size), CKR_OBJECT_HANDLE_INVALID);
}

static void test_tokens_are_not_written(void **state _unused_) {
        CK_OBJECT_HANDLE key = one_key(), fresh = 5;
        CK_ATTRIBUTE label = { CKA_LABEL, (void *) "new", 3 };
        CK_ATTRIBUTE trust[] = { ULONG(CKA_CLASS, CKO_VENDOR_DEFINED | 0x4e534353UL), FLAG(CKA_TOKEN, CK_TRUE) };

        assert_int_equal(C_SetAttributeValue(session, key, &label, 1), CKR_ACTION_PROHIBITED);
        assert_int_equal(C_SetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_SetAttributeValue(session, NO_OBJECT, &label, 1), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_CopyObject(session, key, &label, 1, &fresh), CKR_ACTION_PROHIBITED);
        assert_int_equal(C_CopyObject(session, key, &label, 1, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_CopyObject(session, NO_OBJECT, NULL, 0, &fresh), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_DestroyObject(session, key), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_DestroyObject(session, NO_OBJECT), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_CreateObject(session, trust, 2, &fresh), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_CreateObject(session, trust, 1, &fresh), CKR_TEMPLATE_INCONSISTENT);
        assert_int_equal(fresh, 5);
}

static void test_create(void **state _unused_) {
        CK_ATTRIBUTE t[] = { ULONG(CKA_CLASS, CKO_SECRET_KEY),
                             ULONG(CKA_KEY_TYPE, CKK_AES),
                             { CKA_VALUE, (void *) "0123456789abcdef", 16 },
                             FLAG(CKA_DESTROYABLE, CK_FALSE) };
        CK_OBJECT_HANDLE key = 0, other = 0, found[8];

        assert_int_equal(C_CreateObject(session, t, 3, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_CreateObject(session, NULL, 0, &key), CKR_TEMPLATE_INCOMPLETE);
        assert_int_equal(C_CreateObject(session, NULL, 3, &key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_CreateObject(session, t, 1, &key), CKR_TEMPLATE_INCOMPLETE);
        assert_int_equal(C_CreateObject(session, t, 2, &key), CKR_TEMPLATE_INCOMPLETE);
        assert_int_equal(C_CreateObject(NO_SESSION, t, 3, &key), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_CreateObject(session, t, 3, &key), CKR_OK);
        assert_int_equal(C_CreateObject(session, t, 4, &other), CKR_OK);
        assert_int_equal(search(t, 3, found), 2);
        assert_int_equal(found[0], key);
        assert_int_equal(found[1], other);
        assert_int_equal(search(NULL, 0, NULL), 9);

        assert_int_equal(C_DestroyObject(session, other), CKR_ACTION_PROHIBITED);
        assert_int_equal(C_DestroyObject(session, key), CKR_OK);
        assert_int_equal(C_DestroyObject(session, key), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(search(NULL, 0, NULL), 8);

        t[2].ulValueLen = 0;
        assert_int_equal(C_CreateObject(session, t, 3, &key), CKR_ATTRIBUTE_VALUE_INVALID);
        t[2] = (CK_ATTRIBUTE){ CKA_VALUE, NULL, 16 };
        assert_int_equal(C_CreateObject(session, t, 3, &key), CKR_ARGUMENTS_BAD);
}

/* --- cost -------------------------------------------------------------------------------------------------------- */

static double seconds(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec * 1e-9;
}

static void test_many(void **state _unused_) {
        enum { ROUNDS = 2000 };
        CK_OBJECT_HANDLE found[8];
        double begin, each;

        assert_int_equal(search(NULL, 0, NULL), 3 * MANY + 1);
        begin = seconds();
        for (size_t i = 0; i < ROUNDS; i++) {
                unsigned char id[] = { (unsigned char) (i % MANY >> 8), (unsigned char) (i % MANY) };
                CK_ATTRIBUTE t[] = { { CKA_ID, id, sizeof(id) }, ULONG(CKA_CLASS, CKO_PRIVATE_KEY) };

                assert_int_equal(search(t, 2, found), 1);
        }
        each = (seconds() - begin) / ROUNDS;
        print_message("a search by CKA_ID among %d objects takes %.0f us\n", 3 * MANY + 1, each * 1e6);
        assert_int_equal(fake_signetd.finds, 1);
        if (!getenv("SIGNET_SANITIZE") || strcmp(getenv("SIGNET_SANITIZE"), "none") == 0)
                assert_true(each < 1e-3);
}

static void test_refresh_of_many(void **state _unused_) {
        double begin = seconds();

        fake_signetd.changed = 1;
        assert_int_equal(search(NULL, 0, NULL), 3 * MANY + 1);
        print_message("a new snapshot of %d keys takes %.0f ms\n", MANY, (seconds() - begin) * 1e3);
        assert_int_equal(fake_signetd.finds, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_search, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_search_by_steps, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_hostile_searches, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_tokens_are_not_written, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_create, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_many, set_up_many, tear_down),
                cmocka_unit_test_setup_teardown(test_refresh_of_many, set_up_many, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
