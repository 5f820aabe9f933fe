/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits of rules (rate, quota per day): counted per rule and caller. State of the daemon, apart from the pure
 * verdict. */
#pragma once

#include "policy.h"

typedef struct Limits Limits;

enum { LIMITS_E_RATE = 1, LIMITS_E_QUOTA };

#define LIMITS_NEVER 0 /* as *ret_wait: so many uses at once never fit */

int limits_new(Limits **ret) _must_check_;
Limits *limits_free(Limits *l); /* accepts and returns NULL */
DEFINE_CLEANUP(Limits *, limits_free)

/* Takes `n` uses from what `rule` leaves this caller: 0 and they are counted; LIMITS_E_RATE or LIMITS_E_QUOTA and
 * nothing is counted, *ret_wait gets the seconds until they would fit (rate) or the day ends (quota, in local time), or
 * LIMITS_NEVER. monotonic_us and now are the caller's clocks. -ENOMEM. Counters survive a policy reload by the rule's
 * name; state is bounded by rules times callers, idle full buckets are dropped. */
int limits_take(Limits *l, const PolicyRule *rule, uid_t uid, unsigned n, uint64_t monotonic_us, int64_t now,
                unsigned *ret_wait) _must_check_;

size_t limits_size(const Limits *l); /* callers' accounts in memory */
