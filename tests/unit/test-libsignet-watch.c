/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watch that says when a snapshot of keys and tokens is to be made anew: signals, floods, restarts, forks, closed
 * descriptors, and what a look costs. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <systemd/sd-bus.h>

#include "client/deadline.h"
#include "client/signet.h"
#include "fake-signetd.h"

static Fake fake;

static int start(_unused_ void **state) {
        return fake_start(&fake);
}

static int stop(_unused_ void **state) {
        fake_stop(&fake);
        return 0;
}

static signet_client *client_new(void) {
        signet_client *client;

        assert_int_equal(signet_client_new(fake.address, &client), 0);
        return client;
}

static uint64_t milliseconds_since(uint64_t then) {
        return (clock_now() - then) / 1000;
}

/* --- watching --- */

static signet_watch *watch_new(void) {
        signet_client *client = client_new();
        signet_watch *watch;

        assert_int_equal(signet_watch_new(client, &watch), 0);
        signet_client_unref(client); /* the watch does not need it */
        return watch;
}

/* Has the service send `count` signals to each connection that called it. Sends are in order: the reply to this call
 * means that the bus has passed them on. */
static void signals(unsigned count) {
        signet_client *client = client_new();

        atomic_store(&fake.state->signals, count);
        assert_int_equal(signet_reload_policy(client, NULL), 0);
        atomic_store(&fake.state->signals, 0);
        signet_client_unref(client);
}

/* Whether a change is noticed sooner or later. */
static bool changes(signet_watch *watch) {
        for (unsigned i = 0; i < 5000; i++) {
                int r = signet_watch_changed(watch);

                if (r < 0)
                        fail_msg("%d: %s", r, signet_error_message());
                if (r > 0)
                        return true;
                usleep(1000);
        }
        return false;
}

/* Until it has been quiet for a while: a change may be told twice. */
static void settle(signet_watch *watch) {
        for (unsigned quiet = 0; quiet < 50; quiet++) {
                if (signet_watch_changed(watch) > 0)
                        quiet = 0;
                usleep(1000);
        }
}

static void test_signals(_unused_ void **state) {
        signet_watch *watch;

        fake_reset(&fake, 3);
        watch = watch_new();
        assert_int_equal(signet_watch_service(watch), 1);
        assert_int_equal(signet_watch_changed(watch), 0);
        signals(0);
        assert_int_equal(signet_watch_changed(watch), 0);
        signals(5);
        assert_true(changes(watch));
        settle(watch);
        assert_int_equal(signet_watch_changed(watch), 0);
        signals(1);
        assert_true(changes(watch));
        signet_watch_free(watch);
        signet_watch_free(NULL);
}

/* However much there is, one call handles a part of it, and nothing is lost. */
static void test_flood(_unused_ void **state) {
        enum { SIGNALS = 10000, PART = 1024 };
        uint64_t longest = 0;
        signet_watch *watch;
        unsigned told = 0;

        fake_reset(&fake, 0);
        watch = watch_new();
        signals(SIGNALS);
        for (unsigned quiet = 0; quiet < 100; quiet++) {
                uint64_t then = clock_now();
                int r = signet_watch_changed(watch);

                longest = MAX(longest, clock_now() - then);
                assert_true(r >= 0);
                told += (unsigned) r;
                if (r > 0)
                        quiet = 0;
                else
                        usleep(1000);
        }
        print_message("%d signals in %u parts, the longest took %llu us\n", SIGNALS, told,
                      (unsigned long long) longest);
        assert_true(told >= SIGNALS / PART);
        signals(1);
        assert_true(changes(watch));
        signet_watch_free(watch);
}

/* Signals like signetd's to every connection on the bus, by somebody else. */
static void forge_signals(void) {
        sd_bus_message *names, *signal;
        const char *name;
        sd_bus *bus;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, fake.address) >= 0);
        assert_true(sd_bus_set_bus_client(bus, true) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_call_method(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames", NULL,
                                       &names, NULL) >= 0);
        assert_true(sd_bus_message_enter_container(names, 'a', "s") > 0);
        while (sd_bus_message_read_basic(names, 's', &name) > 0) {
                if (name[0] != ':')
                        continue;
                assert_true(sd_bus_message_new_signal(bus, &signal, "/org/signetd/Signet1",
                                                      "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved") >= 0);
                assert_true(sd_bus_message_append(signal, "oas", "/org/signetd/Signet1/key/x", 0) >= 0);
                assert_true(sd_bus_send_to(bus, signal, name, NULL) >= 0);
                sd_bus_message_unref(signal);
        }
        sd_bus_message_unref(names);
        /* The bus has passed them on when it answers. */
        assert_true(sd_bus_call_method(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", NULL, NULL,
                                       NULL) >= 0);
        sd_bus_flush_close_unref(bus);
}

