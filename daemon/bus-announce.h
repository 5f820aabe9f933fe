/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals about objects that come, go and change: sent to each caller alone, and only about what that caller may see. A
 * broadcast would tell everybody. */
#pragma once

#include "key-table.h"
#include "policy/policy.h"

typedef struct Manager Manager;
typedef struct Token Token;

/* What callers saw before: each argument is the present one where it has not changed. */
void bus_announce_keys(Manager *m, const KeyTable *old_keys, const Policy *old_policy);

/* The token's properties have changed. */
void bus_announce_token(Manager *m, Token *t);

/* PolicyGeneration has. */
void bus_announce_generation(Manager *m);
