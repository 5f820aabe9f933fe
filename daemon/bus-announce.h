/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals about objects that come, go and change: sent to each caller alone, and only about what that caller may see. A
 * broadcast would tell everybody. */
#pragma once

#include "key-table.h"
#include "policy/policy.h"

typedef struct Manager Manager;
typedef struct Token Token;

/* What decided before a change over what callers saw; where it has not changed, the present. */
typedef struct BusBefore {
        const Policy *policy;
        const KeyTable *keys;
        const Token *token;         /* whose inventory is a new one; NULL: no token's */
        const Inventory *inventory; /* the old one; NULL: there was none */
} BusBefore;

/* Keys and tokens that came, went or changed for each caller by the change. */
void bus_announce_change(Manager *m, const BusBefore *before);

/* The token's properties have changed. */
void bus_announce_token(Manager *m, Token *t);

/* PolicyGeneration has. */
void bus_announce_generation(Manager *m);