static void test_forged_signals(_unused_ void **state) {
        signet_watch *watch;

        fake_reset(&fake, 0);
        watch = watch_new();
        forge_signals();
        usleep(20000);
        assert_int_equal(signet_watch_changed(watch), 0);
        signet_watch_free(watch);
}

/* --- signetd and the bus come and go --- */

static bool leaves(signet_watch *watch) {
        for (unsigned i = 0; i < 5000 && signet_watch_service(watch); i++) {
                assert_int_equal(signet_watch_changed(watch), 0);
                usleep(1000);
        }
        return !signet_watch_service(watch);
}

static void test_service_restarts(_unused_ void **state) {
        signet_watch *watch;

        fake_reset(&fake, 0);
        watch = watch_new();
        for (unsigned i = 0; i < 5; i++) {
                fake_service_kill(&fake);
                assert_true(leaves(watch));
                assert_int_equal(signet_watch_changed(watch), 0);
                fake_service_start(&fake);
                assert_true(changes(watch));
                assert_int_equal(signet_watch_service(watch), 1);
                settle(watch);
                signals(1); /* the new one knows the watch, though nothing was asked of it */
                assert_true(changes(watch));
                settle(watch);
        }
        signet_watch_free(watch);
}

/* It came and went unseen: there is nothing to be told but its presence. */
static void test_service_restarts_unseen(_unused_ void **state) {
        signet_watch *watch;

        fake_reset(&fake, 0);
        watch = watch_new();
        fake_service_kill(&fake);
        fake_service_start(&fake);
        fake_service_kill(&fake);
        settle(watch);
        assert_int_equal(signet_watch_service(watch), 0);
        fake_service_start(&fake);
        assert_true(changes(watch));
        settle(watch);
        signals(1);
        assert_true(changes(watch));
        signet_watch_free(watch);
}

/* What it told before it went shows when it is back: whoever looked now would only wait for it. */
static void test_service_goes_after_signals(_unused_ void **state) {
        signet_watch *watch;

        fake_reset(&fake, 0);
        watch = watch_new();
        signals(10);
        fake_service_kill(&fake);
        forge_signals(); /* the bus has seen the end of it when this is through */
        usleep(50000);
        assert_int_equal(signet_watch_changed(watch), 0);
        assert_int_equal(signet_watch_service(watch), 0);
        fake_service_start(&fake);
        assert_true(changes(watch));
        signet_watch_free(watch);
}

static void test_no_service(_unused_ void **state) {
        signet_client *client = client_new();
        signet_watch *watch;
        uint64_t then;
        signet_status status = { .size = sizeof(status) };

        fake_reset(&fake, 0);
        fake_service_kill(&fake);
        then = clock_now();
        assert_int_equal(signet_watch_new(client, &watch), 0);
        assert_int_equal(signet_get_status(client, &status), SIGNET_E_UNAVAILABLE);
        print_message("without signetd: a watch and a call in %llu us\n", (unsigned long long) (clock_now() - then));
        assert_true(milliseconds_since(then) < 500);
        assert_int_equal(signet_watch_service(watch), 0);
        assert_int_equal(signet_watch_changed(watch), 0);
        fake_service_start(&fake);
        assert_true(changes(watch));
        assert_int_equal(signet_watch_service(watch), 1);
        assert_int_equal(signet_get_status(client, &status), 0);
        signet_watch_free(watch);
        signet_client_unref(client);
}

