/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread's last error message and the names of statuses. Fed by every part of libsignet; what it formats may
 * come from signetd or from the application, so it is bounded and printable whatever they say. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "error.h"
#include "signet.h"

static _Thread_local char message[ERROR_MESSAGE_MAX];

static const char *const names[] = {
        [SIGNET_OK] = "Ok",
        [SIGNET_E_NO_SUCH_KEY] = "NoSuchKey",
        [SIGNET_E_NOT_AUTHORIZED] = "NotAuthorized",
        [SIGNET_E_TOKEN_LOCKED] = "TokenLocked",
        [SIGNET_E_TOKEN_UNAVAILABLE] = "TokenUnavailable",
        [SIGNET_E_PIN_INCORRECT] = "PinIncorrect",
        [SIGNET_E_PIN_LOCKED] = "PinLocked",
        [SIGNET_E_RATE_LIMITED] = "RateLimited",
        [SIGNET_E_BUSY] = "Busy",
        [SIGNET_E_TIMEOUT] = "Timeout",
        [SIGNET_E_DECRYPTION_FAILED] = "DecryptionFailed",
        [SIGNET_E_NOT_SUPPORTED] = "NotSupported",
        [SIGNET_E_INVALID_INPUT] = "InvalidInput",
        [SIGNET_E_REVOKED] = "Revoked",
        [SIGNET_E_UNAVAILABLE] = "Unavailable",
        [SIGNET_E_AMBIGUOUS] = "Ambiguous",
        [SIGNET_E_PROTOCOL] = "Protocol",
};

/* vsnprintf may have cut a character in two: drops what is left of it. */
static void cut_partial_character(char *s) {
        size_t n = strlen(s), start = n;

        while (start > 0 && ((unsigned char) s[start - 1] & 0xc0) == 0x80)
                start--;
        if (start > 0 && (unsigned char) s[start - 1] >= 0xc0) {
                unsigned char lead = (unsigned char) s[start - 1];
                size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

                if (n - (start - 1) < want)
                        s[start - 1] = '\0';
        }
}

int error_set(int status, const char *format, ...) {
        char text[ERROR_MESSAGE_MAX]; /* apart: an argument may be the message before this one */
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (n < 0)
                text[0] = '\0';
        else if ((size_t) n >= sizeof(text))
                cut_partial_character(text);

        text_clean_in_place(text);
        memcpy(message, text, strlen(text) + 1);
        return status;
}

int error_no_memory(void) {
        return error_set(-ENOMEM, "out of memory");
}

int error_set_errno(int r, const char *what) {
        char reason[128];

        if (r == -ENOMEM)
                return error_no_memory();
        return error_set(r, "%s: %s", what, strerror_r(-r, reason, sizeof(reason)));
}

const char *signet_error_message(void) {
        return message;
}

const char *signet_status_name(int status) {
        if (status < 0 || (size_t) status >= ELEMENTSOF(names))
                return "Unknown";
        return names[status];
}
