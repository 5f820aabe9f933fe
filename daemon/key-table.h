/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All keys of all tokens: one Key for each public key, with certificates matched by public key from any token. Built
 * anew from the inventories whenever one changes. */
#pragma once

#include "key.h"

typedef struct KeyTable KeyTable;

typedef struct KeySource {
        Token *token;
        Inventory *inventory; /* NULL: nothing is known about the token yet */
} KeySource;

#define KEY_CHAIN_MAX 8

int key_table_new(const KeySource *sources, size_t n, KeyTable **ret) _must_check_;
KeyTable *key_table_free(KeyTable *t); /* accepts and returns NULL */
DEFINE_CLEANUP(KeyTable *, key_table_free)

size_t key_table_size(const KeyTable *t);
Key *key_table_get(const KeyTable *t, size_t index);    /* by id; borrowed */
Key *key_table_find(const KeyTable *t, const char *id); /* all 64 digits; borrowed, or NULL */

/* The issuers of `c` that the tokens hold, nearest first: borrowed, written to ret. Returns their number. */
size_t key_table_chain(const KeyTable *t, const Certificate *c, const Certificate *ret[static KEY_CHAIN_MAX]);