static void test_no_bus(_unused_ void **state) {
        signet_client *client;
        signet_watch *watch;
        uint64_t then;
        signet_status status = { .size = sizeof(status) };

        assert_int_equal(signet_client_new("unix:path=/nonexistent/bus", &client), 0);
        then = clock_now();
        assert_int_equal(signet_watch_new(client, &watch), SIGNET_E_UNAVAILABLE);
        assert_non_null(strstr(signet_error_message(), "/nonexistent/bus"));
        assert_int_equal(signet_get_status(client, &status), SIGNET_E_UNAVAILABLE);
        print_message("without a bus: a watch and a call in %llu us\n", (unsigned long long) (clock_now() - then));
        assert_true(milliseconds_since(then) < 500);
        assert_int_equal(signet_watch_new(client, NULL), -EINVAL);
        assert_int_equal(signet_watch_new(NULL, &watch), -EINVAL);
        assert_int_equal(signet_watch_changed(NULL), -EINVAL);
        signet_client_unref(client);
}

static void test_bus_goes(_unused_ void **state) {
        signet_watch *watch;
        int r = 0;

        fake_reset(&fake, 0);
        watch = watch_new();
        fake_bus_kill(&fake);
        fake_service_reap(&fake);
        for (unsigned i = 0; i < 5000 && r == 0; i++) {
                r = signet_watch_changed(watch);
                usleep(1000);
        }
        assert_int_equal(r, -ENOTCONN);
        assert_non_null(strstr(signet_error_message(), "make a new one"));
        assert_int_equal(signet_watch_changed(watch), -ENOTCONN); /* and stays so */
        assert_int_equal(signet_watch_service(watch), 0);
        fake_bus_start(&fake);
        fake_service_start(&fake);
        assert_int_equal(signet_watch_changed(watch), -ENOTCONN);
        signet_watch_free(watch);
        watch = watch_new();
        assert_int_equal(signet_watch_changed(watch), 0);
        signet_watch_free(watch);
}

/* signetd hangs: a watch is not made, and one that is there neither waits nor fails. */
static void test_service_hangs(_unused_ void **state) {
        signet_client *client = client_new();
        signet_watch *watch, *other;
        uint64_t then;

        fake_reset(&fake, 0);
        watch = watch_new();
        atomic_store(&fake.state->mode, FAKE_SILENT);
        signet_client_set_timeout(client, 100);
        assert_int_equal(signet_watch_new(client, &other), SIGNET_E_TIMEOUT);
        fake_service_kill(&fake);
        fake_service_start(&fake);
        then = clock_now();
        assert_true(changes(watch));
        assert_int_equal(signet_watch_changed(watch), 0);
        assert_true(milliseconds_since(then) < 1000);
        fake_reset(&fake, 0);
        signet_watch_free(watch);
        signet_client_unref(client);
}

/* A signetd that refuses its callers cannot be watched. */
static void test_service_refuses(_unused_ void **state) {
        signet_client *client = client_new();
        signet_watch *watch, *other;
        int r = 0;

        fake_reset(&fake, 0);
        watch = watch_new();
        snprintf(fake.state->error_name, sizeof(fake.state->error_name), "%s", SD_BUS_ERROR_ACCESS_DENIED);
        atomic_store(&fake.state->mode, FAKE_ERROR);
        assert_int_equal(signet_watch_new(client, &other), SIGNET_E_NOT_AUTHORIZED);
        fake_service_kill(&fake);
        fake_service_start(&fake);
        for (unsigned i = 0; i < 5000 && r >= 0; i++) {
                r = signet_watch_changed(watch);
                usleep(1000);
        }
        assert_int_equal(r, -ENOTCONN);
        fake_reset(&fake, 0);
        signet_watch_free(watch);
        signet_client_unref(client);
}

/* --- threads, forks, descriptors --- */

static void *look_often(void *userdata) {
        uintptr_t told = 0;

        for (unsigned i = 0; i < 20000; i++) {
                int r = signet_watch_changed(userdata);

                if (r < 0)
                        return (void *) UINTPTR_MAX;
                told += (uintptr_t) r;
                (void) signet_watch_service(userdata);
        }
        return (void *) told;
}

static void test_threads(_unused_ void **state) {
        pthread_t threads[4];
        signet_watch *watch;
        void *told;

        fake_reset(&fake, 0);
        watch = watch_new();
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, look_often, watch), 0);
        signals(100);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                assert_int_equal(pthread_join(threads[i], &told), 0);
                assert_true((uintptr_t) told <= 200);
        }
        settle(watch);
        signals(1);
        assert_true(changes(watch));
        signet_watch_free(watch);
}

