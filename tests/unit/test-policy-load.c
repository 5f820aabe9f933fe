/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mistakes in policies: the files in tests/data/policy-mistakes say for each line what must be reported. And what only
 * a directory shows: the order of files, mistakes in several of them, names that stand in two. */
#include <stdio.h>
#include <string.h>

#include "policy-script.h"
#include "policy/policy-load.h"
#include "scratch.h"

static void show(const Problems *problems) {
        for (size_t i = 0; i < problems->n; i++)
                print_error("%s:%u: %s\n", problems->items[i].file, problems->items[i].line, problems->items[i].text);
}

/* Mistakes of one file come in the order of its lines, whatever they are about. */
static void check_order(const Problems *problems) {
        for (size_t i = 1; i < problems->n; i++)
                assert_true(problems->items[i - 1].line <= problems->items[i].line);
}

/* Takes one report of this line and text away; false if there is none. */
static bool take(Problems *problems, unsigned line, const char *text) {
        for (size_t i = 0; i < problems->n; i++) {
                Problem *p = &problems->items[i];

                if (p->line != line || strcmp(p->text, text) != 0)
                        continue;
                free(p->file);
                free(p->text);
                *p = problems->items[--problems->n];
                return true;
        }
        return false;
}

static void trim(char *s) {
        for (size_t n = strlen(s); n > 0 && s[n - 1] == ' '; n--)
                s[n - 1] = '\0';
}

static void check_file(const char *path, void *userdata _unused_) {
        _cleanup_free_ char *text = script_read_file(path);
        Problems problems = {};
        Policy *p = NULL;
        unsigned line = 1;

        assert_int_equal(policy_load_text(path, text, strlen(text), &problems, &p), -EINVAL);
        assert_null(p);
        check_order(&problems);
        for (char *l = text, *end; l; l = end ? end + 1 : NULL, line++) {
                char *mark;

                end = strchr(l, '\n');
                if (end)
                        *end = '\0';
                for (mark = strstr(l, "#! "); mark;) {
                        char *next = strstr(mark + 3, "#! ");

                        if (next)
                                *next = '\0';
                        trim(mark);
                        if (!take(&problems, line, mark + 3)) {
                                show(&problems);
                                fail_msg("%s:%u: not reported: %s", path, line, mark + 3);
                        }
                        mark = next;
                }
        }
        show(&problems);
        assert_int_equal(problems.n, 0);
        problems_done(&problems);
}

static void test_mistakes(void **state _unused_) {
        script_for_each("tests/data/policy-mistakes", check_file, NULL);
}

static void write_file(const char *directory, const char *name, const char *text) {
        (void) scratch_write(directory, name, text, strlen(text), 0644);
}

static void test_files_in_order(void **state) {
        Problems problems = {};
        PolicyVerdict v;
        PolicyFacts f = { .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME };
        Policy *p = NULL;

        write_file(*state, "20-b.conf", "b: { operation = \"sign\"; effect = \"allow\" }");
        write_file(*state, "10-a.conf", "# first\na: { operation = \"sign\"; effect = \"ask\" }");
        write_file(*state, "9-c.conf", "c: { operation = \"sign\"; effect = \"allow\" }");
        write_file(*state, "x.txt", "not a policy");
        write_file(*state, ".hidden.conf", "not a policy");
        write_file(*state, "b\u00fcro.conf", "not a policy");
        assert_int_equal(policy_load(*state, &problems, &p), 0);
        assert_int_equal(problems.n, 0);
        assert_int_equal(policy_rule_count(p), 3);

        policy_evaluate(p, &f, &v);
        assert_int_equal(v.effect, POLICY_ASK);
        assert_string_equal(policy_rule_name(v.rule), "a");
        assert_int_equal(policy_rule_line(v.rule), 2);
        assert_non_null(strstr(policy_rule_file(v.rule), "/10-a.conf"));
        policy_unref(p);
}

