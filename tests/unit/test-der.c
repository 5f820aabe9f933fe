/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict DER: what is refused, and what is read. */
#include "common/der.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "der-build.h"

#define BYTES(...)                                                                                                     \
        {                                                                                                              \
                sizeof((uint8_t[]){ __VA_ARGS__ }), {                                                                  \
                        __VA_ARGS__                                                                                    \
                }                                                                                                      \
        }

typedef struct Case {
        const char *name;
        struct {
                size_t n;
                uint8_t data[16];
        } in;
        bool good;
} Case;

static const Case cases[] = {
        { "empty sequence", BYTES(0x30, 0x00), true },
        { "nothing at all", { 0, { 0 } }, false },
        { "a tag alone", BYTES(0x30), false },
        { "content shorter than the length says", BYTES(0x04, 0x02, 0x00), false },
        { "a byte left over", BYTES(0x04, 0x01, 0x00, 0x00), false },
        { "length in the long form without need", BYTES(0x04, 0x81, 0x01, 0x00), false },
        { "indefinite length", BYTES(0x30, 0x80, 0x00, 0x00), false },
        { "length of five octets", BYTES(0x04, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00), false },
        { "length with a leading zero octet", BYTES(0x04, 0x82, 0x00, 0x80), false },
        { "length over what is there", BYTES(0x04, 0x84, 0xff, 0xff, 0xff, 0xff), false },
        { "tag of several octets", BYTES(0x1f, 0x81, 0x01, 0x00), false },
        { "BOOLEAN true as 0xff", BYTES(0x01, 0x01, 0xff), true },
        { "BOOLEAN true as 1", BYTES(0x01, 0x01, 0x01), false },
        { "INTEGER 128", BYTES(0x02, 0x02, 0x00, 0x80), true },
        { "INTEGER with a useless zero", BYTES(0x02, 0x02, 0x00, 0x01), false },
        { "INTEGER with a useless 0xff", BYTES(0x02, 0x02, 0xff, 0x80), false },
        { "empty INTEGER", BYTES(0x02, 0x00), false },
        { "BIT STRING with unused bits set", BYTES(0x03, 0x02, 0x04, 0x0f), false },
        { "BIT STRING with unused bits clear", BYTES(0x03, 0x02, 0x04, 0xf0), true },
        { "OID that ends in the middle", BYTES(0x06, 0x02, 0x2a, 0x86), false },
        { "constructed OCTET STRING", BYTES(0x24, 0x03, 0x04, 0x01, 0x00), false },
        { "primitive SEQUENCE", BYTES(0x10, 0x00), false },
        { "SET OF in order", BYTES(0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02), true },
        { "SET OF out of order", BYTES(0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01), false },
        { "bad value three levels down", BYTES(0x30, 0x07, 0xa0, 0x05, 0x30, 0x03, 0x01, 0x01, 0x02), false },
};

static void test_check(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (der_check(cases[i].in.data, cases[i].in.n) != cases[i].good)
                        fail_msg("%s: expected %s", cases[i].name, cases[i].good ? "good" : "bad");
}

static void nest(unsigned levels, Build *ret) {
        *ret = (Build){};
        build_tlv(ret, DER_INTEGER, "\x01", 1);
        for (unsigned i = 0; i < levels; i++) {
                Build outer = {};
                build_wrap(&outer, DER_SEQUENCE, ret);
                *ret = outer;
        }
}

static void test_depth(void **state) {
        Build b;

        (void) state;
        nest(DER_DEPTH_MAX, &b);
        assert_true(der_check(b.data, b.size));
        nest(DER_DEPTH_MAX + 1, &b);
        assert_false(der_check(b.data, b.size));
}

typedef struct TimeCase {
        uint8_t tag;
        const char *text;
        int64_t expected; /* -1: refused */
} TimeCase;

static const TimeCase times[] = {
        { DER_UTC_TIME, "700101000000Z", 0 },
        { DER_UTC_TIME, "261122020304Z", 1795312984 },
        { DER_UTC_TIME, "491231235959Z", 2524607999 },
        { DER_GENERALIZED_TIME, "20500101000000Z", 2524608000 },
        { DER_GENERALIZED_TIME, "20261122020304Z", -1 }, /* belongs into UTCTime */
        { DER_UTC_TIME, "2611220203Z", -1 },             /* no seconds */
        { DER_UTC_TIME, "261122020304+0000", -1 },
        { DER_UTC_TIME, "260231000000Z", -1 }, /* no such day */
        { DER_UTC_TIME, "261301000000Z", -1 },
        { DER_UTC_TIME, "26112202030xZ", -1 },
        { DER_OCTET_STRING, "261122020304Z", -1 },
};

static void test_time(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                Build b = {};
                Der d;
                DerItem item;
                int64_t t = -1;

                build_tlv(&b, times[i].tag, times[i].text, strlen(times[i].text));
                d = (Der){ .p = b.data, .left = b.size };
                assert_true(der_next(&d, &item));
                if (der_time(&item, &t) != (times[i].expected >= 0) || t != times[i].expected)
                        fail_msg("%s: got %lld", times[i].text, (long long) t);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
