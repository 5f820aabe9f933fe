/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which certificate serves an address, and which signer a key file makes. */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/header.h"
#include "mail/key-file.h"

static X509 *make(const FixtureCertificate *c, const char *kind) {
        EVP_PKEY *key = fixture_key(kind);
        X509 *x = fixture_certificate(c, key, NULL, NULL);

        EVP_PKEY_free(key);
        return x;
}

static void test_check(void **state) {
        static const struct {
                FixtureCertificate certificate;
                const char *kind;
                MailError sign, encrypt;
        } cases[] = {
                { { .name = "a" }, "rsa", MAIL_OK, MAIL_OK },
                { { .name = "a", .key_usage = "digitalSignature" }, "rsa", MAIL_OK, MAIL_E_NO_CERTIFICATE },
                { { .name = "a", .key_usage = "nonRepudiation" }, "p256", MAIL_OK, MAIL_E_NO_CERTIFICATE },
                { { .name = "a", .key_usage = "keyEncipherment" }, "rsa", MAIL_E_NO_CERTIFICATE, MAIL_OK },
                { { .name = "a", .key_usage = "keyAgreement" }, "p256", MAIL_E_NO_CERTIFICATE, MAIL_OK },
                { { .name = "a", .key_usage = "keyEncipherment" },
                  "p256",
                  MAIL_E_NO_CERTIFICATE,
                  MAIL_E_NO_CERTIFICATE },
                { { .name = "a", .extended_key_usage = "serverAuth" },
                  "rsa",
                  MAIL_E_NO_CERTIFICATE,
                  MAIL_E_NO_CERTIFICATE },
                { { .name = "a", .extended_key_usage = "anyExtendedKeyUsage" }, "rsa", MAIL_OK, MAIL_OK },
                { { .name = "a", .from_days = -10, .to_days = -1 }, "rsa", MAIL_E_EXPIRED, MAIL_E_EXPIRED },
                { { .name = "a", .from_days = 1, .to_days = 10 }, "rsa", MAIL_E_EXPIRED, MAIL_E_EXPIRED },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(X509_freep) X509 *x = make(&cases[i].certificate, cases[i].kind);
                Fault sign = { 0 }, encrypt = { 0 };

                assert_int_equal(certificate_check(x, CERTIFICATE_SIGN, &sign), cases[i].sign);
                assert_int_equal(certificate_check(x, CERTIFICATE_ENCRYPT, &encrypt), cases[i].encrypt);
                if (cases[i].sign != MAIL_OK)
                        assert_non_null(strstr(sign.text, "CN=a"));
        }
}

static void test_small_key(void **state) {
        FixtureCertificate c = { .name = "small" };
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 1024);
        _cleanup_(X509_freep) X509 *x = fixture_certificate(&c, key, NULL, NULL);
        Fault f = { 0 };

        (void) state;
        EVP_PKEY_free(key);
        assert_int_equal(certificate_check(x, CERTIFICATE_SIGN, &f), MAIL_E_NO_CERTIFICATE);
        assert_non_null(strstr(f.text, "1024 bits"));
}

static void test_addresses(void **state) {
        FixtureCertificate c = { .name = "alice", .address = "Alice@Example.org" };
        _cleanup_(X509_freep) X509 *x = make(&c, "p256");
        char **list = NULL;
        size_t n = 0;

        (void) state;
        assert_true(certificate_has_address(x, "alice@example.org"));
        assert_true(certificate_has_address(x, "ALICE@EXAMPLE.ORG"));
        assert_false(certificate_has_address(x, "alice@example.or"));
        assert_false(certificate_has_address(x, "alice@example.org.evil"));
        assert_false(certificate_has_address(x, ""));
        assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "emailAddress", MBSTRING_ASC,
                                                    (const unsigned char *) "second@example.org", -1, -1, 0),
                         1);
        assert_true(certificate_has_address(x, "second@example.org"));
        assert_int_equal(certificate_addresses(x, &list, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(list[0], "Alice@Example.org");
        addresses_free(list, n);
}

/* "alice@example.org\0.evil" is nobody's address. */
static void test_address_with_nul(void **state) {
        FixtureCertificate c = { .name = "evil" };
        _cleanup_(X509_freep) X509 *x = make(&c, "p256");
        char **list = NULL;
        size_t n = 1;

        (void) state;
        assert_int_equal(X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_pkcs9_emailAddress, V_ASN1_IA5STRING,
                                                    (const unsigned char *) "alice@example.org\0.evil", 23, -1, 0),
                         1);
        assert_false(certificate_has_address(x, "alice@example.org"));
        assert_int_equal(certificate_addresses(x, &list, &n), 0);
        assert_int_equal(n, 0);
}

