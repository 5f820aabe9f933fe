/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The failure budget: so many at once, then as time goes by, each user alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "budget.h"

#define SECOND   1000000ULL
#define START    (5000 * SECOND)
#define PER_HOUR 60 /* one flows out each minute */

static void test_spends_and_recovers(_unused_ void **state) {
        _cleanup_(budget_freep) Budget *b = NULL;

        assert_int_equal(budget_new(PER_HOUR, &b), 0);
        for (int i = 0; i < PER_HOUR; i++) {
                assert_int_equal(budget_wait(b, 1, START), 0);
                budget_take(b, 1, START);
        }
        assert_int_equal(budget_wait(b, 1, START), 60);
        assert_int_equal(budget_wait(b, 1, START + 59 * SECOND), 1);
        assert_int_equal(budget_wait(b, 1, START + 60 * SECOND), 0);

        budget_take(b, 1, START + 60 * SECOND);
        assert_int_equal(budget_wait(b, 1, START + 60 * SECOND), 60);
        assert_int_equal(budget_wait(b, 1, START + 3661 * SECOND), 0);
}

static void test_users_are_apart(_unused_ void **state) {
        _cleanup_(budget_freep) Budget *b = NULL;

        assert_int_equal(budget_new(1, &b), 0);
        budget_take(b, 1, START);
        assert_int_not_equal(budget_wait(b, 1, START), 0);
        assert_int_equal(budget_wait(b, 2, START), 0);
}

/* Many users cannot make it grow without end, nor wash out the one who failed most. */
static void test_is_bounded(_unused_ void **state) {
        _cleanup_(budget_freep) Budget *b = NULL;

        assert_int_equal(budget_new(2, &b), 0);
        budget_take(b, 1, START);
        budget_take(b, 1, START);
        for (uid_t uid = 10; uid < 10 + 2 * BUDGET_USERS_MAX; uid++)
                budget_take(b, uid, START);
        assert_int_not_equal(budget_wait(b, 1, START), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spends_and_recovers),
                cmocka_unit_test(test_users_are_apart),
                cmocka_unit_test(test_is_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
