/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of DER (X.690 sections 8, 10 and 11) from hostile hands. Pure, copies nothing.
 *
 * First der_check() the whole; then walk it with a Der, whose Blobs borrow from the same memory. */
#pragma once

#include "buffer.h"

#define DER_DEPTH_MAX 32

enum {
        DER_BOOLEAN = 0x01,
        DER_INTEGER = 0x02,
        DER_BIT_STRING = 0x03,
        DER_OCTET_STRING = 0x04,
        DER_OID = 0x06,
        DER_UTC_TIME = 0x17,
        DER_GENERALIZED_TIME = 0x18,
        DER_SEQUENCE = 0x30,
        DER_SET = 0x31,
        DER_CONTEXT_0 = 0xa0, /* [0], constructed */
        DER_CONTEXT_2 = 0xa2,
};

typedef struct Der {
        const uint8_t *p;
        size_t left;
} Der;

typedef struct DerItem {
        uint8_t tag; /* identifier octet; tags of more than one octet are refused by der_check() */
        Blob content;
        Blob whole; /* identifier and length included */
} DerItem;

/* Whether n bytes are exactly one DER value, and all constructed values inside it are DER too: definite and minimal
 * lengths, minimal INTEGER and BOOLEAN contents, SET OF in order, at most DER_DEPTH_MAX deep. */
bool der_check(const uint8_t *data, size_t n);

/* Reads the next value; false at the end, and for bytes that der_check() would refuse at this level. */
bool der_next(Der *d, DerItem *ret);

/* The same, and the value has this tag. */
bool der_expect(Der *d, uint8_t tag, DerItem *ret);

static inline Der der_of(Blob b) {
        return (Der){ .p = b.data, .left = b.size };
}

/* Seconds since 1970 from UTCTime or GeneralizedTime in the only form that RFC 5652 section 11.3 allows (seconds given,
 * Z, UTCTime up to 2049 and GeneralizedTime after). false for anything else. */
bool der_time(const DerItem *item, int64_t *ret);

bool blob_equals(Blob b, const void *data, size_t n);
