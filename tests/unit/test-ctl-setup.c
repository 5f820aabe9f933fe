/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What signetctl setup does with texts: comparing them, taking changes back, and Thunderbird's files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/ctl-setup-diff.h"
#include "client/ctl-setup-prefs.h"

/* --- comparing ---------------------------------------------------------------------------------------------------- */

/* The hunks as "-a-b+c", parted by blanks. */
static void render(const char *before, const char *after, char *text, size_t size) {
        _cleanup_(lines_done) Lines old = { 0 }, new = { 0 };
        _cleanup_free_ DiffHunk *hunks = NULL;
        size_t n;
        FILE *f = fmemopen(text, size, "w");

        assert_non_null(f);
        assert_int_equal(lines_split(before, &old), 0);
        assert_int_equal(lines_split(after, &new), 0);
        assert_int_equal(diff_lines(&old, &new, &hunks, &n), 0);
        for (size_t i = 0; i < n; i++) {
                fputs(i > 0 ? " " : "", f);
                for (size_t k = hunks[i].old_first; k < hunks[i].old_first + hunks[i].old_count; k++)
                        fprintf(f, "-%.*s", (int) old.sizes[k], old.items[k]);
                for (size_t k = hunks[i].new_first; k < hunks[i].new_first + hunks[i].new_count; k++)
                        fprintf(f, "+%.*s", (int) new.sizes[k], new.items[k]);
        }
        fputc('\0', f);
        fclose(f);
}

static void test_diff(void **state _unused_) {
        static const struct {
                const char *before, *after, *hunks;
        } cases[] = {
                { "", "", "" },
                { NULL, "a\n", "+a" },
                { "a\n", NULL, "-a" },
                { "a\nb\nc\n", "a\nb\nc\n", "" },
                { "a\nb", "a\nb\n", "" }, /* a newline at the end is no line */
                { "a\nb\nc\n", "a\nx\nc\n", "-b+x" },
                { "a\nb\nc\n", "a\nc\n", "-b" },
                { "a\nc\n", "a\nb\nc\n", "+b" },
                { "a\na\n", "a\na\na\n", "+a" },
                { "a\nb\nc\nd\ne\n", "x\nb\nc\nd\ny\n", "-a+x -e+y" },
                { "a\n\nb\n", "a\nb\n", "-" },
                { "1\n2\n3\n4\n5\n", "0\n2\n4\n6\n", "-1+0 -3 -5+6" },
        };
        char text[256];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                render(cases[i].before, cases[i].after, text, sizeof(text));
                assert_string_equal(text, cases[i].hunks);
        }
}