static void test_pick(void **state) {
        FixtureCertificate old = { .name = "old", .address = "a@b", .from_days = -100, .to_days = -1 };
        FixtureCertificate first = { .name = "first", .address = "a@b", .from_days = -50, .to_days = 50 };
        FixtureCertificate second = { .name = "second", .address = "a@b", .from_days = -10, .to_days = 10 };
        FixtureCertificate sign_only = {
                .name = "sign", .address = "a@b", .key_usage = "digitalSignature", .from_days = -1, .to_days = 90
        };
        FixtureCertificate other = { .name = "other", .address = "c@d" };
        _cleanup_(x509_stack_freep) STACK_OF(X509) *list = sk_X509_new_null();
        X509 *x = NULL;
        char name[64];
        Fault f = { 0 };

        (void) state;
        sk_X509_push(list, make(&other, "p256"));
        assert_int_equal(certificates_pick(list, "a@b", CERTIFICATE_ENCRYPT, &x, &f), MAIL_E_NO_CERTIFICATE);
        fault_clear(&f);
        sk_X509_push(list, make(&old, "p256"));
        assert_int_equal(certificates_pick(list, "a@b", CERTIFICATE_ENCRYPT, &x, &f), MAIL_E_EXPIRED);
        assert_non_null(strstr(f.text, "expired on"));
        fault_clear(&f);
        sk_X509_push(list, make(&second, "p256"));
        sk_X509_push(list, make(&first, "p256"));
        sk_X509_push(list, make(&sign_only, "p256"));
        assert_int_equal(certificates_pick(list, "A@B", CERTIFICATE_ENCRYPT, &x, &f), 0);
        certificate_describe(x, name, sizeof(name));
        assert_string_equal(name, "CN=second");
}

/* --- key files --- */

static char path[] = "/tmp/signet-test-key-XXXXXX";

static void write_file(const char *text, size_t n) {
        int fd = open(path, O_WRONLY | O_TRUNC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, n), n);
        close(fd);
}

static void test_key_names(void **state) {
        static const struct {
                const char *text, *name;
        } cases[] = {
                { "pkcs11:token=demo;object=alice\n", "pkcs11:token=demo;object=alice" },
                { "signet:alice@example.org", "alice@example.org" },
                { "signet:alice@example.org?operation=sign\r\n", "alice@example.org" },
                { "-----BEGIN SIGNET KEY-----\ncGtjczExOm9iamVjdD1h\n-----END SIGNET KEY-----\n", "pkcs11:object=a" },
        };
        static const char *const bad[] = { "", "alice", "pkcs11:", "pkcs11:a b",
                                           "-----BEGIN SIGNET KEY-----\nAAAA\n-----END SIGNET KEY-----\n" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = NULL;
                char *name = NULL;
                Fault f = { 0 };

                write_file(cases[i].text, strlen(cases[i].text));
                assert_int_equal(key_file_read(path, NULL, &key, &name, &f), 0);
                assert_string_equal(name, cases[i].name);
                assert_null(key);
                free(name);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                EVP_PKEY *key = NULL;
                char *name = NULL;
                Fault f = { 0 };

                write_file(bad[i], strlen(bad[i]));
                assert_int_equal(key_file_read(path, NULL, &key, &name, &f), MAIL_E_INVALID_INPUT);
        }
}

