/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMS made and read again, in every kind; and what becomes of it when somebody changes a byte. */
#include <gmime/gmime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/cms-cut.h"
#include "mail/cms-decrypt.h"
#include "mail/cms-encrypt.h"
#include "mail/cms-sign.h"
#include "mail/cms-verify.h"

static const char entity[] = "Content-Type: text/plain\r\n\r\nMeet me at noon.\r\n";

static FixturePerson alice, bob, carol; /* RSA, P-256, P-384 */

static int set_up(void **state) {
        (void) state;
        fixture_person(&alice, "rsa", "alice@example.org");
        fixture_person(&bob, "p256", "bob@example.org");
        fixture_person(&carol, "p384", "carol@example.org");
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        fixture_person_done(&alice);
        fixture_person_done(&bob);
        fixture_person_done(&carol);
        fixture_done();
        return 0;
}

static Spool *sign(const FixturePerson *who, const SignOptions *options, bool opaque, const char *text) {
        _cleanup_(spool_freep) Spool *content = fixture_text(text);
        Spool *out = fixture_text("");
        BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        Fault f = { 0 };

        assert_int_equal(
                (opaque ? cms_sign_opaque : cms_sign_detached)(&who->signer, options, spool_slice(content), sink, &f),
                0);
        BIO_free(sink);
        return out;
}

/* --- signatures --- */

static void test_sign(void **state) {
        static const struct {
                const FixturePerson *who;
                SignOptions options;
                const char *digest;
        } cases[] = {
                { &alice, { 0 }, "sha256" },
                { &alice, { .digest = "sha512" }, "sha512" },
                { &alice, { .digest = "SHA384", .pss = true }, "sha384" },
                { &bob, { 0 }, "sha256" },
                { &carol, { 0 }, "sha384" },
        };

        (void) state;
        for (size_t i = 0; i < 2 * ELEMENTSOF(cases); i++) {
                const bool opaque = i % 2;
                _cleanup_(spool_freep) Spool *der = sign(cases[i / 2].who, &cases[i / 2].options, opaque, entity);
                _cleanup_(spool_freep) Spool *content = fixture_text(entity);
                _cleanup_(verify_result_done) VerifyResult result = { 0 };
                _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
                VerifyOptions options = { .trust = store };
                Slice beside = spool_slice(content);
                Fault f = { 0 };

                X509_STORE_add_cert(store, fixture_authority());
                assert_int_equal(cms_verify(spool_slice(der), opaque ? NULL : &beside, &options, &result, &f), 0);
                assert_int_equal(result.n, 1);
                assert_true(verify_result_trusted(&result));
                assert_string_equal(result.signatures[0].digest, cases[i / 2].digest);
                assert_string_not_equal(result.signatures[0].signing_time, "");
                assert_int_equal(X509_cmp(result.signatures[0].certificate, cases[i / 2].who->certificate), 0);
                assert_int_equal(result.content != NULL, opaque);
                if (opaque) {
                        _cleanup_free_ char *text = fixture_bytes(spool_slice(result.content));
                        assert_string_equal(text, entity);
                }
        }
}

static void test_sign_refused(void **state) {
        _cleanup_(spool_freep) Spool *content = fixture_text(entity), *out = fixture_text("");
        _cleanup_(BIO_free_allp) BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        SignOptions sha1 = { .digest = "sha1" }, pss = { .pss = true };
        Fault f = { 0 };

        (void) state;
        assert_int_equal(cms_sign_detached(&alice.signer, &sha1, spool_slice(content), sink, &f), MAIL_E_NOT_SUPPORTED);
        fault_clear(&f);
        assert_int_equal(cms_sign_detached(&bob.signer, &pss, spool_slice(content), sink, &f), MAIL_E_NOT_SUPPORTED);
        assert_int_equal(spool_size(out), 0);
}

static const char *problem_of(Spool *der, const char *text, X509_STORE *store) {
        _cleanup_(spool_freep) Spool *content = fixture_text(text);
        static char problem[256];
        VerifyResult result = { 0 };
        VerifyOptions options = { .trust = store };
        Slice beside = spool_slice(content);
        Fault f = { 0 };

        assert_int_equal(cms_verify(spool_slice(der), &beside, &options, &result, &f), 0);
        assert_int_equal(result.n, 1);
        (void) snprintf(problem, sizeof(problem), "%s", result.signatures[0].problem ?: "");
        verify_result_done(&result);
        return problem;
}

