/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts: the policies in tests/data/policy give the answers that stand in them, and the examples in docs/ those in
 * theirs. What cannot be written there is here: sentences that are too long, and many rules. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy-script.h"
#include "policy/policy-load.h"

static Policy *load(const char *path, const char *text) {
        Problems problems = {};
        Policy *p = NULL;
        int r = policy_load_text(path, text, strlen(text), &problems, &p);

        for (size_t i = 0; i < problems.n; i++)
                print_error("%s:%u: %s\n", problems.items[i].file, problems.items[i].line, problems.items[i].text);
        problems_done(&problems);
        assert_int_equal(r, 0);
        return p;
}

/* What the policy says to a line of the script, and the verdict where it gave one. */
static void answer(const Policy *p, const Script *s, char *ret, size_t room, PolicyVerdict *v) {
        *v = (PolicyVerdict){};
        if (s->verb == SCRIPT_SEES) {
                (void) snprintf(ret, room, "%s", policy_may_see(p, &s->facts) ? "yes" : "no");
                return;
        }
        if (s->verb == SCRIPT_MAY) {
                (void) snprintf(ret, room, "%s", policy_may_ever(p, &s->facts) ? "yes" : "no");
                return;
        }
        policy_evaluate(p, &s->facts, v);
        (void) snprintf(ret, room, "%s%s%s", policy_effect_to_string(v->effect), v->rule ? " " : "",
                        v->rule ? policy_rule_name(v->rule) : "");
}

/* Puts the questions of a file to the policy. `text` is changed. */
static void check_lines(const Policy *p, const char *path, char *text) {
        unsigned n = 0, line = 1;
        PolicyVerdict v = {};

        for (char *l = text, *end; l; l = end ? end + 1 : NULL, line++) {
                Script s;
                char got[200];

                end = strchr(l, '\n');
                if (end)
                        *end = '\0';
                if (strncmp(l, "#!", 2) == 0 && strcmp(l + 2 + strspn(l + 2, " "), v.reason) != 0)
                        fail_msg("%s:%u: the reason is \"%s\"", path, line, v.reason);
                if (strncmp(l, "#?", 2) != 0)
                        continue;
                script_parse(l + 2, &s);
                answer(p, &s, got, sizeof(got), &v);
                if (strcmp(got, s.answer) != 0)
                        fail_msg("%s:%u: the answer is \"%s\" (%s)", path, line, got, v.reason);
                n++;
        }
        if (n == 0)
                fail_msg("%s asks nothing", path);
}

static void check_file(const char *path, void *userdata _unused_) {
        _cleanup_free_ char *text = script_read_file(path);
        Policy *p = load(path, text);

        check_lines(p, path, text);
        policy_unref(p);
}

static void test_policies(void **state _unused_) {
        script_for_each("tests/data/policy", check_file, NULL);
}

static void append_file(const char *path, void *userdata) {
        _cleanup_free_ char *text = script_read_file(path);
        FILE *f = userdata;

        assert_true(fprintf(f, "%s\n", text) > 0);
}

/* All examples together: they are meant to stand in one directory. */
static void test_examples(void **state _unused_) {
        _cleanup_free_ char *all = NULL, *cases = NULL;
        char path[4096];
        size_t size = 0;
        FILE *f = open_memstream(&all, &size);
        Policy *p;

        assert_non_null(f);
        script_for_each("docs/examples/policy", append_file, f);
        (void) fclose(f);
        p = load("docs/examples/policy", all);

        script_data_path("tests/data/policy-examples/cases.conf", path, sizeof(path));
        cases = script_read_file(path);
        check_lines(p, path, cases);
        policy_unref(p);
}

/* Whole rules in a document: indented blocks that name an effect and leave nothing out. */
static unsigned check_document(const char *name) {
        _cleanup_free_ char *text = NULL;
        char path[4096];
        unsigned n = 0;

        script_data_path(name, path, sizeof(path));
        text = script_read_file(path);
        for (char *l = text, *end; l; l = end) {
                char *block = l;

                /* Lines of a block, up to one that is not indented; that one ends it. */
                for (end = l; end && strncmp(end, "    ", 4) == 0; end = strchr(end, '\n'), end += end ? 1 : 0)
                        ;
                if (end == block) {
                        end = strchr(l, '\n');
                        end += end ? 1 : 0;
                        continue;
                }
                if (end)
                        end[-1] = '\0';
                if (strstr(block, "effect") && !strstr(block, "...")) {
                        policy_unref(load(name, block));
                        n++;
                }
        }
        return n;
}

static void test_documents(void **state _unused_) {
        assert_true(check_document("docs/POLICY.md") >= 10);
        assert_true(check_document("docs/signetd.policy.5.scd") >= 1);
}

