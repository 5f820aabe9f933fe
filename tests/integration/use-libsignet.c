/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uses every part of libsignet on a running signetd with the lab's token "demo" and a locked token "vault", and has
 * OpenSSL judge what comes back. Run by libsignet.sh; the one argument is the PIN of "vault". */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "client/signet.h"
#include "common/ossl.h"

#define THREADS 8

static signet_client *client;
static const char *pin;

/* Says why before the assertion says where. */
static void good(int r) {
        if (r != 0)
                fail_msg("%s: %s", signet_status_name(r), signet_error_message());
}

static signet_key *key_named(const char *label) {
        char uri[128];
        signet_key *key;

        snprintf(uri, sizeof(uri), "pkcs11:token=demo;object=%s", label);
        good(signet_find_key(client, uri, NULL, &key));
        return key;
}

static EVP_PKEY *public_of(const signet_key *key) {
        const unsigned char *der;
        EVP_PKEY *pkey;
        size_t n;

        der = signet_key_public(key, &n);
        pkey = d2i_PUBKEY(NULL, &der, (long) n);
        assert_non_null(pkey);
        return pkey;
}

/* OpenSSL's word on a signature over a message; hash NULL for Ed25519. */
static bool verifies(const signet_key *key, const char *hash, const char *padding, const unsigned char *signature,
                     size_t signature_n, const unsigned char *message, size_t message_n) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = public_of(key);
        EVP_PKEY_CTX *parameters;

        assert_int_equal(EVP_DigestVerifyInit_ex(context, &parameters, hash, NULL, NULL, pkey, NULL), 1);
        if (padding)
                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        return EVP_DigestVerify(context, signature, signature_n, message, message_n) == 1;
}

/* --- finding --- */

static void test_find(_unused_ void **state) {
        signet_key **keys, *key = NULL;
        char prefix[17];
        size_t n, der_n;

        good(signet_find_keys(client, NULL, NULL, &keys, &n));
        assert_int_equal(n, 4); /* with that of "vault": its public half can be seen */
        snprintf(prefix, sizeof(prefix), "%s", signet_key_id(keys[0]));
        good(signet_find_key(client, prefix, NULL, &key));
        assert_string_equal(signet_key_id(key), signet_key_id(keys[0]));
        signet_key_unref(key);
        signet_keys_free(keys, n);

        good(signet_find_keys(client, "alice@example.org", "sign", &keys, &n));
        assert_int_equal(n, 2);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = public_of(keys[i]);
                const unsigned char *der = signet_key_certificate(keys[i], 0, &der_n);
                _cleanup_(X509_freep) X509 *certificate = d2i_X509(NULL, &der, (long) der_n);

                assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), pkey), 1);
                assert_int_equal(signet_key_may(keys[i], "sign:smime"), 1);
        }
        signet_keys_free(keys, n);

        assert_int_equal(signet_find_key(client, "pkcs11:token=demo", NULL, &key), SIGNET_E_AMBIGUOUS);
        assert_int_equal(signet_find_key(client, "pkcs11:token=demo;object=bob-rsa", NULL, &key), SIGNET_E_NO_SUCH_KEY);
        assert_int_equal(signet_find_key(client, "nobody@example.org", NULL, &key), SIGNET_E_NO_SUCH_KEY);
        assert_int_equal(signet_find_key(client, "pkcs11:nonsense", NULL, &key), SIGNET_E_INVALID_INPUT);
}

/* --- signing --- */

static const struct {
        const char *key, *hash, *padding;
} signings[] = {
        { "alice-rsa", "sha256", NULL },  { "alice-rsa", "sha384", NULL },  { "alice-rsa", "sha512", NULL },
        { "alice-rsa", "sha256", "pss" }, { "alice-rsa", "sha512", "pss" }, { "alice-ec", "sha256", NULL },
        { "alice-ec", "sha384", NULL },   { "alice-ed", NULL, NULL },
};

