/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How signetctl speaks: answers, errors and exit codes in one place. Fed by its commands; what it breaks misleads
 * scripts that go by exit codes. */
#include "ctl.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "config-values.h"
#include "ctl-text.h"

static const char *const exit_names[] = {
        [CTL_DONE] = "Done",
        [CTL_NO] = "No",
        [CTL_USAGE] = "Usage",
        [CTL_NO_SUCH_KEY] = "NoSuchKey",
        [CTL_NOT_AUTHORIZED] = "NotAuthorized",
        [CTL_LOCKED] = "TokenLocked",
        [CTL_TOKEN_UNAVAILABLE] = "TokenUnavailable",
        [CTL_PIN_INCORRECT] = "PinIncorrect",
        [CTL_PIN_LOCKED] = "PinLocked",
        [CTL_AGAIN] = "TryAgain",
        [CTL_DECRYPTION_FAILED] = "DecryptionFailed",
        [CTL_NOT_SUPPORTED] = "NotSupported",
        [CTL_INVALID_INPUT] = "InvalidInput",
        [CTL_REVOKED] = "Revoked",
        [CTL_UNAVAILABLE] = "Unavailable",
        [CTL_AMBIGUOUS] = "Ambiguous",
        [CTL_FAILURE] = "Failure",
};

CtlExit ctl_exit_from_status(int status) {
        static const CtlExit exits[] = {
                [SIGNET_OK] = CTL_DONE,
                [SIGNET_E_NO_SUCH_KEY] = CTL_NO_SUCH_KEY,
                [SIGNET_E_NOT_AUTHORIZED] = CTL_NOT_AUTHORIZED,
                [SIGNET_E_TOKEN_LOCKED] = CTL_LOCKED,
                [SIGNET_E_TOKEN_UNAVAILABLE] = CTL_TOKEN_UNAVAILABLE,
                [SIGNET_E_PIN_INCORRECT] = CTL_PIN_INCORRECT,
                [SIGNET_E_PIN_LOCKED] = CTL_PIN_LOCKED,
                [SIGNET_E_RATE_LIMITED] = CTL_AGAIN,
                [SIGNET_E_BUSY] = CTL_AGAIN,
                [SIGNET_E_TIMEOUT] = CTL_AGAIN,
                [SIGNET_E_DECRYPTION_FAILED] = CTL_DECRYPTION_FAILED,
                [SIGNET_E_NOT_SUPPORTED] = CTL_NOT_SUPPORTED,
                [SIGNET_E_INVALID_INPUT] = CTL_INVALID_INPUT,
                [SIGNET_E_REVOKED] = CTL_REVOKED,
                [SIGNET_E_UNAVAILABLE] = CTL_UNAVAILABLE,
                [SIGNET_E_AMBIGUOUS] = CTL_AMBIGUOUS,
                [SIGNET_E_PROTOCOL] = CTL_FAILURE,
        };

        return status >= 0 && (size_t) status < ELEMENTSOF(exits) ? exits[status] : CTL_FAILURE;
}

static unsigned terminal_width(void) {
        struct winsize size;

        if (!isatty(STDOUT_FILENO))
                return 0;
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* https://no-color.org: set and not empty means no. */
static bool wants_colours(void) {
        const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(STDOUT_FILENO) && (!no || !*no) && term && strcmp(term, "dumb") != 0;
}

void ctl_init(Ctl *ctl) {
        *ctl = (Ctl){ .globals.config = SIGNET_CONFIG_DIR, .colours = wants_colours(), .width = terminal_width() };
}

void ctl_done(Ctl *ctl) {
        signet_client_unref(ctl->client);
        ctl->client = NULL;
}

int ctl_client(Ctl *ctl, signet_client **ret) {
        if (!ctl->client) {
                int r = signet_client_new(ctl->globals.address, &ctl->client);
                if (r != 0)
                        return r;
        }

        *ret = ctl->client;
        return 0;
}

int ctl_find_key(Ctl *ctl, const char *name, const char *operation, signet_key **ret) {
        signet_client *client;
        int r = ctl_client(ctl, &client);

        if (r == 0)
                r = signet_find_key(client, name, operation, ret);
        return r != 0 ? ctl_error_signet(ctl, r) : CTL_DONE;
}

static void print_document(struct json_object *o) {
        const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
        _cleanup_free_ char *text = text_clean_json(json_object_to_json_string_ext(o, flags));

        printf("%s\n", text ?: "null");
}

static void answer_error(Ctl *ctl, CtlExit e, const char *name, const char *message) {
        _cleanup_(json_object_putp) struct json_object *document = NULL;
        struct json_object *error;

        if (!ctl->globals.json || ctl->answered)
                return;
        error = json_object_new_object();
        ctl_json_string(error, "name", name);
        ctl_json_string(error, "message", message);
        ctl_json_number(error, "exit", e);
        document = json_object_new_object();
        json_object_object_add(document, "error", error);
        print_document(document);
        ctl->answered = true;
}

static int say_error(Ctl *ctl, CtlExit e, const char *name, const char *message) {
        _cleanup_free_ char *clean = text_clean(message);

        fprintf(stderr, "signetctl: %s\n", clean ?: "out of memory");
        answer_error(ctl, e, name, clean);
        return e;
}

int ctl_error(Ctl *ctl, CtlExit e, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&message, format, ap) < 0)
                message = NULL;
        va_end(ap);
        return say_error(ctl, e, exit_names[e], message ?: "out of memory");
}

int ctl_error_signet(Ctl *ctl, int status) {
        const char *message = signet_error_message();

        if (status < 0)
                return ctl_error(ctl, CTL_FAILURE, "%s", *message ? message : strerrordesc_np(-status));
        return say_error(ctl, ctl_exit_from_status(status), signet_status_name(status),
                         *message ? message : signet_status_name(status));
}

int ctl_error_errno(Ctl *ctl, int error, const char *thing) {
        return ctl_error(ctl, CTL_FAILURE, "%s: %s", thing,
                         strerrordesc_np(error < 0 ? -error : error) ?: "unknown error");
}

int ctl_answer(Ctl *ctl, struct json_object *answer) {
        if (!answer)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");

        print_document(answer);
        json_object_put(answer);
        ctl->answered = true;
        return CTL_DONE;
}

int ctl_finish(Ctl *ctl, int e) {
        bool failed = ferror(stdout) != 0;

        if (fflush(stdout) == 0 && !failed)
                return e;
        ctl->answered = true; /* there is nowhere to answer to */
        return ctl_error(ctl, CTL_FAILURE, "standard output: %s", strerrordesc_np(errno) ?: "cannot be written");
}

const char *ctl_colour(const Ctl *ctl, CtlColour colour) {
        static const char *const escapes[] = {
                [CTL_PLAIN] = "\033[0m",   [CTL_BOLD] = "\033[1m", [CTL_GREEN] = "\033[32m",
                [CTL_YELLOW] = "\033[33m", [CTL_RED] = "\033[31m",
        };

        return ctl->colours ? escapes[colour] : "";
}

void ctl_json_string(struct json_object *o, const char *name, const char *value) {
        if (value)
                json_object_object_add(o, name, json_object_new_string(value));
}

void ctl_json_number(struct json_object *o, const char *name, uint64_t value) {
        json_object_object_add(o, name, json_object_new_uint64(value));
}
