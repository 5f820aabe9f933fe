/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rule's `time` may be: hours of the week in the local time zone, as the clock on the wall shows them. */
#pragma once

#include <time.h>

#include "match.h"

typedef struct TimeSpan TimeSpan;

/* "[not] WINDOW[, WINDOW...]", a window being "[DAY[-DAY]] HH:MM-HH:MM" or, when none has hours, "DAY[-DAY]". Hours
 * include their first minute and not their last; those that run over midnight belong to the day on which they begin. 0,
 * MISTAKE_E_FOUND or -ENOMEM. */
int time_span_parse(const char *text, TimeSpan **ret, Mistake *m) _must_check_;
TimeSpan *time_span_free(TimeSpan *t); /* accepts and returns NULL */
DEFINE_CLEANUP(TimeSpan *, time_span_free)

bool time_span_contains(const TimeSpan *t, const struct tm *local);
