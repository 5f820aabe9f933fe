/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects to the bus and keeps the name. Fed by the bus, which may go away at any time: tokens stay as they are,
 * callers are gone, and signetd comes back when the bus does. */
#include "bus.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "manager.h"

#define TIMER_ACCURACY_US 10000
#define RETRY_FIRST_US    (100ULL * 1000)
#define RETRY_MAX_US      (5ULL * 1000 * 1000)
#define CALL_US           (5ULL * 1000 * 1000)

typedef enum BusName {
        BUS_NAME_NOT_WANTED, /* tokens are still coming up */
        BUS_NAME_WANTED,
        BUS_NAME_OWNED,
} BusName;

struct Bus {
        Manager *manager;
        char *address; /* NULL: the system bus */
        sd_bus *bus;   /* NULL while away */
        BusName name;
        unsigned failures;
        sd_event_source *retry;
};

sd_bus *bus_connection(const Bus *b) {
        return b->bus;
}

static void disconnect(Bus *b) {
        if (!b->bus)
                return;
        manager_bus_lost(b->manager);
        (void) sd_bus_detach_event(b->bus);
        b->bus = sd_bus_close_unref(b->bus);
        if (b->name == BUS_NAME_OWNED)
                b->name = BUS_NAME_WANTED;
}

static void retry_later(Bus *b) {
        uint64_t delay = MIN(RETRY_FIRST_US << MIN(b->failures, 10U), RETRY_MAX_US);
        int r;

        b->failures++;
        r = sd_event_source_set_time(b->retry, manager_now_us(b->manager) + delay);
        if (r >= 0)
                r = sd_event_source_set_enabled(b->retry, SD_EVENT_ONESHOT);
        if (r < 0)
                (void) log_error_errno(r, "the bus will not be tried again; restart signetd");
}

/* sd-bus is in the middle of a message here: the connection is put away in a turn of its own. */
static int on_disconnected(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Bus *b = userdata;

        /* Once for each time that it was there: failures count until the name is signetd's again. */
        if (b->failures == 0)
                log_warning("the bus has gone away; trying to connect again");
        retry_later(b);
        return 0;
}

static int on_name_lost(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        const char *name, *old, *new;
        Bus *b = userdata;
        int r;

        r = sd_bus_message_read(m, "sss", &name, &old, &new);
        if (r >= 0 && *new == '\0')
                manager_peer_gone(b->manager, name);
        return 0;
}

static int stop_because(Bus *b, const char *why) {
        log_error("%s", why);
        return sd_event_exit(b->manager->event, EXIT_FAILURE);
}

static int on_name_answer(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Bus *b = userdata;
        uint32_t answer = 0;

        if (sd_bus_message_is_method_error(m, NULL)) {
                const sd_bus_error *e = sd_bus_message_get_error(m);

                /* The bus went away in between. */
                if (b->name != BUS_NAME_WANTED || sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
                    sd_bus_error_has_name(e, SD_BUS_ERROR_TIMEOUT))
                        return 0;
                log_error("the bus refuses the name " BUS_NAME ": %s", e->message ?: e->name);
                return stop_because(
                        b, "install the bus policy org.signetd.Signet1.conf and run as the user that it names");
        }
        if (sd_bus_message_read(m, "u", &answer) < 0 || (answer != 1 && answer != 4))
                return stop_because(b,
                                    "another signetd serves this bus already: stop it first, or use another --address");
        b->name = BUS_NAME_OWNED;
        b->failures = 0;
        manager_serving(b->manager);
        return 0;
}

static void request_name(Bus *b) {
        int r;

        if (!b->bus || b->name != BUS_NAME_WANTED)
                return;
        r = sd_bus_request_name_async(b->bus, NULL, BUS_NAME, 0, on_name_answer, b);
        if (r < 0)
                (void) log_error_errno(r, "cannot ask the bus for the name " BUS_NAME);
}

void bus_publish(Bus *b) {
        if (b->name == BUS_NAME_NOT_WANTED)
                b->name = BUS_NAME_WANTED;
        request_name(b);
}

static int open_connection(const char *address, sd_bus **ret) {
        sd_bus *bus = NULL;
        int r;

        if (!address)
                return sd_bus_open_system(ret);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0) {
                sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

static int prepare(Bus *b, sd_bus *bus) {
        int r;

        (void) sd_bus_set_method_call_timeout(bus, CALL_US);
        r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, b);
        /* In force before any caller is looked up: no departure may be missed. */
        if (r >= 0)
                r = sd_bus_add_match_async(bus, NULL,
                                           "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                           "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                                           on_name_lost, NULL, b);
        if (r >= 0)
                r = bus_add_objects(b->manager, bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, b->manager->event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

static int connect_bus(Bus *b) {
        sd_bus *bus = NULL;
        int r;

        r = open_connection(b->address, &bus);
        if (r < 0)
                return r;
        r = prepare(b, bus);
        if (r < 0) {
                sd_bus_close_unref(bus);
                return r;
        }
        b->bus = bus;
        return 0;
}

static int on_retry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        Bus *b = userdata;

        disconnect(b);
        if (connect_bus(b) < 0)
                retry_later(b);
        else
                request_name(b);
        return 0;
}

/* Before any token is touched: two signetds would log in side by side. */
static int refuse_second(Bus *b, Failure *f) {
        _cleanup_(bus_error_done) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r, owned;

        r = sd_bus_call_method(b->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                               "NameHasOwner", &error, &reply, "s", BUS_NAME);
        if (r >= 0)
                r = sd_bus_message_read(reply, "b", &owned);
        if (r < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT, "the bus%s%s does not answer: %s",
                                   b->address ? " at " : "", b->address ?: "", error.message ?: strerrordesc_np(-r));
        if (owned)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "another signetd serves this bus already: stop it first, or use another --address");
        return 0;
}

int bus_new(Manager *m, const char *address, Bus **ret, Failure *f) {
        _cleanup_(bus_freep) Bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->manager = m;
        b->address = address ? strdup(address) : NULL;
        if (address && !b->address)
                return -ENOMEM;
        r = sd_event_add_time(m->event, &b->retry, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, on_retry, b);
        if (r >= 0)
                r = sd_event_source_set_enabled(b->retry, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = connect_bus(b);
        if (r < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "cannot connect to the %s%s: %s; start it, or name another with "
                                   "--address",
                                   address ? "bus at " : "system bus", address ?: "", strerrordesc_np(-r));
        r = refuse_second(b, f);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;
        if (b->bus)
                (void) sd_bus_flush(b->bus);
        disconnect(b);
        sd_event_source_disable_unref(b->retry);
        free(b->address);
        free(b);
        return NULL;
}
