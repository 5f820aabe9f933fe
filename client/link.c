/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sd-bus connection: opening it within a deadline, keeping it clean, waiting on it for signetd's name. Fed by the
 * bus at the address that the application or the environment gave; a bus that hangs or lies costs the call its
 * deadline. */
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "channel.h"
#include "deadline.h"
#include "error.h"
#include "link.h"
#include "signet.h"

#define UNASKED_MAX 1024 /* messages thrown away before the link is thought to be under attack and replaced */

/* Handles one message, or waits until something happens. -ETIMEDOUT when nothing did before the deadline.
 *
 * All waiting is done here and not in sd_bus_call(): that has no deadline while it connects, and in systemd 252 a
 * signal makes it fail with the request under way. */
static int bus_turn(sd_bus *bus, uint64_t deadline) {
        uint64_t left;
        int r;

        r = sd_bus_process(bus, NULL);
        if (r != 0)
                return r < 0 && r != -EINTR ? r : 0;
        left = deadline_left(deadline);
        if (left == 0)
                return -ETIMEDOUT;
        r = sd_bus_wait(bus, left);
        return r < 0 && r != -EINTR ? r : 0;
}

static int bus_await_ready(sd_bus *bus, uint64_t deadline) {
        int r;

        while ((r = sd_bus_is_ready(bus)) == 0) {
                r = bus_turn(bus, deadline);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : 0;
}

static int bus_connect(const char *address, LinkPatience patience, uint64_t deadline, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, address);
        if (r < 0)
                return r;
        r = sd_bus_set_bus_client(bus, true);
        if (r < 0)
                return r;
        r = sd_bus_set_watch_bind(bus, patience == LINK_AWAIT_BUS);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        r = bus_await_ready(bus, deadline);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

int link_open(Link *l, const char *address, LinkPatience patience, uint64_t deadline) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        char reason[128];
        struct stat st;
        int fd, r;

        r = bus_connect(address, patience, deadline, &bus);
        if (r == -ENOMEM)
                return error_no_memory();
        if (r < 0)
                return error_set(SIGNET_E_UNAVAILABLE,
                                 "cannot connect to the bus at \"%s\": %s; is the address right, and does the bus run?",
                                 address, strerror_r(-r, reason, sizeof(reason)));

        fd = sd_bus_get_fd(bus);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set(SIGNET_E_UNAVAILABLE, "the bus at \"%s\" hung up as soon as it was reached", address);

        *l = (Link){ .bus = TAKE_PTR(bus), .fd = fd, .device = st.st_dev, .inode = st.st_ino, .euid = geteuid() };
        return 0;
}

/* Programs close all descriptors (closefrom(3)) and reuse the numbers without asking their libraries: what is there now
 * must not be written to or closed. */
static bool link_has_socket(const Link *l) {
        struct stat st;

        return l->fd >= 0 && fstat(l->fd, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode;
}

int link_drain(Link *l, unsigned max) {
        int r = 1;

        if (!l->bus)
                return -ENOTCONN;
        /* A server that has become another user must not go on as the one who opened the connection. */
        if (l->euid != geteuid())
                r = -ENOTCONN;
        for (unsigned n = 0; r > 0 && n < max; n++)
                r = link_has_socket(l) ? sd_bus_process(l->bus, NULL) : -ENOTCONN;
        if (r < 0 || sd_bus_is_ready(l->bus) <= 0) {
                link_close(l);
                return -ENOTCONN;
        }
        return r > 0;
}

void link_refresh(Link *l) {
        if (link_drain(l, UNASKED_MAX) > 0)
                link_close(l);
}

static int on_reply(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(m);
        return 0;
}

int link_call(Link *l, sd_bus_message *m, uint64_t deadline, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        int r;

        r = sd_bus_call_async(l->bus, &slot, m, on_reply, &reply, UINT64_MAX);
        if (r < 0)
                return r;
        while (!reply) { /* comes in any case: if the bus hangs up, sd-bus makes a NoReply itself */
                r = bus_turn(l->bus, deadline);
                if (r < 0)
                        return r;
        }

        *ret_reply = TAKE_PTR(reply);
        return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        const char *name, *old_owner, *new_owner;
        bool *owned = userdata;

        if (sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) >= 0)
                *owned = new_owner[0] != '\0';
        return 0;
}

/* Whether the name has an owner now; what happens to it later is what the match is for. */
static int link_ask_owner(Link *l, uint64_t deadline, bool *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int owned, r;

        r = sd_bus_message_new_method_call(l->bus, &m, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "NameHasOwner");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", SIGNET_BUS_NAME);
        if (r < 0)
                return r;
        r = link_call(l, m, deadline, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "b", &owned);
        if (r < 0)
                return r;

        *ret = owned;
        return 0;
}

static int link_await_owner(Link *l, uint64_t deadline) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        bool owned = false;
        int r;

        /* The bus works through requests in order: the match is in place before the question is answered. */
        r = sd_bus_add_match_async(l->bus, &slot, LINK_OWNER_MATCH, on_owner_changed, NULL, &owned);
        if (r < 0)
                return r;
        r = link_ask_owner(l, deadline, &owned);
        if (r < 0)
                return r;
        while (!owned) {
                r = bus_turn(l->bus, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}

int link_await_service(Link *l, uint64_t deadline) {
        char reason[128];
        int r;

        r = link_await_owner(l, deadline);
        if (r == -ENOMEM)
                return error_no_memory();
        if (r == -ETIMEDOUT)
                return error_set(
                        SIGNET_E_UNAVAILABLE,
                        "signetd left the bus and did not come back in time; look at its log: journalctl -u signetd");
        if (r < 0)
                return error_set(SIGNET_E_UNAVAILABLE,
                                 "signetd left the bus, and the bus went while it was waited for: %s",
                                 strerror_r(-r, reason, sizeof(reason)));
        return 0;
}

/* What sd-bus holds for a connection of another process, or with a descriptor that means something else by now, can be
 * neither used nor freed. It is kept in sight of leak checkers, and nothing else ever reads this list. */
typedef struct Lost {
        sd_bus *bus;
        struct Lost *next;
} Lost;

static _Atomic(Lost *) lost_buses;

static void lose(sd_bus *bus) {
        Lost *l = bus ? malloc(sizeof(*l)) : NULL;

        if (!l)
                return;
        *l = (Lost){ .bus = bus, .next = atomic_load(&lost_buses) };
        while (!atomic_compare_exchange_weak(&lost_buses, &l->next, l))
                ;
}

void link_close(Link *l) {
        sd_bus *bus = TAKE_PTR(l->bus);
        bool ours = link_has_socket(l);

        channel_close(l);
        l->fd = -EBADF; /* first: in a child forked from here on, the number may mean something else */
        if (ours)
                sd_bus_close_unref(bus);
        else
                lose(bus);
}

void link_abandon(Link *l) {
        channel_close(l);
        if (link_has_socket(l))
                close(l->fd);
        l->fd = -EBADF;
        lose(TAKE_PTR(l->bus));
}
