/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs of keys and names in certificates, as the PKCS#11 module reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/module/key-uri.h"
#include "client/module/spki.h"

static void test_uris(void **state _unused_) {
        static const struct {
                const char *uri;
                bool good;
                const char *token, *serial, *id, *object; /* NULL: not given */
        } cases[] = {
                { "pkcs11:", true, NULL, NULL, NULL, NULL },
                { "pkcs11:token=demo", true, "demo", NULL, NULL, NULL },
                { "pkcs11:token=demo;id=%01%fF;object=a%20b;type=private", true, "demo", NULL, "\x01\xff", "a b" },
                { "pkcs11:id=ab;serial=%3b%3D;token=", true, "", ";=", "ab", NULL },
                { "pkcs11:token=demo;x-vendor=%zz;object=o", true, "demo", NULL, NULL, "o" },
                { "pkcs11:token=demo?module-path=/x;id=1", true, "demo", NULL, NULL, NULL },
                { "pkcs11:token=demo;", true, "demo", NULL, NULL, NULL },
                { "pkcs11:tokens=demo;toke=n", true, NULL, NULL, NULL, NULL },
                { "PKCS11:token=demo", false, NULL, NULL, NULL, NULL },
                { "pkcs11:token", false, NULL, NULL, NULL, NULL },
                { "pkcs11:;token=demo", false, NULL, NULL, NULL, NULL },
                { "pkcs11:token=a;token=b", false, NULL, NULL, NULL, NULL },
                { "pkcs11:token=%", false, NULL, NULL, NULL, NULL },
                { "pkcs11:token=%4", false, NULL, NULL, NULL, NULL },
                { "pkcs11:token=%4;object=o", false, NULL, NULL, NULL, NULL },
                { "pkcs11:id=%0g", false, NULL, NULL, NULL, NULL },
                { "", false, NULL, NULL, NULL, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *expected[] = { cases[i].token, cases[i].serial, cases[i].id, cases[i].object };
                KeyUri u;

                assert_int_equal(key_uri_parse(cases[i].uri, &u), cases[i].good);
                if (!cases[i].good)
                        continue;
                const KeyUriValue *values[] = { &u.token, &u.serial, &u.id, &u.object };
                for (size_t k = 0; k < ELEMENTSOF(values); k++) {
                        assert_int_equal(values[k]->given, expected[k] != NULL);
                        if (expected[k])
                                assert_string_equal((const char *) values[k]->bytes, expected[k]);
                }
        }
}

static void test_long_uri(void **state _unused_) {
        char uri[sizeof("pkcs11:id=") + KEY_URI_VALUE_MAX + 1] = "pkcs11:id=";
        KeyUri u;

        memset(uri + strlen(uri), 'x', KEY_URI_VALUE_MAX);
        assert_true(key_uri_parse(uri, &u));
        assert_int_equal(u.id.size, KEY_URI_VALUE_MAX);
        strcat(uri, "y");
        assert_false(key_uri_parse(uri, &u));
}

static void test_tokens(void **state _unused_) {
        static const struct {
                const char *uri, *label, *serial;
                bool expected;
        } cases[] = {
                { "pkcs11:token=demo", "demo", "1", true },
                { "pkcs11:token=demo", "demo2", "1", false },
                { "pkcs11:token=demo", "Demo", "1", false },
                { "pkcs11:token=demo;serial=1", "demo", "1", true },
                { "pkcs11:token=demo;serial=1", "demo", "2", false },
                { "pkcs11:serial=1", "demo", "1", false },
                { "pkcs11:token=de%00mo", "de", "1", false },
        };
        KeyUri u;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_true(key_uri_parse(cases[i].uri, &u));
                assert_int_equal(key_uri_is_of_token(&u, cases[i].label, cases[i].serial), cases[i].expected);
        }
}

/* A Name of one attribute. */
static size_t make_name(unsigned char *der, unsigned char attribute, unsigned char tag, const char *value, size_t n) {
        const unsigned char head[] = { 0x30,
                                       (unsigned char) (n + 11),
                                       0x31,
                                       (unsigned char) (n + 9),
                                       0x30,
                                       (unsigned char) (n + 7),
                                       0x06,
                                       3,
                                       0x55,
                                       4,
                                       attribute,
                                       tag,
                                       (unsigned char) n };

        memcpy(der, head, sizeof(head));
        memcpy(der + sizeof(head), value, n);
        return sizeof(head) + n;
}

static void test_names(void **state _unused_) {
        enum { CN = 3, O = 10, OU = 11, UTF8 = 0x0c, PRINTABLE = 0x13, TELETEX = 0x14, BMP = 0x1e };
#define NAME(attribute, tag, text, expected)                                                                           \
        { (attribute), (tag), (text), sizeof(text) - 1, (expected) }
        static const struct {
                unsigned char attribute, tag;
                const char *value;
                size_t size;
                const char *expected;
        } cases[] = {
                NAME(CN, UTF8, "M\xc3\xbcller CA", "M\xc3\xbcller CA"),
                NAME(O, PRINTABLE, "An organisation", "An organisation"),
                NAME(OU, PRINTABLE, "A unit", ""),
                NAME(CN, TELETEX, "M\xfcller", "M\xc3\xbcller"),
                NAME(CN, BMP, "\0M\0\xfc\x20\xac", "M\xc3\xbc\xe2\x82\xac"),
                NAME(CN, BMP, "\0M\0", "M"),
                NAME(CN, BMP, "\xd8\x3d\0x", "???x"),
                NAME(CN, UTF8, "a\x1b[2Jb", "a?[2Jb"),
                NAME(CN, UTF8, "\xff", "?"),
                NAME(CN, UTF8, "", ""),
                NAME(CN, UTF8, "a\0b", "a"),
        };
        unsigned char der[256];
        char text[NAME_TEXT_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n = make_name(der, cases[i].attribute, cases[i].tag, cases[i].value, cases[i].size);

                name_text((Blob){ der, n }, text);
                assert_string_equal(text, cases[i].expected);
                for (size_t k = 0; k < n; k++) {
                        name_text((Blob){ der, k }, text);
                        assert_string_equal(text, "");
                }
        }
}

static void test_long_name(void **state _unused_) {
        unsigned char der[1024] = { 0x30, 0x82, 1, 0x90, 0x31, 0x82, 1,    0x8c, 0x30, 0x82, 1,
                                    0x88, 6,    3, 0x55, 4,    3,    0x0c, 0x82, 1,    0x7f };
        char text[NAME_TEXT_SIZE];
        size_t size = 21 + 0x17f;

        for (size_t i = 21; i < size; i += 2)
                memcpy(der + i, "\xc3\xbc", 2);
        der[size - 1] = 'x';
        name_text((Blob){ der, 4 + 0x190 }, text);
        assert_int_equal(strlen(text), NAME_TEXT_SIZE - 2); /* an odd byte would be half a character */
        assert_memory_equal(text, "\xc3\xbc\xc3\xbc", 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_uris),  cmocka_unit_test(test_long_uri),  cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_names), cmocka_unit_test(test_long_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
