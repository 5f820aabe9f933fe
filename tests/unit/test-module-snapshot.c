/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what signetd shows to slots and objects, and when it is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/module/names.h"
#include "client/module/snapshot.h"
#include "common/hex.h"
#include "common/key-id.h"
#include "make-certificate.h"
#include "module-fake.h"

static Module module;
static EVP_PKEY *keys[6];

static int make_keys(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                keys[i] = make_ed25519();
        return 0;
}

static int free_keys(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                EVP_PKEY_free(keys[i]);
        return 0;
}

static int set_up(void **state _unused_) {
        fake_begin();
        module = (Module){ .names = names_new() };
        pthread_mutex_init(&module.snapshot_lock, NULL);
        pthread_mutex_init(&module.refresh_lock, NULL);
        return 0;
}

static int tear_down(void **state _unused_) {
        snapshot_unref(module.snapshot);
        signet_watch_free(module.watch);
        names_free(module.names);
        pthread_mutex_destroy(&module.snapshot_lock);
        pthread_mutex_destroy(&module.refresh_lock);
        fake_stop();
        return 0;
}

static Snapshot *get(void) {
        Snapshot *s = NULL;

        assert_int_equal(snapshot_get(&module, &s), CKR_OK);
        return s;
}

static const SnapshotSlot *slot_of(const Snapshot *s, const char *token) {
        for (size_t i = 0; i < s->n_slots; i++)
                if (strcmp(signet_token_name(s->slots[i].token), token) == 0)
                        return &s->slots[i];
        return NULL;
}

/* A key of number i with this URI, which may sign. */
static signet_key *add(size_t i, const char *label, const char *uri) {
        signet_key *k = fake_add_key("ed25519", keys[i], label);

        fake_uri(k, uri);
        fake_may(k, "sign:smime");
        return k;
}

static uint8_t *certificate(size_t subject, const char *name, size_t issuer, size_t *ret_size) {
        return make_certificate(
                &(CertificateWish){
                        .name = name, .issuer_name = "x", .key = keys[subject], .issuer_key = keys[issuer] },
                ret_size);
}

/* The attribute as text: bytes in hexadecimal, labels as they are. */
static const char *shown(const Object *o, CK_ATTRIBUTE_TYPE type) {
        static char text[512];
        unsigned char value[200];
        CK_ATTRIBUTE a = { type, value, sizeof(value) };

        assert_int_equal(object_get(o, &a, 1), CKR_OK);
        if (type == CKA_LABEL)
                snprintf(text, sizeof(text), "%.*s", (int) a.ulValueLen, (const char *) value);
        else
                hex_encode(value, a.ulValueLen, text);
        return text;
}

/* "class:label:id " of each object of the slot, in order. */
static const char *listed(const SnapshotSlot *slot) {
        static char text[4096];
        size_t n = 0;

        text[0] = '\0';
        for (size_t i = 0; i < slot->n_objects; i++) {
                const Object *o = slot->objects[i];
                const char *class = o->class == CKO_PRIVATE_KEY ? "priv" : o->class == CKO_PUBLIC_KEY ? "pub" : "cert";

                if (i > 0)
                        assert_true(slot->objects[i - 1]->handle < o->handle);
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s:%s:", class, shown(o, CKA_LABEL));
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%.8s ", shown(o, CKA_ID));
        }
        return text;
}

/* --- which objects where --------------------------------------------------------------------------------------- */

static void test_places(void **state _unused_) {
        _cleanup_(snapshot_unrefp) Snapshot *s = NULL;
        signet_key *both;

        fake_add_token("one", "First", "1", false);
        fake_add_token("two", "Second", "2", false);
        fake_add_token("empty", "Third", "3", false);
        fake_add_token("locked", "Fourth", "4", true);
        both = add(0, "alice", "pkcs11:token=First;id=%01;object=al%69ce;type=private");
        fake_uri(both, "pkcs11:token=Second;id=%ff%01;object=old%20alice;type=private");
        fake_uri(both, "pkcs11:token=Second;id=%77;object=again;type=private");
        add(1, "bob", "pkcs11:token=First;id=%02;type=private");
        add(2, "nowhere", "pkcs11:token=Fifth;id=%03;object=nowhere");
        add(3, "torn", "pkcs11:token=First;id=%0");

        s = get();
        assert_int_equal(s->n_slots, 3);
        assert_string_equal(listed(slot_of(s, "one")), "priv:alice:01 pub:alice:01 priv:bob:02 pub:bob:02 ");
        assert_string_equal(listed(slot_of(s, "two")), "priv:old alice:ff01 pub:old alice:ff01 ");
        assert_string_equal(listed(slot_of(s, "locked")), "");
        assert_null(slot_of(s, "empty"));
        assert_int_equal(names_slot_count(module.names), 3);

        const SnapshotSlot *one = slot_of(s, "one");
        assert_ptr_equal(snapshot_slot(s, one->id), one);
        assert_null(snapshot_slot(s, 99));
        assert_ptr_equal(snapshot_object(one, one->objects[2]->handle), one->objects[2]);
        assert_null(snapshot_object(one, 0));
        assert_null(snapshot_object(one, 12345));
}

