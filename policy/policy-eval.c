/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts in, verdict out: no I/O, no state, no parsing. Facts come from the daemon, which has them from the bus, from
 * tokens and from checked requests. What this file lets pass happens. */
#include "policy-private.h"

/* What the facts say is to be done. More than one bit: it is not clear, and then nothing is allowed. */
static unsigned uses_of(const PolicyFacts *f) {
        unsigned all;

        switch (f->operation) {
        case OPERATION_UNLOCK:
                return USE_BIT(USE_UNLOCK);
        case OPERATION_MANAGE:
                return USE_BIT(USE_MANAGE);
        case OPERATION_SIGN:
                all = USES_SIGN;
                break;
        case OPERATION_DECRYPT:
                all = USES_DECRYPT;
                break;
        default:
                return USES_KEY | USES_TOKEN;
        }

        return purpose_operation(f->purpose) == f->operation ? USE_BIT(f->purpose) : all;
}

static void evaluation_init(Evaluation *e, const PolicyFacts *f) {
        time_t now = (time_t) f->now;

        *e = (Evaluation){ .facts = f, .uses = uses_of(f) };
        e->local_known = localtime_r(&now, &e->local);
}

static bool suffices(const PolicyRule *rule, Match match) {
        return rule->effect == POLICY_DENY ? match != MATCH_NO : match == MATCH_YES;
}

static bool rule_matches(const PolicyRule *rule, const Evaluation *e) {
        if (!suffices(rule, rule_match_use(rule, e)))
                return false;
        for (size_t c = 0; c < _CONDITION_MAX; c++)
                if (!suffices(rule, condition_match(rule, (Condition) c, e)))
                        return false;
        return true;
}

static const PolicyRule *find_rule(const Policy *p, const Evaluation *e) {
        const PolicyRule *rule, *first = NULL;
        RuleCursor cursor;

        rule_cursor_init(&cursor, p, e->facts->user);
        while ((rule = rule_cursor_next(&cursor))) {
                /* Once something is allowed, only a deny can still change it. */
                if (first && rule->effect != POLICY_DENY)
                        continue;
                if (!rule_matches(rule, e))
                        continue;
                if (rule->effect == POLICY_DENY)
                        return rule;
                first = rule;
        }

        return first;
}

void policy_evaluate(const Policy *p, const PolicyFacts *facts, PolicyVerdict *ret) {
        const PolicyRule *rule;
        Evaluation e;

        evaluation_init(&e, facts);
        rule = find_rule(p, &e);

        *ret = (PolicyVerdict){ .effect = rule ? rule->effect : POLICY_DENY, .rule = rule };
        if (rule)
                reason_for_rule(rule, &e, ret->reason, sizeof(ret->reason));
        else
                reason_for_none(p, &e, ret->reason, sizeof(ret->reason));
}

/* Whether a rule is about this caller and this key, whatever is done with it. */
static bool concerns(const PolicyRule *rule, const Evaluation *e) {
        static const Condition lasting[] = { CONDITION_USER, CONDITION_GROUP, CONDITION_UNIT, CONDITION_KEY };

        for (size_t i = 0; i < ELEMENTSOF(lasting); i++)
                if (!suffices(rule, condition_match(rule, lasting[i], e)))
                        return false;
        return true;
}

/* Whether what is done decides, or when. */
static bool depends(const PolicyRule *rule) {
        static const Condition passing[] = { CONDITION_HASH, CONDITION_DOMAIN, CONDITION_ADDRESS, CONDITION_TIME };

        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (rule->conditions[passing[i]].n > 0)
                        return true;
        return false;
}

/* What this caller may do with this key now, or at another time and with some hash, domain or address. An allow rule
 * that depends on these may come true; a deny rule that does may not, so only one without them takes something away for
 * good. */
static unsigned reachable_uses(const Policy *p, const PolicyFacts *facts) {
        Evaluation e = { .facts = facts };
        unsigned allowed = 0, denied = 0;
        const PolicyRule *rule;
        RuleCursor cursor;

        rule_cursor_init(&cursor, p, facts->user);
        while ((rule = rule_cursor_next(&cursor))) {
                bool deny = rule->effect == POLICY_DENY;

                if ((rule->uses & ~denied) == 0 || (deny && depends(rule)) || !concerns(rule, &e))
                        continue;
                if (deny)
                        denied |= rule->uses;
                else
                        allowed |= rule->uses;
        }

        return allowed & ~denied;
}

bool policy_may_see(const Policy *p, const PolicyFacts *facts) {
        return reachable_uses(p, facts) & (facts->key_id ? USES_KEY : USES_TOKEN);
}

bool policy_may_ever(const Policy *p, const PolicyFacts *facts) {
        unsigned uses = uses_of(facts);

        return (uses & (uses - 1)) == 0 && (reachable_uses(p, facts) & uses);
}
