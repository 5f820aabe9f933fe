/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the supervisor tells a child as it starts, over a pipe: which token, and the PIN.
 *
 * Nothing of it stands on a command line or in the environment, and a child never reads the configuration: it runs by
 * what the supervisor runs by. The form is private to one version of the program: a child is exec'd from the same file.
 */
#pragma once

#include "common/secret.h"
#include "common/token-config.h"
#include "reason.h"

#define START_SHARED_BYTES 32
#define START_PIN_MAX      255 /* bytes */

typedef struct Start {
        char *name, *module, *label;       /* never NULL */
        char *serial, *init_args;          /* or NULL */
        unsigned deadline, start_deadline; /* seconds */
        bool probe;                        /* try the PIN, report, end */
        Secret *pin;                       /* or NULL */
        Secret *shared;                    /* START_SHARED_BYTES for implicit rejection */
        Reason refusal;                    /* why there is no PIN; its code is WORKER_OK when there is nothing to say */
} Start;

void start_done(Start *s); /* frees what s holds */

/* The supervisor's side. `pin` and `refusal` may be NULL; all is borrowed for the call. Writes at most START_SIZE_MAX
 * bytes, which fit a new pipe. 0, -EMSGSIZE when the configuration's strings are too long, -errno. */
#define START_SIZE_MAX 16384
int start_write(int fd, const TokenConfig *config, bool probe, Secret *shared, Secret *pin,
                const Reason *refusal) _must_check_;

/* The child's side: reads to the end. -EBADMSG or -errno. */
int start_read(int fd, Start *ret) _must_check_;