static void test_ids(void **state _unused_) {
        _cleanup_(snapshot_unrefp) Snapshot *s = NULL;
        const char *a, *b, *c;
        char expected[512];

        fake_add_token("one", "One", "1", false);
        a = signet_key_id(add(0, "a", "pkcs11:token=One;id=%aa;object=a"));
        b = signet_key_id(add(1, "b", "pkcs11:token=One;id=%aa;object=b"));
        c = signet_key_id(add(2, "c", "pkcs11:token=One;object=c"));
        add(3, "d", "pkcs11:token=One;id=%aa%aa;object=d");
        s = get();
        snprintf(expected, sizeof(expected), "priv:a:%.8s pub:a:%.8s priv:b:%.8s pub:b:%.8s priv:c:%.8s pub:c:%.8s ", a,
                 a, b, b, c, c);
        strcat(expected, "priv:d:aaaa pub:d:aaaa ");
        assert_string_equal(listed(&s->slots[0]), expected);
        assert_int_equal(strlen(shown(s->slots[0].objects[0], CKA_ID)), KEY_ID_LENGTH);
}

static void test_certificates(void **state _unused_) {
        _cleanup_(snapshot_unrefp) Snapshot *s = NULL;
        uint8_t *own, *older, *middle, *root;
        size_t n_own, n_older, n_middle, n_root, n;
        signet_key *alice, *bob;
        KeyId middle_id;
        char expected[512];
        uint8_t *spki;

        own = certificate(0, "Alice", 2, &n_own);
        older = certificate(0, "Alice then", 2, &n_older);
        middle = certificate(2, "Middle", 3, &n_middle);
        root = certificate(3, "Root", 3, &n_root);
        fake_add_token("one", "One", "1", false);
        alice = add(0, "alice", "pkcs11:token=One;id=%01;object=alice");
        fake_certificate(alice, own, n_own);
        fake_certificate(alice, older, n_older);
        fake_certificate(alice, own, n_own);
        fake_certificate(alice, "junk", 4);
        fake_chain(alice, middle, n_middle);
        fake_chain(alice, root, n_root);
        /* An authority that is a user of its own key, too. */
        bob = add(3, "bob", "pkcs11:token=One;id=%02;object=bob");
        fake_certificate(bob, root, n_root);
        fake_chain(bob, middle, n_middle);
        fake_chain(bob, root, n_root);

        s = get();
        spki = make_spki(keys[2], &n);
        assert_int_equal(key_id_from_spki(spki, n, &middle_id), 0);
        OPENSSL_free(spki);
        snprintf(expected, sizeof(expected),
                 "priv:alice:01 pub:alice:01 cert:alice:01 cert:alice:01 priv:bob:02 pub:bob:02 cert:bob:02 "
                 "cert:Middle:%.8s ",
                 middle_id.hex);
        assert_string_equal(listed(&s->slots[0]), expected);
        OPENSSL_free(own);
        OPENSSL_free(older);
        OPENSSL_free(middle);
        OPENSSL_free(root);
}

static void test_handles_stay(void **state _unused_) {
        Snapshot *s;
        CK_OBJECT_HANDLE alice, bob;
        CK_SLOT_ID slot;

        fake_add_token("one", "One", "1", true);
        add(1, "bob", "pkcs11:token=One;object=bob");
        s = get();
        slot = s->slots[0].id;
        bob = s->slots[0].objects[0]->handle;
        snapshot_unref(s);

        add(0, "alice", "pkcs11:token=One;object=alice");
        fake_signetd.changed = 1;
        s = get();
        assert_int_equal(s->slots[0].n_objects, 4);
        alice = s->slots[0].objects[2]->handle; /* seen later: behind */
        assert_int_equal(s->slots[0].objects[0]->handle, bob);
        assert_true(alice > bob);
        snapshot_unref(s);

        fake_remove_keys();
        fake_signetd.changed = 1;
        s = get();
        assert_int_equal(s->slots[0].n_objects, 0);
        snapshot_unref(s);

        add(0, "alice", "pkcs11:token=One;object=alice");
        fake_signetd.changed = 1;
        s = get();
        assert_int_equal(s->slots[0].id, slot);
        assert_int_equal(s->slots[0].objects[0]->handle, alice);
        snapshot_unref(s);
}

/* --- when signetd is asked --------------------------------------------------------------------------------------- */

static size_t count(void) {
        _cleanup_(snapshot_unrefp) Snapshot *s = get();

        return s->n_slots == 0 ? 0 : s->slots[0].n_objects;
}

static double milliseconds(const struct timespec *begin) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double) (now.tv_sec - begin->tv_sec) * 1e3 + (double) (now.tv_nsec - begin->tv_nsec) / 1e6;
}

static void test_asked_once(void **state _unused_) {
        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 2);
        assert_int_equal(fake_signetd.finds, 1);
        assert_int_equal(fake_signetd.watches, 1);

        add(1, "bob", "pkcs11:token=One");
        assert_int_equal(count(), 2);
        fake_signetd.changed = 1;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 4);
        assert_int_equal(fake_signetd.finds, 2);

        snapshot_expire(&module);
        assert_int_equal(count(), 4);
        assert_int_equal(fake_signetd.finds, 3);
}

