/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a rule may be used: its `rate` and its `quota`. Counting is in limits.c. */
#pragma once

#include "match.h"

#define RATE_COUNT_MAX 1000000000U

typedef struct Rate {
        uint64_t count, period_us; /* count uses in each period; period_us is 0 where the rule sets no rate */
        uint64_t burst;            /* that may come at once after a pause */
} Rate;

/* "COUNT/UNIT[, burst COUNT]" with the units s, min and h; the burst is COUNT when it is not given. 0 or
 * MISTAKE_E_FOUND. */
int rate_parse(const char *text, Rate *ret, Mistake *m) _must_check_;

/* "COUNT/day". 0 or MISTAKE_E_FOUND. */
int quota_parse(const char *text, uint64_t *ret, Mistake *m) _must_check_;
