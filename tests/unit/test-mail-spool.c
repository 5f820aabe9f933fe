/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spools, lines of any length, and line ends on the way through. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail-fixture.h"
#include "mail/spool-bio.h"

static void test_append_and_read(void **state) {
        char big[200000];
        _cleanup_(spool_freep) Spool *s = NULL;

        (void) state;
        memset(big, 'x', sizeof(big));
        assert_int_equal(spool_new(SPOOL_DISK, &s), 0);
        assert_int_equal(spool_append_string(s, "begin"), 0);
        assert_int_equal(spool_append(s, big, sizeof(big)), 0);
        assert_int_equal(spool_append_string(s, "end"), 0);
        assert_int_equal(spool_size(s), sizeof(big) + 8);

        Slice tail = slice_from(spool_slice(s), sizeof(big) + 5);
        _cleanup_free_ char *end = fixture_bytes(tail);
        assert_string_equal(end, "end");
        assert_int_equal(slice_read(tail, 3, big, 1), 0);

        /* Appending after reading goes on at the end. */
        assert_int_equal(spool_append_string(s, "!"), 0);
        _cleanup_free_ char *more = fixture_bytes(slice_from(spool_slice(s), sizeof(big) + 5));
        assert_string_equal(more, "end!");
}

static void test_too_large(void **state) {
        _cleanup_(spool_freep) Spool *s = fixture_text("x");

        (void) state;
        assert_int_equal(spool_append(s, "", SPOOL_MAX), -EFBIG);
}

/* Each line in brackets, without its line end. */
static char *show_lines(const char *text) {
        _cleanup_(spool_freep) Spool *s = fixture_text(text);
        _cleanup_(spool_freep) Spool *out = fixture_text("");
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        Line line;
        int r;

        lines_init(lines, spool_slice(s));
        while ((r = lines_next(lines, &line)) > 0) {
                assert_memory_equal(line.data, text + line.offset, line.size);
                assert_int_equal(spool_append_string(out, line.begins ? "[" : "("), 0);
                assert_int_equal(spool_append(out, line.data, line_text_size(&line)), 0);
                assert_int_equal(spool_append_string(out, line.ends ? "]" : ")"), 0);
        }
        assert_int_equal(r, 0);
        return fixture_bytes(spool_slice(out));
}

static void test_lines(void **state) {
        static const struct {
                const char *text, *shown;
        } cases[] = {
                { "", "" },           { "a", "[a)" },         { "a\n", "[a]" },
                { "\n\r\n", "[][]" }, { "a\r\nb", "[a][b)" }, { "a\rb\n", "[a\rb]" },
                { "a\r", "[a\r)" },   { "a\r\r\n", "[a\r]" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *shown = show_lines(cases[i].text);
                assert_string_equal(shown, cases[i].shown);
        }
}

/* A CRLF that the buffer's end would part stays together. */
static void test_long_lines(void **state) {
        static char text[3 * LINES_PIECE];

        (void) state;
        for (size_t n = LINES_PIECE - 3; n < LINES_PIECE + 3; n++) {
                _cleanup_(spool_freep) Spool *s = NULL;
                _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
                size_t bytes = 0, pieces = 0;
                Line line;

                memset(text, 'x', n);
                memcpy(text + n, "\r\nnext\n", 8);
                s = fixture_text(text);
                lines_init(lines, spool_slice(s));
                while (lines_next(lines, &line) == 1) {
                        assert_int_equal(line.offset, bytes);
                        bytes += line.size;
                        pieces++;
                        if (line.ends && line.begins && pieces > 1)
                                assert_memory_equal(line.data, "next\n", 5);
                        else if (line.ends)
                                assert_int_equal(line.size - line_text_size(&line), 2);
                }
                assert_int_equal(bytes, n + 7);
        }
}

static void test_line_modes(void **state) {
        static const struct {
                const char *text, *canonical, *unix_text;
        } cases[] = {
                { "a\nb\r\nc", "a\r\nb\r\nc", "a\nb\nc" },
                { "\n\n\r\n", "\r\n\r\n\r\n", "\n\n\n" },
                { "a\rb\r\r\n", "a\rb\r\r\n", "a\rb\r\n" },
                { "a\r", "a\r", "a\r" },
                { "", "", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(spool_freep) Spool *in = fixture_text(cases[i].text);
                _cleanup_(spool_freep) Spool *canonical = fixture_text(""), *unix_text = fixture_text("");

                assert_int_equal(spool_append_slice(canonical, spool_slice(in), LINE_MODE_CANONICAL), 0);
                assert_int_equal(spool_append_slice(unix_text, spool_slice(in), LINE_MODE_UNIX), 0);
                _cleanup_free_ char *a = fixture_bytes(spool_slice(canonical)),
                                    *b = fixture_bytes(spool_slice(unix_text));
                assert_string_equal(a, cases[i].canonical);
                assert_string_equal(b, cases[i].unix_text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_append_and_read), cmocka_unit_test(test_too_large),  cmocka_unit_test(test_lines),
                cmocka_unit_test(test_long_lines),      cmocka_unit_test(test_line_modes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