static void write_key(EVP_PKEY *key, const char *passphrase) {
        BIO *bio = BIO_new_file(path, "w");

        assert_int_equal(PEM_write_bio_PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                                                  (void *) passphrase),
                         1);
        BIO_free(bio);
}

static void test_key_passphrase(void **state) {
        EVP_PKEY *key = fixture_key("p256"), *read = NULL;
        char *name = NULL;
        Fault f = { 0 };

        (void) state;
        write_key(key, "secret");
        assert_int_equal(key_file_read(path, "secret", &read, &name, &f), 0);
        assert_int_equal(EVP_PKEY_eq(key, read), 1);
        EVP_PKEY_free(read);
        assert_int_equal(key_file_read(path, "wrong", &read, &name, &f), MAIL_E_INVALID_INPUT);
        fault_clear(&f);
        assert_int_equal(key_file_read(path, NULL, &read, &name, &f), MAIL_E_INVALID_INPUT);
        EVP_PKEY_free(key);
}

/* --- who signs with a key file --- */

static void test_signer(void **state) {
        FixturePerson alice, bob, ed;
        _cleanup_(keyring_freep) Keyring *keyring = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *both = sk_X509_new_null();
        Fault f = { 0 };

        (void) state;
        fixture_person(&alice, "p256", "alice@example.org");
        fixture_person(&bob, "p256", "bob@example.org");
        fixture_person(&ed, "ed25519", "ed@example.org");
        assert_int_equal(certificates_add(both, bob.certificate), 0);
        assert_int_equal(certificates_add(both, alice.certificate), 0);
        write_key(alice.key, NULL);
        assert_int_equal(keyring_new("unix:path=/nonexistent", NULL, &keyring, &f), 0);

        const struct {
                SignerChoice choice;
                MailError error;
        } cases[] = {
                { { .key = path, .certificate = alice.certificate }, MAIL_OK },
                { { .key = path, .more = both }, MAIL_OK },
                { { .key = path, .more = both, .address = "alice@example.org" }, MAIL_OK },
                { { .key = path, .more = both, .address = "bob@example.org" }, MAIL_E_WRONG_ADDRESS },
                { { .key = path, .certificate = alice.certificate, .address = "bob@example.org" },
                  MAIL_E_WRONG_ADDRESS },
                { { .key = path, .certificate = bob.certificate }, MAIL_E_NO_SUCH_KEY },
                { { .key = path }, MAIL_E_NO_CERTIFICATE },
                { { .address = "alice@example.org" }, MAIL_E_UNAVAILABLE },
                { { .key = "/nonexistent/key" }, MAIL_E_FAILED },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Signer *s = NULL;

                fault_clear(&f);
                assert_int_equal(keyring_signer(keyring, &cases[i].choice, &s, &f), cases[i].error);
                if (s)
                        assert_int_equal(X509_cmp(s->certificate, alice.certificate), 0);
                signer_free(s);
        }

        Signer *s = NULL;
        SignerChoice choice = { .key = path, .certificate = ed.certificate };
        write_key(ed.key, NULL);
        fault_clear(&f);
        assert_int_equal(keyring_signer(keyring, &choice, &s, &f), MAIL_E_NOT_SUPPORTED);
        assert_non_null(strstr(f.text, "ED25519"));
        fixture_person_done(&alice);
        fixture_person_done(&bob);
        fixture_person_done(&ed);
}

static int set_up(void **state) {
        int fd = mkstemp(path);

        (void) state;
        return fd < 0 || close(fd) < 0 ? -1 : 0;
}

static int tear_down(void **state) {
        (void) state;
        fixture_done();
        return unlink(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check),          cmocka_unit_test(test_small_key),
                cmocka_unit_test(test_addresses),      cmocka_unit_test(test_address_with_nul),
                cmocka_unit_test(test_pick),           cmocka_unit_test(test_key_names),
                cmocka_unit_test(test_key_passphrase), cmocka_unit_test(test_signer),
        };

        g_mime_init();
        int r = cmocka_run_group_tests(tests, set_up, tear_down);
        g_mime_shutdown();
        return r;
}
