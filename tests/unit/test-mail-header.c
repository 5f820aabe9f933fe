/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header blocks of good and bad mail. */
#include <gmime/gmime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/header.h"

static Header *read_header(const char *text) {
        Spool *s = fixture_text(text);
        Header *h = NULL;
        Fault f = { 0 };

        assert_int_equal(header_read(spool_slice(s), &h, &f), 0);
        spool_free(s);
        return h;
}

static void test_fields(void **state) {
        _cleanup_(header_freep) Header *h =
                read_header("From: a@b\r\nSUBJECT : one\r\n two\r\n\tthree\r\nX-Empty:\r\n\r\nFrom: not@me\r\n");
        _cleanup_free_ char *subject = NULL, *empty = NULL, *none = NULL;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(h->n, 3);
        assert_int_equal(h->line_end, LINE_END_CRLF);
        assert_true(h->has_end);
        assert_int_equal(header_value(h, "subject", &subject, &f), 0);
        assert_string_equal(subject, "one two\tthree");
        assert_int_equal(header_value(h, "x-empty", &empty, &f), 0);
        assert_string_equal(empty, "");
        assert_int_equal(header_value(h, "to", &none, &f), 0);
        assert_null(none);
        assert_int_equal(header_count(h, "FROM"), 1);
        assert_true(header_field_begins(&h->fields[1], "sub"));
        assert_false(header_field_is(&h->fields[1], "sub"));
}

static void test_ends(void **state) {
        static const struct {
                const char *text;
                size_t n;
                uint64_t body;
                bool has_end;
        } cases[] = {
                { "A: b\n\nbody", 1, 6, true },
                { "A: b\n", 1, 5, false },
                { "A: b", 1, 4, false },
                { "\nbody", 0, 1, true },
                { "", 0, 0, false },
                { "From me Sun Nov 22 03:00:00 2026\nA: b\n\n", 1, 39, true },
                { ">From me\nA: b\n\n", 1, 15, true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(header_freep) Header *h = read_header(cases[i].text);
                assert_int_equal(h->n, cases[i].n);
                assert_int_equal(h->body, cases[i].body);
                assert_int_equal(h->has_end, cases[i].has_end);
        }
}

static void refuse(const void *data, size_t n, const char *why) {
        _cleanup_(spool_freep) Spool *s = fixture_spool(data, n);
        Header *h = NULL;
        Fault f = { 0 };

        assert_int_equal(header_read(spool_slice(s), &h, &f), MAIL_E_INVALID_INPUT);
        assert_non_null(strstr(f.text, why));
        assert_null(h);
}

static void test_bad(void **state) {
        char *large = calloc(1, HEADER_MAX + 100);

        (void) state;
        refuse("A: b\nno field\n\n", 15, "line 2");
        refuse(" continues nothing\n\n", 20, "line 1");
        refuse("A: b\nFrom me\n\n", 14, "line 2");
        refuse(": no name\n\n", 11, "line 1");
        refuse("A\x80: b\n\n", 7, "line 1");
        refuse("A: b\0c\n\n", 8, "NUL");
        refuse("A: b\rFrom: c@d\r\n\r\n", 18, "CR");
        memset(large, 'a', HEADER_MAX + 99);
        memcpy(large, "A: ", 3);
        refuse(large, HEADER_MAX + 99, "larger than");
        for (size_t i = 0; i < HEADER_MAX; i += 4)
                memcpy(large + i, "A:b\n", 4);
        refuse(large, (HEADER_FIELDS_MAX + 1) * 4, "fields");
        free(large);
}

static void test_addresses(void **state) {
        _cleanup_(header_freep) Header *h =
                read_header("To: Bob <bob@example.org>, \"C, D\" <c@example.org>\nTo: group: e@f, g@h;\nFrom: "
                            "=?utf-8?q?Z=C3=BC?= <z@example.org>\n\n");
        char **list = NULL;
        size_t n = 0;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(header_addresses(h, "To", &list, &n, &f), 0);
        assert_int_equal(n, 4);
        assert_string_equal(list[0], "bob@example.org");
        assert_string_equal(list[1], "c@example.org");
        assert_string_equal(list[3], "g@h");
        addresses_free(list, n);
        assert_int_equal(header_addresses(h, "Cc", &list, &n, &f), 0);
        assert_int_equal(n, 0);
        addresses_free(list, n);
}

/* What programs read differently is no address at all: a signature by one would pass for one by the other. */
static void test_addresses_doubtful(void **state) {
        static const struct {
                const char *field;
                bool clear;
        } cases[] = {
                { "a@b.c", true },
                { "\"x@y.z\" <a@b.c>", true },
                { "a@b.c (x@y.z \\) (q))", true },
                { "A@B.C <a@b.c>", true },
                { "\"a b\"@b.c, g: d@e.f, h@i.j;", true },
                { "a@[127.0.0.1]", true },
                { "x@y.z <a@b.c>", false },
                { "b.c@b.c <a.b.c@b.c>", false },
                { "a@b.c; x@y.z", false },
                { "a@b.c\\ x@y.z", false },
                { "<@x.y,@y.z:a@b.c>", false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;
                char **list = NULL;
                size_t n = 0;
                Fault f = { 0 };

                assert_true(asprintf(&text, "From: %s\n\n", cases[i].field) > 0);
                _cleanup_(header_freep) Header *h = read_header(text);
                assert_int_equal(header_addresses(h, "From", &list, &n, &f),
                                 cases[i].clear ? MAIL_OK : MAIL_E_INVALID_INPUT);
                addresses_free(list, n);
        }
}

static void test_content_type(void **state) {
        _cleanup_(header_freep) Header *h =
                read_header("Content-Type: Multipart/Signed; protocol=\"application/PKCS7-signature\";\n "
                            "micalg=SHA-256; boundary=\"X y\"\n\n");
        _cleanup_(header_freep) Header *none = read_header("A: b\n\n"),
                                       *two = read_header("Content-Type: text/plain\ncontent-type: text/html\n\n");
        ContentType t = { 0 };
        Fault f = { 0 };

        (void) state;
        assert_int_equal(header_content_type(h, &t, &f), 0);
        assert_string_equal(t.type, "multipart/signed");
        assert_string_equal(t.protocol, "application/pkcs7-signature");
        assert_string_equal(t.micalg, "sha-256");
        assert_string_equal(t.boundary, "X y");
        content_type_done(&t);
        assert_int_equal(header_content_type(none, &t, &f), 0);
        assert_string_equal(t.type, "text/plain");
        assert_false(t.present);
        content_type_done(&t);
        assert_int_equal(header_content_type(two, &t, &f), MAIL_E_INVALID_INPUT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_ends),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_addresses_doubtful),
                cmocka_unit_test(test_content_type),
        };

        g_mime_init();
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        g_mime_shutdown();
        return r;
}
