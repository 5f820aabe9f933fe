/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic whose time and memory accesses do not depend on the values. A mask is all ones for true and 0 for false.
 */
#pragma once

#include "common/macros.h"

typedef size_t Mask;

/* Hides from the compiler what it could know about a mask, so that it does not turn selections into branches. */
static inline Mask ct_hide(Mask m) {
        __asm__("" : "+r"(m));
        return m;
}

/* The top bit, spread over the whole mask. */
static inline Mask ct_top_bit(size_t a) {
        return ct_hide((size_t) 0 - (a >> (8 * sizeof(a) - 1)));
}

static inline Mask ct_is_zero(size_t a) {
        return ct_top_bit(~a & (a - 1));
}

static inline Mask ct_equal(size_t a, size_t b) {
        return ct_is_zero(a ^ b);
}

static inline Mask ct_less(size_t a, size_t b) {
        return ct_top_bit(a ^ ((a ^ b) | ((a - b) ^ a)));
}

static inline size_t ct_select(Mask m, size_t yes, size_t no) {
        return (ct_hide(m) & yes) | (~ct_hide(m) & no);
}

static inline uint8_t ct_select_byte(Mask m, uint8_t yes, uint8_t no) {
        return (uint8_t) ct_select(m, yes, no);
}
