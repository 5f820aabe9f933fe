/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory runs out at each allocation in turn, of those that policy and configuration make themselves (--wrap reaches no
 * library). Whoever asked is told, nothing is lost, and nothing half-read is handed over. Leaks show under a sanitizer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/token-config.h"
#include "policy/limits.h"
#include "policy/policy-load.h"
#include "scratch.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static unsigned countdown; /* 0: everything succeeds */

static bool fails(void) {
        return countdown > 0 && --countdown == 0;
}

#define WRAP(type, name, parameters, arguments)                                                                        \
        type __real_##name parameters;                                                                                 \
        type __wrap_##name parameters;                                                                                 \
        type __wrap_##name parameters {                                                                                \
                return fails() ? NULL : __real_##name arguments;                                                       \
        }

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))

int __real_vasprintf(char **ret, const char *format, va_list ap);
int __wrap_vasprintf(char **ret, const char *format, va_list ap);
int __wrap_vasprintf(char **ret, const char *format, va_list ap) {
        return fails() ? -1 : __real_vasprintf(ret, format, ap);
}

static const char text[] =
        "all: { user = [\"alice\", \"1000\"]; group = \"a*\"; unit = \"x.service\";\n"
        "key = [\"pkcs11:token=a;id=%00\", \"a@example.org\", \"0123456789abcdef\"];\n"
        "operation = \"sign\"; purpose = \"csr\"; hash = \"sha256\"; domain = \"a\"; address = \"a@b\";\n"
        "time = \"Mon, Tue\"; rate = \"1/s\"; quota = \"1/day\"; effect = \"allow\" }\n"
        "more: { operation = \"sign\"; rate = \"1/s\"; effect = \"allow\" }\n";

static void test_policy(void **state _unused_) {
        for (unsigned n = 1;; n++) {
                Problems problems = {};
                Policy *p = NULL;
                bool failed;
                int r;

                countdown = n;
                r = policy_load_text("t.conf", text, strlen(text), &problems, &p);
                failed = countdown == 0;
                countdown = 0;
                if (!failed) {
                        assert_int_equal(r, 0);
                        assert_int_equal(policy_rule_count(p), 2);
                        assert_true(n > 50);
                        policy_unref(p);
                        break;
                }
                assert_int_equal(r, -EINVAL);
                assert_null(p);
                assert_true(problems_any(&problems));
                problems_done(&problems);
        }
}

/* A mistake that cannot be written down is a mistake all the same. */
static void test_mistakes(void **state _unused_) {
        static const char bad[] = "a: { usre = \"x\"; user = \"[\"; effect = \"deny\" }";

        for (unsigned n = 1;; n++) {
                Problems problems = {};
                Policy *p = NULL;
                bool failed;

                countdown = n;
                assert_int_equal(policy_load_text("t.conf", bad, strlen(bad), &problems, &p), -EINVAL);
                failed = countdown == 0;
                countdown = 0;
                assert_null(p);
                assert_true(problems_any(&problems));
                problems_done(&problems);
                if (!failed)
                        break;
        }
}

static void test_directory(void **state) {
        (void) scratch_write(*state, "a.conf", text, strlen(text), 0644);
        (void) scratch_write(*state, "b.conf", "b: { effect = \"deny\" }", 22, 0644);

        for (unsigned n = 1;; n++) {
                Problems problems = {};
                Policy *p = NULL;
                bool failed;
                int r;

                countdown = n;
                r = policy_load(*state, &problems, &p);
                failed = countdown == 0;
                countdown = 0;
                assert_int_equal(r, failed ? -EINVAL : 0);
                assert_true(problems_any(&problems) == failed);
                policy_unref(p);
                problems_done(&problems);
                if (!failed)
                        break;
        }
}

static void test_token(void **state) {
        static const char token[] =
                "module = \"/x\"; serial = \"1\"; pin-file = \"/x\"; socket = \"/x\"; init-args = \"x\";";
        const char *path = scratch_write(*state, "a.conf", token, strlen(token), 0644);

        for (unsigned n = 1;; n++) {
                Problems problems = {};
                TokenConfig *c = NULL;
                bool failed;
                int r;

                countdown = n;
                r = token_config_load(path, &problems, &c);
                failed = countdown == 0;
                countdown = 0;
                assert_int_equal(r, failed ? -EINVAL : 0);
                assert_true(problems_any(&problems) == failed);
                token_config_free(c);
                problems_done(&problems);
                if (!failed)
                        break;
        }
}

/* A use that cannot be counted is not granted, and what was counted stays. */
static void test_limits(void **state _unused_) {
        PolicyFacts f = { .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME };
        Problems problems = {};
        Limits *l = NULL;
        Policy *p = NULL;
        /* The larger table; then, once there is one, the account and its name. */
        static const unsigned nth[] = { 1, 2, 2 };
        PolicyVerdict v;
        unsigned wait;

        assert_int_equal(policy_load_text("t.conf", text, strlen(text), &problems, &p), 0);
        policy_evaluate(p, &f, &v);
        countdown = 1;
        assert_int_equal(limits_new(&l), -ENOMEM);
        countdown = 2;
        assert_int_equal(limits_new(&l), -ENOMEM);
        assert_int_equal(limits_new(&l), 0);

        for (uid_t uid = 0; uid < 64; uid++)
                assert_int_equal(limits_take(l, v.rule, uid, 1, 0, 0, &wait), 0);
        for (size_t i = 0; i < ELEMENTSOF(nth); i++) {
                countdown = nth[i];
                assert_int_equal(limits_take(l, v.rule, 1000, 1, 0, 0, &wait), -ENOMEM);
                countdown = 0;
                assert_int_equal(limits_take(l, v.rule, 63, 1, 0, 0, &wait), LIMITS_E_RATE);
        }
        assert_int_equal(limits_take(l, v.rule, 1000, 1, 0, 0, &wait), 0);
        limits_free(l);
        policy_unref(p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_policy),
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test_setup_teardown(test_directory, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_token, scratch_make, scratch_remove),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
