/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsignet on a bus that starts signetd when it is called, or tries to. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "client/deadline.h"
#include "client/signet.h"
#include "fake-signetd.h"

static Fake fake;
static char services[80], service_file[128], started[96]; /* the last: there when the bus has tried */

static int write_service(void) {
        FILE *f = fopen(service_file, "w");

        if (!f)
                return -1;
        fprintf(f, "[D-BUS Service]\nName=org.signetd.Signet1\nExec=/bin/sh -c \"echo >%s; exit 1\"\n", started);
        return fclose(f);
}

/* From here on the bus starts a program for signetd's name, which fails. */
static int start(_unused_ void **state) {
        if (fake_start(&fake) != 0)
                return -1;
        snprintf(services, sizeof(services), "%s/services", fake.directory);
        snprintf(service_file, sizeof(service_file), "%s/org.signetd.Signet1.service", services);
        snprintf(started, sizeof(started), "%s/started", fake.directory);
        if (mkdir(services, 0755) < 0 || write_service() < 0)
                return -1;
        fake_service_kill(&fake);
        fake_bus_kill(&fake);
        fake_bus_start(&fake);
        return 0;
}

static int stop(_unused_ void **state) {
        unlink(started);
        unlink(service_file);
        rmdir(services);
        fake_stop(&fake);
        return 0;
}

static signet_client *client_new(void) {
        signet_client *client;

        unlink(started);
        assert_int_equal(signet_client_new(fake.address, &client), 0);
        return client;
}

static int call(signet_client *client) {
        signet_status status = { .size = sizeof(status) };

        return signet_get_status(client, &status);
}

static void test_watch_starts_nothing(_unused_ void **state) {
        signet_client *client = client_new();
        signet_watch *watch;

        assert_int_equal(signet_watch_new(client, &watch), 0);
        assert_int_equal(signet_watch_service(watch), 0);
        assert_int_equal(signet_watch_changed(watch), 0);
        usleep(50000);
        assert_int_equal(access(started, F_OK), -1);
        signet_watch_free(watch);
        signet_client_unref(client);
}

static void test_new_client_gives_up(_unused_ void **state) {
        signet_client *client = client_new();
        uint64_t then = clock_now();

        assert_int_equal(call(client), SIGNET_E_UNAVAILABLE);
        assert_non_null(strstr(signet_error_message(), "could not start signetd"));
        assert_true(clock_now() - then < 2000000);
        assert_int_equal(access(started, F_OK), 0);
        signet_client_unref(client);
}

static void *start_later(_unused_ void *userdata) {
        usleep(300000);
        fake_service_start(&fake);
        return NULL;
}

/* That the bus could not start it says little: the service manager may do so a second later. */
static void test_old_client_waits(_unused_ void **state) {
        signet_client *client = client_new();
        pthread_t thread;

        fake_service_start(&fake);
        assert_int_equal(call(client), 0);
        fake_service_kill(&fake);
        assert_int_equal(pthread_create(&thread, NULL, start_later, NULL), 0);
        assert_int_equal(call(client), 0);
        assert_int_equal(access(started, F_OK), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);

        fake_service_kill(&fake);
        signet_client_set_timeout(client, 300);
        assert_int_equal(call(client), SIGNET_E_UNAVAILABLE);
        assert_non_null(strstr(signet_error_message(), "did not come back"));
        signet_client_unref(client);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_watch_starts_nothing),
                cmocka_unit_test(test_new_client_gives_up),
                cmocka_unit_test(test_old_client_waits),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
