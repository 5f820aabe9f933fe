/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of outcomes, and sentences about failures. Pure. */
#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"

#define ERROR_PREFIX "org.signetd.Signet1.Error."

static const char *const error_names[_OUTCOME_MAX] = {
        [OUTCOME_NO_SUCH_KEY] = ERROR_PREFIX "NoSuchKey",
        [OUTCOME_NOT_AUTHORIZED] = ERROR_PREFIX "NotAuthorized",
        [OUTCOME_TOKEN_LOCKED] = ERROR_PREFIX "TokenLocked",
        [OUTCOME_TOKEN_UNAVAILABLE] = ERROR_PREFIX "TokenUnavailable",
        [OUTCOME_PIN_INCORRECT] = ERROR_PREFIX "PinIncorrect",
        [OUTCOME_PIN_LOCKED] = ERROR_PREFIX "PinLocked",
        [OUTCOME_RATE_LIMITED] = ERROR_PREFIX "RateLimited",
        [OUTCOME_BUSY] = ERROR_PREFIX "Busy",
        [OUTCOME_TIMEOUT] = ERROR_PREFIX "Timeout",
        [OUTCOME_DECRYPTION_FAILED] = ERROR_PREFIX "DecryptionFailed",
        [OUTCOME_NOT_SUPPORTED] = ERROR_PREFIX "NotSupported",
        [OUTCOME_INVALID_INPUT] = ERROR_PREFIX "InvalidInput",
        [OUTCOME_REVOKED] = ERROR_PREFIX "Revoked",
};

const char *outcome_error_name(Outcome o) {
        return (size_t) o < ELEMENTSOF(error_names) ? error_names[o] : NULL;
}

const char *outcome_to_string(Outcome o) {
        if (o == OUTCOME_OK)
                return "ok";
        return outcome_error_name(o) ? outcome_error_name(o) + strlen(ERROR_PREFIX) : NULL;
}

int failure_set(Failure *f, Outcome outcome, const char *format, ...) {
        va_list ap;
        size_t end;

        f->outcome = outcome;
        va_start(ap, format);
        if (vsnprintf(f->text, sizeof(f->text), format, ap) < 0)
                f->text[0] = '\0';
        va_end(ap);

        /* A cut may leave half a character, which D-Bus refuses. */
        for (end = strlen(f->text); !utf8_is_interchangeable(f->text, end); end--)
                ;
        f->text[end] = '\0';
        return (int) outcome;
}
