/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts how often each caller used each rule that has limits. Fed by signetd with its clocks. A count that is lost
 * lets a caller do more than the rule says, so nothing is forgotten but what a new start would look like. */
#include "limits.h"

#include <string.h>
#include <time.h>

#include "rule.h"

/* How much one caller has left of one rule. */
typedef struct Account {
        struct Account *next; /* in its slot of the table */
        char *rule;
        uid_t uid;

        /* The rate, as a bucket. Its level is counted in parts of a use: a use is rate.period_us of them, and each
         * microsecond adds rate.count, so that nothing is ever rounded. */
        Rate rate;
        uint64_t level, filled_at_us;

        int year, day; /* of the quota's count */
        uint64_t used;
} Account;

struct Limits {
        Account **slots;
        size_t n_slots; /* a power of two */
        size_t n;
};

#define SLOTS_MIN 64

int limits_new(Limits **ret) {
        Limits *l = calloc(1, sizeof(Limits));

        if (l)
                l->slots = calloc(SLOTS_MIN, sizeof(Account *));
        if (!l || !l->slots) {
                free(l);
                return -ENOMEM;
        }

        l->n_slots = SLOTS_MIN;
        *ret = l;
        return 0;
}

static void account_free(Account *a) {
        free(a->rule);
        free(a);
}

Limits *limits_free(Limits *l) {
        if (!l)
                return NULL;

        for (size_t i = 0; i < l->n_slots; i++)
                while (l->slots[i]) {
                        Account *a = l->slots[i];

                        l->slots[i] = a->next;
                        account_free(a);
                }
        free(l->slots);
        free(l);
        return NULL;
}

/* FNV-1a. Names of rules are the administrator's, so nobody can aim at one slot. */
static size_t slot_of(const char *rule, uid_t uid, size_t n_slots) {
        uint64_t h = UINT64_C(0xcbf29ce484222325) ^ uid;

        h *= UINT64_C(0x100000001b3);
        for (; *rule; rule++)
                h = (h ^ (uint8_t) *rule) * UINT64_C(0x100000001b3);
        return (size_t) (h ^ h >> 32) & (n_slots - 1);
}

static void bucket_fill(Account *a, uint64_t now_us) {
        uint64_t full = a->rate.burst * a->rate.period_us, passed;

        if (a->rate.period_us == 0)
                return;

        passed = now_us > a->filled_at_us ? now_us - a->filled_at_us : 0;
        /* The division keeps a long pause from overflowing. */
        if (passed > (full - a->level) / a->rate.count)
                a->level = full;
        else
                a->level += passed * a->rate.count;
        a->filled_at_us = MAX(a->filled_at_us, now_us);
}

/* After a reload the rule may have another rate: what was left stays, as far as it fits. */
static void bucket_adapt(Account *a, const Rate *rate) {
        uint64_t uses;

        if (memcmp(&a->rate, rate, sizeof(Rate)) == 0)
                return;

        uses = a->rate.period_us > 0 ? a->level / a->rate.period_us : rate->burst;
        a->rate = *rate;
        a->level = MIN(uses, rate->burst) * rate->period_us;
}

static void quota_turn(Account *a, const struct tm *local) {
        if (a->year == local->tm_year && a->day == local->tm_yday)
                return;

        a->year = local->tm_year;
        a->day = local->tm_yday;
        a->used = 0;
}

/* Whether a new account would be the same. */
static bool account_is_idle(Account *a, uint64_t now_us, const struct tm *local) {
        bucket_fill(a, now_us);
        quota_turn(a, local);
        return a->used == 0 && a->level == a->rate.burst * a->rate.period_us;
}

/* Drops idle accounts, and if most are in use, doubles the table. Called when the table is full, so its cost is spread.
 */