static void test_verify_problems(void **state) {
        SignOptions none = { 0 }, bare = { .no_certificates = true };
        _cleanup_(spool_freep) Spool *der = sign(&bob, &none, false, "text\r\n"),
                                     *alone = sign(&bob, &bare, false, "text\r\n");
        _cleanup_(X509_STORE_freep) X509_STORE *empty = X509_STORE_new();

        (void) state;
        assert_string_equal(problem_of(der, "text\r\n", NULL), "");
        assert_string_equal(problem_of(der, "text\n", NULL), ""); /* as on a Unix disk */
        assert_non_null(strstr(problem_of(der, "Text\r\n", NULL), "changed"));
        assert_non_null(strstr(problem_of(alone, "text\r\n", NULL), "not in the mail"));
        assert_non_null(strstr(problem_of(der, "text\r\n", empty), "issuer"));
}

/* Content that was signed with stray LFs in it is good as it is, and only as it is. */
static void test_verify_verbatim(void **state) {
        SignOptions none = { 0 };
        _cleanup_(spool_freep) Spool *der = sign(&bob, &none, false, "a\nb\r\n");

        (void) state;
        assert_string_equal(problem_of(der, "a\nb\r\n", NULL), "");
        assert_non_null(strstr(problem_of(der, "a\r\nb\r\n", NULL), "changed"));
}

static void test_verify_refused(void **state) {
        SignOptions none = { 0 };
        EncryptOptions cbc = { 0 };
        VerifyOptions options = { 0 };
        _cleanup_(spool_freep) Spool *opaque = sign(&bob, &none, true, entity),
                                     *detached = sign(&bob, &none, false, entity);
        _cleanup_(spool_freep) Spool *content = fixture_text(entity), *encrypted = fixture_text("");
        _cleanup_(BIO_free_allp) BIO *sink = spool_bio_new(encrypted, LINE_MODE_VERBATIM);
        Slice beside = spool_slice(content);
        VerifyResult result = { 0 };
        bool authenticated;
        Fault f = { 0 };

        (void) state;
        /* Two contents: which one would be shown? */
        assert_int_equal(cms_verify(spool_slice(opaque), &beside, &options, &result, &f), MAIL_E_INVALID_INPUT);
        fault_clear(&f);
        assert_int_equal(cms_verify(spool_slice(detached), NULL, &options, &result, &f), MAIL_E_INVALID_INPUT);
        fault_clear(&f);
        assert_int_equal(cms_encrypt(bob.list, &cbc, beside, sink, &authenticated, &f), 0);
        assert_int_equal(cms_verify(spool_slice(encrypted), NULL, &options, &result, &f), MAIL_E_NOT_SIGNED);
}

/* --- encryption --- */

static Spool *encrypt(STACK_OF(X509) *to, const EncryptOptions *options, const char *text) {
        _cleanup_(spool_freep) Spool *content = fixture_text(text);
        Spool *out = fixture_text("");
        BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        bool authenticated;
        Fault f = { 0 };

        assert_int_equal(cms_encrypt(to, options, spool_slice(content), sink, &authenticated, &f), 0);
        BIO_free(sink);
        return out;
}

static int decrypt(Spool *ber, FixturePerson *who, PlaintextCheck check, char **ret, Fault *f) {
        const Decrypters keys = { &who->decrypter, 1 };
        Spool *plain = NULL;
        int r = cms_decrypt(spool_slice(ber), &keys, check, &plain, f);

        *ret = plain ? fixture_bytes(spool_slice(plain)) : NULL;
        spool_free(plain);
        return r;
}

