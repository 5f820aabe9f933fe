/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates and quotas with clocks that the test turns. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/limits.h"
#include "policy/policy-load.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define SECOND UINT64_C(1000000)
#define NOON   INT64_C(1709550000) /* Monday, 4 March 2024, 12:00 in Central Europe */

/* One rule with these limits, called "r". */
static Policy *rule_with(const char *limits) {
        Problems problems = {};
        char text[256];
        Policy *p = NULL;

        (void) snprintf(text, sizeof(text), "r: { operation = \"sign\"; effect = \"allow\"; %s }", limits);
        assert_int_equal(policy_load_text("t.conf", text, strlen(text), &problems, &p), 0);
        return p;
}

static const PolicyRule *rule_of(const Policy *p) {
        PolicyFacts f = { .operation = OPERATION_SIGN, .purpose = PURPOSE_SMIME };
        PolicyVerdict v;

        policy_evaluate(p, &f, &v);
        assert_non_null(v.rule);
        return v.rule;
}

typedef struct Step {
        uint64_t at_us; /* of the monotonic clock */
        uid_t uid;
        unsigned n;
        int result;
        unsigned wait;
        int64_t now; /* 0: NOON */
} Step;

static void run(Limits *l, const Policy *p, const Step *steps, size_t n) {
        for (size_t i = 0; i < n; i++) {
                unsigned wait = 12345;
                int r = limits_take(l, rule_of(p), steps[i].uid, steps[i].n, steps[i].at_us,
                                    steps[i].now ? steps[i].now : NOON, &wait);

                if (r != steps[i].result || wait != (r == 0 ? 12345 : steps[i].wait))
                        fail_msg("step %zu: %d, wait %u", i, r, wait);
        }
}

static void check(const char *limits, const Step *steps, size_t n) {
        Policy *p = rule_with(limits);
        Limits *l = NULL;

        assert_int_equal(limits_new(&l), 0);
        run(l, p, steps, n);
        limits_free(l);
        policy_unref(p);
}

#define CHECK(limits, ...)                                                                                             \
        do {                                                                                                           \
                static const Step _steps[] = { __VA_ARGS__ };                                                          \
                check((limits), _steps, ELEMENTSOF(_steps));                                                           \
        } while (0)

// clang-format off
static void test_none(void **state _unused_) {
        CHECK("",
              { .n = 4000000000, .result = 0 },
              { .n = 4000000000, .result = 0 });
}

static void test_rate(void **state _unused_) {
        CHECK("rate = \"10/s\"",
              { .at_us = 5 * SECOND, .n = 10, .result = 0 },                                   /* starts full */
              { .at_us = 5 * SECOND, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 5 * SECOND + 99999, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 5 * SECOND + 100000, .n = 1, .result = 0 },
              { .at_us = 5 * SECOND + 100000, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 5 * SECOND + 400000, .n = 4, .result = LIMITS_E_RATE, .wait = 1 },    /* a refusal costs nothing */
              { .at_us = 5 * SECOND + 400000, .n = 3, .result = 0 },
              { .at_us = 5 * SECOND, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },             /* a clock that runs back gives nothing */
              { .at_us = 5 * SECOND + 400000, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 1000 * SECOND, .n = 11, .result = LIMITS_E_RATE, .wait = LIMITS_NEVER },
              { .at_us = 1000 * SECOND, .n = 10, .result = 0 },
              { .at_us = 1000 * SECOND, .n = 0, .result = 0 },
              { .at_us = UINT64_MAX, .n = 10, .result = 0 });
}

static void test_burst(void **state _unused_) {
        CHECK("rate = \"2/min, burst 5\"",
              { .n = 5, .result = 0 },
              { .n = 1, .result = LIMITS_E_RATE, .wait = 30 },
              { .n = 5, .result = LIMITS_E_RATE, .wait = 150 },
              { .at_us = 29 * SECOND, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 30 * SECOND, .n = 1, .result = 0 },
              { .at_us = 900 * SECOND, .n = 5, .result = 0 },
              { .at_us = 900 * SECOND, .n = 1, .result = LIMITS_E_RATE, .wait = 30 });
        CHECK("rate = \"1000000000/s, burst 1000000000\"",
              { .n = 1000000000, .result = 0 },
              { .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 1, .n = 1000, .result = 0 });
        CHECK("rate = \"1/h, burst 1000000000\"",
              { .n = 1000000000, .result = 0 },
              { .n = 1, .result = LIMITS_E_RATE, .wait = 3600 },
              { .n = 1000000000, .result = LIMITS_E_RATE, .wait = UINT32_MAX },
              { .at_us = 3600 * SECOND, .n = 1, .result = 0 });
        /* A third of a second each: nothing is lost to rounding. */
        CHECK("rate = \"3/s, burst 1\"",
              { .n = 1, .result = 0 },
              { .at_us = 333333, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 333334, .n = 1, .result = 0 },
              { .at_us = 666668, .n = 1, .result = 0 });
}

