/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl's command line: what is taken, what is refused, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/ctl.h"

enum { KEY, HASH, LONG };

static const CtlOption options[] = {
        [KEY] = { "key", "KEY", "", NULL },
        [HASH] = { "hash", "HASH", "", "sha256 sha512" },
        [LONG] = { "long", NULL, "", NULL },
        { NULL, NULL, NULL, NULL },
};

static const CtlCommand command = {
        .name = "try",
        .arguments = "[A] [B]",
        .max_words = 2,
        .options = options,
};

static const CtlCommand one_command = { .name = "try one", .arguments = "TOKEN", .min_words = 1, .max_words = 1 };
static const CtlCommand none_command = { .name = "try none" };
static const CtlCommand *const commands[] = { &command, &one_command, &none_command, NULL };

/* Splits a line at its blanks; the words live in `line`. */
static int split(char *line, char **words) {
        int n = 0;

        for (char *p = strtok(line, " "); p; p = strtok(NULL, " "))
                words[n++] = p;
        words[n] = NULL;
        return n;
}

static void test_taken(void **state) {
        static const struct {
                const char *line, *key, *hash;
                bool is_long, json, help;
                const char *words; /* joined by blanks */
        } cases[] = {
                { "try", NULL, NULL, false, false, false, "" },
                { "try a b", NULL, NULL, false, false, false, "a b" },
                { "try --key k a", "k", NULL, false, false, false, "a" },
                { "try a --key=k b", "k", NULL, false, false, false, "a b" },
                { "try a --long --json --hash sha512", NULL, "sha512", true, true, false, "a" },
                { "try --lo", NULL, NULL, true, false, false, "" },
                { "try -- --long -x", NULL, NULL, false, false, false, "--long -x" },
                { "try --key --long", "--long", NULL, false, false, false, "" },
                { "try --key= -", "", NULL, false, false, false, "-" },
                { "try --key a --key b", "b", NULL, false, false, false, "" },
                { "try a b c d --help", NULL, NULL, false, false, true, "" },
                { "try -h", NULL, NULL, false, false, true, "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char line[128], words[128] = "", *argv[16], *why = NULL;
                CtlGlobals globals = { 0 };
                CtlArguments a;

                snprintf(line, sizeof(line), "%s", cases[i].line);
                int argc = split(line, argv);
                int r = ctl_parse_command(&command, argc, argv, &globals, &a, &why);
                if (r != 0)
                        fail_msg("\"%s\": %d, %s", cases[i].line, r, why);
                for (unsigned w = 0; w < a.n_words; w++)
                        snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", w > 0 ? " " : "",
                                 a.words[w]);
                assert_string_equal(words, cases[i].words);
                assert_string_equal(a.values[KEY] ?: "-none", cases[i].key ?: "-none");
                assert_string_equal(a.values[HASH] ?: "-none", cases[i].hash ?: "-none");
                assert_int_equal(a.values[LONG] != NULL, cases[i].is_long);
                assert_int_equal(globals.json, cases[i].json);
                assert_int_equal(globals.help, cases[i].help);
        }
}

