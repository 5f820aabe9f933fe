/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How facts stand to the conditions of a rule. Pure. Facts hold what callers and tokens say; a wrong YES here is a key
 * used by someone who may not. */
#include <string.h>

#include "rule.h"

static size_t length(const char *s) {
        return s ? strlen(s) : 0;
}

/* Whoever is denied an address is denied its spellings too. */
static GlobCase local_case(const PolicyRule *rule) {
        return rule->effect == POLICY_DENY ? GLOB_FOLD : GLOB_EXACT;
}

static Match match_user(const Value *v, const PolicyFacts *f) {
        if (!v->glob)
                return v->uid == f->uid ? MATCH_YES : MATCH_NO;
        return glob_match(v->glob, GLOB_EXACT, NULL, f->user, length(f->user));
}

/* Every process has a group: none at all means that nobody looked. */
static Match match_groups(const Value *v, const PolicyFacts *f) {
        Match match = f->n_groups > 0 ? MATCH_NO : glob_match(v->glob, GLOB_EXACT, NULL, NULL, 0);

        for (size_t i = 0; i < f->n_groups && match != MATCH_YES; i++)
                match = MAX(match, glob_match(v->glob, GLOB_EXACT, NULL, f->groups[i], strlen(f->groups[i])));
        return match;
}

static Match match_value(const PolicyRule *rule, Condition c, const Value *v, const Evaluation *e) {
        const PolicyFacts *f = e->facts;

        switch (c) {
        case CONDITION_USER:
                return match_user(v, f);
        case CONDITION_GROUP:
                return match_groups(v, f);
        case CONDITION_UNIT:
                return glob_match(v->glob, GLOB_EXACT, NULL, f->unit, length(f->unit));
        case CONDITION_KEY:
                return key_pattern_match(v->key, local_case(rule), f);
        default:
                if (!e->local_known)
                        return MATCH_UNKNOWN;
                return time_span_contains(v->time, &e->local) ? MATCH_YES : MATCH_NO;
        }
}

static Match match_any_value(const PolicyRule *rule, Condition c, const Evaluation *e) {
        const Values *values = &rule->conditions[c];
        Match match = MATCH_NO;

        for (size_t i = 0; i < values->n && match != MATCH_YES; i++)
                match = MAX(match, match_value(rule, c, &values->items[i], e));
        return match;
}

static Match match_hash(const PolicyRule *rule, const PolicyFacts *f) {
        if (f->hash == HASH_NONE || !hash_to_string(f->hash))
                return MATCH_UNKNOWN;
        return rule->hashes & 1U << f->hash ? MATCH_YES : MATCH_NO;
}

static Match match_address(const PolicyRule *rule, const char *address, const char *user) {
        const Values *values = &rule->conditions[CONDITION_ADDRESS];
        Match match = MATCH_NO;

        for (size_t i = 0; i < values->n && match != MATCH_YES; i++)
                match = MAX(match, address_pattern_match(values->items[i].address, local_case(rule), user, address));
        return match;
}

static Match match_domain(const PolicyRule *rule, const char *domain) {
        const Values *values = &rule->conditions[CONDITION_DOMAIN];
        Match match = MATCH_NO;

        for (size_t i = 0; i < values->n && match != MATCH_YES; i++)
                match = MAX(match, domain_pattern_match(values->items[i].glob, domain));
        return match;
}

/* An allow rule must cover everything that the operation concerns, and there must be something; a deny rule needs one
 * hit. */
static Match match_addresses(const PolicyRule *rule, const PolicyFacts *f) {
        bool deny = rule->effect == POLICY_DENY;
        Match match = deny || f->n_addresses == 0 ? MATCH_NO : MATCH_YES;

        for (size_t i = 0; i < f->n_addresses; i++) {
                Match one = match_address(rule, f->addresses[i], f->user);

                match = deny ? MAX(match, one) : MIN(match, one);
        }
        return match;
}

static Match match_domains(const PolicyRule *rule, const PolicyFacts *f) {
        bool deny = rule->effect == POLICY_DENY;
        Match match = deny || f->n_domains == 0 ? MATCH_NO : MATCH_YES;

        for (size_t i = 0; i < f->n_domains; i++) {
                Match one = match_domain(rule, f->domains[i]);

                match = deny ? MAX(match, one) : MIN(match, one);
        }
        return match;
}

Match condition_match(const PolicyRule *rule, Condition c, const Evaluation *e) {
        if (rule->conditions[c].n == 0)
                return MATCH_YES;

        switch (c) {
        case CONDITION_OPERATION:
        case CONDITION_PURPOSE:
                return MATCH_YES;
        case CONDITION_HASH:
                return match_hash(rule, e->facts);
        case CONDITION_DOMAIN:
                return match_domains(rule, e->facts);
        case CONDITION_ADDRESS:
                return match_addresses(rule, e->facts);
        default:
                return match_any_value(rule, c, e);
        }
}

Match rule_match_use(const PolicyRule *rule, const Evaluation *e) {
        if ((rule->uses & e->uses) == 0)
                return MATCH_NO;
        return (e->uses & (e->uses - 1)) == 0 ? MATCH_YES : MATCH_UNKNOWN;
}