static void test_sign_digest(_unused_ void **state) {
        static const unsigned char message[] = "A message to be signed.";

        for (size_t i = 0; i < ELEMENTSOF(signings); i++) {
                signet_options options = SIGNET_OPTIONS_INIT;
                signet_key *key = key_named(signings[i].key);
                unsigned char digest[EVP_MAX_MD_SIZE], *signature;
                const unsigned char *input = message;
                size_t n = sizeof(message), signature_n;

                options.hash = signings[i].hash;
                options.padding = signings[i].padding;
                if (options.hash) {
                        assert_int_equal(EVP_Q_digest(NULL, options.hash, NULL, message, sizeof(message), digest, &n),
                                         1);
                        input = digest;
                }
                good(signet_sign(key, "digest", input, n, &options, &signature, &signature_n));
                assert_true(
                        verifies(key, options.hash, options.padding, signature, signature_n, message, sizeof(message)));
                signature[signature_n - 1] ^= 1; /* the judge can say no */
                assert_false(
                        verifies(key, options.hash, options.padding, signature, signature_n, message, sizeof(message)));
                signet_free(signature, signature_n);
                signet_key_unref(key);
        }
}

/* SET OF { contentType data, messageDigest }, RFC 5652 section 5.4; the digest's octets end it. */
static const unsigned char attributes[] = { 0x31, 0x4b, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                            0x01, 0x09, 0x03, 0x31, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                            0x0d, 0x01, 0x07, 0x01, 0x30, 0x2f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                            0xf7, 0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20 };

static void attributes_fill(unsigned char ret[77], unsigned char number) {
        memcpy(ret, attributes, sizeof(attributes));
        memset(ret + sizeof(attributes), number, 32);
}

static void test_sign_typed(_unused_ void **state) {
        unsigned char data[100][77], *signature, **signatures;
        const unsigned char *inputs[100];
        size_t sizes[100], n, *ns;
        signet_key *key = key_named("alice-ec");

        for (size_t i = 0; i < ELEMENTSOF(data); i++) {
                attributes_fill(data[i], (unsigned char) i);
                inputs[i] = data[i];
                sizes[i] = sizeof(data[i]);
        }
        good(signet_sign(key, "smime", data[0], sizeof(data[0]), NULL, &signature, &n));
        assert_true(verifies(key, "sha256", NULL, signature, n, data[0], sizeof(data[0])));
        signet_free(signature, n);

        good(signet_sign_many(key, "smime", inputs, sizes, ELEMENTSOF(data), NULL, &signatures, &ns));
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                assert_true(verifies(key, "sha256", NULL, signatures[i], ns[i], data[i], sizeof(data[i])));
        signet_free_many(signatures, ns, ELEMENTSOF(data));
        signet_key_unref(key);
}

static void test_refusals(_unused_ void **state) {
        static const unsigned char zeros[70000];
        signet_options options = SIGNET_OPTIONS_INIT;
        signet_key *rsa = key_named("alice-rsa"), *ec = key_named("alice-ec"), *ed = key_named("alice-ed");
        unsigned char *out = NULL;
        size_t n;

        assert_int_equal(signet_sign(rsa, "digest", zeros, 31, NULL, &out, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign(rsa, "digest", NULL, 0, NULL, &out, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign(rsa, "smime", zeros, 77, NULL, &out, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign(rsa, "nonsense", zeros, 32, NULL, &out, &n), SIGNET_E_INVALID_INPUT);
        assert_int_equal(signet_sign(ed, "digest", zeros, sizeof(zeros), NULL, &out, &n), SIGNET_E_INVALID_INPUT);
        options.hash = "sha256";
        assert_int_not_equal(signet_sign(ed, "digest", zeros, 32, &options, &out, &n), 0);
        options.hash = "sha1"; /* signatures never use it */
        assert_int_not_equal(signet_sign(rsa, "digest", zeros, 20, &options, &out, &n), 0);
        assert_int_not_equal(signet_decrypt(ec, "cms", zeros, 256, NULL, &out, &n), 0);
        assert_int_not_equal(signet_derive(rsa, "raw", zeros, 65, NULL, &out, &n), 0);
        assert_true(strlen(signet_error_message()) > 10);
        assert_null(out);
        signet_key_unref(rsa);
        signet_key_unref(ec);
        signet_key_unref(ed);
}

/* --- decrypting --- */

static size_t encrypt(const signet_key *key, const char *oaep_hash, const unsigned char *plain, size_t n,
                      unsigned char ret[512]) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = public_of(key);
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
        size_t ret_n = 512;

        assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
        if (oaep_hash) {
                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
                assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, oaep_hash, NULL), 1);
        }
        assert_int_equal(EVP_PKEY_encrypt(context, ret, &ret_n, plain, n), 1);
        return ret_n;
}

