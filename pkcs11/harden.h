/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every process here does to itself before it sees a PIN. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* No core dumps, no debugger of the same user, no new privileges through exec, and, where the memory limit allows it,
 * no page in swap. Best effort: what the system refuses is left. */
void process_harden(void);

/* Has the kernel send `signal` when the parent ends. False when the parent is not `parent` (any longer); 0 does not
 * check. */
bool process_bind_to_parent(int signal, pid_t parent);
