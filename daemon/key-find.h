/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person calls a key: a PKCS#11 URI (RFC 7512), a mail address, the first digits of an id, or nothing for all.
 */
#pragma once

#include "key.h"
#include "outcome.h"

#define KEY_NAME_MAX        1024 /* bytes of a name */
#define KEY_NAME_DIGITS_MIN 8

typedef struct KeyName KeyName;

/* Returns 0, OUTCOME_INVALID_INPUT with *f filled, or -ENOMEM. */
int key_name_parse(const char *text, KeyName **ret, Failure *f) _must_check_;
KeyName *key_name_free(KeyName *n); /* accepts and returns NULL */
DEFINE_CLEANUP(KeyName *, key_name_free)

bool key_name_is_address(const KeyName *n); /* then the best match is meant, not every one */

/* Whether the name means this key for `operation` (OPERATION_NONE: any). Does not look at the caller. */
bool key_name_matches(const KeyName *n, Key *key, Operation operation, int64_t now);

/* Below 0 when `a` is the better match: for qsort-like use. */
int key_name_compare(const KeyName *n, Operation operation, int64_t now, Key *a, Key *b);

/* Whether the name means the token as such: its name in tokens.d, or a URI without object and id. */
bool key_name_matches_token(const KeyName *n, const Inventory *inventory);
