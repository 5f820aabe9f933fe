/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Manager.Explain: what policy would say. */
#pragma once

#include <systemd/sd-bus.h>

#include "outcome.h"
#include "peer.h"

typedef struct Manager Manager;

/* Answers the call `message` of `caller`, whose argument a{sv} has not been read: EXPLAIN_ANSWERED, or an Outcome with
 * *f, or -errno; these two the caller answers. */
enum { EXPLAIN_ANSWERED = 0 };
int explain_call(Manager *m, Peer *caller, sd_bus_message *message, Failure *f) _must_check_;