static void test_decrypt(_unused_ void **state) {
        static const struct {
                const char *purpose, *hash;
        } cases[] = { { "cms", NULL }, { "cms", "sha1" }, { "cms", "sha256" }, { "raw", "sha512" }, { "raw", NULL } };
        static const unsigned char content_key[16] = "0123456789abcdef";
        signet_key *key = key_named("alice-rsa");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                signet_options options = SIGNET_OPTIONS_INIT;
                unsigned char ciphertext[512], *plain;
                size_t n, plain_n;

                n = encrypt(key, cases[i].hash, content_key, sizeof(content_key), ciphertext);
                options.padding = cases[i].hash ? "oaep" : NULL;
                options.hash = cases[i].hash;
                options.key_length = strcmp(cases[i].purpose, "cms") == 0 ? 16 : 0;
                good(signet_decrypt(key, cases[i].purpose, ciphertext, n, &options, &plain, &plain_n));
                assert_int_equal(plain_n, sizeof(content_key));
                assert_memory_equal(plain, content_key, plain_n);
                signet_free(plain, plain_n);
        }
        signet_key_unref(key);
}

/* Bad padding gives a content key that means nothing, the same one each time. */
static void test_implicit_rejection(_unused_ void **state) {
        signet_options options = SIGNET_OPTIONS_INIT;
        signet_key *key = key_named("alice-rsa");
        unsigned char ciphertext[256] = { 0, 1 }, *one, *two;
        size_t n, m;

        options.key_length = 32;
        good(signet_decrypt(key, "cms", ciphertext, sizeof(ciphertext), &options, &one, &n));
        good(signet_decrypt(key, "cms", ciphertext, sizeof(ciphertext), &options, &two, &m));
        assert_int_equal(n, 32);
        assert_int_equal(m, 32);
        assert_memory_equal(one, two, n);
        signet_free(one, n);
        signet_free(two, m);
        signet_key_unref(key);
}

static void x963(const unsigned char *secret, size_t n, const unsigned char *info, size_t info_n, unsigned char *ret,
                 size_t ret_n) {
        EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
        EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
        OSSL_PARAM parameters[] = { OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){ "sha256" }, 0),
                                    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, (void *) (uintptr_t) secret, n),
                                    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *) (uintptr_t) info, info_n),
                                    OSSL_PARAM_END };

        assert_int_equal(EVP_KDF_derive(context, ret, ret_n, parameters), 1);
        EVP_KDF_CTX_free(context);
        EVP_KDF_free(kdf);
}

