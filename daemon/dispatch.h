/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings waiting jobs and free workers together. */
#pragma once

typedef struct Manager Manager;
typedef struct Peer Peer;

/* Hands out jobs, users in turn, until nothing that waits has a free worker. */
void dispatch_run(Manager *m);

/* Answers the requests for which no token may be waited for any more. */
void dispatch_sweep(Manager *m);

/* Drops the requests of a caller who has left; NULL: of everybody. */
void dispatch_abandon(Manager *m, const Peer *peer);
