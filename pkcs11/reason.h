/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why something did not work, for signetd (a code) and for people (a sentence).
 *
 * The worker's functions return 0, a positive WorkerCode whose sentence stands in the Reason they were given, or a
 * negative errno for what has no sentence (out of memory): the child ends then. */
#pragma once

#include <p11-kit/pkcs11.h>

#include "common/frame.h"

#define REASON_MAX 512

typedef struct Reason {
        WorkerCode code;
        char text[REASON_MAX]; /* UTF-8 without control characters */
} Reason;

/* Fills `reason` and returns `code`. Labels and paths may be passed as they are: bytes that are no clean UTF-8 become
 * '?'. */
int reason_set(Reason *reason, WorkerCode code, const char *format, ...) _printf_(3, 4);

/* What a failed Cryptoki call means for the request at hand: WORKER_DEVICE_ERROR unless the error lies with the key,
 * the mechanism or the data (PKCS #11 v2.40 section 5.1). `token` is the token's configured name. */
int reason_from_rv(Reason *reason, const char *token, const char *call, CK_RV rv);
