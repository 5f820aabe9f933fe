/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a request may end, as D-Bus errors and the audit name it (docs/DBUS.md lists them). */
#pragma once

#include "common/macros.h"

typedef enum Outcome {
        OUTCOME_OK,
        OUTCOME_NO_SUCH_KEY,
        OUTCOME_NOT_AUTHORIZED,
        OUTCOME_TOKEN_LOCKED,
        OUTCOME_TOKEN_UNAVAILABLE,
        OUTCOME_PIN_INCORRECT,
        OUTCOME_PIN_LOCKED,
        OUTCOME_RATE_LIMITED,
        OUTCOME_BUSY,
        OUTCOME_TIMEOUT,
        OUTCOME_DECRYPTION_FAILED,
        OUTCOME_NOT_SUPPORTED,
        OUTCOME_INVALID_INPUT,
        OUTCOME_REVOKED,
        _OUTCOME_MAX,
} Outcome;

const char *outcome_to_string(Outcome o);  /* "ok", "NoSuchKey"...; static; NULL outside the enum */
const char *outcome_error_name(Outcome o); /* "org.signetd.Signet1.Error.NoSuchKey"...; NULL for OUTCOME_OK */

/* Why something was not done: the outcome and a sentence that names the thing, the cause and the next step.
 *
 * Functions that take a Failure return 0, or what failure_set() returned (positive) with *f filled, or -errno with *f
 * untouched. */
typedef struct Failure {
        Outcome outcome;
        char text[2048];
} Failure;

/* Fills *f and returns `outcome` as a positive int. Text is cut where a UTF-8 character ends. */
int failure_set(Failure *f, Outcome outcome, const char *format, ...) _printf_(3, 4);