static void test_callers_apart(void **state _unused_) {
        CHECK("rate = \"1/s\"; quota = \"2/day\"",
              { .uid = 1000, .n = 1, .result = 0 },
              { .uid = 1001, .n = 1, .result = 0 },
              { .uid = 1000, .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .uid = 1000, .at_us = SECOND, .n = 1, .result = 0 },
              { .uid = 1000, .at_us = 2 * SECOND, .n = 1, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 },
              { .uid = 1001, .at_us = 2 * SECOND, .n = 1, .result = 0 });
}

static void test_quota(void **state _unused_) {
        CHECK("quota = \"10/day\"",
              { .n = 11, .result = LIMITS_E_QUOTA, .wait = LIMITS_NEVER },
              { .n = 9, .result = 0 },
              { .n = 2, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 },
              { .n = 1, .result = 0 },
              { .n = 1, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 },
              { .n = 1, .now = NOON + 12 * 3600 - 1, .result = LIMITS_E_QUOTA, .wait = 1 },
              { .n = 10, .now = NOON + 12 * 3600, .result = 0 },
              { .n = 1, .now = NOON + 12 * 3600, .result = LIMITS_E_QUOTA, .wait = 24 * 3600 });
        /* The day on which summer time begins, 31 March 2024, has 23 hours. */
        CHECK("quota = \"1/day\"",
              { .n = 1, .now = INT64_C(1711839600), .result = 0 },
              { .n = 1, .now = INT64_C(1711839600), .result = LIMITS_E_QUOTA, .wait = 23 * 3600 });
}

/* One limit that refuses leaves the other uncounted. */
static void test_both(void **state _unused_) {
        CHECK("rate = \"5/s\"; quota = \"6/day\"",
              { .n = 5, .result = 0 },
              { .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .n = 1, .result = LIMITS_E_RATE, .wait = 1 },
              { .at_us = 10 * SECOND, .n = 2, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 },
              { .at_us = 10 * SECOND, .n = 1, .result = 0 });
}
// clang-format on

/* A reload gives nobody a fresh start, and a smaller burst cuts what was left. */
static void test_reload(void **state _unused_) {
        Policy *p = rule_with("rate = \"1/min, burst 10\"; quota = \"20/day\"");
        Limits *l = NULL;

        assert_int_equal(limits_new(&l), 0);
        run(l, p, (const Step[]){ { .n = 2, .result = 0 } }, 1);
        policy_unref(p);

        p = rule_with("rate = \"1/h, burst 4\"; quota = \"7/day\"");
        run(l, p,
            (const Step[]){ { .n = 4, .result = 0 },
                            { .n = 1, .result = LIMITS_E_RATE, .wait = 3600 },
                            { .n = 2, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 } },
            3);
        policy_unref(p);

        p = rule_with("rate = \"1/h, burst 9\"; quota = \"70/day\"");
        run(l, p, (const Step[]){ { .n = 1, .result = LIMITS_E_RATE, .wait = 3600 } }, 1);
        policy_unref(p);

        p = rule_with("quota = \"7/day\"");
        run(l, p, (const Step[]){ { .n = 1, .result = 0 }, { .n = 1, .result = LIMITS_E_QUOTA, .wait = 12 * 3600 } },
            2);
        policy_unref(p);

        p = rule_with("rate = \"1/s, burst 3\"");
        run(l, p, (const Step[]){ { .n = 3, .result = 0 }, { .n = 1, .result = LIMITS_E_RATE, .wait = 1 } }, 2);
        policy_unref(p);
        limits_free(l);
}

/* Many callers come and go: whoever still has something to wait for is remembered, and the others are not. */
static void test_many_callers(void **state _unused_) {
        Policy *p = rule_with("rate = \"1/s\"");
        Limits *l = NULL;
        unsigned wait;

        assert_int_equal(limits_new(&l), 0);
        for (uid_t uid = 0; uid < 5000; uid++)
                assert_int_equal(limits_take(l, rule_of(p), uid, 1, 0, NOON, &wait), 0);
        for (uid_t uid = 0; uid < 5000; uid++)
                assert_int_equal(limits_take(l, rule_of(p), uid, 1, SECOND / 2, NOON, &wait), LIMITS_E_RATE);
        assert_true(limits_size(l) == 5000);

        for (uid_t uid = 0; uid < 20000; uid++)
                assert_int_equal(limits_take(l, rule_of(p), 10000 + uid, 1, (2 + uid) * SECOND, NOON, &wait), 0);
        assert_true(limits_size(l) <= 8192);
        limits_free(l);
        policy_unref(p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_none),   cmocka_unit_test(test_rate),          cmocka_unit_test(test_burst),
                cmocka_unit_test(test_quota),  cmocka_unit_test(test_callers_apart), cmocka_unit_test(test_both),
                cmocka_unit_test(test_reload), cmocka_unit_test(test_many_callers),
        };

        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
