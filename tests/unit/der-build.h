/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds small DER and not-quite-DER values for tests, backwards-free: each call appends one TLV whose content is
 * given. */
#pragma once

#include <assert.h>
#include <string.h>

#include "common/buffer.h"

typedef struct Build {
        uint8_t data[8192];
        size_t size;
} Build;

static inline void build_raw(Build *b, const void *data, size_t n) {
        assert(b->size + n <= sizeof(b->data));
        if (n > 0)
                memcpy(b->data + b->size, data, n);
        b->size += n;
}

static inline void build_tlv(Build *b, uint8_t tag, const void *content, size_t n) {
        uint8_t head[4] = { tag };
        size_t k = 2;

        assert(n < 65536);
        if (n < 0x80) {
                head[1] = (uint8_t) n;
        } else if (n < 0x100) {
                head[1] = 0x81;
                head[2] = (uint8_t) n;
                k = 3;
        } else {
                head[1] = 0x82;
                head[2] = (uint8_t) (n >> 8);
                head[3] = (uint8_t) n;
                k = 4;
        }
        build_raw(b, head, k);
        build_raw(b, content, n);
}

/* Wraps what another Build holds. */
static inline void build_wrap(Build *b, uint8_t tag, const Build *inner) {
        build_tlv(b, tag, inner->data, inner->size);
}
