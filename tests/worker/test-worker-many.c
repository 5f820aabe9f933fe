/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token with many keys: a worker starts in about the time that the module itself takes. SIGNET_MANY is how many pairs
 * there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#include "worker-lab.h"

#define PAIRS_DEFAULT 60

static WorkerLab lab;
static size_t pairs;

static double now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static int setup(void **state) {
        const char *many = getenv("SIGNET_MANY");
        TokenMaker m;
        double start;

        (void) state;
        pairs = many ? (size_t) strtoul(many, NULL, 10) : PAIRS_DEFAULT;
        if (!lab_begin(&lab)) {
                (void) fprintf(stderr, "SKIP: SoftHSM is not installed\n");
                exit(77);
        }
        maker_begin(&m, "mail");
        start = now();
        for (size_t i = 0; i < pairs; i++) {
                EVP_PKEY *key = make_ec("P-256");

                /* Few different ids: who compares each key with each other would show. */
                maker_import(&m, key, "key", (uint8_t) (1 + i % 8), MAKE_PAIR);
                EVP_PKEY_free(key);
        }
        (void) fprintf(stderr, "made %zu pairs in %.1f s\n", pairs, now() - start);
        maker_end(&m);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        lab_end(&lab);
        return 0;
}

/* Two calls for each object, and a handful besides. */
static void few_calls(void **state) {
        LabLink l;

        (void) state;
        lab_configure(&lab, "mail", LAB_FAULTY, MAKER_PIN "\n", "start-deadline = 600");
        lab_start(&lab);
        assert_true(link_attach(&lab, &l));
        assert_int_equal(l.n_keys, pairs);
        assert_int_equal(lab_count_calls(&lab, "C_GetAttributeValue"), 4 * pairs);
        assert_int_equal(lab_count_calls(&lab, "C_FindObjectsInit"), 1);
        link_close(&l);
        lab_stop(&lab);
}

static void starts_quickly(void **state) {
        TokenMaker m;
        double module, worker;
        LabLink l;

        (void) state;
        module = now();
        maker_reopen(&m, "mail");
        module = now() - module;
        maker_end(&m);

        lab_configure(&lab, "mail", NULL, MAKER_PIN "\n", "start-deadline = 600");
        lab_start(&lab);
        worker = now();
        assert_true(link_attach(&lab, &l));
        worker = now() - worker;
        assert_int_equal(l.n_keys, pairs);
        link_close(&l);
        (void) fprintf(stderr, "%zu pairs: the module opens in %.3f s, a worker in %.3f s\n", pairs, module, worker);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(few_calls), cmocka_unit_test(starts_quickly) };

        return cmocka_run_group_tests(tests, setup, teardown);
}
