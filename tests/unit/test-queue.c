/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue: users in turn, bounds for each and for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue.h"

#define PER_USER 3
#define TOTAL    5

typedef struct Thing {
        QueueItem item; /* first */
        const char *name;
} Thing;

static Queue *make(void) {
        Queue *q;

        assert_int_equal(queue_new(PER_USER, TOTAL, &q), 0);
        return q;
}

static void put(Queue *q, Thing *t, uid_t uid, const char *name) {
        t->name = name;
        assert_int_equal(queue_admit(q, &t->item, uid, 1), 0);
        queue_enter(q, &t->item, QUEUE_LAST);
}

static bool any(_unused_ QueueItem *item, _unused_ void *userdata) {
        return true;
}

static bool not_named(QueueItem *item, void *userdata) {
        return strcmp(((Thing *) item)->name, userdata) != 0;
}

/* Takes all that `accepts` takes, one after the other; their names in one string. */
static const char *drain(Queue *q, QueueAccepts accepts, void *userdata) {
        static char order[64];
        QueueItem *item;

        order[0] = '\0';
        while ((item = queue_next(q, accepts, userdata))) {
                (void) strcat(strcat(order, *order ? " " : ""), ((Thing *) item)->name);
                queue_release(q, item);
        }
        return order;
}

static void test_users_take_turns(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Thing a1, a2, a3, b1, c1;

        put(q, &a1, 1, "a1");
        put(q, &a2, 1, "a2");
        put(q, &a3, 1, "a3");
        put(q, &b1, 2, "b1");
        put(q, &c1, 3, "c1");
        assert_string_equal(drain(q, any, NULL), "a1 b1 c1 a2 a3");
        assert_int_equal(queue_count(q), 0);
}

/* What waits for a hung token does not hold up what stands behind it, of the same user or of another. */
static void test_passes_over_what_cannot_run(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Thing a1, a2, b1;

        put(q, &a1, 1, "a1");
        put(q, &a2, 1, "a2");
        put(q, &b1, 2, "b1");
        assert_string_equal(drain(q, not_named, (void *) "a1"), "a2 b1");
        assert_string_equal(drain(q, any, NULL), "a1");
}

static void test_retry_comes_first(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Thing a1, a2, a3;

        put(q, &a1, 1, "a1");
        put(q, &a2, 1, "a2");
        put(q, &a3, 1, "a3");
        queue_leave(q, &a3.item);
        queue_enter(q, &a3.item, QUEUE_FIRST);
        queue_enter(q, &a3.item, QUEUE_FIRST); /* entering twice is entering once */
        assert_string_equal(drain(q, any, NULL), "a3 a1 a2");
}

static void test_bounds(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Thing a1, a2, a3, b1, b2, more;

        put(q, &a1, 1, "a1");
        put(q, &a2, 1, "a2");
        assert_int_equal(queue_admit(q, &more.item, 1, 2), QUEUE_E_USER_FULL);
        put(q, &a3, 1, "a3");
        assert_int_equal(queue_admit(q, &more.item, 1, 1), QUEUE_E_USER_FULL);
        put(q, &b1, 2, "b1");
        put(q, &b2, 2, "b2");
        assert_int_equal(queue_admit(q, &more.item, 3, 1), QUEUE_E_FULL);
        assert_int_equal(queue_count(q), TOTAL);

        /* What runs counts until it is released, though it stands in no line. */
        queue_leave(q, &a1.item);
        assert_int_equal(queue_admit(q, &more.item, 1, 1), QUEUE_E_USER_FULL);
        queue_release(q, &a1.item);
        put(q, &more, 3, "c1");
        assert_string_equal(drain(q, any, NULL), "a2 b1 c1 a3 b2");
}

static void test_weight(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Thing many, one;

        assert_int_equal(queue_admit(q, &many.item, 1, PER_USER + 1), QUEUE_E_USER_FULL);
        assert_int_equal(queue_admit(q, &many.item, 1, PER_USER), 0);
        assert_int_equal(queue_admit(q, &one.item, 1, 1), QUEUE_E_USER_FULL);
        assert_int_equal(queue_count(q), PER_USER);
        queue_release(q, &many.item);
        queue_release(q, &many.item); /* releasing twice is releasing once */
        assert_int_equal(queue_count(q), 0);
}

typedef struct Sweep {
        Queue *q;
        unsigned n;
} Sweep;

static void release(QueueItem *item, void *userdata) {
        Sweep *s = userdata;

        s->n++;
        queue_release(s->q, item);
}

static void test_each_may_be_released(_unused_ void **state) {
        _cleanup_(queue_freep) Queue *q = make();
        Sweep s = { .q = q };
        Thing a1, a2, b1;

        put(q, &a1, 1, "a1");
        put(q, &a2, 1, "a2");
        put(q, &b1, 2, "b1");
        queue_for_each(q, release, &s);
        assert_int_equal(s.n, 3);
        assert_int_equal(queue_count(q), 0);
        queue_for_each(q, release, &s);
        assert_int_equal(s.n, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users_take_turns),
                cmocka_unit_test(test_passes_over_what_cannot_run),
                cmocka_unit_test(test_retry_comes_first),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_weight),
                cmocka_unit_test(test_each_may_be_released),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
