/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetd as a whole: owns every part and tells each of them what happened in another. One per process. */
#pragma once

#include <systemd/sd-event.h>

#include "audit.h"
#include "budget.h"
#include "bus-object.h"
#include "bus.h"
#include "channel.h"
#include "key-table.h"
#include "peer.h"
#include "policy/limits.h"
#include "policy/policy.h"
#include "queue.h"
#include "settings.h"
#include "token.h"

struct Manager {
        sd_event *event;
        Settings *settings;
        Policy *policy;
        uint64_t generation; /* of the policy: 1 at the start, one more with each reload */
        Limits *limits;
        Budget *budget;     /* failed decryptions */
        Budget *attempts;   /* at keys that are not there for the caller */
        Budget *refusals;   /* that are written down */
        uint64_t unwritten; /* refusals that were not, since the last that was */
        Audit *audit;
        PeerCache *peers;
        Queue *queue;
        Token **tokens;
        size_t n_tokens;
        KeyTable *keys;
        Bus *bus;
        View view;             /* of the object that a bus call is about, while it is being looked up or answered */
        Channel *channels;     /* open ones, the newest first */
        uint8_t *channel_room; /* CHANNEL_FRAME_MAX bytes, once there is a channel: one frame at a time */
        sd_event_source *dispatch, *settle;
        int64_t start_time; /* seconds since 1970 */
        uint64_t done, refused;
        bool audit_fails; /* the last line could not be written; said once in the log */
        bool published;   /* the tokens have settled, and the name is wanted */
        bool serving;     /* the name was signetd's once: the service manager knows that it is up */
};

/* Takes over settings and policy. Opens the audit and the bus: 0, OUTCOME_INVALID_INPUT with *f (what the
 * administrator has to mend), or -errno. address NULL: the system bus. */
int manager_new(Settings *settings, Policy *policy, const char *address, Manager **ret, Failure *f) _must_check_;
Manager *manager_free(Manager *m); /* ends the workers; accepts and returns NULL */
DEFINE_CLEANUP(Manager *, manager_free)

/* Starts the tokens and serves until SIGTERM or SIGINT. Returns the exit status or -errno. */
int manager_run(Manager *m) _must_check_;

/* Reads policy.d again: 0, or OUTCOME_INVALID_INPUT with the mistakes, or -errno; then the old policy stays. `peer`
 * (NULL: a signal) is who asked. Tokens that are not ready are tried again at once. */
int manager_reload(Manager *m, const Peer *peer, Failure *f) _must_check_;

/* What parts tell the manager. */
void manager_dispatch_soon(Manager *m); /* a worker is free, or a request has come */
void manager_dispatch_now(Manager *m);  /* the same, where nothing else is under way: spares a turn of the loop */
void manager_token_changed(Manager *m, Token *t);                                 /* its state changed */
void manager_inventory_changed(Manager *m, const Token *t, const Inventory *old); /* old NULL: the first one */
void manager_peer_gone(Manager *m, const char *name);
void manager_bus_lost(Manager *m);
void manager_serving(Manager *m); /* the name is signetd's: clients find it */

/* Writes an audit line: 0, or an Outcome with *f when it could not be written and must not go on without. */
int manager_audit(Manager *m, const AuditEntry *e, Failure *f) _must_check_;

uint64_t manager_now_us(const Manager *m); /* CLOCK_MONOTONIC */
