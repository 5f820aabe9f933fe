/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns with "*", "?" and "[...]": compiled when a policy is loaded, matched in time proportional to pattern times
 * value.
 *
 * "*" is any number of characters (dots and slashes too), "?" one, "[a-z]" one of a set, "[!a-z]" one not in it. There
 * is no escape character, because login names may hold a backslash: a literal star is "[*]". */
#pragma once

#include "match.h"

#define GLOB_PATTERN_MAX 512  /* bytes of a pattern as written */
#define GLOB_VALUE_MAX   1024 /* bytes of a value; a longer one is MATCH_UNKNOWN */

typedef struct Glob Glob;

typedef enum GlobSyntax {
        GLOB_PLAIN = 0,
        GLOB_USER = 1 << 0,    /* "%u" is the caller's name, "%%" a percent sign */
        GLOB_PERCENT = 1 << 1, /* "%41" is a byte that is never special, RFC 3986 section 2.1; then "%%" is a mistake */
        GLOB_BYTES = 1 << 2,   /* values are bytes and not UTF-8: "?" is one byte */
} GlobSyntax;

typedef enum GlobCase {
        GLOB_EXACT,
        GLOB_FOLD, /* A to Z are as a to z */
} GlobCase;

/* Compiles `n` bytes. 0, MISTAKE_E_FOUND or -ENOMEM. */
int glob_compile(const char *pattern, size_t n, GlobSyntax syntax, Glob **ret, Mistake *m) _must_check_;
Glob *glob_free(Glob *g); /* accepts and returns NULL */
DEFINE_CLEANUP(Glob *, glob_free)

/* `user` is what "%u" means, taken literally; `value` holds `n` bytes. Either may be NULL when it is not known: UNKNOWN
 * then, unless the pattern does not care. */
Match glob_match(const Glob *g, GlobCase fold, const char *user, const void *value, size_t n);

bool glob_is_literal(const Glob *g); /* matches exactly one value, which does not depend on the caller */
bool glob_is_any(const Glob *g);     /* "*": matches every value, also one that is not known */