static void test_derive(_unused_ void **state) {
        static const unsigned char info[] = "shared info";
        signet_options options = SIGNET_OPTIONS_INIT;
        signet_key *key = key_named("alice-ec");
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *theirs = public_of(key), *mine = EVP_EC_gen("P-256");
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(mine, NULL);
        unsigned char secret[32], expected[32], *point, *derived;
        size_t secret_n = sizeof(secret), point_n, n;

        assert_int_equal(EVP_PKEY_derive_init(context), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(context, theirs), 1);
        assert_int_equal(EVP_PKEY_derive(context, secret, &secret_n), 1);
        point_n = EVP_PKEY_get1_encoded_public_key(mine, &point);
        assert_true(point_n > 0);

        options.kdf = "none";
        good(signet_derive(key, "raw", point, point_n, &options, &derived, &n));
        assert_int_equal(n, secret_n);
        assert_memory_equal(derived, secret, n);
        signet_free(derived, n);

        options.kdf = NULL;
        options.hash = "sha256";
        options.key_length = sizeof(expected);
        options.shared_info = info;
        options.shared_info_size = sizeof(info);
        x963(secret, secret_n, info, sizeof(info), expected, sizeof(expected));
        good(signet_derive(key, "raw", point, point_n, &options, &derived, &n));
        assert_int_equal(n, sizeof(expected));
        assert_memory_equal(derived, expected, n);
        signet_free(derived, n);
        OPENSSL_free(point);
        signet_key_unref(key);
}

/* --- threads and processes --- */

static int sign_and_verify(signet_key *key, unsigned number) {
        unsigned char digest[SHA256_DIGEST_LENGTH], *signature;
        size_t n;
        bool ok;
        int r;

        SHA256((unsigned char *) &number, sizeof(number), digest);
        r = signet_sign(key, "digest", digest, sizeof(digest), NULL, &signature, &n);
        if (r != 0)
                return r;
        ok = verifies(key, "sha256", NULL, signature, n, (unsigned char *) &number, sizeof(number));
        signet_free(signature, n);
        return ok ? 0 : -EBADMSG;
}

typedef struct Thread {
        pthread_t thread;
        signet_key *key;
        unsigned first;
        int result;
        char message[256];
} Thread;

static void *thread_main(void *userdata) {
        Thread *t = userdata;

        for (unsigned i = 0; i < 50 && t->result == 0; i++)
                t->result = sign_and_verify(t->key, t->first + i);
        if (t->result != 0)
                snprintf(t->message, sizeof(t->message), "%s", signet_error_message());
        return NULL;
}

