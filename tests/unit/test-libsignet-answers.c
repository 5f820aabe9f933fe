/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsignet against a service that answers well and badly: what comes back is right, or a typed error with a sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

static signet_key *key_new(signet_client *client) {
        signet_key *key;

        fake_reset(&fake, 1);
        assert_int_equal(signet_find_key(client, fake.state->ids[0].hex, NULL, &key), 0);
        return key;
}

/* --- good answers --- */

static void test_key(_unused_ void **state) {
        signet_client *client = client_new();
        signet_key *key = key_new(client);
        unsigned char public_key[FAKE_PUBLIC_SIZE];
        size_t n;

        fake_public_key(0, public_key);
        assert_ptr_equal(signet_key_client(key), client);
        assert_string_equal(signet_key_id(key), fake.state->ids[0].hex);
        assert_string_equal(signet_key_algorithm(key), "rsa");
        assert_string_equal(signet_key_label(key), "key");
        assert_int_equal(signet_key_bits(key), 2048);
        assert_memory_equal(signet_key_public(key, &n), public_key, sizeof(public_key));
        assert_int_equal(n, sizeof(public_key));
        assert_int_equal(signet_key_certificate_count(key), 2);
        assert_non_null(signet_key_certificate(key, 1, &n));
        assert_int_equal(n, 3);
        assert_null(signet_key_certificate(key, 2, &n));
        assert_int_equal(signet_key_chain_count(key), 1);
        assert_non_null(signet_key_chain(key, 0, &n));
        assert_int_equal(n, 5);
        assert_int_equal(signet_key_address_count(key), 1);
        assert_string_equal(signet_key_address(key, 0), "alice@example.org");
        assert_null(signet_key_address(key, 1));
        assert_int_equal(signet_key_uri_count(key), 1);
        assert_string_equal(signet_key_uri(key, 0), "pkcs11:token=fake;object=key0");
        assert_int_equal(signet_key_operation_count(key), 2);
        assert_int_equal(signet_key_may(key, signet_key_operation(key, 1)), 1);
        assert_int_equal(signet_key_may(key, "sign:digest"), 0);

        signet_client_unref(client); /* the key keeps it */
        signet_key_unref(signet_key_ref(key));
        assert_string_equal(signet_key_label(key), "key");
        signet_key_unref(key);
}

static void test_keys_in_few_calls(_unused_ void **state) {
        static const struct {
                unsigned keys, most_calls;
        } cases[] = { { 0, 1 }, { 1, 2 }, { 8, 9 }, { 9, 2 }, { 1000, 2 } };
        signet_client *client = client_new();

        for (size_t c = 0; c < ELEMENTSOF(cases); c++) {
                signet_key **keys;
                size_t n;

                fake_reset(&fake, cases[c].keys);
                assert_int_equal(signet_find_keys(client, NULL, "sign", &keys, &n), 0);
                assert_int_equal(n, cases[c].keys);
                for (size_t i = 0; i < n; i++)
                        assert_string_equal(signet_key_id(keys[i]), fake.state->ids[i].hex);
                assert_true(atomic_load(&fake.state->calls) <= cases[c].most_calls);
                signet_keys_free(keys, n);
        }
        signet_client_unref(client);
}

static void test_ambiguity(_unused_ void **state) {
        signet_client *client = client_new();
        signet_key *key = NULL;

        fake_reset(&fake, 2);
        assert_int_equal(signet_find_key(client, "pkcs11:token=fake", "sign", &key), SIGNET_E_AMBIGUOUS);
        assert_non_null(strstr(signet_error_message(), "2 keys"));
        assert_int_equal(signet_find_key(client, NULL, NULL, &key), SIGNET_E_AMBIGUOUS);
        assert_null(key);
        assert_int_equal(signet_find_key(client, "alice@example.org", "sign", &key), 0);
        assert_string_equal(signet_key_id(key), fake.state->ids[0].hex);
        signet_key_unref(key);

        fake_reset(&fake, 0);
        assert_int_equal(signet_find_key(client, "alice@example.org", "sign", &key), SIGNET_E_NO_SUCH_KEY);
        assert_non_null(strstr(signet_error_message(), "alice@example.org"));
        signet_client_unref(client);
}

