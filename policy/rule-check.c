/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what is wrong with a rule as a whole: settings that are missing or that do not go together. Fed by the
 * administrator's files. */
#include "rule-load.h"

#include "common/config.h"

/* Where to point: at the setting, or at the rule when it has none. */
static const config_setting_t *place(const config_setting_t *group, const char *name) {
        const config_setting_t *s = config_setting_get_member(group, name);

        return s ? s : group;
}

#define report(p, group, setting, ...)                                                                                 \
        problems_add((p), config_file_of(group), config_line_of(place((group), (setting))), __VA_ARGS__)

/* The enum numbers of a condition's words, as a bit set; 0 when the rule does not have the condition. */
static unsigned words(const PolicyRule *rule, Condition c) {
        unsigned bits = 0;

        for (size_t i = 0; i < rule->conditions[c].n; i++)
                bits |= 1U << rule->conditions[c].items[i].word;
        return bits;
}

/* Whether all values of a condition were understood: what one misspelt word would have meant, nobody knows. */
static bool is_complete(const PolicyRule *rule, Condition c, const config_setting_t *group) {
        const config_setting_t *s = config_setting_get_member(group, condition_to_string(c));
        size_t n = !s ? 0 : config_setting_is_array(s) ? (size_t) config_setting_length(s) : 1;

        return rule->conditions[c].n == n;
}

static unsigned purposes_of(Operation o) {
        switch (o) {
        case OPERATION_SIGN:
                return USES_SIGN;
        case OPERATION_DECRYPT:
                return USES_DECRYPT;
        default:
                return 0;
        }
}

static void check_purposes(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        unsigned operations = words(rule, CONDITION_OPERATION), purposes = words(rule, CONDITION_PURPOSE);

        if (operations == 0 || purposes == 0 || !is_complete(rule, CONDITION_OPERATION, group) ||
            !is_complete(rule, CONDITION_PURPOSE, group))
                return;

        for (Purpose i = PURPOSE_NONE + 1; i < _PURPOSE_MAX; i++)
                if ((purposes & USE_BIT(i)) && !(operations & 1U << purpose_operation(i)))
                        report(p, group, "purpose",
                               "purpose \"%s\" belongs to operation \"%s\", which this rule does not name",
                               purpose_to_string(i), operation_to_string(purpose_operation(i)));

        if ((operations & 1U << OPERATION_SIGN) && !(purposes & USES_SIGN))
                report(p, group, "operation",
                       "operation \"sign\" has none of its purposes here: smime, dkim, csr or digest");
        if ((operations & 1U << OPERATION_DECRYPT) && !(purposes & USES_DECRYPT))
                report(p, group, "operation", "operation \"decrypt\" has none of its purposes here: cms or raw");
        for (Operation o = OPERATION_UNLOCK; o <= OPERATION_MANAGE; o++)
                if (operations & 1U << o)
                        report(p, group, "operation",
                               "operation \"%s\" has no purposes; give it a rule of its own without \"purpose\"",
                               operation_to_string(o));
}

static void check_domain(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        unsigned purposes = words(rule, CONDITION_PURPOSE);

        if (rule->conditions[CONDITION_DOMAIN].n == 0)
                return;

        if (!config_setting_get_member(group, "purpose"))
                report(p, group, "domain",
                       "\"domain\" needs purpose \"dkim\" or \"csr\": nothing else concerns domains");
        for (Purpose i = PURPOSE_NONE + 1; i < _PURPOSE_MAX; i++)
                if ((purposes & USE_BIT(i)) && i != PURPOSE_DKIM && i != PURPOSE_CSR)
                        report(p, group, "domain",
                               "\"domain\" does not go with purpose \"%s\": only dkim and csr concern domains; write "
                               "two rules",
                               purpose_to_string(i));
}

/* What is said about keys cannot be said about a token as such. */
static void check_token_operations(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        static const Condition key_conditions[] = { CONDITION_HASH, CONDITION_DOMAIN, CONDITION_ADDRESS };
        unsigned operations = words(rule, CONDITION_OPERATION);

        for (size_t i = 0; i < ELEMENTSOF(key_conditions); i++) {
                const char *name = condition_to_string(key_conditions[i]);

                if (rule->conditions[key_conditions[i]].n == 0)
                        continue;
                for (Operation o = OPERATION_UNLOCK; o <= OPERATION_MANAGE; o++)
                        if (operations & 1U << o)
                                report(p, group, name, "\"%s\" does not go with operation \"%s\"; write two rules",
                                       name, operation_to_string(o));
        }

        if (!(operations & 1U << OPERATION_UNLOCK))
                return;
        for (size_t i = 0; i < rule->conditions[CONDITION_KEY].n; i++) {
                const Value *v = &rule->conditions[CONDITION_KEY].items[i];

                if (key_pattern_needs_key(v->key))
                        report(p, group, "key",
                               "operation \"unlock\" concerns a whole token, and key \"%s\" names keys on it; give "
                               "unlock a rule of "
                               "its own with token, serial, model or manufacturer alone",
                               v->text);
        }
}

static void check_limits(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        if (rule->effect != POLICY_DENY)
                return;

        if (config_setting_get_member(group, "rate"))
                report(p, group, "rate", "\"rate\" does not go with effect \"deny\": what is denied is not counted");
        if (config_setting_get_member(group, "quota"))
                report(p, group, "quota", "\"quota\" does not go with effect \"deny\": what is denied is not counted");
}

static void check_allow(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        unsigned operations = words(rule, CONDITION_OPERATION);

        if (rule->effect == POLICY_DENY)
                return;

        if (!config_setting_get_member(group, "operation"))
                report(p, group, "operation",
                       "\"operation\" is missing: a rule with effect \"%s\" names what it allows, as in operation = "
                       "[\"sign\", \"decrypt\"]",
                       policy_effect_to_string(rule->effect));
        if (operations == 1U << OPERATION_SIGN && words(rule, CONDITION_HASH) == 1U << HASH_SHA1)
                report(p, group, "hash", "nothing is ever signed with sha1: this rule allows nothing");
}

void rule_check(const PolicyRule *rule, const config_setting_t *group, Problems *p) {
        check_allow(rule, group, p);
        check_purposes(rule, group, p);
        check_domain(rule, group, p);
        check_token_operations(rule, group, p);
        check_limits(rule, group, p);
}

unsigned rule_uses(const PolicyRule *rule) {
        unsigned operations = words(rule, CONDITION_OPERATION), purposes = words(rule, CONDITION_PURPOSE), uses = 0;

        for (Operation o = OPERATION_NONE + 1; o < _OPERATION_MAX; o++)
                if (operations == 0 || (operations & 1U << o))
                        uses |= o == OPERATION_UNLOCK   ? USE_BIT(USE_UNLOCK)
                                : o == OPERATION_MANAGE ? USE_BIT(USE_MANAGE)
                                                        : purposes_of(o);

        if (purposes != 0)
                return uses & purposes;
        /* A primitive right makes an oracle of a key: it is granted by its name or not at all. */
        if (rule->effect != POLICY_DENY)
                uses &= ~USES_PRIMITIVE;
        if (rule->conditions[CONDITION_HASH].n > 0 || rule->conditions[CONDITION_DOMAIN].n > 0 ||
            rule->conditions[CONDITION_ADDRESS].n > 0)
                uses &= ~USES_TOKEN;
        return uses;
}
