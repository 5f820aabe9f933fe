/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for terminals: measured in columns, cleaned by common/text.h; times as people write them. Pure but for the
 * clock's zone. */
#pragma once

#include "common/text.h"

/* Columns that clean text takes; needs setlocale() to a UTF-8 locale. */
size_t text_width(const char *s);

/* A copy of clean text in at most `columns` (1 or more), its last column an ellipsis when something was cut. NULL: out
 * of memory. */
char *text_shorten(const char *s, size_t columns);

#define TEXT_TIME_MAX 32

/* "2024-05-01 11:30:00" in local time; "2024-05-01T09:30:00Z"; "2024-05-01" in local time. "" for times that no
 * calendar has. */
const char *text_time_local(int64_t t, char buf[TEXT_TIME_MAX]);
const char *text_time_utc(int64_t t, char buf[TEXT_TIME_MAX]);
const char *text_date(int64_t t, char buf[TEXT_TIME_MAX]);

/* "3 days", "1 hour", "0 seconds": the largest unit that fits. */
const char *text_span(uint64_t seconds, char buf[TEXT_TIME_MAX]);

/* "2024-05-01", "2024-05-01 11:30", "2024-05-01T11:30:00.5" (local; with Z: UTC), "now", "today", "yesterday",
 * "@1714555800", or a span before now: "90s", "15 min", "2h ago", "3 days". Seconds since 1970; -EINVAL. */
int text_parse_time(const char *s, int64_t now, int64_t *ret) _must_check_;
