/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels that somebody gives who has signetd's name and is not signetd: a call costs its time at most, and what a
 * channel cannot carry goes over the bus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#include "client/signet.h"
#include "fake-signetd.h"

#define TIMEOUT_MS 500

static Fake fake;
static signet_client *client;
static signet_key *key;

static int stop(_unused_ void **state) {
        signet_key_unref(key);
        signet_client_unref(client);
        fake_stop(&fake);
        return 0;
}

static int start(_unused_ void **state) {
        int r = fake_start(&fake);

        if (r != 0)
                return r;
        alarm(20); /* a call that never ends shall not take the test's whole time */
        fake_reset(&fake, 1);
        assert_int_equal(signet_client_new(fake.address, &client), 0);
        assert_int_equal(signet_find_key(client, fake.state->ids[0].hex, NULL, &key), 0);
        signet_client_set_timeout(client, TIMEOUT_MS);
        return 0;
}

static int sign(void) {
        unsigned char *signature = NULL;
        size_t size = 0;
        int r = signet_sign(key, "smime", (const unsigned char *) "x", 1, NULL, &signature, &size);

        if (r == 0)
                assert_int_equal(size, FAKE_SIGNATURE_SIZE);
        signet_free(signature, size);
        return r;
}

static double seconds(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

/* The second use opens the channel. */
static void runs_out_of_time(FakeMode mode) {
        double begin;

        atomic_store(&fake.state->mode, mode);
        assert_int_equal(sign(), 0);
        begin = seconds();
        assert_int_equal(sign(), SIGNET_E_TIMEOUT);
        assert_true(seconds() - begin < 10 * TIMEOUT_MS / 1000.0);
}

static void test_mute(_unused_ void **state) {
        runs_out_of_time(FAKE_CHANNEL_MUTE);
}

static void test_chatter(_unused_ void **state) {
        runs_out_of_time(FAKE_CHANNEL_CHATTERS);
}

static void test_over_the_bus(FakeMode mode) {
        atomic_store(&fake.state->mode, mode);
        for (int i = 0; i < 4; i++)
                assert_int_equal(sign(), 0);
}

static void test_too_large(_unused_ void **state) {
        test_over_the_bus(FAKE_CHANNEL_TOO_LARGE);
}

static void test_stream(_unused_ void **state) {
        test_over_the_bus(FAKE_CHANNEL_STREAM);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_mute, start, stop),
                cmocka_unit_test_setup_teardown(test_chatter, start, stop),
                cmocka_unit_test_setup_teardown(test_too_large, start, stop),
                cmocka_unit_test_setup_teardown(test_stream, start, stop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
