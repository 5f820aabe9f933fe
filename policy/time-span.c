/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses and matches a rule's `time`. Fed by the administrator's files. Daylight saving is the C library's affair:
 * windows are compared with the broken-down local time, so an hour that the clock skips is in no window, and one that
 * it repeats is in twice. */
#include "time-span.h"

#include <string.h>

#include "common/problems.h"

#define DAY_MINUTES (24 * 60)

typedef struct Window {
        unsigned days;       /* bit 0 is Sunday, as in tm_wday */
        unsigned start, end; /* minutes; end is less than start over midnight */
} Window;

struct TimeSpan {
        bool negated;
        Window *windows;
        size_t n;
};

static const char *const day_names[] = {
        "Sun",    "Mon",    "Tue",     "Wed",       "Thu",      "Fri",    "Sat",
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};

static const char *skip_space(const char *p) {
        return p + strspn(p, " \t");
}

static int parse_day(const char **p, unsigned *ret, Mistake *m) {
        size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        const char *meant;
        char word[32];

        for (size_t i = 0; i < ELEMENTSOF(day_names); i++)
                if (strlen(day_names[i]) == n && strncasecmp(day_names[i], *p, n) == 0) {
                        *ret = (unsigned) i % 7;
                        *p += n;
                        return 0;
                }

        n = MIN(n, sizeof(word) - 1);
        memcpy(word, *p, n);
        word[n] = '\0';
        meant = problems_did_you_mean(word, day_names, ELEMENTSOF(day_names));
        if (n == 0)
                return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"Mon-Fri 08:00-18:00\"", *p);
        if (strcasecmp(word, "not") == 0)
                return mistake_set(
                        m, "has a \"not\" in the middle; it goes before everything else and turns all of it round");
        return mistake_set(m, "names the unknown day \"%s\"; %s%s%s", word,
                           meant ? "did you mean \"" : "days are Mon, Tue, Wed, Thu, Fri, Sat, Sun", meant ? meant : "",
                           meant ? "\"?" : "");
}

/* "Mon" or "Fri-Mon" */
static int parse_days(const char **p, unsigned *ret, Mistake *m) {
        unsigned first, last, days;
        int r;

        r = parse_day(p, &first, m);
        if (r != 0)
                return r;
        last = first;
        if (*skip_space(*p) == '-') {
                *p = skip_space(skip_space(*p) + 1);
                r = parse_day(p, &last, m);
                if (r != 0)
                        return r;
        }

        days = 1U << last;
        for (unsigned d = first; d != last; d = (d + 1) % 7)
                days |= 1U << d;
        *ret = days;
        return 0;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static int parse_clock(const char **p, unsigned *ret, Mistake *m) {
        const char *s = *p;
        unsigned hour = 0, minute;

        for (int i = 0; i < 2 && is_digit(*s); i++)
                hour = hour * 10 + (unsigned) (*s++ - '0');
        if (s == *p || s[0] != ':' || !is_digit(s[1]) || !is_digit(s[2]) || is_digit(s[3]))
                return mistake_set(m, "cannot be read at \"%.40s\"; hours are written as 08:00-18:00", *p);
        minute = (unsigned) (s[1] - '0') * 10 + (unsigned) (s[2] - '0');
        if (hour > 24 || minute > 59 || (hour == 24 && minute > 0))
                return mistake_set(m, "has \"%.*s\", which no clock shows; a day ends at 24:00", (int) (s + 3 - *p),
                                   *p);

        *ret = hour * 60 + minute;
        *p = s + 3;
        return 0;
}

static int parse_hours(const char **p, Window *w, Mistake *m) {
        int r;

        r = parse_clock(p, &w->start, m);
        if (r != 0)
                return r;
        *p = skip_space(*p);
        if (**p != '-')
                return mistake_set(m, "lacks the end of the hours at \"%.40s\"; hours are written as 08:00-18:00", *p);
        *p = skip_space(*p + 1);
        r = parse_clock(p, &w->end, m);
        if (r != 0)
                return r;
        if (w->start == w->end)
                return mistake_set(m, "has hours that end when they begin; a whole day is 00:00-24:00");
        if (w->start == DAY_MINUTES)
                return mistake_set(m, "has hours that begin at 24:00; write 00:00 of the next day");
        return 0;
}

/* *ret_has_hours says whether the window named any. */
static int parse_window(const char **p, Window *w, bool *ret_has_hours, Mistake *m) {
        int r;

        *w = (Window){ .days = 0x7f, .start = 0, .end = DAY_MINUTES };
        *p = skip_space(*p);
        if (!is_digit(**p)) {
                r = parse_days(p, &w->days, m);
                if (r != 0)
                        return r;
                *p = skip_space(*p);
        }

        *ret_has_hours = is_digit(**p);
        if (*ret_has_hours) {
                r = parse_hours(p, w, m);
                if (r != 0)
                        return r;
                *p = skip_space(*p);
        }

        if (**p && **p != ',')
                return mistake_set(m, "cannot be read at \"%.40s\"; windows are separated by commas", *p);
        return 0;
}

static int parse_windows(TimeSpan *t, const char *p, Mistake *m) {
        size_t with_hours = 0;

        for (;;) {
                bool has_hours;
                int r = parse_window(&p, &t->windows[t->n], &has_hours, m);

                if (r != 0)
                        return r;
                t->n++;
                with_hours += has_hours;
                if (!*p)
                        break;
                p++;
        }

        /* "Sat, Sun 10:00-12:00" means two hours on both days to one reader, all of Saturday to another. */
        if (with_hours > 0 && with_hours < t->n)
                return mistake_set(m, "gives hours for some days and none for others; write hours for each, a whole "
                                      "day is 00:00-24:00");
        return 0;
}

int time_span_parse(const char *text, TimeSpan **ret, Mistake *m) {
        _cleanup_(time_span_freep) TimeSpan *t = calloc(1, sizeof(TimeSpan));
        const char *p = skip_space(text);
        size_t commas = 0;
        int r;

        for (const char *q = text; *q; q++)
                commas += *q == ',';
        if (!t || !(t->windows = calloc(commas + 1, sizeof(Window))))
                return -ENOMEM;

        if (strncasecmp(p, "not", 3) == 0 && (p[3] == ' ' || p[3] == '\t')) {
                t->negated = true;
                p += 3;
        }
        r = parse_windows(t, p, m);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

TimeSpan *time_span_free(TimeSpan *t) {
        if (!t)
                return NULL;

        free(t->windows);
        free(t);
        return NULL;
}

static bool window_contains(const Window *w, unsigned day, unsigned minute) {
        unsigned yesterday = (day + 6) % 7;

        if (w->start < w->end)
                return (w->days & 1U << day) && minute >= w->start && minute < w->end;
        return ((w->days & 1U << day) && minute >= w->start) || ((w->days & 1U << yesterday) && minute < w->end);
}

bool time_span_contains(const TimeSpan *t, const struct tm *local) {
        unsigned minute = (unsigned) (local->tm_hour * 60 + local->tm_min);
        bool found = false;

        for (size_t i = 0; i < t->n && !found; i++)
                found = window_contains(&t->windows[i], (unsigned) local->tm_wday, minute);
        return found != t->negated;
}
