/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a call must be over: microseconds of CLOCK_MONOTONIC. */
#pragma once

#include <time.h>

#include "common/macros.h"

static inline uint64_t clock_now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static inline uint64_t deadline_in(unsigned milliseconds) {
        return clock_now() + (uint64_t) milliseconds * 1000;
}

/* Microseconds left; 0 when it has passed. */
static inline uint64_t deadline_left(uint64_t deadline) {
        uint64_t now = clock_now();

        return now < deadline ? deadline - now : 0;
}
