/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the provider, as OpenSSL's programs print them: the reason's words, and a sentence that says what to do. */
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"
#include "provider.h"

const OSSL_ITEM *provider_reason_strings(void) {
        static const OSSL_ITEM strings[] = {
                { SIGNET_E_NO_SUCH_KEY, (void *) "no such key" },
                { SIGNET_E_NOT_AUTHORIZED, (void *) "not authorized" },
                { SIGNET_E_TOKEN_LOCKED, (void *) "token locked" },
                { SIGNET_E_TOKEN_UNAVAILABLE, (void *) "token unavailable" },
                { SIGNET_E_PIN_INCORRECT, (void *) "pin incorrect" },
                { SIGNET_E_PIN_LOCKED, (void *) "pin locked" },
                { SIGNET_E_RATE_LIMITED, (void *) "rate limited" },
                { SIGNET_E_BUSY, (void *) "busy" },
                { SIGNET_E_TIMEOUT, (void *) "timeout" },
                { SIGNET_E_DECRYPTION_FAILED, (void *) "decryption failed" },
                { SIGNET_E_NOT_SUPPORTED, (void *) "not supported by signetd" },
                { SIGNET_E_INVALID_INPUT, (void *) "invalid input" },
                { SIGNET_E_REVOKED, (void *) "revoked" },
                { SIGNET_E_UNAVAILABLE, (void *) "signetd unavailable" },
                { SIGNET_E_AMBIGUOUS, (void *) "name fits several keys" },
                { SIGNET_E_PROTOCOL, (void *) "protocol error" },
                { PROVIDER_R_SYSTEM, (void *) "system error" },
                { PROVIDER_R_NO_KEY, (void *) "no key" },
                { PROVIDER_R_UNSUPPORTED, (void *) "unsupported" },
                { PROVIDER_R_BAD_NAME, (void *) "bad key name" },
                { PROVIDER_R_SMALL_BUFFER, (void *) "output buffer too small" },
                { PROVIDER_R_SOFT, (void *) "default provider failed" },
                { 0, NULL },
        };

        return strings;
}

_printf_(3, 4) static void set_error(Provider *p, int reason, const char *format, ...) {
        va_list args;

        va_start(args, format);
        p->vset_error(p->core, (uint32_t) reason, format, args);
        va_end(args);
}

int provider_raise_at(Provider *p, const char *file, int line, const char *function, int reason, const char *format,
                      ...) {
        _cleanup_free_ char *text = NULL;
        va_list args;

        if (!p->new_error || !p->vset_error)
                return 0;

        /* Programs print it as it is, and there are names in it that came from key files and tokens. */
        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                text = NULL;
        va_end(args);
        if (text)
                text_clean_in_place(text);

        p->new_error(p->core);
        if (p->set_error_debug)
                p->set_error_debug(p->core, file, line, function);
        set_error(p, reason, "%s", text ? text : "out of memory");
        return 0;
}