static int table_tidy(Limits *l, uint64_t now_us, const struct tm *local) {
        size_t n_slots;
        Account **slots;

        for (size_t i = 0; i < l->n_slots; i++)
                for (Account **p = &l->slots[i]; *p;) {
                        Account *a = *p;

                        if (!account_is_idle(a, now_us, local)) {
                                p = &a->next;
                                continue;
                        }
                        *p = a->next;
                        account_free(a);
                        l->n--;
                }
        if (l->n < l->n_slots / 2)
                return 0;

        n_slots = l->n_slots * 2;
        slots = calloc(n_slots, sizeof(Account *));
        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_slots; i++)
                while (l->slots[i]) {
                        Account *a = l->slots[i];
                        size_t slot = slot_of(a->rule, a->uid, n_slots);

                        l->slots[i] = a->next;
                        a->next = slots[slot];
                        slots[slot] = a;
                }
        free(l->slots);
        l->slots = slots;
        l->n_slots = n_slots;
        return 0;
}

static Account *table_find(const Limits *l, const char *rule, uid_t uid) {
        Account *a = l->slots[slot_of(rule, uid, l->n_slots)];

        while (a && (a->uid != uid || strcmp(a->rule, rule) != 0))
                a = a->next;
        return a;
}

static int table_get(Limits *l, const PolicyRule *rule, uid_t uid, uint64_t now_us, const struct tm *local,
                     Account **ret) {
        Account *a = table_find(l, rule->name, uid);
        size_t slot;

        if (a) {
                *ret = a;
                return 0;
        }

        if (l->n >= l->n_slots) {
                int r = table_tidy(l, now_us, local);

                if (r < 0)
                        return r;
        }
        a = calloc(1, sizeof(Account));
        if (!a || !(a->rule = strdup(rule->name))) {
                free(a);
                return -ENOMEM;
        }
        a->uid = uid;
        a->filled_at_us = now_us;

        slot = slot_of(a->rule, uid, l->n_slots);
        a->next = l->slots[slot];
        l->slots[slot] = a;
        l->n++;
        *ret = a;
        return 0;
}

static unsigned seconds_to_midnight(int64_t now, const struct tm *local) {
        struct tm next = {
                .tm_year = local->tm_year, .tm_mon = local->tm_mon, .tm_mday = local->tm_mday + 1, .tm_isdst = -1
        };
        time_t midnight = mktime(&next);

        return midnight > now && midnight - now <= 2 * 86400 ? (unsigned) (midnight - now) : 1;
}

/* Seconds until the bucket holds n uses, rounded up. */
static unsigned seconds_to_fill(const Account *a, uint64_t n) {
        uint64_t lacking = n * a->rate.period_us - a->level;
        uint64_t us = (lacking + a->rate.count - 1) / a->rate.count;

        return (unsigned) MIN((us + 999999) / 1000000, (uint64_t) UINT32_MAX);
}

int limits_take(Limits *l, const PolicyRule *rule, uid_t uid, unsigned n, uint64_t monotonic_us, int64_t now,
                unsigned *ret_wait) {
        time_t seconds = (time_t) now;
        struct tm local = {};
        Account *a;
        int r;

        if ((rule->rate.period_us == 0 && rule->quota == 0) || n == 0)
                return 0;

        (void) localtime_r(&seconds, &local);
        r = table_get(l, rule, uid, monotonic_us, &local, &a);
        if (r < 0)
                return r;
        bucket_adapt(a, &rule->rate);
        bucket_fill(a, monotonic_us);
        quota_turn(a, &local);

        if (rule->quota > 0 && n > rule->quota - MIN(a->used, rule->quota)) {
                *ret_wait = n > rule->quota ? LIMITS_NEVER : seconds_to_midnight(now, &local);
                return LIMITS_E_QUOTA;
        }
        if (rule->rate.period_us > 0 && (n > rule->rate.burst || n * rule->rate.period_us > a->level)) {
                *ret_wait = n > rule->rate.burst ? LIMITS_NEVER : seconds_to_fill(a, n);
                return LIMITS_E_RATE;
        }

        if (rule->rate.period_us > 0)
                a->level -= n * rule->rate.period_us;
        if (rule->quota > 0)
                a->used += n;
        return 0;
}

size_t limits_size(const Limits *l) {
        return l->n;
}