static void test_refused(void **state) {
        static const struct {
                const CtlCommand *command;
                const char *line, *why;
        } cases[] = {
                { &command, "try --loong", "there is no option --loong; was --long meant?" },
                { &command, "try --xyz=1", "there is no option --xyz" },
                { &command, "try -x", "there is no option -x" },
                { &command, "try -xh", "there is no option -x" },
                { &command, "try --key", "option --key wants a value behind it" },
                { &command, "try --long=yes", "option --long takes no value" },
                { &command, "try --hash md5", "--hash cannot be \"md5\": it is one of sha256 sha512" },
                { &command, "try --hash sha", "--hash cannot be \"sha\": it is one of sha256 sha512" },
                { &command, "try a b c", "too many arguments for try" },
                { &one_command, "one", "try one wants TOKEN" },
                { &one_command, "one mail 123456", "too many arguments for try one" },
                { &none_command, "none a", "try none takes no arguments" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char line[128], *argv[16], *why = NULL;
                CtlGlobals globals = { 0 };
                CtlArguments a = { .n_words = 77 };

                snprintf(line, sizeof(line), "%s", cases[i].line);
                int argc = split(line, argv);
                assert_int_equal(ctl_parse_command(cases[i].command, argc, argv, &globals, &a, &why), -EINVAL);
                assert_string_equal(why, cases[i].why);
                assert_int_equal(a.n_words, 77);
                free(why);
        }
}

static void test_globals(void **state) {
        char line[] = "signetctl --json --address=unix:path=/x --config /c try --long", *argv[16], *why = NULL;
        int argc = split(line, argv), first = 0;
        CtlGlobals globals = { .config = "/default" };

        (void) state;
        assert_int_equal(ctl_parse_globals(argc, argv, &globals, &first, &why), 0);
        assert_string_equal(argv[first], "try");
        assert_true(globals.json);
        assert_string_equal(globals.address, "unix:path=/x");
        assert_string_equal(globals.config, "/c");
}

static void test_find(void **state) {
        static const struct {
                const char *line, *name; /* NULL: none */
                int used;
        } cases[] = {
                { "", NULL, 0 }, { "try", "try", 1 }, { "try x", "try", 1 }, { "tr", NULL, 0 }, { "tryy", NULL, 0 },
        };
        static const CtlCommand *const grouped[] = { &one_command, &none_command, NULL };
        char one[] = "try none x", *words[16];
        int used = 0;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char line[64];

                snprintf(line, sizeof(line), "%s", cases[i].line);
                const CtlCommand *c = ctl_command_find(commands, split(line, words), words, &used);
                assert_string_equal(c ? c->name : "-none", cases[i].name ?: "-none");
                if (c)
                        assert_int_equal(used, cases[i].used);
        }
        assert_ptr_equal(ctl_command_find(grouped, split(one, words), words, &used), &none_command);
        assert_int_equal(used, 2);
        assert_null(ctl_command_find(grouped, 1, words, &used));
        assert_true(ctl_command_is_group(grouped, "try"));
        assert_false(ctl_command_is_group(grouped, "tr"));
}

static void test_number(void **state) {
        static const struct {
                const char *text;
                int64_t value; /* -1: none */
        } cases[] = {
                { "5", 5 },
                { "10", 10 },
                { "010", 10 },
                { "4", -1 },
                { "11", -1 },
                { "", -1 },
                { "5x", -1 },
                { "-5", -1 },
                { "+5", -1 },
                { " 5", -1 },
                { "18446744073709551621", -1 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t v = 0;
                int r = ctl_parse_number(cases[i].text, 5, 10, &v);

                assert_int_equal(r, cases[i].value < 0 ? -EINVAL : 0);
                assert_int_equal(v, cases[i].value < 0 ? 0 : cases[i].value);
        }
}

/* Every table that signetctl really has fits the parser's room, and every command can be helped with. */
static void test_tables(void **state) {
        (void) state;
        for (const CtlCommand *const *c = ctl_commands; *c; c++) {
                size_t n = 0;

                for (const CtlOption *o = (*c)->options; o && o->name; o++, n++) {
                        assert_non_null(o->help);
                        for (const CtlOption *g = ctl_global_options; g->name; g++)
                                assert_string_not_equal(o->name, g->name);
                }
                assert_true(n <= CTL_OPTIONS_MAX);
                assert_true((*c)->min_words <= (*c)->max_words);
                assert_true((*c)->max_words <= CTL_WORDS_MAX);
                assert_non_null((*c)->run);
        }
}

/* Every documented outcome of the library has an exit code of its own, but those that mean "later". */
static void test_exits(void **state) {
        bool used[32] = { false };

        (void) state;
        assert_int_equal(ctl_exit_from_status(SIGNET_OK), CTL_DONE);
        assert_int_equal(ctl_exit_from_status(-ENOMEM), CTL_FAILURE);
        assert_int_equal(ctl_exit_from_status(999), CTL_FAILURE);
        for (int s = SIGNET_E_NO_SUCH_KEY; s <= SIGNET_E_PROTOCOL; s++) {
                CtlExit e = ctl_exit_from_status(s);

                assert_true(e > CTL_USAGE && e <= CTL_FAILURE);
                assert_true(!used[e] || e == CTL_AGAIN);
                used[e] = true;
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_taken), cmocka_unit_test(test_refused), cmocka_unit_test(test_globals),
                cmocka_unit_test(test_find),  cmocka_unit_test(test_number),  cmocka_unit_test(test_tables),
                cmocka_unit_test(test_exits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
