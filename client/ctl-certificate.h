/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people want to know of a key's certificate. */
#pragma once

#include <stdio.h>

#include "common/macros.h"

typedef struct Certificate {
        char *subject, *issuer, *serial; /* RFC 2253 in UTF-8; hex digits */
        int64_t not_before, not_after;   /* seconds since 1970 */
} Certificate;

void certificate_done(Certificate *c);

/* 0; -EBADMSG when der is not a certificate; -ENOMEM. Release with certificate_done(). */
int certificate_read(const unsigned char *der, size_t n, Certificate *ret) _must_check_;

/* "CERTIFICATE" or "PUBLIC KEY" in PEM. The string is the caller's to free; NULL: out of memory. */
char *certificate_pem(const char *what, const unsigned char *der, size_t n);
