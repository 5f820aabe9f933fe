/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* S/MIME mails taken apart: the signed part to the byte, and what is refused. And mails put together, taken apart
 * again. */
#include <gmime/gmime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/cms-verify.h"
#include "mail/smime-make.h"
#include "mail/smime.h"

#define TOP  "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\n\n"
#define SIG  "Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\nc2lnbmF0dXJl\n"
#define TAIL "\n--b\n" SIG "--b--\n"

static void test_signed_part(void **state) {
        static const struct {
                const char *mail, *content;
        } cases[] = {
                { TOP "--b\nA: b\n\nbody" TAIL, "A: b\n\nbody" },
                { TOP "pre\namble\n--b\nA: b\n\nbody\n" TAIL "epilogue\n--b\n", "A: b\n\nbody\n" },
                { TOP "--b  \t\nx"
                      "\n--b \n" SIG "--b-- \n",
                  "x" },
                { TOP "--b\nx\r\n"
                      "\r\n--b\n" SIG "\n--b--",
                  "x\r\n" },
                { TOP "--b\n\n" TAIL, "\n" },
                { TOP "--b\n--b\n" SIG "--b--\n", "" },
                { TOP "--bb\n--b\n --b\n--b-\n--b--x\n" TAIL, " --b\n--b-\n--b--x\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(spool_freep) Spool *s = fixture_text(cases[i].mail);
                _cleanup_(smime_mail_done) SmimeMail m = { 0 };
                Fault f = { 0 };

                assert_int_equal(smime_read(spool_slice(s), &m, &f), 0);
                assert_int_equal(m.kind, SMIME_MULTIPART_SIGNED);
                _cleanup_free_ char *content = fixture_bytes(m.content), *cms = fixture_bytes(spool_slice(m.cms));
                assert_string_equal(content, cases[i].content);
                assert_string_equal(cms, "signature");
        }
}

static void test_kinds(void **state) {
        static const struct {
                const char *mail;
                SmimeKind kind;
        } cases[] = {
                { "From: a@b\n\nhi\n", SMIME_NONE },
                { "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\n--b\n",
                  SMIME_NONE },
                { "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
                  "application/pkcs7-mime\n\nx\n--b--\n",
                  SMIME_NONE },
                { "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nAAAA\n", SMIME_PKCS7 },
                { "content-type: APPLICATION/X-PKCS7-MIME\n\nraw", SMIME_PKCS7 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(spool_freep) Spool *s = fixture_text(cases[i].mail);
                _cleanup_(smime_mail_done) SmimeMail m = { 0 };
                Fault f = { 0 };

                assert_int_equal(smime_read(spool_slice(s), &m, &f), 0);
                assert_int_equal(m.kind, cases[i].kind);
        }
}

static void test_broken(void **state) {
        static const struct {
                const char *mail, *why;
        } cases[] = {
                { "", "empty" },
                { TOP "--b\nx\n--b\n" SIG, "cut off" },
                { TOP "--b\nx\n--b--\n", "two parts" },
                { TOP "nothing\n", "two parts" },
                { TOP "--b\nx\n--b\n" SIG "--b\ny\n--b--\n", "more than two" },
                { TOP "--b\nx\n--b\nContent-Type: text/plain\n\nx\n--b--\n", "no S/MIME signature" },
                { TOP "--b\nx\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: "
                      "rot13\n\nx\n--b--\n",
                  "not known" },
                { "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"\n\n--b\n", "no boundary" },
                { "Content-Type: text/plain\nContent-Type: application/pkcs7-mime\n\nx", "more than one" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(spool_freep) Spool *s = fixture_text(cases[i].mail);
                SmimeMail m = { 0 };
                Fault f = { 0 };

                assert_int_equal(smime_read(spool_slice(s), &m, &f), MAIL_E_INVALID_INPUT);
                assert_non_null(strstr(f.text, cases[i].why));
        }
}

/* Makes a signed mail, and says whether it verifies after the edit. */
static bool survives(const char *mail, bool opaque, LineMode on_the_way, const char *find, char replace) {
        _cleanup_(spool_freep) Spool *in = fixture_text(mail), *out = NULL, *sent = fixture_text("");
        _cleanup_(header_freep) Header *h = NULL;
        _cleanup_(smime_mail_done) SmimeMail m = { 0 };
        _cleanup_(verify_result_done) VerifyResult result = { 0 };
        FixturePerson alice;
        Fault f = { 0 };

        fixture_person(&alice, "p256", "alice@example.org");
        SmimeJob job = { .signer = &alice.signer, .opaque = opaque };
        assert_int_equal(header_read(spool_slice(in), &h, &f), 0);
        assert_int_equal(smime_make(spool_slice(in), h, &job, &out, &f), 0);
        assert_int_equal(spool_append_slice(sent, spool_slice(out), on_the_way), 0);
        char *bytes = fixture_bytes(spool_slice(sent));
        if (find) {
                char *at = strstr(bytes, find);
                assert_non_null(at);
                *at = replace;
        }
        spool_free(sent);
        sent = fixture_text(bytes);
        free(bytes);

        VerifyOptions options = { 0 };
        assert_int_equal(smime_read(spool_slice(sent), &m, &f), 0);
        assert_int_equal(cms_verify(spool_slice(m.cms), opaque ? NULL : &m.content, &options, &result, &f), 0);
        fixture_person_done(&alice);
        return verify_result_valid(&result);
}

static void test_round_trip(void **state) {
        static const char lf[] = "From: alice@example.org\nContent-Type: text/plain\n\nwords \n\n\n";
        static const char crlf[] = "From: alice@example.org\r\n\r\nwords\r\n.\r\n";

        (void) state;
        for (int opaque = 0; opaque < 2; opaque++) {
                assert_true(survives(lf, opaque, LINE_MODE_VERBATIM, NULL, 0));
                assert_true(survives(lf, opaque, LINE_MODE_CANONICAL, NULL, 0));
                assert_true(survives(crlf, opaque, LINE_MODE_VERBATIM, NULL, 0));
                assert_true(survives(crlf, opaque, LINE_MODE_UNIX, NULL, 0));
        }
        assert_false(survives(lf, false, LINE_MODE_VERBATIM, "words", 'W'));
        assert_false(survives(lf, false, LINE_MODE_VERBATIM, "text/plain", 'T'));
        assert_true(survives(lf, false, LINE_MODE_VERBATIM, "alice@example.org", 'A')); /* From is not signed */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signed_part),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_broken),
                cmocka_unit_test(test_round_trip),
        };

        g_mime_init();
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        fixture_done();
        g_mime_shutdown();
        return r;
}
