/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences for people, and the table from CK_RV to WorkerCode. Texts may carry what a hostile module said. */
#include "reason.h"

#include <p11-kit/p11-kit.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int reason_set(Reason *reason, WorkerCode code, const char *format, ...) {
        va_list ap;

        reason->code = code;
        va_start(ap, format);
        (void) vsnprintf(reason->text, sizeof(reason->text), format, ap);
        va_end(ap);

        bool ascii = !utf8_is_interchangeable(reason->text, strlen(reason->text));
        for (char *p = reason->text; *p; p++) {
                unsigned char c = (unsigned char) *p;

                if (c < ' ' || c == 0x7f || (ascii && c > 0x7f))
                        *p = '?';
        }
        return (int) code;
}

static WorkerCode code_of(CK_RV rv) {
        switch (rv) {
        case CKR_KEY_HANDLE_INVALID:
        case CKR_OBJECT_HANDLE_INVALID:
                return WORKER_NO_SUCH_KEY;
        case CKR_MECHANISM_INVALID:
        case CKR_MECHANISM_PARAM_INVALID:
        case CKR_KEY_TYPE_INCONSISTENT:
        case CKR_KEY_FUNCTION_NOT_PERMITTED:
        case CKR_KEY_SIZE_RANGE:
        case CKR_FUNCTION_NOT_SUPPORTED:
        case CKR_ARGUMENTS_BAD:       /* SoftHSM, for mechanism parameters that it does not know */
        case CKR_ATTRIBUTE_SENSITIVE: /* a derived secret that the token will not show */
        case CKR_ATTRIBUTE_TYPE_INVALID:
        case CKR_ATTRIBUTE_VALUE_INVALID:
        case CKR_TEMPLATE_INCONSISTENT:
        case CKR_TEMPLATE_INCOMPLETE:
                return WORKER_NOT_SUPPORTED;
        case CKR_DATA_INVALID:
        case CKR_DATA_LEN_RANGE:
                return WORKER_INVALID_INPUT;
        default:
                return WORKER_DEVICE_ERROR;
        }
}

int reason_from_rv(Reason *reason, const char *token, const char *call, CK_RV rv) {
        WorkerCode code = code_of(rv);
        const char *next;

        switch (code) {
        case WORKER_NO_SUCH_KEY:
                next = "the key is no longer on the token";
                break;
        case WORKER_NOT_SUPPORTED:
                next = "the token or this key cannot do it";
                break;
        case WORKER_INVALID_INPUT:
                next = "the token refuses this input";
                break;
        default:
                next = "see that the token is plugged in and working; it is opened afresh now";
                break;
        }
        return reason_set(reason, code, "token \"%s\": %s failed: %s (0x%lx); %s", token, call, p11_kit_strerror(rv),
                          rv, next);
}