static void test_take_back(void **state _unused_) {
        static const struct {
                const char *before, *after, *now, *text;
                size_t left;
        } cases[] = {
                { "a\nb\n", "a\nx\n", "a\nx\n", "a\nb\n", 0 },
                { "a\n", "a\nx\n", "new\nx\na\n", "new\na\n", 0 },   /* moved */
                { "a\nb\n", "a\nx\ny\n", "a\ny\nx\n", "a\nb\n", 0 }, /* sorted anew */
                { "a\n", "a\nx\ny\n", "a\ny\n", "a\n", 1 },          /* one is gone already */
                { "a\nb\n", "a\nx\n", "a\nz\n", "a\nz\n", 1 },       /* changed by somebody else */
                { NULL, "x\n", "x\n", "", 0 },                       /* the file was made */
                { "a\n", "a\nx\n", "a\nx\nx\n", "a\nx\n", 0 },       /* ours, once */
                { "a\nb\n", "a\n", "a\n", "a\n", 1 },                /* nothing to find it by */
                { "a\nb\nc\n", "x\nb\ny\n", "y\nq\nx\n", "c\nq\na\n", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;
                size_t left = 99;

                assert_int_equal(diff_take_back(cases[i].now, cases[i].before, cases[i].after, &text, &left), 0);
                assert_string_equal(text, cases[i].text);
                assert_int_equal(left, cases[i].left);
        }
}

/* Far apart and long: one hunk, and no table of a gigabyte. */
static void test_diff_large(void **state _unused_) {
        enum { LINES = 20000 };
        _cleanup_free_ char *before = malloc(LINES * 8), *after = malloc(LINES * 8);
        _cleanup_(lines_done) Lines old = { 0 }, new = { 0 };
        _cleanup_free_ DiffHunk *hunks = NULL;
        size_t n;

        assert_true(before && after);
        for (int i = 0; i < LINES; i++) {
                snprintf(before + i * 7, 8, "%06d\n", i);
                snprintf(after + i * 7, 8, "%06d\n", LINES - i);
        }
        assert_int_equal(lines_split(before, &old), 0);
        assert_int_equal(lines_split(after, &new), 0);
        assert_int_equal(diff_lines(&old, &new, &hunks, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(hunks[0].old_count, LINES);
}

/* --- preferences -------------------------------------------------------------------------------------------------- */

static void test_prefs_get(void **state _unused_) {
        static const char text[] = "// user_pref(\"a\", \"comment\");\n"
                                   "user_pref(\"a\", \"one\");\n"
                                   "  user_pref(\"b.c\",   \"with \\\"quotes\\\" and \\\\\");\r\n"
                                   "user_pref(\"n\", 7);\n"
                                   "user_pref(\"t\", true);\n"
                                   "user_pref(\"a\", \"two\");\n"
                                   "user_pref(\"torn\", \"no end\n"
                                   "user_pref(\"torn\n"
                                   "user_pref(\"last\", \"x\")";
        static const struct {
                const char *name, *value;
        } cases[] = {
                { "a", "two" },   { "b.c", "with \"quotes\" and \\" },
                { "n", NULL },    { "t", NULL },
                { "torn", NULL }, { "last", "x" },
                { "b", NULL },    { "", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *value = prefs_get(text, cases[i].name);

                if (cases[i].value)
                        assert_string_equal(value, cases[i].value);
                else
                        assert_null(value);
        }
}

static void test_prefs_set(void **state _unused_) {
        static const struct {
                const char *text, *result;
        } cases[] = {
                { "", "user_pref(\"k\", \"a\\\"b\\\\c\");\n" },
                { "// x\nuser_pref(\"k\", 1);\nuser_pref(\"l\", 2);\n",
                  "// x\nuser_pref(\"k\", \"a\\\"b\\\\c\");\nuser_pref(\"l\", 2);\n" },
                { "user_pref(\"k\", \"1\");\nuser_pref(\"k\", \"2\");\n", "user_pref(\"k\", \"a\\\"b\\\\c\");\n" },
                { "user_pref(\"kk\", 1);", "user_pref(\"kk\", 1);\nuser_pref(\"k\", \"a\\\"b\\\\c\");\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = prefs_set(cases[i].text, "k", "a\"b\\c"), *value = prefs_get(text, "k"),
                                    *again = prefs_set(text, "k", "a\"b\\c");

                assert_string_equal(text, cases[i].result);
                assert_string_equal(value, "a\"b\\c");
                assert_string_equal(again, text);
        }
}

/* A label with a line of its own, which would be found as a preference by the next run. */
static void test_prefs_lines(void **state _unused_) {
        _cleanup_free_ char *text = prefs_set("", "k", "a\nuser_pref(\"l\", 1);\r"), *again = NULL;

        assert_string_equal(text, "user_pref(\"k\", \"a\\nuser_pref(\\\"l\\\", 1);\\r\");\n");
        again = prefs_set(text, "k", "a\nuser_pref(\"l\", 1);\r");
        assert_string_equal(again, text);
}

static void test_modules(void **state _unused_) {
        static const char internal[] = "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n\n";
        static const struct {
                const char *more, *result;
        } cases[] = {
                { "", "library=/m.so\nname=Signet\n\n" },
                { "library=/m.so\nname=Signet\n\n", "library=/m.so\nname=Signet\n\n" },
                { "library=/old.so\nname=Signet\n\n", "library=/m.so\nname=Signet\n\n" },
                { "library=/m.so\nname=by hand\n\n", "library=/m.so\nname=by hand\n\n" },
                { "library=/other.so\nname=Other\n\n",
                  "library=/other.so\nname=Other\n\nlibrary=/m.so\nname=Signet\n\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char before[512], after[512];
                _cleanup_free_ char *text = NULL;

                snprintf(before, sizeof(before), "%s%s", internal, cases[i].more);
                snprintf(after, sizeof(after), "%s%s", internal, cases[i].result);
                text = modules_set(before, "Signet", "/m.so");
                assert_string_equal(text, after);
        }
}

static void test_profiles(void **state _unused_) {
        static const struct {
                const char *ini, *profile;
                int r;
        } cases[] = {
                { "", NULL, -ENOENT },
                { "[General]\nStartWithLastProfile=1\n", NULL, -ENOENT },
                { "[Profile0]\nPath=a.default\n", "a.default", 0 },
                { "[Profile0]\r\nPath=a b\r\nDefault=1\r\n", "a b", 0 },
                { "[Profile0]\nPath=a\n[Profile1]\nPath=b\nDefault=1\n", "b", 0 },
                { "[Profile0]\nPath=a\n[Profile1]\nPath=b\n", NULL, -EEXIST },
                { "[Install1]\nDefault=b\n[Profile1]\nPath=b\n[Profile0]\nPath=a\nDefault=1\n", "b", 0 },
                { "[Install1]\nDefault=a\n[Install2]\nDefault=b\n[Profile1]\nPath=b\n", NULL, -EEXIST },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *profile = NULL;

                assert_int_equal(profiles_default(cases[i].ini, &profile), cases[i].r);
                if (cases[i].profile)
                        assert_string_equal(profile, cases[i].profile);
                else
                        assert_null(profile);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_diff),      cmocka_unit_test(test_take_back),   cmocka_unit_test(test_diff_large),
                cmocka_unit_test(test_prefs_get), cmocka_unit_test(test_prefs_set),   cmocka_unit_test(test_modules),
                cmocka_unit_test(test_profiles),  cmocka_unit_test(test_prefs_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
