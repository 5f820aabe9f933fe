/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses `rate` and `quota`. Fed by the administrator's files. */
#include "rate.h"

#include <string.h>

static const struct {
        const char *name;
        uint64_t us;
} units[] = {
        { "s", UINT64_C(1000000) },
        { "min", UINT64_C(60000000) },
        { "h", UINT64_C(3600000000) },
        { "day", 0 }, /* a quota's: it has no period, it ends at midnight */
};

static const char *skip_space(const char *p) {
        return p + strspn(p, " \t");
}

static int parse_count(const char **p, uint64_t *ret, const char *example, Mistake *m) {
        size_t n = strspn(*p, "0123456789");
        uint64_t v = 0;

        if (n == 0)
                return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"%s\"", *p, example);
        for (size_t i = 0; i < n && v <= RATE_COUNT_MAX; i++)
                v = v * 10 + (uint64_t) ((*p)[i] - '0');
        if (v == 0 || v > RATE_COUNT_MAX)
                return mistake_set(m, "has a number that is not from 1 to %u", RATE_COUNT_MAX);

        *p = skip_space(*p + n);
        *ret = v;
        return 0;
}

/* "/UNIT" */
static int parse_unit(const char **p, uint64_t *ret_us, const char *example, Mistake *m) {
        const char *word;
        size_t n;

        if (**p != '/')
                return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"%s\"", *p, example);
        word = skip_space(*p + 1);
        n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == n && memcmp(units[i].name, word, n) == 0) {
                        *ret_us = units[i].us;
                        *p = skip_space(word + n);
                        return 0;
                }
        return mistake_set(m, "counts per \"%.*s\"; it should read \"%s\"", (int) MIN(n, 40U), word, example);
}

int rate_parse(const char *text, Rate *ret, Mistake *m) {
        static const char example[] = "200/s, burst 1000\", with /s, /min or /h, as in \"10/min";
        const char *p = skip_space(text);
        Rate rate;
        int r;

        r = parse_count(&p, &rate.count, example, m);
        if (r != 0)
                return r;
        r = parse_unit(&p, &rate.period_us, example, m);
        if (r != 0)
                return r;
        if (rate.period_us == 0)
                return mistake_set(m, "counts per day; that is a quota: quota = \"%llu/day\"",
                                   (unsigned long long) rate.count);

        rate.burst = rate.count;
        if (*p == ',') {
                p = skip_space(p + 1);
                if (strncmp(p, "burst", 5) != 0)
                        return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"%s\"", p, example);
                p = skip_space(p + 5);
                r = parse_count(&p, &rate.burst, example, m);
                if (r != 0)
                        return r;
        }
        if (*p)
                return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"%s\"", p, example);

        *ret = rate;
        return 0;
}

int quota_parse(const char *text, uint64_t *ret, Mistake *m) {
        static const char example[] = "1000/day";
        const char *p = skip_space(text);
        uint64_t count, us;
        int r;

        r = parse_count(&p, &count, example, m);
        if (r != 0)
                return r;
        r = parse_unit(&p, &us, example, m);
        if (r != 0)
                return r;
        if (us != 0)
                return mistake_set(m, "is no quota, which counts per day; the setting \"rate\" counts per s, min or h");
        if (*p)
                return mistake_set(m, "cannot be read at \"%.40s\"; it should read \"%s\"", p, example);

        *ret = count;
        return 0;
}