static void test_all_mistakes_of_all_files(void **state) {
        Problems problems = {};
        Policy *p = NULL;

        write_file(*state, "9-c.conf", "a: { effect = \"deny\" }\nb: { effect = \"deny\" }\nc: { effect = \"deny\" }");
        write_file(*state, "10-a.conf", "\na: { effect = \"dney\" }");
        write_file(*state, "20-b.conf", "a: {\n effect = deny }");
        write_file(*state, "d.conf", "\n\nb: { effect = \"deny\" }\na: { effect = \"deny\" }");
        assert_int_equal(policy_load(*state, &problems, &p), -EINVAL);
        assert_null(p);
        assert_int_equal(problems.n, 5);
        assert_int_equal(problems.items[0].line, 2);
        assert_string_equal(problems.items[0].text, "\"effect\" cannot be \"dney\"; did you mean \"deny\"?");
        assert_non_null(strstr(problems.items[0].file, "/10-a.conf"));
        assert_int_equal(problems.items[1].line, 2);
        assert_non_null(strstr(problems.items[1].file, "/20-b.conf"));

        /* Rules that stand twice are told at the later place. */
        for (size_t i = 2; i < 5; i++)
                assert_non_null(strstr(problems.items[i].text, "there is a rule \""));
        assert_non_null(strstr(problems.items[2].file, "/9-c.conf"));
        assert_non_null(strstr(problems.items[2].text, "/10-a.conf:2; give one another name"));
        assert_int_equal(problems.items[3].line, 3);
        assert_non_null(strstr(problems.items[3].file, "/d.conf"));
        assert_non_null(strstr(problems.items[3].text, "/9-c.conf:2; give one another name"));
        assert_int_equal(problems.items[4].line, 4);
        problems_done(&problems);
}

static void test_nothing_there(void **state) {
        Problems problems = {};
        Policy *p = NULL;
        char path[256];

        assert_int_equal(policy_load(*state, &problems, &p), 0);
        assert_int_equal(policy_rule_count(p), 0);
        p = policy_unref(p);

        (void) snprintf(path, sizeof(path), "%s/missing", (char *) *state);
        assert_int_equal(policy_load(path, &problems, &p), 0);
        p = policy_unref(p);

        assert_int_equal(policy_load_file(path, &problems, &p), -EINVAL);
        assert_int_equal(problems.n, 1);
        assert_string_equal(problems.items[0].text, "cannot read the file: No such file or directory");
        problems_done(&problems);

        assert_int_equal(policy_load("/dev/null", &problems, &p), -EINVAL);
        assert_string_equal(problems.items[0].text, "cannot read the directory: Not a directory");
        problems_done(&problems);
}

/* Mistakes that were there before are somebody else's. */
static void test_earlier_problems(void **state) {
        Problems problems = {};
        Policy *p = NULL;

        problems_add(&problems, "other", 1, "something else");
        write_file(*state, "d.conf", "a: { effect = \"deny\" }");
        assert_int_equal(policy_load(*state, &problems, &p), 0);
        assert_int_equal(policy_rule_count(p), 1);
        policy_unref(p);
        problems_done(&problems);
}

/* A thousand mistakes are told, and that there are more. */
static void test_endless_mistakes(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        Problems problems = {};
        Policy *p = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        for (unsigned i = 0; i < 2000; i++)
                fprintf(f, "r%u: { effect = \"x\" }\n", i);
        (void) fclose(f);
        assert_int_equal(policy_load_text("t.conf", text, size, &problems, &p), -EINVAL);
        assert_int_equal(problems.n, PROBLEMS_MAX);
        assert_true(problems.overflow);
        problems_done(&problems);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test_setup_teardown(test_files_in_order, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_all_mistakes_of_all_files, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_nothing_there, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_earlier_problems, scratch_make, scratch_remove),
                cmocka_unit_test(test_endless_mistakes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
