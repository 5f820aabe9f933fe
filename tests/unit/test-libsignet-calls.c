/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application may hand to libsignet, and what it may not: each mistake gets a typed error with a sentence. */
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

static void test_names(_unused_ void **state) {
        static const struct {
                const char *name;
                int status;
        } names[] = {
                { "pkcs11:object=alice", 0 },
                { "PKCS11:", 0 },
                { "pkcs11:object=my-pin-value=", 0 },
                { "alice@example.org", 0 },
                { "0123456789abcdef", 0 },
                { "ABCDEF01", 0 },
                { "abcdef", SIGNET_E_INVALID_INPUT },
                { "alice", SIGNET_E_INVALID_INPUT },
                { "Alice <alice@example.org>", SIGNET_E_INVALID_INPUT },
                { "@example.org", SIGNET_E_INVALID_INPUT },
                { "alice@", SIGNET_E_INVALID_INPUT },
                { "pkcs11:object=\xff", SIGNET_E_INVALID_INPUT },
                { "pkcs11:object=a?pin-value=271828", SIGNET_E_INVALID_INPUT },
                { "PKCS11:object=a;pin-value=271828", SIGNET_E_INVALID_INPUT },
                { "pkcs11:object=a?module-name=x&pin-source=file:/271828", SIGNET_E_INVALID_INPUT },
                { "00000000000000000000000000000000000000000000000000000000000000000", SIGNET_E_INVALID_INPUT },
        };
        signet_client *client = client_new();
        char long_name[2000] = "pkcs11:object=";
        signet_key **keys;
        size_t n;

        fake_reset(&fake, 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                int r = signet_find_keys(client, names[i].name, NULL, &keys, &n);

                if (r != names[i].status)
                        fail_msg("%s: %s", names[i].name, signet_status_name(r));
                if (r != 0)
                        assert_null(strstr(signet_error_message(), "271828"));
                if (r == 0)
                        signet_keys_free(keys, n);
        }
        memset(long_name + strlen(long_name), 'x', sizeof(long_name) - strlen(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        assert_int_equal(signet_find_keys(client, long_name, NULL, &keys, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_find_keys(client, NULL, "verify", &keys, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_find_keys(client, NULL, "", &keys, &n), 0);
        signet_keys_free(keys, n);
        signet_client_unref(client);
}

static void test_options(_unused_ void **state) {
        struct {
                signet_options options;
                unsigned novelty;
        } larger = { .options = SIGNET_OPTIONS_INIT };
        signet_options options = SIGNET_OPTIONS_INIT;
        static const unsigned char data[32];
        signet_client *client = client_new();
        signet_key *key = key_new(client);
        unsigned char *signature;
        size_t n;

        options.kdf = "x963";
        assert_int_equal(signet_sign(key, "digest", data, sizeof(data), &options, &signature, &n),
                         SIGNET_E_INVALID_INPUT);
        assert_non_null(strstr(signet_error_message(), "kdf"));
        options = (signet_options) SIGNET_OPTIONS_INIT;
        options.salt_length = 32;
        assert_int_equal(signet_decrypt(key, "raw", data, sizeof(data), &options, &signature, &n),
                         SIGNET_E_INVALID_INPUT);
        options = (signet_options) SIGNET_OPTIONS_INIT;
        options.padding = "pss";
        assert_int_equal(signet_derive(key, "raw", data, sizeof(data), &options, &signature, &n),
                         SIGNET_E_INVALID_INPUT);
        options = (signet_options) SIGNET_OPTIONS_INIT;
        options.hash = "sha\xff";
        assert_int_equal(signet_sign(key, "digest", data, sizeof(data), &options, &signature, &n),
                         SIGNET_E_INVALID_INPUT);
        options = (signet_options) SIGNET_OPTIONS_INIT;
        options.label_size = 3;
        assert_int_equal(signet_decrypt(key, "raw", data, sizeof(data), &options, &signature, &n), -EINVAL);
        options = (signet_options){ 0 };
        assert_int_equal(signet_sign(key, "digest", data, sizeof(data), &options, &signature, &n), -EINVAL);

        larger.options.size = sizeof(larger);
        assert_int_equal(signet_sign(key, "digest", data, sizeof(data), &larger.options, &signature, &n), 0);
        signet_free(signature, n);
        larger.novelty = 1;
        assert_int_equal(signet_sign(key, "digest", data, sizeof(data), &larger.options, &signature, &n),
                         SIGNET_E_NOT_SUPPORTED);
        signet_key_unref(key);
        signet_client_unref(client);
}

static void test_input_sizes(_unused_ void **state) {
        const size_t large = 64 * 1024 * 1024;
        unsigned char *data = calloc(1, large), *signature;
        const unsigned char *inputs[257];
        size_t sizes[257], n, *ns;
        signet_client *client = client_new();
        signet_key *key = key_new(client);
        unsigned char **signatures;

        assert_non_null(data);
        for (size_t i = 0; i < ELEMENTSOF(inputs); i++) {
                inputs[i] = data;
                sizes[i] = 100000;
        }
        assert_int_equal(signet_sign(key, "smime", data, large, NULL, &signature, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign(key, "digest", data, 0, NULL, &signature, &n), 0); /* empty: signetd judges it */
        signet_free(signature, n);
        assert_int_equal(signet_sign(key, "digest", NULL, 0, NULL, &signature, &n), 0);
        signet_free(signature, n);
        assert_int_equal(signet_sign(key, "digest", NULL, 1, NULL, &signature, &n), -EINVAL);
        assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 257, NULL, &signatures, &ns),
                         SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 0, NULL, &signatures, &ns),
                         SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 256, NULL, &signatures, &ns),
                         SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, 100, NULL, &signatures, &ns), 0);
        signet_free_many(signatures, ns, 100);
        free(data);
        signet_key_unref(key);
        signet_client_unref(client);
}