static void test_gone_meanwhile(_unused_ void **state) {
        signet_client *client = client_new();
        signet_key **keys, *key;
        size_t n;

        for (unsigned found = 3; found <= 30; found += 27) {
                fake_reset(&fake, found);
                atomic_store(&fake.state->mode, FAKE_GONE);
                assert_int_equal(signet_find_keys(client, NULL, NULL, &keys, &n), 0);
                assert_int_equal(n, 0);
                signet_keys_free(keys, n);
        }
        atomic_store(&fake.state->keys, 1);
        assert_int_equal(signet_find_key(client, "alice@example.org", NULL, &key), SIGNET_E_NO_SUCH_KEY);
        signet_client_unref(client);
}

static void test_use(_unused_ void **state) {
        static const unsigned char one[] = "one", two[] = "two";
        const unsigned char *inputs[] = { one, two };
        const size_t sizes[] = { sizeof(one), sizeof(two) };
        signet_options options = SIGNET_OPTIONS_INIT;
        signet_client *client = client_new();
        signet_key *key = key_new(client);
        unsigned char *signature, **signatures;
        size_t n, *ns;

        assert_int_equal(signet_sign(key, "digest", two, sizeof(two), NULL, &signature, &n), 0);
        assert_int_equal(n, FAKE_SIGNATURE_SIZE);
        assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 2, NULL, &signatures, &ns), 0);
        assert_memory_equal(signature, signatures[1], n);
        assert_memory_not_equal(signature, signatures[0], n);
        signet_free(signature, n);
        signet_free_many(signatures, ns, 2);

        options.key_length = 16;
        assert_int_equal(signet_decrypt(key, "cms", one, sizeof(one), &options, &signature, &n), 0);
        assert_int_equal(n, 16);
        signet_free(signature, n);
        assert_int_equal(signet_derive(key, "cms", one, sizeof(one), &options, &signature, &n), 0);
        assert_int_equal(n, 16);
        signet_free(signature, n);

        atomic_store(&fake.state->mode, FAKE_NOTHING); /* an empty plaintext is one */
        assert_int_equal(signet_decrypt(key, "raw", one, sizeof(one), NULL, &signature, &n), 0);
        assert_int_equal(n, 0);
        assert_non_null(signature);
        signet_free(signature, n);
        signet_key_unref(key);
        signet_client_unref(client);
}

