/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsignet when memory runs out: each allocation of its own fails once, and every call says so, leaks nothing (a
 * sanitized build looks) and works the next time. The library is compiled for this with the names of the functions
 * below. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/signet.h"
#include "fake-signetd.h"

static Fake fake;
static int left = -1; /* allocations until one fails; -1: none does */

void *fail_malloc(size_t size);
void *fail_calloc(size_t n, size_t size);
void *fail_realloc(void *p, size_t size);
char *fail_strdup(const char *s);

static bool fails(void) {
        if (left < 0)
                return false;
        return left-- == 0;
}

void *fail_malloc(size_t size) {
        return fails() ? NULL : malloc(size);
}

void *fail_calloc(size_t n, size_t size) {
        return fails() ? NULL : calloc(n, size);
}

void *fail_realloc(void *p, size_t size) {
        return fails() ? NULL : realloc(p, size);
}

char *fail_strdup(const char *s) {
        return fails() ? NULL : strdup(s);
}

static int start(_unused_ void **state) {
        return fake_start(&fake);
}

static int stop(_unused_ void **state) {
        fake_stop(&fake);
        return 0;
}

/* --- one call of each kind --- */

static int call_client(_unused_ signet_client *client) {
        signet_client *other = NULL;
        int r = signet_client_new(fake.address, &other);

        signet_client_unref(other);
        return r;
}

static int call_find(signet_client *client) {
        signet_key **keys = NULL;
        size_t n = 0;
        int r = signet_find_keys(client, NULL, NULL, &keys, &n);

        assert_true(r == 0 || !keys);
        signet_keys_free(keys, n);
        return r;
}

static int call_find_few(signet_client *client) {
        atomic_store(&fake.state->keys, 2);
        return call_find(client);
}

static int call_find_many(signet_client *client) {
        atomic_store(&fake.state->keys, 20);
        return call_find(client);
}

/* With a key that was found before memory ran out. */
static int use(signet_client *client, int (*with)(signet_key *key)) {
        signet_key *key;
        int budget = left, r;

        left = -1;
        assert_int_equal(signet_find_key(client, "alice@example.org", NULL, &key), 0);
        left = budget;
        r = with(key);
        signet_key_unref(key);
        return r;
}

static int sign(signet_key *key) {
        static const unsigned char data[32];
        unsigned char *signature = NULL;
        size_t n = 0;
        int r = signet_sign(key, "digest", data, sizeof(data), NULL, &signature, &n);

        signet_free(signature, n);
        return r;
}

static int sign_many(signet_key *key) {
        static const unsigned char data[32];
        const unsigned char *inputs[] = { data, data, data };
        const size_t sizes[] = { 32, 32, 32 };
        unsigned char **signatures = NULL;
        size_t *ns = NULL;
        int r = signet_sign_many(key, "digest", inputs, sizes, 3, NULL, &signatures, &ns);

        signet_free_many(signatures, ns, 3);
        return r;
}

static int decrypt(signet_key *key) {
        static const unsigned char data[32];
        unsigned char *plain = NULL;
        size_t n = 0;
        int r = signet_decrypt(key, "raw", data, sizeof(data), NULL, &plain, &n);

        signet_free(plain, n);
        return r;
}

static int call_sign(signet_client *client) {
        return use(client, sign);
}

static int call_sign_many(signet_client *client) {
        return use(client, sign_many);
}

static int call_decrypt(signet_client *client) {
        return use(client, decrypt);
}

static int call_tokens(signet_client *client) {
        signet_token **tokens = NULL;
        size_t n = 0;
        int r = signet_find_tokens(client, &tokens, &n);

        signet_tokens_free(tokens, n);
        return r;
}

static int call_token(signet_client *client) {
        signet_token *token = NULL;
        int r = signet_find_token(client, "fake", &token);

        signet_token_unref(token);
        return r;
}

static int call_all(signet_client *client) {
        signet_key **keys = NULL;
        signet_token **tokens = NULL;
        size_t n_keys = 0, n_tokens = 0;
        int r;

        atomic_store(&fake.state->keys, 20);
        r = signet_find_all(client, &keys, &n_keys, &tokens, &n_tokens);
        assert_true(r == 0 || (!keys && !tokens));
        signet_keys_free(keys, n_keys);
        signet_tokens_free(tokens, n_tokens);
        return r;
}

static int call_watch(signet_client *client) {
        signet_watch *watch = NULL;
        int r = signet_watch_new(client, &watch);

        signet_watch_free(watch);
        return r;
}

static int call_status(signet_client *client) {
        signet_status status = { .size = sizeof(status) };

        return signet_get_status(client, &status);
}

static int call_explain(signet_client *client) {
        signet_facts facts = { .size = sizeof(facts), .key = "alice@example.org" };
        signet_verdict *verdict = NULL;
        int r = signet_explain(client, &facts, &verdict);

        signet_verdict_free(verdict);
        return r;
}

static const struct {
        int (*call)(signet_client *client);
        int least; /* allocations that it makes */
} calls[] = {
        { call_client, 3 },    { call_find_few, 40 }, { call_find_many, 400 }, { call_sign, 1 },
        { call_sign_many, 8 }, { call_all, 400 },     { call_watch, 1 },       { call_decrypt, 1 },
        { call_tokens, 10 },   { call_token, 10 },    { call_status, 2 },      { call_explain, 5 },
};

static void test_each_allocation(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                signet_client *client;
                int failures = 0;

                fake_reset(&fake, 1);
                assert_int_equal(signet_client_new(fake.address, &client), 0);
                for (;;) {
                        int r;

                        left = failures;
                        r = calls[i].call(client);
                        if (left >= 0)
                                break; /* there were not so many */
                        if (r != -ENOMEM)
                                fail_msg("call %zu, allocation %d: %d: %s", i, failures, r, signet_error_message());
                        assert_string_equal(signet_error_message(), "out of memory");
                        failures++;
                }
                left = -1;
                assert_true(failures >= calls[i].least);
                assert_int_equal(calls[i].call(client), 0);
                signet_client_unref(client);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_allocation) };

        return cmocka_run_group_tests(tests, start, stop);
}
