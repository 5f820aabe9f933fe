/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects on the bus, and which of them a caller may see. A hidden object and one that does not exist are told
 * apart nowhere: both are missing from lists, and every call to either fails with the same error. */
#pragma once

#include <systemd/sd-bus.h>

#include "key-table.h"
#include "outcome.h"
#include "peer.h"

typedef struct Manager Manager;
typedef struct Token Token;

#define BUS_KEYS   "/org/signetd/Signet1/key"
#define BUS_TOKENS "/org/signetd/Signet1/token"

/* An object as one caller sees it: what property getters and methods get as their userdata. */
typedef struct View {
        Manager *manager;
        Peer *peer;
        Key *key;
        Token *token;
} View;

/* Adds everything to a new connection. */
int bus_add_objects(Manager *m, sd_bus *bus) _must_check_;

/* The caller of a message, borrowed; NULL when it is gone, or there is none. */
Peer *bus_peer(Manager *m, sd_bus_message *message);

/* The key of this id if the caller may see it; borrowed. Else NULL, with the one answer that hidden and missing keys
 * give in *f, and (where `operation`, which may be NULL, was tried on it) a line in the audit. peer NULL: nobody. */
Key *bus_find_key(Manager *m, const Peer *peer, const char *id, const char *operation, Failure *f);

/* What a token is to a caller. */
typedef enum TokenSight {
        TOKEN_HIDDEN,
        TOKEN_SEEN, /* for a key on it */
        TOKEN_UNLOCKABLE,
} TokenSight;

/* What that depends on, now or before a change; borrowed. */
typedef struct TokenFacts {
        const Policy *policy;
        const KeyTable *keys;
        const Inventory *inventory; /* the token's; NULL: nothing is known of it yet */
} TokenFacts;

TokenSight bus_token_sight(const TokenFacts *facts, const Peer *peer, const Token *t);

/* Whether the caller sees the token as things are. */
bool bus_may_see_token(Manager *m, const Peer *peer, const Token *t);

/* The path of a key's object. Free it. */
int bus_key_path(const Key *key, char **ret) _must_check_;

/* Answers a call with a Failure, or with the errno of a negative `r`. Returns 1, for the end of a method. */
int bus_reply_failure(sd_bus_message *message, int r, const Failure *f);

/* For properties: arrays of bytes and of strings. */
int bus_append_bytes(sd_bus_message *m, const void *data, size_t n) _must_check_;
int bus_append_strings(sd_bus_message *m, const char *const *strings, size_t n) _must_check_;