/* 0, or the line that says what was wrong. */
static int child_main(signet_watch *watch) {
        signet_client *client;
        signet_watch *own;

        if (signet_watch_changed(watch) != -ECHILD)
                return 1;
        if (signet_watch_service(watch) != 0)
                return 2;
        if (signet_client_new(fake.address, &client) != 0 || signet_watch_new(client, &own) != 0)
                return 3;
        if (signet_watch_changed(own) != 0 || signet_watch_service(own) != 1)
                return 4;
        signet_watch_free(watch);
        if (signet_watch_changed(own) != 0)
                return 5;
        signet_watch_free(own);
        signet_client_unref(client);
        return 0;
}

static void test_fork(_unused_ void **state) {
        signet_watch *watch;
        int status;
        pid_t pid;

        fake_reset(&fake, 0);
        watch = watch_new();
        signals(1);
        pid = fork();
        if (pid == 0)
                _exit(child_main(watch));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(changes(watch)); /* the child took nothing away */
        settle(watch);
        signals(1);
        assert_true(changes(watch));
        signet_watch_free(watch);
}

/* The newest socket: the watch's. */
static int newest_socket(void) {
        struct stat st;
        int found = -1;

        for (int fd = 3; fd < 64; fd++)
                if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
                        found = fd;
        assert_true(found > 0);
        return found;
}

/* What is at the number now must be neither read from nor closed. */
static void test_closed_descriptor(_unused_ void **state) {
        int pair[2], fd;
        signet_watch *watch;
        char c;

        fake_reset(&fake, 0);
        watch = watch_new();
        fd = newest_socket();
        close(fd);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        if (pair[0] != fd) {
                assert_int_equal(dup2(pair[0], fd), fd);
                close(pair[0]);
        }
        assert_int_equal(write(pair[1], "!", 1), 1);
        assert_int_equal(signet_watch_changed(watch), -ENOTCONN);
        signet_watch_free(watch);
        assert_int_equal(read(fd, &c, 1), 1);
        assert_int_equal(c, '!');
        close(fd);
        close(pair[1]);
}

static int child_as_another(signet_client *client) {
        signet_watch *watch;

        if (signet_watch_new(client, &watch) != 0)
                return 1;
        if (seteuid(65534) < 0)
                return 2;
        if (signet_watch_changed(watch) != -ENOTCONN)
                return 3;
        signet_watch_free(watch);
        return 0;
}

static void test_another_user(_unused_ void **state) {
        signet_client *client;
        int status;
        pid_t pid;

        if (geteuid() != 0) {
                print_message("SKIP: needs root, to become another user\n");
                skip();
        }
        fake_reset(&fake, 0);
        client = client_new();
        pid = fork();
        if (pid == 0)
                _exit(child_as_another(client));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        signet_client_unref(client);
}

/* --- what it costs --- */

static void test_cost(_unused_ void **state) {
        enum { TIMES = 200000 };
        signet_watch *watch;
        uint64_t then;
        int r = 0;

        fake_reset(&fake, 0);
        watch = watch_new();
        then = clock_now();
        for (unsigned i = 0; i < TIMES; i++)
                r |= signet_watch_changed(watch);
        then = clock_now() - then;
        assert_int_equal(r, 0);
        print_message("signet_watch_changed(): %.2f us\n", (double) then / TIMES);
        assert_true(then / TIMES < 100); /* no round trip, whatever the machine */
        signet_watch_free(watch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signals),
                cmocka_unit_test(test_flood),
                cmocka_unit_test(test_forged_signals),
                cmocka_unit_test(test_service_restarts),
                cmocka_unit_test(test_service_restarts_unseen),
                cmocka_unit_test(test_service_goes_after_signals),
                cmocka_unit_test(test_no_service),
                cmocka_unit_test(test_no_bus),
                cmocka_unit_test(test_bus_goes),
                cmocka_unit_test(test_service_hangs),
                cmocka_unit_test(test_service_refuses),
                cmocka_unit_test(test_threads),
                cmocka_unit_test(test_fork),
                cmocka_unit_test(test_closed_descriptor),
                cmocka_unit_test(test_another_user),
                cmocka_unit_test(test_cost),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
