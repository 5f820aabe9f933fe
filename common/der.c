/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict DER. Fed with what clients want signed: every length is checked before it is used. */
#include "der.h"

#include <string.h>
#include <time.h>

#define TAG_CONSTRUCTED 0x20
#define TAG_HIGH_FORM   0x1f

/* A definite, minimal length of at most four octets. */
static bool read_length(Der *d, size_t *ret) {
        size_t n = 0, octets;

        if (d->left == 0)
                return false;
        octets = *d->p++;
        d->left--;
        if (octets < 0x80) {
                *ret = octets;
                return true;
        }
        octets &= 0x7f;
        if (octets == 0 || octets > 4 || octets > d->left || *d->p == 0)
                return false;
        for (; octets > 0; octets--, d->left--)
                n = n << 8 | *d->p++;
        if (n < 0x80)
                return false;

        *ret = n;
        return true;
}

bool der_next(Der *d, DerItem *ret) {
        Der at = *d;
        uint8_t tag;
        size_t n;

        if (at.left == 0)
                return false;
        tag = *at.p++;
        at.left--;
        if ((tag & TAG_HIGH_FORM) == TAG_HIGH_FORM || tag == 0 || !read_length(&at, &n) || n > at.left)
                return false;

        *ret = (DerItem){
                .tag = tag,
                .content = { .data = n > 0 ? at.p : NULL, .size = n },
                .whole = { .data = d->p, .size = (size_t) (at.p - d->p) + n },
        };
        d->left -= ret->whole.size;
        d->p += ret->whole.size;
        return true;
}

bool der_expect(Der *d, uint8_t tag, DerItem *ret) {
        DerItem item;

        if (!der_next(d, &item) || item.tag != tag)
                return false;
        *ret = item;
        return true;
}

/* Whether a primitive value of a universal type is in DER's form, for the types whose form DER narrows. */
static bool primitive_is_der(const DerItem *item) {
        const uint8_t *p = item->content.data;
        size_t n = item->content.size;

        switch (item->tag) {
        case DER_BOOLEAN:
                return n == 1 && (p[0] == 0 || p[0] == 0xff);
        case DER_INTEGER:
                return n > 0 && !(n > 1 && ((p[0] == 0 && p[1] < 0x80) || (p[0] == 0xff && p[1] >= 0x80)));
        case DER_BIT_STRING:
                return n > 0 && p[0] < 8 && !(n == 1 && p[0] > 0) && (p[n - 1] & ((1U << p[0]) - 1)) == 0;
        case DER_OID:
                return n > 0 && p[n - 1] < 0x80;
        case DER_SEQUENCE & ~TAG_CONSTRUCTED:
        case DER_SET & ~TAG_CONSTRUCTED:
                return false;
        default:
                return true;
        }
}

/* Order of SET OF, X.690 section 11.6: as octet strings, the shorter one as if zeros followed. */
static bool in_order(Blob a, Blob b) {
        int c = memcmp(a.data, b.data, MIN(a.size, b.size));

        return c < 0 || (c == 0 && a.size <= b.size);
}

static bool check_level(Blob content, bool set, unsigned depth) { // NOLINT(misc-no-recursion): bounded by depth
        Der d = der_of(content);
        Blob before = {};
        DerItem item;

        if (depth > DER_DEPTH_MAX)
                return false;
        while (d.left > 0) {
                if (!der_next(&d, &item))
                        return false;
                if (set && before.size > 0 && !in_order(before, item.whole))
                        return false;
                before = item.whole;
                if (!(item.tag & TAG_CONSTRUCTED)) {
                        if (!primitive_is_der(&item))
                                return false;
                        continue;
                }
                if ((item.tag & 0xc0) == 0 && item.tag != DER_SEQUENCE && item.tag != DER_SET)
                        return false; /* strings are primitive in DER */
                if (!check_level(item.content, item.tag == DER_SET, depth + 1))
                        return false;
        }
        return true;
}

bool der_check(const uint8_t *data, size_t n) {
        Der d = { .p = data, .left = n };
        DerItem item;

        return der_next(&d, &item) && d.left == 0 && check_level((Blob){ .data = data, .size = n }, false, 0);
}

/* The number in two digits, or -1. */
static int two_digits(const uint8_t *p) {
        if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
                return -1;
        return (p[0] - '0') * 10 + (p[1] - '0');
}

bool der_time(const DerItem *item, int64_t *ret) {
        const uint8_t *p = item->content.data;
        size_t year_digits = item->tag == DER_UTC_TIME ? 2 : 4;
        int v[5], year;

        if ((item->tag != DER_UTC_TIME && item->tag != DER_GENERALIZED_TIME) ||
            item->content.size != year_digits + 11 || p[item->content.size - 1] != 'Z')
                return false;

        year = two_digits(p);
        if (year < 0)
                return false;
        if (year_digits == 2)
                year += year < 50 ? 2000 : 1900;
        else if (two_digits(p + 2) < 0)
                return false;
        else
                year = year * 100 + two_digits(p + 2);
        if (year_digits == 4 && year < 2050)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                v[i] = two_digits(p + year_digits + 2 * i);
                if (v[i] < 0)
                        return false;
        }

        struct tm tm = {
                .tm_year = year - 1900,
                .tm_mon = v[0] - 1,
                .tm_mday = v[1],
                .tm_hour = v[2],
                .tm_min = v[3],
                .tm_sec = v[4],
        };
        int64_t t = timegm(&tm);
        /* timegm() has moved 31 February into March: what changed was no date. */
        if (tm.tm_mon != v[0] - 1 || tm.tm_mday != v[1] || tm.tm_hour != v[2] || tm.tm_min != v[3] || tm.tm_sec != v[4])
                return false;

        *ret = t;
        return true;
}

bool blob_equals(Blob b, const void *data, size_t n) {
        return b.size == n && (n == 0 || memcmp(b.data, data, n) == 0);
}
