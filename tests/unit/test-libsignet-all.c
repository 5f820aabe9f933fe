/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet_find_all(): everything that the caller may see, from one answer, good, large or wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/deadline.h"
#include "client/signet.h"
#include "fake-signetd.h"

static Fake fake;

static int start(_unused_ void **state) {
        return fake_start(&fake);
}

static int stop(_unused_ void **state) {
        fake_stop(&fake);
        return 0;
}

static signet_client *client_new(void) {
        signet_client *client;

        assert_int_equal(signet_client_new(fake.address, &client), 0);
        return client;
}

typedef struct Everything {
        signet_key **keys;
        signet_token **tokens;
        size_t n_keys, n_tokens;
} Everything;

static int find(signet_client *client, Everything *e) {
        return signet_find_all(client, &e->keys, &e->n_keys, &e->tokens, &e->n_tokens);
}

static void release(Everything *e) {
        signet_keys_free(e->keys, e->n_keys);
        signet_tokens_free(e->tokens, e->n_tokens);
}

static void test_find_all(_unused_ void **state) {
        static const unsigned counts[] = { 0, 1, 17, FAKE_KEYS_MAX };
        signet_client *client = client_new();

        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                Everything e;

                fake_reset(&fake, counts[i]);
                assert_int_equal(find(client, &e), 0);
                assert_int_equal(atomic_load(&fake.state->calls), 1);
                assert_int_equal(e.n_keys, counts[i]);
                assert_int_equal(e.n_tokens, 1);
                assert_string_equal(signet_token_name(e.tokens[0]), "fake");
                for (size_t k = 0; k < e.n_keys; k++)
                        assert_true(signet_key_may(e.keys[k], "sign:smime"));
                assert_non_null(e.keys);
                release(&e);
        }
        signet_client_unref(client);
}

/* As large an answer as there is from a real signetd with many keys. */
static void test_find_all_large(_unused_ void **state) {
        signet_client *client = client_new();
        uint64_t then;
        Everything e;

        fake_reset(&fake, FAKE_KEYS_MAX);
        atomic_store(&fake.state->mode, FAKE_USUAL_CERTIFICATE);
        then = clock_now();
        assert_int_equal(find(client, &e), 0);
        print_message("%d keys with certificates: %llu ms\n", FAKE_KEYS_MAX,
                      (unsigned long long) (clock_now() - then) / 1000);
        assert_int_equal(e.n_keys, FAKE_KEYS_MAX);
        for (size_t i = 0; i < e.n_keys; i++)
                assert_int_equal(signet_key_certificate_count(e.keys[i]), 2);
        release(&e);
        signet_client_unref(client);
}

static void test_find_all_wrong(_unused_ void **state) {
        static const struct {
                FakeMode mode;
                int result;
                const char *sentence; /* part of it */
        } cases[] = {
                { FAKE_REPEATED, SIGNET_E_PROTOCOL, "a key should be there once" },
                { FAKE_TRAILING, SIGNET_E_PROTOCOL, "shorter" },
                { FAKE_STRING, SIGNET_E_PROTOCOL, "list of objects" },
                { FAKE_EMPTY, SIGNET_E_PROTOCOL, "list of objects" },
                { FAKE_WRONG_TYPE, SIGNET_E_PROTOCOL, "should be" },
                { FAKE_FOREIGN_KEY, SIGNET_E_PROTOCOL, "PublicKey" },
                { FAKE_UNKNOWN, 0, NULL },
        };
        signet_client *client = client_new();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Everything e = { 0 };

                fake_reset(&fake, 2);
                atomic_store(&fake.state->mode, cases[i].mode);
                assert_int_equal(find(client, &e), cases[i].result);
                assert_true(cases[i].result == 0 || (!e.keys && !e.tokens));
                if (cases[i].sentence && !strstr(signet_error_message(), cases[i].sentence))
                        fail_msg("case %zu: %s", i, signet_error_message());
                release(&e);
        }
        fake_reset(&fake, 0);
        atomic_store(&fake.state->mode, FAKE_REPEATED);
        assert_int_equal(find(client, &(Everything){ 0 }), SIGNET_E_PROTOCOL);
        assert_non_null(strstr(signet_error_message(), "a token should be there once"));
        assert_int_equal(signet_find_all(client, NULL, NULL, NULL, NULL), -EINVAL);
        signet_client_unref(client);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find_all),
                cmocka_unit_test(test_find_all_large),
                cmocka_unit_test(test_find_all_wrong),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
