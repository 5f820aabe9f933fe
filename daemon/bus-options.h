/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a call, "a{sv}", as they come from the bus. */
#pragma once

#include <systemd/sd-bus.h>

#include "options.h"

/* Reads the dictionary at which `message` stands. 0, OUTCOME_INVALID_INPUT with *f (an unknown or doubled name, a value
 * of another type), or -errno. What *ret points to is the message's. */
int bus_options_read(sd_bus_message *message, Options *ret, Failure *f) _must_check_;
