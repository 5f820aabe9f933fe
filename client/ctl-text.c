/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Printing safely and telling the time. Fed with labels from tokens and lines from audit files; what it breaks lets
 * them take over the reader's terminal. */
#include "ctl-text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* The columns of the character at s, *ret_n its bytes. */
static size_t character_width(const char *s, size_t *ret_n) {
        uint32_t c = '?';
        size_t n = text_character(s, &c);
        int width = wcwidth((wchar_t) c);

        *ret_n = MAX(n, (size_t) 1);
        return width < 0 ? 1 : (size_t) width;
}

size_t text_width(const char *s) {
        size_t width = 0, n;

        for (; *s; s += n)
                width += character_width(s, &n);
        return width;
}

char *text_shorten(const char *s, size_t columns) {
        size_t width = 0, kept = 0, n, w;
        char *text;

        if (text_width(s) <= columns)
                return strdup(s);
        while (width + (w = character_width(s + kept, &n)) <= columns - 1) {
                width += w;
                kept += n;
        }
        return asprintf(&text, "%.*s\u2026", (int) kept, s) < 0 ? NULL : text;
}

/* `size`: what strftime(3) wrote; it has nothing for years that do not fit. */
static const char *or_nothing(char buf[TEXT_TIME_MAX], size_t size) {
        if (size == 0)
                buf[0] = '\0';
        return buf;
}

const char *text_time_local(int64_t t, char buf[TEXT_TIME_MAX]) {
        struct tm tm;

        return or_nothing(buf, localtime_r(&t, &tm) ? strftime(buf, TEXT_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm) : 0);
}

const char *text_time_utc(int64_t t, char buf[TEXT_TIME_MAX]) {
        struct tm tm;

        return or_nothing(buf, gmtime_r(&t, &tm) ? strftime(buf, TEXT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) : 0);
}

const char *text_date(int64_t t, char buf[TEXT_TIME_MAX]) {
        struct tm tm;

        return or_nothing(buf, localtime_r(&t, &tm) ? strftime(buf, TEXT_TIME_MAX, "%Y-%m-%d", &tm) : 0);
}

static const struct {
        const char *name;
        int64_t seconds;
} units[] = {
        { "day", 86400 },
        { "hour", 3600 },
        { "minute", 60 },
        { "second", 1 },
};

const char *text_span(uint64_t seconds, char buf[TEXT_TIME_MAX]) {
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(units) && seconds < (uint64_t) units[i].seconds)
                i++;
        uint64_t n = seconds / (uint64_t) units[i].seconds;
        snprintf(buf, TEXT_TIME_MAX, "%" PRIu64 " %s%s", n, units[i].name, n == 1 ? "" : "s");
        return buf;
}

/* "90s", "15 min", "2h ago". A unit is a beginning of its name, as far as "s" (seconds) or "ms". */
static int parse_span(const char *s, int64_t now, int64_t *ret) {
        int64_t n = 0;
        size_t letters;

        if (!isdigit((unsigned char) *s))
                return -EINVAL;
        for (; isdigit((unsigned char) *s); s++)
                if (n > 1000000000)
                        return -EINVAL;
                else
                        n = 10 * n + (*s - '0');
        s += strspn(s, " ");
        letters = strcspn(s, " ");
        if (letters == 0)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                size_t name = strlen(units[i].name);
                bool fits = strncmp(s, units[i].name, letters) == 0 && letters <= name;
                bool plural = letters == name + 1 && strncmp(s, units[i].name, name) == 0 && s[name] == 's';

                if (!fits && !plural)
                        continue;
                s += letters;
                s += strspn(s, " ");
                if (*s && strcmp(s, "ago") != 0)
                        return -EINVAL;
                *ret = now - n * units[i].seconds;
                return 0;
        }
        return -EINVAL;
}

static int parse_day(const char *s, int64_t now, int64_t *ret) {
        time_t v = (time_t) now;
        struct tm tm;

        if (strcmp(s, "now") == 0) {
                *ret = now;
                return 0;
        }
        if (strcmp(s, "today") != 0 && strcmp(s, "yesterday") != 0)
                return -EINVAL;
        if (!localtime_r(&v, &tm))
                return -EINVAL;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday -= *s == 'y';
        tm.tm_isdst = -1;
        *ret = mktime(&tm);
        return 0;
}

static int parse_calendar(const char *s, int64_t *ret) {
        static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
                                             "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                struct tm tm = { .tm_isdst = -1 }, asked;
                const char *end = strptime(s, forms[i], &tm);
                bool utc;

                if (!end)
                        continue;
                if (i < 2 && *end == '.' && isdigit((unsigned char) end[1]))
                        end += 1 + strspn(end + 1, "0123456789");
                utc = *end == 'Z' && i + 1 < ELEMENTSOF(forms);
                if (end[utc ? 1 : 0] != '\0')
                        continue;
                asked = tm;
                int64_t t = utc ? timegm(&tm) : mktime(&tm);
                if (tm.tm_mday != asked.tm_mday) /* the 31st of April */
                        return -EINVAL;
                *ret = t;
                return 0;
        }
        return -EINVAL;
}

int text_parse_time(const char *s, int64_t now, int64_t *ret) {
        if (s[0] == '@') {
                char *end;

                errno = 0;
                long long v = strtoll(s + 1, &end, 10);
                if (!isdigit((unsigned char) s[1]) || *end || errno != 0)
                        return -EINVAL;
                *ret = v;
                return 0;
        }
        if (parse_day(s, now, ret) == 0 || parse_span(s, now, ret) == 0)
                return 0;
        return parse_calendar(s, ret);
}