static void test_encrypt(void **state) {
        static const EncryptOptions options[] = { { 0 },
                                                  { .oaep = true },
                                                  { .cipher = "aes128" },
                                                  { .cipher = "AES-192-CBC" },
                                                  { .cipher = "aes-128-gcm" },
                                                  { .cipher = "aes-256-gcm", .oaep = true } };
        FixturePerson *people[] = { &alice, &bob, &carol };
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(people); i++)
                assert_int_equal(certificates_add(all, people[i]->certificate), 0);
        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                _cleanup_(spool_freep) Spool *ber = encrypt(all, &options[i], entity);

                for (size_t k = 0; k < ELEMENTSOF(people); k++) {
                        _cleanup_free_ char *text = NULL;
                        Fault f = { 0 };

                        assert_int_equal(decrypt(ber, people[k], PLAINTEXT_MIME, &text, &f), 0);
                        assert_string_equal(text, entity);
                }
        }
}

static void test_encrypt_refused(void **state) {
        EncryptOptions des = { .cipher = "des3" }, plain = { 0 };
        _cleanup_(spool_freep) Spool *content = fixture_text(entity), *out = fixture_text("");
        _cleanup_(BIO_free_allp) BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        FixturePerson ed;
        bool authenticated;
        Fault f = { 0 };

        (void) state;
        fixture_person(&ed, "p256", "ed@example.org");
        assert_int_equal(cms_encrypt(bob.list, &des, spool_slice(content), sink, &authenticated, &f),
                         MAIL_E_NOT_SUPPORTED);
        EVP_PKEY *key = fixture_key("ed25519");
        assert_int_equal(X509_set_pubkey(ed.certificate, key), 1);
        EVP_PKEY_free(key);
        fault_clear(&f);
        assert_int_equal(cms_encrypt(ed.list, &plain, spool_slice(content), sink, &authenticated, &f),
                         MAIL_E_NOT_SUPPORTED);
        fixture_person_done(&ed);
}

static void test_decrypt_others(void **state) {
        EncryptOptions cbc = { 0 };
        _cleanup_(spool_freep) Spool *ber = encrypt(bob.list, &cbc, entity);
        _cleanup_free_ char *text = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(decrypt(ber, &alice, PLAINTEXT_MIME, &text, &f), MAIL_E_NO_SUCH_KEY);
}

/* The certificate's key is another than the one that is used: the content key comes out wrong. */
static void test_decrypt_wrong_key(void **state) {
        EncryptOptions cbc = { 0 };
        _cleanup_(spool_freep) Spool *ber = encrypt(bob.list, &cbc, entity);
        FixturePerson mallory;
        _cleanup_free_ char *text = NULL;
        Fault f = { 0 };

        (void) state;
        fixture_person(&mallory, "p256", "mallory@example.org");
        mallory.decrypter.certificates = bob.list;
        assert_int_equal(decrypt(ber, &mallory, PLAINTEXT_MIME, &text, &f), MAIL_E_DECRYPTION_FAILED);
        fixture_person_done(&mallory);
}

static void test_decrypt_no_mail(void **state) {
        EncryptOptions cbc = { 0 };
        _cleanup_(spool_freep) Spool *ber = encrypt(bob.list, &cbc, "\x01\x02 no mail");
        _cleanup_free_ char *text = NULL, *any = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(decrypt(ber, &bob, PLAINTEXT_MIME, &text, &f), MAIL_E_DECRYPTION_FAILED);
        fault_clear(&f);
        assert_int_equal(decrypt(ber, &bob, PLAINTEXT_ANY, &any, &f), 0);
        assert_string_equal(any, "\x01\x02 no mail");
}

/* Flips each byte in turn. Nothing but the whole plaintext ever comes out, and what depends on the ciphertext is one
 * error with one sentence. */