static void test_tokens(_unused_ void **state) {
        signet_client *client = client_new();
        signet_token **tokens, *token;
        size_t n;
        int fds[2];

        fake_reset(&fake, 3);
        assert_int_equal(signet_find_tokens(client, &tokens, &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(signet_token_name(tokens[0]), "fake");
        signet_tokens_free(tokens, n);

        assert_int_equal(signet_find_token(client, "other", &token), SIGNET_E_NO_SUCH_KEY);
        assert_int_equal(signet_find_token(client, "", &token), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_find_token(client, "fake", &token), 0);
        assert_string_equal(signet_token_state(token), "ready");
        assert_string_equal(signet_token_message(token), "");
        assert_string_equal(signet_token_label(token), "Fake");
        assert_string_equal(signet_token_serial(token), "1");
        assert_string_equal(signet_token_model(token), "none");
        assert_string_equal(signet_token_manufacturer(token), "us");
        assert_int_equal(signet_token_workers(token), 2048);
        assert_int_equal(signet_token_workers_configured(token), 2);
        assert_int_equal(signet_token_may_unlock(token), 1);

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(signet_token_unlock(token, fds[0]), 0);
        assert_int_equal(signet_token_lock(token), 0);
        close(fds[0]);
        close(fds[1]);
        assert_int_equal(signet_token_unlock(token, fds[0]), -EBADF);
        assert_int_equal(atomic_load(&fake.state->unlocks), 1);
        signet_token_unref(token);
        signet_client_unref(client);
}

static void test_manager(_unused_ void **state) {
        signet_facts facts = {
                .size = sizeof(facts), .key = "alice@example.org", .operation = "sign", .purpose = "smime", .time = 12
        };
        signet_status status = { .size = sizeof(status) };
        signet_client *client = client_new();
        signet_verdict *verdict;
        uint64_t generation;

        fake_reset(&fake, 0);
        assert_int_equal(signet_get_status(client, &status), 0);
        assert_string_equal(status.version, "0.1.0");
        assert_int_equal(status.policy_generation, 3);
        assert_int_equal(status.start_time, 4);
        assert_int_equal(status.done, 5);
        assert_int_equal(status.refused, 6);
        assert_int_equal(status.pending, 2048);
        assert_int_equal(status.audit_sequence, 0);
        assert_string_equal(status.audit_head, "");

        assert_int_equal(signet_explain(client, &facts, &verdict), 0);
        assert_int_equal(signet_verdict_allowed(verdict), 0);
        assert_string_equal(signet_verdict_effect(verdict), "deny");
        assert_string_equal(signet_verdict_rule(verdict), "office-hours");
        assert_string_equal(signet_verdict_file(verdict), "a.conf");
        assert_int_equal(signet_verdict_line(verdict), 2048);
        assert_string_equal(signet_verdict_reason(verdict), "It is Sunday.");
        signet_verdict_free(verdict);

        assert_int_equal(signet_reload_policy(client, &generation), 0);
        assert_int_equal(generation, 7);
        assert_int_equal(signet_reload_policy(client, NULL), 0);
        signet_client_unref(client);
}

/* --- bad answers --- */

/* One call of each kind; all outputs are freed or untouched. */
static int call_find_few(signet_client *client) {
        signet_key **keys = NULL;
        size_t n = 0;
        int r;

        atomic_store(&fake.state->keys, 2);
        r = signet_find_keys(client, NULL, NULL, &keys, &n);
        assert_true(r == 0 || !keys);
        signet_keys_free(keys, n);
        return r;
}

static int call_find_many(signet_client *client) {
        signet_key **keys = NULL;
        size_t n = 0;
        int r;

        atomic_store(&fake.state->keys, 20);
        r = signet_find_keys(client, NULL, NULL, &keys, &n);
        assert_true(r == 0 || !keys);
        signet_keys_free(keys, n);
        return r;
}

static int call_tokens(signet_client *client) {
        signet_token **tokens = NULL;
        size_t n = 0;
        int r;

        r = signet_find_tokens(client, &tokens, &n);
        assert_true(r == 0 || !tokens);
        signet_tokens_free(tokens, n);
        return r;
}

static int call_token(signet_client *client) {
        signet_token *token = NULL;
        int r;

        r = signet_find_token(client, "fake", &token);
        assert_true(r == 0 || !token);
        signet_token_unref(token);
        return r;
}

static int call_status(signet_client *client) {
        signet_status status = { .size = sizeof(status) };

        return signet_get_status(client, &status);
}

static int call_explain(signet_client *client) {
        signet_facts facts = { .size = sizeof(facts), .key = "alice@example.org" };
        signet_verdict *verdict = NULL;
        int r;

        r = signet_explain(client, &facts, &verdict);
        assert_true(r == 0 || !verdict);
        signet_verdict_free(verdict);
        return r;
}

static int call_reload(signet_client *client) {
        return signet_reload_policy(client, NULL);
}

typedef int Calling(signet_client *client);

static const struct {
        FakeMode mode;
        Calling *call;
        int status;
} answers[] = {
        { FAKE_EMPTY, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_tokens, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_token, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_status, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_explain, SIGNET_E_PROTOCOL },
        { FAKE_EMPTY, call_reload, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_tokens, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_token, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_status, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_explain, SIGNET_E_PROTOCOL },
        { FAKE_STRING, call_reload, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_tokens, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_token, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_status, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_explain, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, call_reload, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_tokens, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_token, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_status, SIGNET_E_PROTOCOL },
        { FAKE_WRONG_TYPE, call_explain, SIGNET_E_PROTOCOL },
        { FAKE_MISSING, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_MISSING, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_MISSING, call_token, SIGNET_E_PROTOCOL },
        { FAKE_MISSING, call_status, SIGNET_E_PROTOCOL },
        { FAKE_MISSING, call_explain, 0 }, /* a verdict without a rule has no line */
        { FAKE_TWICE, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_TWICE, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_TWICE, call_token, SIGNET_E_PROTOCOL },
        { FAKE_TWICE, call_status, SIGNET_E_PROTOCOL },
        { FAKE_TWICE, call_explain, SIGNET_E_PROTOCOL },
        { FAKE_UNKNOWN, call_find_few, 0 },
        { FAKE_UNKNOWN, call_find_many, 0 },
        { FAKE_UNKNOWN, call_tokens, 0 },
        { FAKE_UNKNOWN, call_token, 0 },
        { FAKE_UNKNOWN, call_status, 0 },
        { FAKE_UNKNOWN, call_explain, 0 },
        { FAKE_FOREIGN_KEY, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_FOREIGN_KEY, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_FOREIGN_ID, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_FOREIGN_ID, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_MANY_CERTIFICATES, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_MANY_CERTIFICATES, call_find_many, SIGNET_E_PROTOCOL },
        { FAKE_LARGE_CERTIFICATE, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_LONG_LABEL, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_MANY_PATHS, call_find_few, SIGNET_E_PROTOCOL },
        { FAKE_BAD_PATH, call_find_few, SIGNET_E_PROTOCOL },
};

static void test_answers(_unused_ void **state) {
        signet_client *client = client_new();

        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                int r;

                fake_reset(&fake, 1);
                atomic_store(&fake.state->mode, answers[i].mode);
                r = answers[i].call(client);
                if (r != answers[i].status)
                        fail_msg("row %zu: %s instead of %s: %s", i, signet_status_name(r),
                                 signet_status_name(answers[i].status), signet_error_message());
                assert_int_equal(answers[i].call == call_find_few && r != 0 ? strlen(signet_error_message()) > 10 : 1,
                                 1);
        }
        signet_client_unref(client);
}

static const struct {
        FakeMode mode;
        int sign, sign_many, decrypt;
} results[] = {
        { FAKE_GOOD, 0, 0, 0 },
        { FAKE_EMPTY, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
        { FAKE_STRING, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
        { FAKE_TRAILING, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
        { FAKE_SHORT, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
        { FAKE_LARGE, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
        { FAKE_NOTHING, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL, SIGNET_E_PROTOCOL },
};

static void test_results(_unused_ void **state) {
        static const unsigned char data[] = "data";
        const unsigned char *inputs[] = { data, data };
        const size_t sizes[] = { sizeof(data), sizeof(data) };
        signet_options options = SIGNET_OPTIONS_INIT;
        signet_client *client = client_new();
        signet_key *key = key_new(client);

        options.key_length = 16;
        for (size_t i = 0; i < ELEMENTSOF(results); i++) {
                unsigned char *one = NULL, **many = NULL, *secret = NULL;
                size_t n = 0, *ns = NULL, secret_n = 0;

                atomic_store(&fake.state->mode, results[i].mode);
                assert_int_equal(signet_sign(key, "digest", data, sizeof(data), NULL, &one, &n), results[i].sign);
                assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 2, NULL, &many, &ns),
                                 results[i].sign_many);
                assert_int_equal(signet_decrypt(key, "cms", data, sizeof(data), &options, &secret, &secret_n),
                                 results[i].decrypt);
                assert_true(results[i].mode == FAKE_GOOD || (!one && !many && !ns && !secret));
                signet_free(one, n);
                signet_free_many(many, ns, 2);
                signet_free(secret, secret_n);
        }
        signet_key_unref(key);
        signet_client_unref(client);
}

/* --- errors --- */

static const struct {
        const char *name, *text;
        int status;
        const char *message; /* something that must stand in it */
} errors[] = {
        { "org.signetd.Signet1.Error.NoSuchKey", "No.", SIGNET_E_NO_SUCH_KEY, "No." },
        { "org.signetd.Signet1.Error.NotAuthorized", "No.", SIGNET_E_NOT_AUTHORIZED, "No." },
        { "org.signetd.Signet1.Error.TokenLocked", "No.", SIGNET_E_TOKEN_LOCKED, "No." },
        { "org.signetd.Signet1.Error.TokenUnavailable", "No.", SIGNET_E_TOKEN_UNAVAILABLE, "No." },
        { "org.signetd.Signet1.Error.PinIncorrect", "No.", SIGNET_E_PIN_INCORRECT, "No." },
        { "org.signetd.Signet1.Error.PinLocked", "No.", SIGNET_E_PIN_LOCKED, "No." },
        { "org.signetd.Signet1.Error.RateLimited", "No.", SIGNET_E_RATE_LIMITED, "No." },
        { "org.signetd.Signet1.Error.Busy", "No.", SIGNET_E_BUSY, "No." },
        { "org.signetd.Signet1.Error.Timeout", "No.", SIGNET_E_TIMEOUT, "No." },
        { "org.signetd.Signet1.Error.DecryptionFailed", "No.", SIGNET_E_DECRYPTION_FAILED, "No." },
        { "org.signetd.Signet1.Error.NotSupported", "No.", SIGNET_E_NOT_SUPPORTED, "No." },
        { "org.signetd.Signet1.Error.InvalidInput", "No.", SIGNET_E_INVALID_INPUT, "No." },
        { "org.signetd.Signet1.Error.Revoked", "No.", SIGNET_E_REVOKED, "No." },
        { "org.signetd.Signet1.Error.Revoked", "", SIGNET_E_REVOKED, "Revoked" },
        { "org.signetd.Signet1.Error.Revoked", "one\ntwo\x1b[1m", SIGNET_E_REVOKED, "one?two?[1m" },
        { "org.signetd.Signet1.Error.Unavailable", "No.", SIGNET_E_PROTOCOL, "Error.Unavailable" },
        { "org.signetd.Signet1.Error.Novelty", "No.", SIGNET_E_PROTOCOL, "Error.Novelty" },
        { "org.signetd.Signet1.Error.Ok", "No.", SIGNET_E_PROTOCOL, "Error.Ok" },
        { "org.example.Error", "No.", SIGNET_E_PROTOCOL, "org.example.Error: No." },
        { "org.freedesktop.DBus.Error.AccessDenied", "No.", SIGNET_E_NOT_AUTHORIZED, "bus" },
        { "org.freedesktop.DBus.Error.LimitsExceeded", "No.", SIGNET_E_BUSY, "later" },
        { "org.freedesktop.DBus.Error.NoMemory", "No.", SIGNET_E_BUSY, "memory" },
        { "org.freedesktop.DBus.Error.UnknownObject", "No.", SIGNET_E_NO_SUCH_KEY, "see" },
        { "org.freedesktop.DBus.Error.UnknownMethod", "No.", SIGNET_E_NOT_SUPPORTED, "older" },
        { "org.freedesktop.DBus.Error.InvalidArgs", "No.", SIGNET_E_INVALID_INPUT, "No." },
        { "org.freedesktop.DBus.Error.Timeout", "No.", SIGNET_E_TIMEOUT, "time" },
        { "org.freedesktop.DBus.Error.Spawn.ChildExited", "No.", SIGNET_E_UNAVAILABLE, "start" },
        { "org.freedesktop.systemd1.UnitMasked", "No.", SIGNET_E_UNAVAILABLE, "start" },
        { "org.freedesktop.DBus.Error.NoReply", "No.", SIGNET_E_UNAVAILABLE, "away" },
};

static void test_errors(_unused_ void **state) {
        signet_client *client = client_new();

        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                fake_reset(&fake, 1);
                strcpy(fake.state->error_name, errors[i].name);
                strcpy(fake.state->error_text, errors[i].text);
                atomic_store(&fake.state->mode, FAKE_ERROR);
                assert_int_equal(call_find_few(client), errors[i].status);
                if (!strstr(signet_error_message(), errors[i].message))
                        fail_msg("%s: message is \"%s\"", errors[i].name, signet_error_message());
        }
        signet_client_unref(client);
}

static void test_long_message(_unused_ void **state) {
        signet_client *client = client_new();
        const char *message;

        fake_reset(&fake, 1);
        strcpy(fake.state->error_name, "org.signetd.Signet1.Error.Busy");
        memset(fake.state->error_text, 'a', sizeof(fake.state->error_text));
        for (size_t i = 1; i + 2 < sizeof(fake.state->error_text); i += 2)
                memcpy(fake.state->error_text + i, "\xc3\xa9", 2);
        fake.state->error_text[sizeof(fake.state->error_text) - 1] = '\0';
        atomic_store(&fake.state->mode, FAKE_ERROR);
        assert_int_equal(call_status(client), SIGNET_E_BUSY);
        message = signet_error_message();
        assert_true(strlen(message) > 1000 && strlen(message) < 1024);
        assert_int_equal(strlen(message) % 2, 1); /* no half character at the end */
        signet_client_unref(client);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_key),
                cmocka_unit_test(test_keys_in_few_calls),
                cmocka_unit_test(test_ambiguity),
                cmocka_unit_test(test_use),
                cmocka_unit_test(test_gone_meanwhile),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_manager),
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_results),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_long_message),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
