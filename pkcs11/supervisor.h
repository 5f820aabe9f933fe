/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that listens for signetd, holds the PIN, and runs one child for each connection. It never loads the
 * module.
 *
 * A connection's first frame says what it is for (common/frame.h). Children open the token one after another: logins of
 * several processes at once disturb each other. When signetd hangs up, the child is killed, in whatever it is. */
#pragma once

#include <sys/types.h>

#include "common/token-config.h"

typedef struct Supervisor Supervisor;

typedef struct SupervisorOptions {
        const TokenConfig *config; /* borrowed while the supervisor lives */
        int listen_fd;             /* SOCK_SEQPACKET, listening; the supervisor closes it */
        const uid_t *uids;         /* who may connect beside root and our own user; borrowed */
        size_t n_uids;
} SupervisorOptions;

/* 0 or -errno; the descriptor is taken in either case. */
int supervisor_new(const SupervisorOptions *options, Supervisor **ret) _must_check_;

/* Kills and reaps all children; accepts and returns NULL. */
Supervisor *supervisor_free(Supervisor *s);
DEFINE_CLEANUP(Supervisor *, supervisor_free)

/* Serves until SIGTERM or SIGINT. 0 or -errno. */
int supervisor_run(Supervisor *s) _must_check_;
