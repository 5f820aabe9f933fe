/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form that is signed: what becomes of mails, and which mails have none. */
#include <gmime/gmime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/canonical.h"
#include "mail/mime-plausible.h"

static void test_scan(void **state) {
        static const struct {
                const char *text;
                const char *found;
                bool from_line;
        } cases[] = {
                { "", "", false },
                { "plain\r\ntext\n", "", false },
                { "\xc3\xbc", "8-bit bytes", false },
                { "a\rb", "a CR that ends no line", false },
                { "a\r", "a CR that ends no line", false },
                { "From me\n", "", true },
                { "a\nFrom me", "", true },
                { "a\nFrom", "", false },
                { "a\nFrom\nFrom\n", "", false },
                { "aFrom me", "", false },
                { "FFrom me", "", false },
                { "\n FFrom me\nFro m\n", "", false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                TextScan scan = { 0 };

                /* Byte by byte: pieces may end anywhere. */
                for (const char *p = cases[i].text; *p; p++)
                        text_scan(&scan, (const uint8_t *) p, 1);
                text_scan_end(&scan);
                assert_string_equal(text_scan_explain(&scan), cases[i].found);
                assert_int_equal(scan.from_line, cases[i].from_line);
        }
}

static void test_scan_length(void **state) {
        char line[TEXT_LINE_MAX + 4];
        TextScan fits = { 0 }, long_line = { 0 };

        (void) state;
        memset(line, 'x', sizeof(line));
        memcpy(line + TEXT_LINE_MAX, "\r\n", 2);
        text_scan(&fits, (const uint8_t *) line, TEXT_LINE_MAX + 2);
        assert_true(text_scan_clean(&fits));
        memcpy(line + TEXT_LINE_MAX, "x\r\n", 3);
        text_scan(&long_line, (const uint8_t *) line, TEXT_LINE_MAX + 3);
        assert_true(long_line.long_line);
}

static int make_entity(const char *mail, char **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *s = fixture_text(mail), *entity = NULL;
        _cleanup_(header_freep) Header *h = NULL;
        int r = header_read(spool_slice(s), &h, f);

        if (r == 0)
                r = canonical_entity(spool_slice(s), h, &entity, f);
        *ret = entity ? fixture_bytes(spool_slice(entity)) : NULL;
        return r;
}

static void test_entity(void **state) {
        static const struct {
                const char *mail, *entity;
        } cases[] = {
                /* no Content-Type: one is made */
                { "From: a@b\n\nhi\n", "Content-Type: text/plain; charset=us-ascii\r\n\r\nhi\r\n" },
                { "From: a@b\n\nZ\xc3\xbcrich\n",
                  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
                  "quoted-printable\r\n\r\nZ=C3=BCrich\r\n" },
                { "From: a@b\n\nZ\xfcrich\n",
                  "Content-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: "
                  "quoted-printable\r\n\r\nZ=FCrich\r\n" },
                { "From: a@b\n", "Content-Type: text/plain; charset=us-ascii\r\n\r\n" },
                /* what is in 7 bits keeps its bytes, but for line ends */
                { "From: a@b\nContent-Type: text/plain;\n  format=flowed\nX-Y: z\nContent-Language: de\n\na "
                  "\r\nb\t\n\n",
                  "Content-Type: text/plain;\r\n  format=flowed\r\nContent-Language: de\r\n\r\na \r\nb\t\r\n\r\n" },
                { "Content-Type: multipart/mixed; boundary=q\n\npre\n--q\n\na\n--q \nContent-Type: "
                  "text/html\n\n<p>\n--q--\npost",
                  "Content-Type: multipart/mixed; boundary=q\r\n\r\npre\r\n--q\r\n\r\na\r\n--q \r\nContent-Type: "
                  "text/html\r\n\r\n<p>\r\n--q--\r\npost" },
                /* a part in 8 bits is encoded, the other stays */
                { "Content-Type: multipart/mixed; boundary=q\nContent-Transfer-Encoding: 8bit\n\n--q\n\nplain  "
                  "\n--q\nContent-Type: text/plain; charset=utf-8\n\n\xc3\xbc\n--q--\n",
                  "Content-Type: multipart/mixed; boundary=q\r\nContent-Transfer-Encoding: "
                  "7bit\r\n\r\n--q\r\n\r\nplain  \r\n--q\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n--q--\r\n" },
                /* lines that mailbox files would change */
                { "Content-Type: text/plain\n\nFrom me\n",
                  "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=46rom me\r\n" },
                /* what is no text becomes base64 */
                { "Content-Type: application/x\n\n\xff\xfe\n",
                  "Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n//4K\r\n" },
                { "Content-Type: text/plain\n\na\rb\n",
                  "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=0Db\r\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *entity = NULL;
                Fault f = { 0 };

                assert_int_equal(make_entity(cases[i].mail, &entity, &f), 0);
                assert_string_equal(entity, cases[i].entity);
        }
}

/* What has the canonical form keeps it: signing twice signs the same. */
static void test_entity_is_stable(void **state) {
        _cleanup_free_ char *once = NULL, *twice = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(make_entity("Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain; "
                                     "name=\"\xc3\xbc\"\n\n\xc3\xbc\nFrom x\n--q\nContent-Type: "
                                     "message/rfc822\n\nSubject: \xc3\xbc\n\n\xc3\xbc\n--q--\n",
                                     &once, &f),
                         0);
        assert_int_equal(make_entity(once, &twice, &f), 0);
        assert_string_equal(once, twice);
}

static void test_broken(void **state) {
        static const struct {
                const char *mail, *why;
        } cases[] = {
                { "Content-Type: multipart/mixed\n\n--q\n\na\n--q--\n", "no boundary" },
                { "Content-Type: multipart/mixed; boundary=q\n\n--q\n\na\n", "last boundary" },
                { "Content-Type: multipart/mixed; boundary=q\n\nnothing\n--q--\n", "no part" },
                { "Content-Type: text/plain\nContent-Type: text/html\n\na\n", "two different" },
                { "Content-Type: multipart/mixed; boundary=q\n\n--q\nno header at all\n\na\n--q--\n",
                  "no header field" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *entity = NULL;
                Fault f = { 0 };

                assert_int_equal(make_entity(cases[i].mail, &entity, &f), MAIL_E_INVALID_INPUT);
                assert_non_null(strstr(f.text, cases[i].why));
        }
}

static void test_deep(void **state) {
        _cleanup_(spool_freep) Spool *s = fixture_text("From: a@b\n");
        _cleanup_free_ char *mail = NULL, *entity = NULL;
        Fault f = { 0 };
        char level[128];

        (void) state;
        for (int i = 0; i < 3000; i++) {
                (void) snprintf(level, sizeof(level), "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
                assert_int_equal(spool_append_string(s, level), 0);
        }
        mail = fixture_bytes(spool_slice(s));
        assert_int_equal(make_entity(mail, &entity, &f), MAIL_E_INVALID_INPUT);
}

#define TEXT(s) (s), sizeof(s) - 1

static void test_plausible(void **state) {
        static const struct {
                const char *text;
                size_t n;
                bool plausible;
        } cases[] = {
                { TEXT("Content-Type: text/plain\r\n\r\nhi"), true },
                { TEXT("\r\nbody"), true },
                { TEXT("just words, as openssl cms -encrypt takes them\n"), true },
                { TEXT("Z\xc3\xbcrich\n"), true },
                { TEXT("Content-Type: multipart/mixed; boundary=q\n\n--q\n\na\n"), false },
                { TEXT("Content-Type: text/plain\n\nZ\xc3\xbcrich, and nobody said 8bit\n"), true },
                { TEXT("Content-Type: text/plain\n\nZ\xfcrich\n"), false },
                { TEXT("Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nZ\xfcrich\n"), true },
                { TEXT("Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nZ\x01rich\n"), false },
                { TEXT("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n\xc3\xbc\n"), false },
                { TEXT("Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAA\003A\n"), false },
                { TEXT("Content-Type: image/png\nContent-Transfer-Encoding: binary\n\n\x89PNG\0\n"), true },
                { TEXT("Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B4A;z\x1b(B\n"), true },
                { TEXT("Content-Type: multipart/mixed; boundary=q\n\npre\x02\n--q\n\na\n--q--\n"), false },
                { TEXT("Content-Type: multipart/mixed; boundary=q\n\n--q\nA: \x02\n\na\n--q--\n"), false },
                { TEXT("\x07garbage\n"), false },
                { TEXT("ab\0cd"), false },
                { TEXT("\xff\xfe\xfd\n"), false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(spool_freep) Spool *s = fixture_spool(cases[i].text, cases[i].n);
                bool plausible = false;

                assert_int_equal(mime_is_plausible(spool_slice(s), &plausible), 0);
                assert_int_equal(plausible, cases[i].plausible);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scan),      cmocka_unit_test(test_scan_length),
                cmocka_unit_test(test_entity),    cmocka_unit_test(test_entity_is_stable),
                cmocka_unit_test(test_broken),    cmocka_unit_test(test_deep),
                cmocka_unit_test(test_plausible),
        };

        g_mime_init();
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        g_mime_shutdown();
        return r;
}
