/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the message bus: made at the start, and again with back-off when the bus goes away. */
#pragma once

#include <systemd/sd-bus.h>

#include "outcome.h"

typedef struct Manager Manager;
typedef struct Bus Bus;

#define BUS_NAME "org.signetd.Signet1"
#define BUS_ROOT "/org/signetd/Signet1"

/* Connects, waiting for the answer. 0, OUTCOME_INVALID_INPUT with *f (no bus there, or another signetd has the name),
 * or -errno. address NULL: the system bus. */
int bus_new(Manager *m, const char *address, Bus **ret, Failure *f) _must_check_;
Bus *bus_free(Bus *b); /* accepts and returns NULL */
DEFINE_CLEANUP(Bus *, bus_free)

/* Takes the well-known name: from now on clients find signetd. Ends the event loop when another has it. */
void bus_publish(Bus *b);

sd_bus *bus_connection(const Bus *b); /* borrowed; NULL while the bus is away */

static inline void bus_message_unrefp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}
static inline void bus_error_done(sd_bus_error *e) {
        sd_bus_error_free(e);
}
