/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy: facts in, verdict out. Loading (files, mistakes) is in policy-load.c, evaluation in policy-eval.c and pure;
 * limits, which have state, in limits.h. The language is described in docs/POLICY.md and signetd.policy(5). */
#pragma once

#include <sys/types.h>

#include "common/names.h"
#include "common/problems.h"

typedef struct Policy Policy;
typedef struct PolicyRule PolicyRule;

typedef enum PolicyEffect {
        POLICY_DENY,
        POLICY_ALLOW,
        POLICY_ASK, /* as a verdict: for the caller to turn into a deny while there is no polkit */
} PolicyEffect;
const char *policy_effect_to_string(PolicyEffect e); /* "deny", "allow", "ask"; NULL for a number outside the enum */

/* One place where a key lives: what RFC 7512 calls token, serial, model, manufacturer, object, id. A string that is
 * NULL is not known. */
typedef struct PolicyInstance {
        const char *token, *serial, *model, *manufacturer;
        const char *object; /* CKA_LABEL; "" for a key without one */
        const uint8_t *id;  /* CKA_ID */
        size_t id_size;
} PolicyInstance;

/* What is known about one use of a key. All memory is the caller's.
 *
 * What is not known fails closed: an allow rule that looks at it does not match, a deny rule that looks at it does. */
typedef struct PolicyFacts {
        const char *user; /* login name; NULL: the uid has none, and only "*" and numbers are still certain */
        uid_t uid;
        const char *const *groups; /* names; a group without one as its number. None at all: not known */
        size_t n_groups;
        const char *unit;   /* systemd unit; NULL: not known */
        const char *key_id; /* 64 hex digits; NULL for a token as such: then patterns that look at more than the token
                               match nothing */
        const PolicyInstance *instances; /* none: not known */
        size_t n_instances;
        const char *const *key_addresses; /* of the key's certificates */
        size_t n_key_addresses;
        Operation operation;
        Purpose purpose; /* PURPOSE_NONE for unlock and manage; one that is not the operation's is not known */
        Hash hash;       /* HASH_NONE where there is none: it counts as not known */
        const char *const *domains; /* that the operation concerns (dkim d=; csr: domains of its addresses) */
        size_t n_domains;
        const char *const *addresses; /* that the operation concerns (csr: requested; else those of the certificates) */
        size_t n_addresses;
        int64_t now; /* seconds since 1970; rules read it in the local time zone */
} PolicyFacts;

typedef struct PolicyVerdict {
        PolicyEffect effect;
        const PolicyRule *rule; /* that decided; NULL: none matched, or the policy is empty. Borrowed from the Policy */
        /* A sentence without a full stop: why. Printable UTF-8 on one line, cut off with "..." where it is too long. It
         * quotes rules: the one that decided or, when none did, the one that came nearest and what it wants ('the
         * nearest is "own-mail-key" (policy.d/10-mail.conf:3), which wants user "alice"'). Never show it to a caller to
         * whom policy_may_see() hides the key. About a token as such it names no rule but the one that decided. */
        char reason[256];
} PolicyVerdict;

/* Reads every *.conf of `directory` in lexical order. All or nothing: 0, or -EINVAL with all mistakes in `problems`. A
 * directory that is missing or empty is a policy without rules, which allows nothing. Takes a changed time zone into
 * account. */
int policy_load(const char *directory, Problems *problems, Policy **ret) _must_check_;
/* The same for one file, for `signetctl policy check`. */
int policy_load_file(const char *path, Problems *problems, Policy **ret) _must_check_;

Policy *policy_ref(Policy *p);   /* accepts and returns NULL; not atomic */
Policy *policy_unref(Policy *p); /* accepts and returns NULL */
DEFINE_CLEANUP(Policy *, policy_unref)
size_t policy_rule_count(const Policy *p);

/* Decides. Any matching deny wins; else the first matching rule; else deny. A rule that allows or asks and has no
 * `purpose` covers smime, dkim, csr and cms: the primitive purposes digest and raw are granted by name alone. Pure. */
void policy_evaluate(const Policy *p, const PolicyFacts *facts, PolicyVerdict *ret);

/* Whether some rule could let this caller use the key at all (operation, purpose, hash, domain, addresses and time of
 * `facts` are not looked at): what decides whether the key is shown. Denies that need nothing but the caller and the
 * key hide it, once they cover all that is allowed; those with hash, domain, address or time never do. The right to
 * unlock or manage a token shows no key. For a token as such (key_id is NULL) it is whether some rule could let the
 * caller unlock or manage the token. Pure. */
bool policy_may_see(const Policy *p, const PolicyFacts *facts);

/* Whether the caller may, now or at another time and with some hash, domain or address, do operation and purpose (both
 * looked at) with the key: what the property Operations lists. A key is shown exactly when this holds for some purpose.
 * Pure. */
bool policy_may_ever(const Policy *p, const PolicyFacts *facts);

const char *policy_rule_name(const PolicyRule *r);
const char *policy_rule_file(const PolicyRule *r); /* whole path */
unsigned policy_rule_line(const PolicyRule *r);
