/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* await SECONDS PID NAME [TOKEN=STATE...]: waits until the process PID has put NAME on the bus and each TOKEN is in
 * STATE
 * ("settled": any but "starting"). The labs of tests and demo start signetd with it. It reacts to signals of the bus
 * and to the end of PID, and looks at nothing on a timer: a state that changes without a signal is a fault that it
 * shows. Exits 0; 1 when the time is over; 2 when PID ended; 3 when it cannot ask at all. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "common/macros.h"

#define ROOT "/org/signetd/Signet1"

enum { AWAIT_TIMEOUT = 1, AWAIT_ENDED, AWAIT_FAILED };

typedef struct Await {
        sd_bus *bus;
        sd_event *event;
        const char *name;
        char **wanted; /* TOKEN=STATE, NULL at the end */
} Await;

static bool name_owned(Await *a) {
        sd_bus_creds *creds = NULL;
        int r = sd_bus_get_name_creds(a->bus, a->name, 0, &creds);

        sd_bus_creds_unref(creds);
        return r >= 0;
}

/* The token's state into `state`, or "" when it cannot be read. */
static void token_state(Await *a, const char *token, size_t length, char *state, size_t size) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        char name[256], *path = NULL, *value = NULL;

        state[0] = '\0';
        snprintf(name, sizeof(name), "%.*s", (int) length, token);
        if (sd_bus_path_encode(ROOT "/token", name, &path) >= 0 &&
            sd_bus_get_property_string(a->bus, a->name, path, "org.signetd.Signet1.Token", "State", &error, &value) >=
                    0)
                snprintf(state, size, "%s", value);
        sd_bus_error_free(&error);
        free(path);
        free(value);
}

static bool token_is(Await *a, const char *wanted) {
        const char *equals = strchr(wanted, '=');
        char state[64];

        token_state(a, wanted, (size_t) (equals - wanted), state, sizeof(state));
        if (strcmp(equals + 1, "settled") == 0)
                return state[0] != '\0' && strcmp(state, "starting") != 0;
        return strcmp(state, equals + 1) == 0;
}

static void look(Await *a) {
        if (!name_owned(a))
                return;
        for (char **w = a->wanted; *w; w++)
                if (!token_is(a, *w))
                        return;
        sd_event_exit(a->event, 0);
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m, (void) error;
        look(userdata);
        return 0;
}

static int on_process(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        (void) fd, (void) events, (void) userdata;
        return sd_event_exit(sd_event_source_get_event(s), AWAIT_ENDED);
}

static int on_time(sd_event_source *s, uint64_t usec, void *userdata) {
        (void) usec, (void) userdata;
        return sd_event_exit(sd_event_source_get_event(s), AWAIT_TIMEOUT);
}

static int watch_process(Await *a, const char *seconds, const char *pid) {
        int fd, r;

        r = sd_event_default(&a->event);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(a->event, NULL, CLOCK_MONOTONIC, strtoull(seconds, NULL, 10) * 1000000, 0,
                                       on_time, a);
        if (r < 0)
                return r;
        fd = (int) syscall(SYS_pidfd_open, (pid_t) strtol(pid, NULL, 10), 0);
        if (fd < 0)
                return errno == ESRCH ? sd_event_exit(a->event, AWAIT_ENDED) : -errno;
        return sd_event_add_io(a->event, NULL, fd, EPOLLIN, on_process, a);
}

static int watch_bus(Await *a) {
        char match[512];
        int r;

        r = sd_bus_open_system(&a->bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(a->bus, a->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        snprintf(match, sizeof(match),
                 "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'", a->name);
        r = sd_bus_add_match(a->bus, NULL, match, on_signal, a);
        if (r < 0)
                return r;
        r = sd_bus_add_match(a->bus, NULL, "type='signal',path_namespace='" ROOT "'", on_signal, a);
        if (r < 0)
                return r;
        look(a);
        return 0;
}

static void report(Await *a, int result) {
        char state[64];

        fprintf(stderr, "await: %s\n", result == AWAIT_ENDED ? "the process has ended" : "the time is over");
        for (char **w = a->wanted; result == AWAIT_TIMEOUT && *w; w++) {
                token_state(a, *w, strcspn(*w, "="), state, sizeof(state));
                fprintf(stderr, "await: wanted %s; state is \"%s\"\n", *w, state);
        }
}

int main(int argc, char *argv[]) {
        Await a = { 0 };
        int r;

        if (argc < 3) {
                fprintf(stderr, "usage: await SECONDS PID [NAME [TOKEN=STATE...]]\n");
                return AWAIT_FAILED;
        }
        a.name = argc > 3 ? argv[3] : NULL;
        a.wanted = argv + MIN(argc, 4);
        for (char **w = a.wanted; *w; w++)
                if (!strchr(*w, '=')) {
                        fprintf(stderr, "await: \"%s\" is not TOKEN=STATE\n", *w);
                        return AWAIT_FAILED;
                }

        r = watch_process(&a, argv[1], argv[2]);
        if (r >= 0 && a.name)
                r = watch_bus(&a);
        if (r >= 0)
                r = sd_event_loop(a.event);
        if (r < 0)
                fprintf(stderr, "await: %s\n", strerror(-r));
        else if (r > 0 && a.name)
                report(&a, r);
        sd_bus_flush_close_unref(a.bus);
        sd_event_unref(a.event);
        return r < 0 ? AWAIT_FAILED : r;
}
