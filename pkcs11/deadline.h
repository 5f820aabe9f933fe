/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child's own alarm: when it goes off, the process ends, in whatever the module may be stuck. */
#pragma once

#include "common/macros.h"

#define DEADLINE_MAX_MS (3600u * 1000u)

int deadline_init(void) _must_check_; /* once; 0 or -errno */
void deadline_arm(uint32_t ms);       /* from now; 0 counts as 1 */
void deadline_disarm(void);
