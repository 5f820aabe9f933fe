/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What signetctl prints is safe for a terminal and measured right; times are read as people write them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/ctl-text.h"

static void test_clean(void **state) {
        static const struct {
                const char *dirty, *clean;
        } cases[] = {
                { "", "" },
                { "alice-rsa", "alice-rsa" },
                { "J\u00f6rg \u4e2d \U0001f511", "J\u00f6rg \u4e2d \U0001f511" },
                { "a\nb\tc\r", "a?b?c?" },
                { "\033[2J\x7f", "?[2J?" },
                { "\xc2\x9b"
                  "31m",
                  "?31m" },                            /* C1: CSI in one character */
                { "a\u202eb\u2066c\u200f", "a?b?c?" }, /* direction overrides */
                { "a\u2028b", "a?b" },
                { "al\u200bice\xc2\xad\u2060@x", "al?ice??@x" }, /* not seen */
                { "\xff\xfe", "??" },
                { "a\xc3", "a?" },              /* cut in a character */
                { "\xc0\xaf", "??" },           /* overlong */
                { "\xed\xa0\x80", "???" },      /* a surrogate */
                { "\xf4\x90\x80\x80", "????" }, /* past the last */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *clean = text_clean(cases[i].dirty);

                assert_string_equal(clean, cases[i].clean);
                free(clean);
        }
        assert_null(text_clean(NULL));
}

static void test_clean_json(void **state) {
        static const struct {
                const char *dirty, *clean;
        } cases[] = {
                { "{\n  \"a\": \"J\u00f6rg \\u001b \U0001f511\"\n}",
                  "{\n  \"a\": \"J\u00f6rg \\u001b \U0001f511\"\n}" },
                { "\"\xc2\x9b[2J\u202e\x7f\"", "\"\\u009b[2J\\u202e\\u007f\"" },
                { "\"\033\t\"", "\"\\u001b\\u0009\"" },
                { "\"\U000e0041\"", "\"\\udb40\\udc41\"" },
                { "\"\xff\xe2\x80\"", "\"\\ufffd\\ufffd\\ufffd\"" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *clean = text_clean_json(cases[i].dirty);

                assert_string_equal(clean, cases[i].clean);
                free(clean);
        }
        assert_null(text_clean_json(NULL));
}

static void test_width(void **state) {
        static const struct {
                const char *text;
                size_t width;
        } cases[] = {
                { "", 0 }, { "abc", 3 }, { "J\u00f6rg", 4 }, { "\u4e2d\u6587", 4 }, { "e\u0301", 1 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(text_width(cases[i].text), cases[i].width);
}

static void test_shorten(void **state) {
        static const struct {
                const char *text;
                size_t columns;
                const char *shorter;
        } cases[] = {
                { "alice@example.org", 17, "alice@example.org" },
                { "alice@example.org", 16, "alice@example.o\u2026" },
                { "alice@example.org", 9, "alice@ex\u2026" },
                { "alice@example.org", 1, "\u2026" },
                { "J\u00f6rg Meier", 5, "J\u00f6rg\u2026" },
                { "\u4e2d\u6587\u5b57", 4, "\u4e2d\u2026" }, /* half a wide character is none */
                { "ab", 1, "\u2026" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *text = text_shorten(cases[i].text, cases[i].columns);

                assert_true(text_width(text) <= cases[i].columns);
                assert_string_equal(text, cases[i].shorter);
                free(text);
        }
}

static void set_zone(const char *zone) {
        setenv("TZ", zone, 1);
        tzset();
}

#define NOW 1714555800 /* 2024-05-01 09:30:00 UTC */

static void test_parse_time(void **state) {
        /* Two hours east of Greenwich in summer, one in winter. */
        static const char zone[] = "CET-1CEST,M3.5.0,M10.5.0/3";
        static const struct {
                const char *text;
                int64_t when; /* -1: no time */
        } cases[] = {
                { "now", NOW },
                { "today", NOW - 11 * 3600 - 1800 },
                { "yesterday", NOW - 35 * 3600 - 1800 },
                { "2024-05-01", NOW - 11 * 3600 - 1800 },
                { "2024-05-01 11:30", NOW },
                { "2024-05-01 11:30:05", NOW + 5 },
                { "2024-05-01T11:30:05", NOW + 5 },
                { "2024-05-01T09:30:00Z", NOW },
                { "2024-05-01T09:30:00.123Z", NOW },
                { "2024-05-01 09:30Z", NOW },
                { "2024-01-01", 1704063600 },
                { "@1714555800", NOW },
                { "90s", NOW - 90 },
                { "90 s ago", NOW - 90 },
                { "15min", NOW - 900 },
                { "15 minutes ago", NOW - 900 },
                { "1 minute ago", NOW - 60 },
                { "2h", NOW - 7200 },
                { "3 days", NOW - 3 * 86400 },
                { "0 days", NOW },
                { "", -1 },
                { "tomorrow", -1 },
                { "2024-05-01Z", -1 },
                { "2024-04-31", -1 },
                { "2024-13-01", -1 },
                { "2024-05-01 25:00", -1 },
                { "2024-05-01 11:30 or so", -1 },
                { "2024-05-01T09:30:00.Z", -1 },
                { "5", -1 },
                { "5 parsecs", -1 },
                { "5 days later", -1 },
                { "5 dayss", -1 },
                { "99999999999 days", -1 },
                { "-5 days", -1 },
                { "@", -1 },
                { "@-", -1 },
                { "@12x", -1 },
                { "@99999999999999999999", -1 },
        };

        (void) state;
        set_zone(zone);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t when = -2;
                int r = text_parse_time(cases[i].text, NOW, &when);

                if (cases[i].when == -1 ? r != -EINVAL || when != -2 : r != 0 || when != cases[i].when)
                        fail_msg("\"%s\": %d, %lld", cases[i].text, r, (long long) when);
        }
}

static void test_format_time(void **state) {
        char buf[TEXT_TIME_MAX];

        (void) state;
        set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
        assert_string_equal(text_time_local(NOW, buf), "2024-05-01 11:30:00");
        assert_string_equal(text_time_utc(NOW, buf), "2024-05-01T09:30:00Z");
        assert_string_equal(text_date(NOW + 12 * 3600 + 1800, buf), "2024-05-02");
        assert_string_equal(text_time_utc(INT64_MAX, buf), "");
        assert_string_equal(text_time_local(253402300800, buf), "10000-01-01 01:00:00");
}

static void test_span(void **state) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } cases[] = {
                { 0, "0 seconds" }, { 1, "1 second" },  { 59, "59 seconds" },  { 60, "1 minute" },
                { 7199, "1 hour" }, { 86400, "1 day" }, { 864000, "10 days" },
        };
        char buf[TEXT_TIME_MAX];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(text_span(cases[i].seconds, buf), cases[i].text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clean),   cmocka_unit_test(test_clean_json), cmocka_unit_test(test_width),
                cmocka_unit_test(test_shorten), cmocka_unit_test(test_parse_time), cmocka_unit_test(test_format_time),
                cmocka_unit_test(test_span),
        };

        (void) setlocale(LC_CTYPE, "C.UTF-8");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
