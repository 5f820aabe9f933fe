/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences for what went wrong. */
#include "fault.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[_MAIL_ERROR_MAX] = {
        [MAIL_OK] = "Ok",
        [MAIL_E_USAGE] = "Usage",
        [MAIL_E_INVALID_INPUT] = "InvalidInput",
        [MAIL_E_NOT_SIGNED] = "NotSigned",
        [MAIL_E_NOT_ENCRYPTED] = "NotEncrypted",
        [MAIL_E_BAD_SIGNATURE] = "BadSignature",
        [MAIL_E_DECRYPTION_FAILED] = "DecryptionFailed",
        [MAIL_E_NO_CERTIFICATE] = "NoCertificate",
        [MAIL_E_EXPIRED] = "Expired",
        [MAIL_E_WRONG_ADDRESS] = "WrongAddress",
        [MAIL_E_NO_SUCH_KEY] = "NoSuchKey",
        [MAIL_E_AMBIGUOUS] = "Ambiguous",
        [MAIL_E_NOT_AUTHORIZED] = "NotAuthorized",
        [MAIL_E_NOT_SUPPORTED] = "NotSupported",
        [MAIL_E_UNAVAILABLE] = "Unavailable",
        [MAIL_E_FAILED] = "Failed",
};

const char *mail_error_to_string(MailError e) {
        return (unsigned) e < _MAIL_ERROR_MAX ? names[e] : NULL;
}

static int record(Fault *f, MailError error, const char *reason, const char *format, va_list ap) {
        if (f->error != MAIL_OK)
                return (int) f->error;

        int n = vsnprintf(f->text, sizeof(f->text), format, ap);
        if (reason && n >= 0 && (size_t) n < sizeof(f->text))
                (void) snprintf(f->text + n, sizeof(f->text) - (size_t) n, ": %s", reason);
        f->error = error;
        return (int) error;
}

int fault_set(Fault *f, MailError error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = record(f, error, NULL, format, ap);
        va_end(ap);
        return r;
}

int fault_set_errno(Fault *f, int number, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = record(f, MAIL_E_FAILED, strerrordesc_np(abs(number)) ?: "unknown error", format, ap);
        va_end(ap);
        return r;
}

int fault_set_openssl(Fault *f, MailError error, const char *format, ...) {
        const char *data = NULL;
        int flags = 0;
        unsigned long e = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
        const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
        va_list ap;

        /* A provider's own sentence says more than the general reason. */
        if ((flags & ERR_TXT_STRING) && data && *data)
                reason = data;

        va_start(ap, format);
        int r = record(f, error, reason, format, ap);
        va_end(ap);
        ERR_clear_error();
        return r;
}

void fault_clear(Fault *f) {
        f->error = MAIL_OK;
        f->text[0] = 0;
}
