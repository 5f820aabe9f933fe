/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy: facts in, verdict out. Loading (files, mistakes) is in policy-load.c, evaluation in policy-eval.c and pure;
 * limits, which have state, in limits.h. The language is described in docs/POLICY.md and signetd.policy(5). */
#pragma once

#include <sys/types.h>

#include "names.h"
#include "problems.h"

typedef struct Policy Policy;
typedef struct PolicyRule PolicyRule;

typedef enum PolicyEffect {
        POLICY_DENY,
        POLICY_ALLOW,
        POLICY_ASK, /* as a rule's effect; a verdict of ASK is for the caller to turn into a deny while there is no
                       polkit */
} PolicyEffect;
const char *policy_effect_to_string(PolicyEffect e);

/* One place where a key lives; every string may be NULL. What RFC 7512 calls token, serial, model, manufacturer,
 * object, id. */
typedef struct PolicyInstance {
        const char *token, *serial, *model, *manufacturer;
        const char *object; /* CKA_LABEL, NULL for a token as such (operation unlock) */
        const uint8_t *id;  /* CKA_ID */
        size_t id_size;
} PolicyInstance;

/* What is known about one use of a key. All memory is the caller's. */
typedef struct PolicyFacts {
        const char *user; /* caller's login name; NULL: uid has none, then only user = "*" or a number matches */
        uid_t uid;
        const char *const *groups; /* names */
        size_t n_groups;
        const char *unit;   /* systemd unit or NULL */
        const char *key_id; /* 64 hex digits; NULL for a token as such */
        const PolicyInstance *instances;
        size_t n_instances;
        const char *const *key_addresses; /* of the key's certificates */
        size_t n_key_addresses;
        Operation operation;
        Purpose purpose; /* PURPOSE_NONE for unlock and manage */
        Hash hash; /* HASH_NONE where there is none; then a rule with a hash condition does not allow, but denies */
        const char *const *domains; /* that the operation concerns (dkim d=; csr: domains of its addresses) */
        size_t n_domains;
        const char *const *addresses; /* that the operation concerns (csr: requested; else those of the certificates) */
        size_t n_addresses;
        int64_t now; /* seconds since 1970; rules read it in the local time zone */
} PolicyFacts;

typedef struct PolicyVerdict {
        PolicyEffect effect;
        const PolicyRule *rule; /* that decided; NULL: none matched, or the policy is empty. Borrowed from the Policy */
        char reason[256];       /* a sentence: why */
} PolicyVerdict;

/* Reads every *.conf of `directory` in lexical order. All or nothing: 0, or -EINVAL with all mistakes in `problems`. */
int policy_load(const char *directory, Problems *problems, Policy **ret) _must_check_;
int policy_load_file(const char *path, Problems *problems,
                     Policy **ret) _must_check_; /* for `signetctl policy check` */
Policy *policy_ref(Policy *p);
Policy *policy_unref(Policy *p); /* accepts and returns NULL */
DEFINE_CLEANUP(Policy *, policy_unref)
size_t policy_rule_count(const Policy *p);

/* Decides. Any matching deny wins; else the first matching rule; else deny. Pure. */
void policy_evaluate(const Policy *p, const PolicyFacts *facts, PolicyVerdict *ret);

/* Whether some rule could let this caller use the key at all (operation, purpose, hash, domain, addresses and time of
 * `facts` are not looked at): what decides whether the key is shown. A deny that needs nothing but the caller and the
 * key hides it. Pure. */
bool policy_may_see(const Policy *p, const PolicyFacts *facts);

/* Whether the caller may, now or at another time and with some hash, domain or address, do operation and purpose (both
 * looked at) with the key: what the property Operations lists. Pure. */
bool policy_may_ever(const Policy *p, const PolicyFacts *facts);

const char *policy_rule_name(const PolicyRule *r);
const char *policy_rule_file(const PolicyRule *r);
unsigned policy_rule_line(const PolicyRule *r);
