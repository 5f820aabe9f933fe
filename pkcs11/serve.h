/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child's side of the worker link after the inventory: requests in, results out, one after another. */
#pragma once

#include "operation.h"

typedef struct Service {
        Operations ops;
        int link;             /* the connection to signetd; blocking */
        uint32_t deadline_ms; /* for requests that bring none */
        uint8_t *in, *out;    /* FRAME_MAX bytes each */
} Service;

/* Serves until the connection or the token ends; returns CHILD_EXIT_*. With WORKER_PIN_* in `reason` the last request's
 * login was refused: that PIN must not be tried again. */
int service_run(Service *s, Reason *reason) _must_check_;
