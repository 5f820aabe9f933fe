/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers: one Peer for each unique name on the bus, with the credentials that the bus vouches for. They are looked up
 * once and dropped when the name goes. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "common/macros.h"

#define PEERS_MAX       4096 /* remembered; the one unused for longest is forgotten for a new one */
#define PEER_GROUPS_MAX 1024 /* a caller in more groups is refused: a rule about one of them could be missed */

typedef struct Peer Peer;
struct Peer {
        unsigned n_ref;
        char *name; /* unique name, ":1.23" */
        uid_t uid;
        pid_t pid;
        char *user;    /* login name; NULL when the uid has none */
        char **groups; /* names, or the number where a group has none */
        size_t n_groups;
        char *unit; /* systemd unit of the pid; NULL when there is none */
        bool gone;  /* its name has left the bus: nothing is decided for it any more */
        Peer *newer, *older;
};

Peer *peer_ref(Peer *p);
Peer *peer_unref(Peer *p); /* accepts and returns NULL */
DEFINE_CLEANUP(Peer *, peer_unref)

typedef struct PeerCache PeerCache;

int peer_cache_new(PeerCache **ret) _must_check_;
PeerCache *peer_cache_free(PeerCache *c); /* accepts and returns NULL */
DEFINE_CLEANUP(PeerCache *, peer_cache_free)

enum { PEER_E_UNKNOWN = 1 };

/* The caller of that unique name; borrowed until the cache changes. Asks the bus, waiting at most two seconds, when the
 * name is new. PEER_E_UNKNOWN when it has left, or nobody tells who it is. */
int peer_cache_get(PeerCache *c, sd_bus *bus, const char *name, Peer **ret) _must_check_;

/* The name left the bus: marks the Peer as gone and forgets it. Returns it (referenced), or NULL if it wasn't known. */
Peer *peer_cache_drop(PeerCache *c, const char *name);
void peer_cache_clear(PeerCache *c); /* the bus is gone, and everybody with it */

/* For each remembered peer: for (Peer *p = peer_cache_newest(c); p; p = p->older). */
Peer *peer_cache_newest(PeerCache *c);

/* A Peer about whom nothing is known but its name on the bus. */
int peer_new(const char *name, Peer **ret) _must_check_;

/* Looks up a user by name for Explain: login name, uid and groups, no unit, no bus name. PEER_E_UNKNOWN: no such user.
 */
int peer_new_for_user(const char *user, Peer **ret) _must_check_;