static void flip_all(FixturePerson *who, const EncryptOptions *options, bool authenticated) {
        _cleanup_(spool_freep) Spool *ber = encrypt(who->list, options, entity);
        _cleanup_free_ char *bytes = fixture_bytes(spool_slice(ber));
        char sentence[FAULT_TEXT_MAX] = "";

        for (size_t i = 0; i < spool_size(ber); i++) {
                bytes[i] ^= 0x41;
                _cleanup_(spool_freep) Spool *changed = fixture_spool(bytes, spool_size(ber));
                bytes[i] ^= 0x41;
                _cleanup_free_ char *text = NULL;
                Fault f = { 0 };
                int r = decrypt(changed, who, PLAINTEXT_MIME, &text, &f);

                if (r == 0 && (authenticated || memchr(text, '\r', strlen(text)) == NULL))
                        assert_string_equal(text, entity);
                assert_true(r == 0 || !text);
                if (r == MAIL_E_DECRYPTION_FAILED && !sentence[0])
                        strcpy(sentence, f.text);
                if (r == MAIL_E_DECRYPTION_FAILED)
                        assert_string_equal(f.text, sentence);
                assert_true(r == 0 || r == MAIL_E_DECRYPTION_FAILED || r == MAIL_E_INVALID_INPUT ||
                            r == MAIL_E_NO_SUCH_KEY || r == MAIL_E_NOT_SUPPORTED || r == MAIL_E_NOT_ENCRYPTED);
        }
        assert_string_not_equal(sentence, "");
}

static void test_flip(void **state) {
        EncryptOptions cbc = { 0 }, gcm = { .cipher = "aes-128-gcm" };

        (void) state;
        flip_all(&alice, &cbc, false);
        flip_all(&bob, &cbc, false);
        flip_all(&bob, &gcm, true);
}

/* A mac of four bytes, right as far as it goes: OpenSSL would take it, and a forger needs few tries. */
static void test_short_mac(void **state) {
        enum { MAC = 16, LEFT = 4, ENDS = 6 }; /* three end-of-contents behind it */
        EncryptOptions gcm = { .cipher = "aes-128-gcm" };
        _cleanup_(spool_freep) Spool *ber = encrypt(bob.list, &gcm, entity);
        _cleanup_free_ char *bytes = fixture_bytes(spool_slice(ber)), *text = NULL;
        size_t size = spool_size(ber), mac = size - ENDS - MAC;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(bytes[mac - 2], 0x04);
        assert_int_equal(bytes[mac - 1], MAC);
        bytes[mac - 1] = LEFT;
        memset(bytes + mac + LEFT, 0, ENDS);
        _cleanup_(spool_freep) Spool *changed = fixture_spool(bytes, mac + LEFT + ENDS);
        assert_int_equal(decrypt(changed, &bob, PLAINTEXT_MIME, &text, &f), MAIL_E_INVALID_INPUT);
        assert_null(text);
}

static void test_cut_short(void **state) {
        EncryptOptions cbc = { 0 };
        SignOptions none = { 0 };
        _cleanup_(spool_freep) Spool *ber = encrypt(bob.list, &cbc, entity), *der = sign(&bob, &none, false, entity);
        _cleanup_free_ char *a = fixture_bytes(spool_slice(ber)), *b = fixture_bytes(spool_slice(der));

        (void) state;
        for (size_t n = 0; n < spool_size(ber); n++) {
                _cleanup_(spool_freep) Spool *part = fixture_spool(a, n);
                _cleanup_free_ char *text = NULL;
                Fault f = { 0 };
                assert_int_not_equal(decrypt(part, &bob, PLAINTEXT_MIME, &text, &f), 0);
                assert_null(text);
        }
        for (size_t n = 0; n < spool_size(der); n++) {
                _cleanup_(spool_freep) Spool *part = fixture_spool(b, n);
                CmsParts parts = { 0 };
                Fault f = { 0 };
                assert_int_equal(cms_cut(spool_slice(part), &parts, &f), MAIL_E_INVALID_INPUT);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sign),
                cmocka_unit_test(test_sign_refused),
                cmocka_unit_test(test_verify_problems),
                cmocka_unit_test(test_verify_verbatim),
                cmocka_unit_test(test_verify_refused),
                cmocka_unit_test(test_encrypt),
                cmocka_unit_test(test_encrypt_refused),
                cmocka_unit_test(test_decrypt_others),
                cmocka_unit_test(test_decrypt_wrong_key),
                cmocka_unit_test(test_decrypt_no_mail),
                cmocka_unit_test(test_flip),
                cmocka_unit_test(test_short_mac),
                cmocka_unit_test(test_cut_short),
        };

        g_mime_init();
        int r = cmocka_run_group_tests(tests, set_up, tear_down);
        g_mime_shutdown();
        return r;
}
