/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service process behind fake-signetd.h. */
#pragma once

#include "fake-signetd.h"

/* Connects, owns signetd's name, writes a byte to ready_fd and closes it, and answers until it is killed. Returns only
 * on failure or when the bus is gone. */
int fake_service_run(const char *address, FakeState *state, int ready_fd);