/* A sentence that is too long is cut and still UTF-8, wherever the cut falls. */
static void test_long_reason(void **state _unused_) {
        Policy *p = load("/x/policy.d/t.conf", "mine: { user = [\"äöüäöüäöüäöü\", \"b\", \"c\", \"d\", \"e\"]"
                                               " operation = \"sign\" effect = \"allow\" }");
        PolicyFacts f = { .key_id = "00", .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME };
        PolicyVerdict v;
        char user[201];

        f.user = user;
        for (size_t n = 1; n < sizeof(user); n++) {
                memset(user, 'x', n);
                user[n] = '\0';
                policy_evaluate(p, &f, &v);
                assert_true(strlen(v.reason) < sizeof(v.reason));
                assert_null(strchr(v.reason, '?'));
                if (n == 1)
                        assert_string_equal(
                                v.reason,
                                "no rule allows x to sign with this key for smime; the nearest is \"mine\" "
                                "(policy.d/t.conf:1), which wants user \"äöüäöüäöüäöü\", \"b\", \"c\" or 2 others");
                if (n > 150)
                        assert_string_equal(v.reason + strlen(v.reason) - 3, "...");
        }
        policy_unref(p);
}

/* What a name holds never reaches a terminal or D-Bus as it is. */
static void test_unprintable_reason(void **state _unused_) {
        Policy *p = load("t.conf", "mine: { user = \"x\" operation = \"unlock\" effect = \"allow\" }");
        PolicyFacts f = { .user = "a\001b\377\303\n\303\244",
                          .operation = OPERATION_DECRYPT,
                          .purpose = PURPOSE_RAW,
                          .key_id = "00" };
        PolicyVerdict v;

        policy_evaluate(p, &f, &v);
        assert_string_equal(v.reason, "no rule allows a?b???ä to decrypt with this key for raw");
        policy_unref(p);
}

static void test_no_rules(void **state _unused_) {
        Policy *p = load("t.conf", "# nothing\n");
        PolicyFacts f = { .user = "root", .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME, .key_id = "00" };
        PolicyVerdict v;

        policy_evaluate(p, &f, &v);
        assert_int_equal(v.effect, POLICY_DENY);
        assert_null(v.rule);
        assert_string_equal(v.reason, "the policy has no rules, so nothing is allowed");
        assert_false(policy_may_see(p, &f));
        assert_false(policy_may_ever(p, &f));
        policy_unref(p);
        assert_null(policy_unref(NULL));
}

/* A time that no calendar has is not known. */
static void test_no_time(void **state _unused_) {
        Policy *p = load("t.conf", "never: { user = \"eve\"; time = \"Mon\"; effect = \"deny\" }\n"
                                   "mondays: { operation = \"sign\"; time = \"Mon\"; effect = \"allow\" }\n"
                                   "always: { operation = \"sign\"; time = \"not Mon\"; effect = \"allow\" }\n");
        PolicyFacts f = { .user = "alice", .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME, .now = INT64_MAX };
        PolicyVerdict v;

        policy_evaluate(p, &f, &v);
        assert_null(v.rule);
        f.user = "eve";
        policy_evaluate(p, &f, &v);
        assert_string_equal(v.reason,
                            "rule \"never\" (t.conf:1) denies it: the time is not known, and then a deny rule applies");
        policy_unref(p);
}

static double seconds(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* A rule for each of 5,000 people twice, and 200 rules for everyone. */
static char *many_rules(void) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (unsigned i = 0; i < 10000; i++)
                fprintf(f,
                        "r%u: { user = \"user%u\"; key = \"pkcs11:token=t%u;object=%%u\"; operation = \"sign\"; effect "
                        "= \"allow\" }\n",
                        i, i % 5000, i / 5000);
        for (unsigned i = 0; i < 200; i++)
                fprintf(f, "g%u: { group = \"g%u*\"; operation = \"decrypt\"; effect = \"deny\" }\n", i, i);
        (void) fclose(f);
        return text;
}

static void test_many_rules(void **state _unused_) {
        _cleanup_free_ char *text = many_rules();
        Policy *p = load("many.conf", text);
        PolicyInstance instance = { .token = "t1", .object = "user3333" };
        const char *group = "users";
        PolicyFacts f = { .user = "user3333",
                          .groups = &group,
                          .n_groups = 1,
                          .key_id = "00",
                          .instances = &instance,
                          .n_instances = 1,
                          .operation = OPERATION_SIGN,
                          .purpose = PURPOSE_SMIME };
        PolicyVerdict v;
        double start = seconds();

        assert_int_equal(policy_rule_count(p), 10200);
        for (unsigned i = 0; i < 1000; i++)
                policy_evaluate(p, &f, &v);
        assert_string_equal(policy_rule_name(v.rule), "r8333");
        print_message("%.1f us for a verdict\n", (seconds() - start) * 1e3);
        assert_true(seconds() - start < 1.0); /* a hundredth of it without sanitizers and load */

        /* Nobody's rule: all of them are looked at for the one that came nearest. */
        f.user = "user99999";
        start = seconds();
        for (unsigned i = 0; i < 20; i++)
                policy_evaluate(p, &f, &v);
        assert_null(v.rule);
        print_message("%.1f us for a refusal\n", (seconds() - start) * 5e4);
        assert_true(seconds() - start < 5.0);
        policy_unref(p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_policies),
                cmocka_unit_test(test_examples),
                cmocka_unit_test(test_documents),
                cmocka_unit_test(test_long_reason),
                cmocka_unit_test(test_unprintable_reason),
                cmocka_unit_test(test_no_rules),
                cmocka_unit_test(test_no_time),
                cmocka_unit_test(test_many_rules),
        };

        /* Without a zone's file: a machine for tests may have none. */
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
