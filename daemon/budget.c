/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts failures in leaky buckets. Fed by results of decryption. */
#include "budget.h"

#define HOUR_US (3600ULL * 1000 * 1000)

/* Failures flow out of the bucket at an even rate; its level is kept as the time at which it will be empty. */
typedef struct Bucket {
        uid_t uid;
        uint64_t empty_us;
} Bucket;

struct Budget {
        uint64_t each_us; /* how long one failure takes to flow out */
        Bucket *buckets;
        size_t n;
};

int budget_new(unsigned per_hour, Budget **ret) {
        Budget *b = calloc(1, sizeof(*b));

        if (!b)
                return -ENOMEM;
        b->each_us = HOUR_US / MAX(per_hour, 1U);
        *ret = b;
        return 0;
}

Budget *budget_free(Budget *b) {
        if (!b)
                return NULL;
        free(b->buckets);
        free(b);
        return NULL;
}

static Bucket *find(const Budget *b, uid_t uid) {
        for (size_t i = 0; i < b->n; i++)
                if (b->buckets[i].uid == uid)
                        return &b->buckets[i];
        return NULL;
}

unsigned budget_wait(const Budget *b, uid_t uid, uint64_t monotonic_us) {
        const Bucket *k = find(b, uid);
        uint64_t full_us = monotonic_us + HOUR_US - b->each_us; /* above this, one more doesn't fit */

        if (!k || k->empty_us <= full_us)
                return 0;
        return (unsigned) ((k->empty_us - full_us + 999999) / 1000000);
}

/* Room for one more: one that is empty by now, a new one, or the one that is nearest to empty. */
static Bucket *make_room(Budget *b, uint64_t monotonic_us) {
        Bucket *least = NULL, *more;

        for (size_t i = 0; i < b->n; i++)
                if (!least || b->buckets[i].empty_us < least->empty_us)
                        least = &b->buckets[i];
        if (least && (least->empty_us <= monotonic_us || b->n >= BUDGET_USERS_MAX))
                return least;
        more = reallocarray(b->buckets, b->n + 1, sizeof(*more));
        if (!more)
                return least;
        b->buckets = more;
        return &b->buckets[b->n++];
}

void budget_take(Budget *b, uid_t uid, uint64_t monotonic_us) {
        Bucket *k = find(b, uid);

        if (!k) {
                k = make_room(b, monotonic_us);
                if (!k)
                        return;
                *k = (Bucket){ .uid = uid };
        }
        k->empty_us = MAX(k->empty_us, monotonic_us) + b->each_us;
}
