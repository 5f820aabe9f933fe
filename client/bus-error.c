/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* D-Bus error names to statuses. Fed by signetd and by the bus; the sentences of signetd are
 * passed on as they are, those of the others say nothing to a user and are replaced. */
#include <string.h>

#include "bus-error.h"
#include "error.h"
#include "signet.h"

#define SPAWN_ERROR_PREFIX "org.freedesktop.DBus.Error.Spawn."
#define UNIT_ERROR_PREFIX                                                                                              \
        "org.freedesktop.systemd1." /* the bus had the service manager start it, and passes on why not */

typedef struct ErrorMeaning {
        const char *name;
        int status;
        BusOutcome outcome;
        const char *sentence; /* NULL: the one that came with the error */
} ErrorMeaning;

#define NOT_THERE "signetd is not on the bus; start it: systemctl start signetd"
#define WENT_AWAY "signetd went away while it worked on this; look at its log: journalctl -u signetd"
#define TOO_SLOW  "signetd did not answer in time"
#define TOO_OLD   "this signetd does not know the request; it is older than this library"

static const ErrorMeaning meanings[] = {
        { SD_BUS_ERROR_SERVICE_UNKNOWN, SIGNET_E_UNAVAILABLE, BUS_UNSENT, NOT_THERE },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, SIGNET_E_UNAVAILABLE, BUS_UNSENT, NOT_THERE },
        { SD_BUS_ERROR_NO_REPLY, SIGNET_E_UNAVAILABLE, BUS_LOST, WENT_AWAY },
        { SD_BUS_ERROR_TIMEOUT, SIGNET_E_TIMEOUT, BUS_ANSWERED, TOO_SLOW },
        { "org.freedesktop.DBus.Error.TimedOut", SIGNET_E_TIMEOUT, BUS_ANSWERED, TOO_SLOW },
        { SD_BUS_ERROR_ACCESS_DENIED, SIGNET_E_NOT_AUTHORIZED, BUS_ANSWERED,
          "the bus does not let this user talk to signetd" },
        { SD_BUS_ERROR_LIMITS_EXCEEDED, SIGNET_E_BUSY, BUS_ANSWERED,
          "the bus has too much to do for this user; try again later" },
        { SD_BUS_ERROR_NO_MEMORY, SIGNET_E_BUSY, BUS_ANSWERED,
          "signetd or the bus ran out of memory; try again later" },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, SIGNET_E_NO_SUCH_KEY, BUS_ANSWERED, "no such object, or none that you may see" },
        { SD_BUS_ERROR_UNKNOWN_METHOD, SIGNET_E_NOT_SUPPORTED, BUS_ANSWERED, TOO_OLD },
        { SD_BUS_ERROR_UNKNOWN_INTERFACE, SIGNET_E_NOT_SUPPORTED, BUS_ANSWERED, TOO_OLD },
        { SD_BUS_ERROR_NOT_SUPPORTED, SIGNET_E_NOT_SUPPORTED, BUS_ANSWERED, NULL },
        { SD_BUS_ERROR_INVALID_ARGS, SIGNET_E_INVALID_INPUT, BUS_ANSWERED, NULL },
};

static bool starts_with(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* signetd's own errors bear the names that signet_status_name() gives. */
static int status_from_name(const char *name) {
        for (int status = SIGNET_E_NO_SUCH_KEY; status <= SIGNET_E_REVOKED; status++)
                if (strcmp(signet_status_name(status), name) == 0)
                        return status;
        return -ENOENT;
}

static const ErrorMeaning *meaning_of(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(meanings); i++)
                if (strcmp(meanings[i].name, name) == 0)
                        return &meanings[i];
        return NULL;
}

int bus_error_status(const sd_bus_error *e, BusOutcome *ret_outcome) {
        const char *name = e->name ? e->name : "", *text = e->message && e->message[0] ? e->message : NULL;
        const ErrorMeaning *meaning;
        int status;

        *ret_outcome = BUS_ANSWERED;
        if (starts_with(name, SIGNET_ERROR_PREFIX)) {
                status = status_from_name(name + strlen(SIGNET_ERROR_PREFIX));
                if (status > 0)
                        return error_set(status, "%s", text ? text : signet_status_name(status));
        }
        if (starts_with(name, SPAWN_ERROR_PREFIX) || starts_with(name, UNIT_ERROR_PREFIX)) {
                *ret_outcome = BUS_UNSENT;
                return error_set(SIGNET_E_UNAVAILABLE, "the bus could not start signetd: %s", text ? text : name);
        }

        meaning = meaning_of(name);
        if (!meaning)
                return error_set(SIGNET_E_PROTOCOL,
                                 "signetd answered with an error that this library does not know: %s%s%s", name,
                                 text ? ": " : "", text ? text : "");
        *ret_outcome = meaning->outcome;
        return error_set(meaning->status, "%s", meaning->sentence ? meaning->sentence : text ? text : name);
}