static void test_no_bus(void **state _unused_) {
        struct timespec begin;

        fake_signetd.watch_status = SIGNET_E_UNAVAILABLE;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (int i = 0; i < 10000; i++)
                assert_int_equal(count(), 0);
        if (milliseconds(&begin) < 900)
                assert_int_equal(fake_signetd.watches, 1);
        assert_int_equal(fake_signetd.finds, 0);

        /* The bus comes: a second later, at the latest, it is noticed. */
        fake_signetd.watch_status = 0;
        fake_add_token("one", "One", "1", true);
        add(0, "alice", "pkcs11:token=One");
        nanosleep(&(struct timespec){ 1, 50000000 }, NULL);
        assert_int_equal(count(), 2);
}

static void test_no_signetd(void **state _unused_) {
        fake_signetd.service = 0;
        fake_signetd.find_status = SIGNET_E_UNAVAILABLE;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 0);
        assert_int_equal(fake_signetd.finds, 1); /* it might have been started by that */
        nanosleep(&(struct timespec){ 1, 50000000 }, NULL);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 0);
        assert_int_equal(fake_signetd.finds, 1); /* but not by each search */

        fake_signetd.find_status = 0;
        fake_signetd.service = 1;
        fake_signetd.changed = 1;
        fake_add_token("one", "One", "1", true);
        add(0, "alice", "pkcs11:token=One");
        assert_int_equal(count(), 2);
}

static void test_signetd_goes(void **state _unused_) {
        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        assert_int_equal(count(), 2);

        fake_signetd.service = 0;
        fake_signetd.changed = 1;
        fake_remove_keys();
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 2);
        assert_int_equal(fake_signetd.finds, 1); /* asking would have meant to wait for it */

        fake_signetd.service = 1;
        fake_signetd.changed = 1;
        assert_int_equal(count(), 0);
        assert_int_equal(fake_signetd.finds, 2);
}

static void test_find_fails(void **state _unused_) {
        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        assert_int_equal(count(), 2);

        fake_signetd.find_status = SIGNET_E_PROTOCOL;
        fake_signetd.changed = 1;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(count(), 2);
        assert_int_equal(fake_signetd.finds, 2);
        fake_signetd.find_status = 0;
        fake_remove_keys();
        nanosleep(&(struct timespec){ 1, 50000000 }, NULL);
        assert_int_equal(count(), 0);

        fake_signetd.find_status = -ENOMEM;
        fake_signetd.changed = 1;
        Snapshot *s = NULL;
        assert_int_equal(snapshot_get(&module, &s), CKR_HOST_MEMORY);
        assert_null(s);
        fake_signetd.find_status = 0;
}

static void test_watch_dies(void **state _unused_) {
        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        assert_int_equal(count(), 2);
        fake_remove_keys();
        fake_signetd.changed = -ENOTCONN;
        fake_signetd.watch_status = SIGNET_E_UNAVAILABLE;
        assert_int_equal(count(), 2);
        assert_int_equal(fake_signetd.watches_alive, 0);

        fake_signetd.changed = 0;
        fake_signetd.watch_status = 0;
        nanosleep(&(struct timespec){ 1, 50000000 }, NULL);
        assert_int_equal(count(), 0);
        assert_int_equal(fake_signetd.watches, 3);
        assert_int_equal(fake_signetd.finds, 2);
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

static void *count_in_thread(void *result) {
        *(size_t *) result = count();
        return NULL;
}

static void test_others_go_on(void **state _unused_) {
        struct timespec begin;
        size_t result = 0;
        pthread_t thread;

        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        assert_int_equal(count(), 2);
        add(1, "bob", "pkcs11:token=One");
        fake_signetd.delay_ms = 500;
        fake_signetd.changed = 1;
        assert_int_equal(pthread_create(&thread, NULL, count_in_thread, &result), 0);
        while (fake_signetd.finds < 2)
                nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        fake_signetd.changed = 1; /* again */
        clock_gettime(CLOCK_MONOTONIC, &begin);
        assert_int_equal(count(), 2);
        assert_true(milliseconds(&begin) < 400);

        /* Who knows that it changed waits for it. */
        snapshot_expire(&module);
        assert_int_equal(count(), 4);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(result, 4);
        assert_int_equal(fake_signetd.finds, 3);
}

static void test_first_in_many_threads(void **state _unused_) {
        pthread_t threads[8];
        size_t results[8];

        fake_add_token("one", "One", "1", false);
        add(0, "alice", "pkcs11:token=One");
        fake_signetd.delay_ms = 50;
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, count_in_thread, &results[i]), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_int_equal(results[i], 2);
        }
        assert_int_equal(fake_signetd.finds, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_ids, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_certificates, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_handles_stay, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_asked_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_no_bus, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_no_signetd, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_signetd_goes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_find_fails, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_watch_dies, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_others_go_on, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_first_in_many_threads, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