static void test_threads(_unused_ void **state) {
        Thread threads[THREADS] = { 0 };

        for (unsigned i = 0; i < THREADS; i++) {
                threads[i].key = key_named(i % 2 ? "alice-ec" : "alice-rsa");
                threads[i].first = i * 1000;
                assert_int_equal(pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
                assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        for (unsigned i = 0; i < THREADS; i++) {
                if (threads[i].result != 0)
                        fail_msg("thread %u: %s: %s", i, signet_status_name(threads[i].result), threads[i].message);
                signet_key_unref(threads[i].key);
        }
}

static void test_fork(_unused_ void **state) {
        signet_key *key = key_named("alice-ec");

        assert_int_equal(sign_and_verify(key, 1), 0);
        for (unsigned i = 0; i < 4; i++) {
                int status;
                pid_t pid = fork();

                if (pid == 0)
                        _exit(sign_and_verify(key, 2) == 0 && sign_and_verify(key, 3) == 0 ? 0 : 1);
                assert_int_equal(sign_and_verify(key, 4), 0); /* at the same time */
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
        signet_key_unref(key);
}

/* Postfix and others look a key up as root and become somebody else before they use it. */
static void test_other_user(_unused_ void **state) {
        signet_key *key;
        int status;

        if (geteuid() != 0)
                skip(); /* only root can become another user */
        key = key_named("alice-ec");
        pid_t pid = fork();
        if (pid == 0) {
                if (sign_and_verify(key, 1) != 0 || seteuid(65534) != 0)
                        _exit(1);
                _exit(sign_and_verify(key, 2) == SIGNET_E_NO_SUCH_KEY ? 0 : 2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        signet_key_unref(key);
}

/* --- tokens and signetd --- */

static int pin_pipe(const char *value) {
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(write(fds[1], value, strlen(value)), strlen(value));
        close(fds[1]);
        return fds[0];
}

static int unlock_with(signet_token *token, const char *value) {
        int fd = pin_pipe(value), r;

        r = signet_token_unlock(token, fd);
        close(fd);
        return r;
}

static void test_tokens(_unused_ void **state) {
        signet_token **tokens, *token;
        signet_key **keys;
        size_t n;

        good(signet_find_tokens(client, &tokens, &n));
        assert_int_equal(n, 2);
        signet_tokens_free(tokens, n);
        assert_int_equal(signet_find_token(client, "nonsense", &token), SIGNET_E_NO_SUCH_KEY);

        good(signet_find_token(client, "vault", &token));
        assert_string_equal(signet_token_state(token), "locked");
        assert_string_not_equal(signet_token_message(token), "");
        assert_int_equal(signet_token_may_unlock(token), 1);
        assert_int_equal(unlock_with(token, "99999999"), SIGNET_E_PIN_INCORRECT);
        assert_int_equal(unlock_with(token, ""), SIGNET_E_INVALID_INPUT);
        good(unlock_with(token, pin));
        signet_token_unref(token);

        good(signet_find_token(client, "vault", &token));
        assert_string_equal(signet_token_state(token), "ready");
        assert_string_equal(signet_token_message(token), "");
        assert_string_equal(signet_token_label(token), "vault");
        assert_true(strlen(signet_token_serial(token)) > 0);
        assert_true(signet_token_workers_configured(token) > 0);
        good(signet_find_keys(client, "pkcs11:token=vault", "sign", &keys, &n));
        assert_int_equal(n, 1);
        assert_int_equal(sign_and_verify(keys[0], 1), 0);
        good(signet_token_lock(token));
        assert_int_equal(sign_and_verify(keys[0], 1), SIGNET_E_TOKEN_LOCKED);
        signet_keys_free(keys, n);
        signet_token_unref(token);
}

static void test_status(_unused_ void **state) {
        signet_status status = { .size = sizeof(status) };
        uint64_t generation;

        good(signet_get_status(client, &status));
        assert_string_equal(status.version, signet_version());
        assert_true(status.done > 0);
        assert_true(status.start_time > 1000000000);
        good(signet_reload_policy(client, &generation));
        assert_true(generation > status.policy_generation);
}

static void test_explain(_unused_ void **state) {
        signet_facts facts = { .size = sizeof(facts),
                               .key = "pkcs11:token=demo;object=alice-rsa",
                               .operation = "sign",
                               .purpose = "smime" };
        signet_verdict *verdict;

        good(signet_explain(client, &facts, &verdict));
        assert_int_equal(signet_verdict_allowed(verdict), 1);
        assert_string_equal(signet_verdict_rule(verdict), "alice-keys");
        assert_true(signet_verdict_line(verdict) > 0);
        signet_verdict_free(verdict);
        facts.purpose = "dkim";
        good(signet_explain(client, &facts, &verdict));
        assert_int_equal(signet_verdict_allowed(verdict), 0);
        assert_string_equal(signet_verdict_effect(verdict), "deny");
        assert_true(strlen(signet_verdict_reason(verdict)) > 10);
        signet_verdict_free(verdict);
}

static int start(_unused_ void **state) {
        return signet_client_new(NULL, &client);
}

static int stop(_unused_ void **state) {
        signet_client_unref(client);
        return 0;
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),       cmocka_unit_test(test_sign_digest),
                cmocka_unit_test(test_sign_typed), cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_decrypt),    cmocka_unit_test(test_implicit_rejection),
                cmocka_unit_test(test_derive),     cmocka_unit_test(test_threads),
                cmocka_unit_test(test_fork),       cmocka_unit_test(test_other_user),
                cmocka_unit_test(test_tokens),     cmocka_unit_test(test_status),
                cmocka_unit_test(test_explain),
        };

        if (argc != 2)
                return 2;
        pin = argv[1];
        return cmocka_run_group_tests(tests, start, stop);
}
