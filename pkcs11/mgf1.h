/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mask generation function of OAEP and PSS, RFC 8017 appendix B.2.1. */
#pragma once

#include "common/names.h"

/* Exclusive-ors the n bytes of MGF1(seed) into `inout`. 0, -EINVAL for HASH_NONE, or -ENOMEM. */
int mgf1_xor(Hash hash, const uint8_t *seed, size_t seed_n, uint8_t *inout, size_t n) _must_check_;
