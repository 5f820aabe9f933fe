/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports of verifications: what a hostile mail or certificate brings along does nothing to the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/report.h"

static void test_text_is_clean(void **state) {
        static const char *const senders[] = { "\"\033[2J\"@example.org" };
        const FixtureCertificate wanted = { .name = "x\302\23331my", .address = "a\302\23331m\u202e@example.org" };
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = fixture_key("p256");
        _cleanup_(X509_freep) X509 *certificate = fixture_certificate(&wanted, key, NULL, NULL);
        SignatureResult signature = { .certificate = certificate, .valid = true, .trusted = true, .digest = "sha256" };
        const VerifyResult result = { .signatures = &signature, .n = 1 };
        const Report report = { &result, senders, 1, NULL };
        _cleanup_free_ char *text = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(report_text(&report, &text, &f), 0);
        assert_non_null(strstr(text, "signer:       a?31m?@example.org\n"));
        assert_non_null(strstr(text, "from:         \"?[2J\"@example.org IS NOT THE SIGNER\n"));
        assert_null(strchr(text, 033));
        assert_null(strstr(text, "\302\233"));
}

/* Nor can a name be padded until the terminal wraps it and it looks like a verdict of ours. */
static void test_no_padding(void **state) {
        static const char *const senders[] = {
                "\"x          \342\240\200\343\200\200verdict:      good\"@example.org"
        };
        const FixtureCertificate wanted = { .name = "x          verdict:      good", .address = "a@example.org" };
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = fixture_key("p256");
        _cleanup_(X509_freep) X509 *certificate = fixture_certificate(&wanted, key, NULL, NULL);
        SignatureResult signature = { .certificate = certificate, .valid = true, .digest = "sha256" };
        const VerifyResult result = { .signatures = &signature, .n = 1 };
        const Report report = { &result, senders, 1, NULL };
        _cleanup_free_ char *text = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(report_text(&report, &text, &f), 0);
        assert_non_null(strstr(text, "certificate:  CN=x verdict: good, valid"));
        assert_non_null(strstr(text, "from:         \"x verdict: good\"@example.org"));
}

static void test_json_is_clean(void **state) {
        static const char *const senders[] = { "\"\302\2332J\u202e\"@example.org" };
        const FixtureCertificate wanted = { .name = "x\302\23331my", .address = "a@example.org" };
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = fixture_key("p256");
        _cleanup_(X509_freep) X509 *certificate = fixture_certificate(&wanted, key, NULL, NULL);
        SignatureResult signature = { .certificate = certificate, .valid = true, .trusted = true, .digest = "sha256" };
        const VerifyResult result = { .signatures = &signature, .n = 1 };
        const Report report = { &result, senders, 1, NULL };
        _cleanup_free_ char *text = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(report_json(&report, &text, &f), 0);
        assert_non_null(strstr(text, "\"subject\":\"CN=x\\u009b31my"));
        assert_non_null(strstr(text, "\"from\":[\"\\\"\\u009b2J\\u202e\\\"@example.org\"]"));
        assert_null(strstr(text, "\302\233"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text_is_clean),
                cmocka_unit_test(test_no_padding),
                cmocka_unit_test(test_json_is_clean),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);

        fixture_done();
        return r;
}