static void test_nulls(_unused_ void **state) {
        signet_client *client = client_new();
        signet_status status = { 0 };
        signet_facts facts = { 0 };
        signet_verdict *verdict;
        signet_key **keys, *key;
        signet_token *token;
        size_t n;

        assert_int_equal(signet_client_new(NULL, NULL), -EINVAL);
        assert_int_equal(signet_find_keys(NULL, NULL, NULL, &keys, &n), -EINVAL);
        assert_int_equal(signet_find_keys(client, NULL, NULL, NULL, &n), -EINVAL);
        assert_int_equal(signet_find_key(client, NULL, NULL, NULL), -EINVAL);
        assert_int_equal(signet_find_key(NULL, NULL, NULL, &key), -EINVAL);
        assert_int_equal(signet_sign(NULL, "digest", NULL, 0, NULL, NULL, NULL), -EINVAL);
        assert_int_equal(signet_find_token(client, NULL, &token), -EINVAL);
        assert_int_equal(signet_token_unlock(NULL, 0), -EINVAL);
        assert_int_equal(signet_token_lock(NULL), -EINVAL);
        assert_int_equal(signet_get_status(client, &status), -EINVAL); /* size is not set */
        assert_int_equal(signet_explain(client, &facts, &verdict), -EINVAL);
        assert_int_equal(signet_reload_policy(NULL, NULL), -EINVAL);
        signet_client_unref(NULL);
        signet_key_unref(NULL);
        signet_keys_free(NULL, 0);
        signet_token_unref(NULL);
        signet_verdict_free(NULL);
        signet_free(NULL, 0);
        signet_free_many(NULL, NULL, 0);
        signet_client_unref(client);
}

/* Members are added at the end, never in between: programs hand these structures over. */
static void test_structures(_unused_ void **state) {
        if (sizeof(void *) != 8)
                skip();
        assert_int_equal(sizeof(signet_options), 88);
        assert_int_equal(offsetof(signet_options, salt_length), 32);
        assert_int_equal(offsetof(signet_options, key_length), 56);
        assert_int_equal(offsetof(signet_options, shared_info_size), 80);
        assert_int_equal(sizeof(signet_facts), 80);
        assert_int_equal(offsetof(signet_facts, time), 72);
        assert_int_equal(sizeof(signet_status), 160);
        assert_int_equal(offsetof(signet_status, audit_head), 88);
}

static void test_words(_unused_ void **state) {
        assert_string_equal(signet_version(), "0.1.0");
        assert_string_equal(signet_status_name(0), "Ok");
        assert_string_equal(signet_status_name(SIGNET_E_NO_SUCH_KEY), "NoSuchKey");
        assert_string_equal(signet_status_name(SIGNET_E_PROTOCOL), "Protocol");
        assert_string_equal(signet_status_name(17), "Unknown");
        assert_string_equal(signet_status_name(-ENOMEM), "Unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_structures), cmocka_unit_test(test_words),       cmocka_unit_test(test_names),
                cmocka_unit_test(test_options),    cmocka_unit_test(test_input_sizes), cmocka_unit_test(test_nulls),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
