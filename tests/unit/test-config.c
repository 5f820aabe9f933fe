/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files: what is read, what is refused, and what is said about it. */
#include "common/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scratch.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static void expect(Problems *p, size_t i, unsigned line, const char *text) {
        assert_true(i < p->n);
        assert_string_equal(p->items[i].text, text);
        assert_int_equal(p->items[i].line, line);
}

/* The file cannot be used, for this one reason. */
static void refuse(const char *path, unsigned line, const char *text) {
        Problems problems = {};
        config_t config;

        assert_int_equal(config_load(path, &config, &problems), -EINVAL);
        config_destroy(&config);
        assert_int_equal(problems.n, 1);
        assert_string_equal(problems.items[0].file, path);
        expect(&problems, 0, line, text);
        problems_done(&problems);
}

static void test_did_you_mean(void **state _unused_) {
        static const char *const words[] = { "user", "group", "key", "operation", "time" };
        static const struct {
                const char *word, *meant;
        } cases[] = {
                { "user", "user" },
                { "usre", "user" },
                { "USER", "user" },
                { "usr", "user" },
                { "users", "user" },
                { "u", NULL },
                { "us", NULL },
                { "use", "user" },
                { "ke", "key" },
                { "k", NULL },
                { "kye", "key" },
                { "grupo", "group" },
                { "grp", "group" },
                { "opration", "operation" },
                { "oparetion", "operation" },
                { "colour", NULL },
                { "", NULL },
                { "tmie", "time" },
                { "emit", NULL },
                { "operationoperationoperationoperationoperationoperation", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *meant = problems_did_you_mean(cases[i].word, words, ELEMENTSOF(words));

                if (!meant != !cases[i].meant || (meant && strcmp(meant, cases[i].meant) != 0))
                        fail_msg("\"%s\": \"%s\"", cases[i].word, meant ? meant : "-");
        }
}

static void test_problems(void **state _unused_) {
        Problems p = {};

        assert_false(problems_any(&p));
        problems_add(&p, "f", 7, "%s", "one\nline\033[31m");
        assert_true(problems_any(&p));
        expect(&p, 0, 7, "one?line?[31m");
        problems_done(&p);
        assert_false(problems_any(&p));

        for (unsigned i = 0; i < PROBLEMS_MAX + 5; i++)
                problems_add(&p, "f", i, "x");
        assert_int_equal(p.n, PROBLEMS_MAX);
        assert_true(p.overflow);
        problems_done(&p);
}

static void test_refused_files(void **state) {
        _cleanup_free_ char *big = malloc(1024 * 1024 + 1);
        const char *path;
        char text[300];

        path = scratch_write(*state, "a.conf", "a = 1;", 6, 0664);
        (void) snprintf(text, sizeof(text), "group or others may write this file; mend with: chmod go-w %s", path);
        refuse(path, 0, text);
        path = scratch_write(*state, "a.conf", "a = 1;", 6, 0602);
        refuse(path, 0, text);

        assert_non_null(big);
        memset(big, '\n', 1024 * 1024 + 1);
        refuse(scratch_write(*state, "big.conf", big, 1024 * 1024 + 1, 0644), 0, "the file is larger than 1 MiB");
        refuse(scratch_write(*state, "nul.conf", "a = 1;\0b = 2;", 13, 0644), 0, "the file is not UTF-8 text");
        refuse(scratch_write(*state, "latin.conf", "a = \"\xe4\";", 8, 0644), 0, "the file is not UTF-8 text");
        refuse(*state, 0, "this is not a regular file");
        refuse("/nonexistent/x.conf", 0, "cannot read the file: No such file or directory");

        (void) snprintf(text, sizeof(text), "%s/fifo.conf", (char *) *state);
        assert_int_equal(mkfifo(text, 0600), 0);
        refuse(text, 0, "this is not a regular file");
}

static void test_refused_text(void **state) {
        static const struct {
                const char *text;
                unsigned line;
                const char *problem;
        } cases[] = {
                { "@include \"/etc/passwd\"", 1, "@include is not supported; put another file into the directory" },
                { "a = 1;\n \t\v@include_dir \"x\"\n", 2,
                  "@include is not supported; put another file into the directory" },
                { "a = 1;\r\n\r@include \"x\"", 2, "@include is not supported; put another file into the directory" },
                { "a = 1;\nb = x;", 2,
                  "syntax error here or just before: text stands in double quotes, a group in { }, a list in [ ] "
                  "without a comma at its "
                  "end" },
                { "a = 1;\n# a\nb = 2;\na = 3;", 4, "this name was given before; names are used once" },
                { "a = [1,\n \"x\"];", 2, "mismatched element type in array" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                refuse(scratch_write(*state, "a.conf", cases[i].text, strlen(cases[i].text), 0644), cases[i].line,
                       cases[i].problem);
}

/* Loads text that libconfig accepts. */
static void load(config_t *config, const char *text) {
        Problems problems = {};

        assert_int_equal(config_load_text("dir/a.conf", text, strlen(text), config, &problems), 0);
        assert_false(problems_any(&problems));
}

static void test_typed(void **state _unused_) {
        static const char *const words[] = { "refuse", "continue" };
        static const char *const names[] = { "s", "n", "w" };
        config_setting_t *root;
        Problems p = {};
        const char *s = "default";
        unsigned n = 42;
        size_t w = 42;
        config_t config;

        load(&config, "# comment\ns = \"text\";\nn = 7;\nw = \"continue\";\n");
        root = config_root_setting(&config);
        assert_int_equal(config_string(root, "s", &p, &s), 1);
        assert_string_equal(s, "text");
        assert_int_equal(config_unsigned(root, "n", 7, 7, &p, &n), 1);
        assert_int_equal(n, 7);
        assert_int_equal(config_word(root, "w", words, 2, &p, &w), 1);
        assert_int_equal(w, 1);
        config_refuse_unknown(root, names, 3, &p);
        assert_int_equal(config_string(root, "absent", &p, &s), 0);
        assert_int_equal(config_unsigned(root, "absent", 0, 1, &p, &n), 0);
        assert_int_equal(config_word(root, "absent", words, 2, &p, &w), 0);
        assert_false(problems_any(&p));
        assert_string_equal(config_file_of(config_setting_get_member(root, "s")), "dir/a.conf");
        assert_int_equal(config_line_of(config_setting_get_member(root, "s")), 2);
        config_destroy(&config);

        s = "default";
        n = 42;
        w = 42;
        load(&config, "s = 1;\nn = \"7\";\nw = \"contiune\";\nx = 1;\nnn = 1;\nm = 1.5;\nk = 8;\ne = \"\";\nv = "
                      "\"maybe\";\nl = -1L;\ni = \"\\xff\";");
        root = config_root_setting(&config);
        assert_int_equal(config_string(root, "s", &p, &s), 0);
        assert_int_equal(config_unsigned(root, "n", 0, 7, &p, &n), 0);
        assert_int_equal(config_word(root, "w", words, 2, &p, &w), 0);
        assert_int_equal(config_unsigned(root, "m", 0, 7, &p, &n), 0);
        assert_int_equal(config_unsigned(root, "k", 0, 7, &p, &n), 0);
        assert_int_equal(config_string(root, "e", &p, &s), 0);
        assert_int_equal(config_word(root, "v", words, 2, &p, &w), 0);
        assert_int_equal(config_unsigned(root, "l", 0, 7, &p, &n), 0);
        assert_int_equal(config_string(root, "i", &p, &s), 0);
        assert_string_equal(s, "default");
        assert_int_equal(n, 42);
        assert_int_equal(w, 42);
        expect(&p, 0, 1, "\"s\" must be text in double quotes");
        expect(&p, 1, 2, "\"n\" must be a whole number, without quotes");
        expect(&p, 2, 3, "\"w\" cannot be \"contiune\"; did you mean \"continue\"?");
        expect(&p, 3, 6, "\"m\" must be a whole number, without quotes");
        expect(&p, 4, 7, "\"k\" is 8; it must be from 0 to 7");
        expect(&p, 5, 8, "\"e\" is empty; leave the setting out instead");
        expect(&p, 6, 9, "\"v\" cannot be \"maybe\"; it is one of: refuse, continue");
        expect(&p, 7, 10, "\"l\" is -1; it must be from 0 to 7");
        expect(&p, 8, 11, "\"i\" is not UTF-8 text");
        problems_done(&p);

        config_refuse_unknown(root, names, 3, &p);
        assert_int_equal(p.n, 8);
        expect(&p, 0, 4, "unknown setting \"x\"; known here: s, n, w");
        expect(&p, 1, 5, "unknown setting \"nn\"; known here: s, n, w");
        problems_done(&p);
        config_destroy(&config);
}

/* Elements of arrays, wherever they stand, and whatever stands between. */
static void test_lines_of_elements(void **state _unused_) {
        static const char text[] = "g: { a = [ \"1\", \"1\" ]; b = [\n"
                                   "\"2\",\n"
                                   "\"3\" \"still 3\n"
                                   "[\\\" \",\n"
                                   "  # \"no, ]\n"
                                   "  \"6\" // ,\n"
                                   "  , /* , \n"
                                   "  */ \"8\"\n"
                                   "] }\n"
                                   "b = [\n"
                                   "11\n"
                                   ",\n"
                                   "13]";
        static const unsigned a[] = { 1, 1 }, b[] = { 2, 3, 6, 8 }, c[] = { 11, 13 };
        config_setting_t *root;
        config_t config;

        load(&config, text);
        root = config_root_setting(&config);
        for (unsigned i = 0; i < ELEMENTSOF(a); i++)
                assert_int_equal(config_line_of(config_setting_get_elem(config_setting_lookup(root, "g.a"), i)), a[i]);
        for (unsigned i = 0; i < ELEMENTSOF(b); i++)
                assert_int_equal(config_line_of(config_setting_get_elem(config_setting_lookup(root, "g.b"), i)), b[i]);
        for (unsigned i = 0; i < ELEMENTSOF(c); i++)
                assert_int_equal(config_line_of(config_setting_get_elem(config_setting_lookup(root, "b"), i)), c[i]);
        config_destroy(&config);
}

static void test_list(void **state) {
        char **paths = NULL, path[300];
        size_t n = 0;

        scratch_write(*state, "20-b.conf", "", 0, 0644);
        scratch_write(*state, "10-a.conf", "", 0, 0666);
        scratch_write(*state, "A.conf", "", 0, 0644);
        scratch_write(*state, "x.conf~", "", 0, 0644);
        scratch_write(*state, "x.conf.dpkg-old", "", 0, 0644);
        scratch_write(*state, ".x.conf", "", 0, 0644);
        scratch_write(*state, ".conf", "", 0, 0644);
        scratch_write(*state, "a b.conf", "", 0, 0644);
        (void) snprintf(path, sizeof(path), "%s/d.conf", (char *) *state);
        assert_int_equal(mkdir(path, 0700), 0);
        (void) snprintf(path, sizeof(path), "%s/link.conf", (char *) *state);
        assert_int_equal(symlink("20-b.conf", path), 0);
        (void) snprintf(path, sizeof(path), "%s/lost.conf", (char *) *state);
        assert_int_equal(symlink("nowhere", path), 0);

        assert_int_equal(config_list(*state, &paths, &n), 0);
        assert_int_equal(n, 5);
        for (size_t i = 0; i < n; i++) {
                static const char *const names[] = { "10-a.conf", "20-b.conf", "A.conf", "link.conf", "lost.conf" };

                (void) snprintf(path, sizeof(path), "%s/%s", (char *) *state, names[i]);
                assert_string_equal(paths[i], path);
                free(paths[i]);
        }
        free(paths);

        paths = NULL;
        n = 1;
        assert_int_equal(config_list("/nonexistent", &paths, &n), 0);
        assert_int_equal(n, 0);
        free(paths);
        assert_int_equal(config_list("/dev/null", &paths, &n), -ENOTDIR);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_did_you_mean),
                cmocka_unit_test(test_problems),
                cmocka_unit_test_setup_teardown(test_refused_files, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_refused_text, scratch_make, scratch_remove),
                cmocka_unit_test(test_typed),
                cmocka_unit_test(test_lines_of_elements),
                cmocka_unit_test_setup_teardown(test_list, scratch_make, scratch_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
