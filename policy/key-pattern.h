/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rule's `key` may be: a PKCS#11 URI whose attributes are patterns (RFC 7512), a mail address that one of the
 * key's certificates carries, the beginning of the key's id, or "*". "%u" in a URI or address is the caller's name. */
#pragma once

#include "glob.h"
#include "policy.h"

#define KEY_ID_DIGITS_MIN 16

typedef struct KeyPattern KeyPattern;

/* 0, MISTAKE_E_FOUND or -ENOMEM. */
int key_pattern_parse(const char *text, KeyPattern **ret, Mistake *m) _must_check_;
KeyPattern *key_pattern_free(KeyPattern *p); /* accepts and returns NULL */
DEFINE_CLEANUP(KeyPattern *, key_pattern_free)

/* Whether it looks at a key and not only at the token that holds it; such a pattern never matches a token as such. */
bool key_pattern_needs_key(const KeyPattern *p);

/* A key with several instances matches if one of them does. For a token as such (facts->key_id is NULL) only the
 * token's attributes count. `local_case` is for mail addresses, see address-pattern.h. */
Match key_pattern_match(const KeyPattern *p, GlobCase local_case, const PolicyFacts *facts);
