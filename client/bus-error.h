/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a failed D-Bus call means. */
#pragma once

#include <systemd/sd-bus.h>

#include "common/macros.h"

#define SIGNET_ERROR_PREFIX "org.signetd.Signet1.Error."

typedef enum BusOutcome {
        BUS_ANSWERED, /* the answer, even if it is no: a repeat would change nothing */
        BUS_UNSENT,   /* the request reached nobody: signetd is not on the bus, and the bus cannot start it */
        BUS_LOST,     /* it may have been carried out or not: signetd or the bus went meanwhile */
} BusOutcome;

/* Sets the thread's sentence and returns the status for an error that answered a call; *ret_outcome says whether a
 * repeat makes sense. */
int bus_error_status(const sd_bus_error *e, BusOutcome *ret_outcome);
