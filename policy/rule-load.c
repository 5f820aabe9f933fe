/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads one rule. Fed by the administrator's files; goes on after a mistake, so that one run shows all of them. */
#include "rule-load.h"

#include <string.h>

#include "common/buffer.h"
#include "common/config.h"

static const char *const settings[] = {
        "user",   "group",   "unit", "key",  "operation", "purpose", "hash",
        "domain", "address", "time", "rate", "quota",     "effect",
};

static const char *const effects[] = {
        [POLICY_DENY] = "deny",
        [POLICY_ALLOW] = "allow",
        [POLICY_ASK] = "ask",
};

const char *policy_effect_to_string(PolicyEffect e) {
        return (size_t) e < ELEMENTSOF(effects) ? effects[e] : NULL;
}

static int read_value(const config_setting_t *s, Condition c, Values *values, Problems *p) {
        const char *text = config_setting_get_string(s), *name = condition_to_string(c);
        Mistake m;
        int r;

        if (!text) {
                problems_add(p, config_file_of(s), config_line_of(s),
                             "\"%s\" must be text in double quotes, or several: [\"a\", \"b\"]", name);
                return 0;
        }
        if (!*text) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" is empty: this rule could never match",
                             name);
                return 0;
        }
        if (!utf8_is_valid(text, strlen(text))) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" is not UTF-8 text", name);
                return 0;
        }

        r = condition_parse(c, text, &values->items[values->n], &m);
        if (r == MISTAKE_E_FOUND) {
                problems_add(p, config_file_of(s), config_line_of(s), "%s \"%.100s\" %s", name, text, m.text);
                return 0;
        }
        if (r == 0)
                values->n++;
        return r;
}

static int read_condition(const config_setting_t *group, Condition c, PolicyRule *rule, Problems *p) {
        const config_setting_t *s = config_setting_get_member(group, condition_to_string(c));
        Values *values = &rule->conditions[c];
        bool several;
        int n, r;

        if (!s)
                return 0;

        several = config_setting_is_array(s);
        n = several ? config_setting_length(s) : 1;
        if (n == 0) {
                problems_add(p, config_file_of(s), config_line_of(s),
                             "\"%s\" is an empty list: this rule could never match; leave the setting out for any %s",
                             condition_to_string(c), condition_to_string(c));
                return 0;
        }

        values->items = calloc((size_t) n, sizeof(Value));
        if (!values->items)
                return -ENOMEM;
        for (int i = 0; i < n && !p->overflow; i++) {
                r = read_value(several ? config_setting_get_elem(s, (unsigned) i) : s, c, values, p);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void read_limits(const config_setting_t *group, PolicyRule *rule, Problems *p) {
        const config_setting_t *s;
        const char *text;
        Mistake m;

        if (config_string(group, "rate", p, &text) && rate_parse(text, &rule->rate, &m) != 0) {
                s = config_setting_get_member(group, "rate");
                problems_add(p, config_file_of(s), config_line_of(s), "rate \"%.100s\" %s", text, m.text);
        }
        if (config_string(group, "quota", p, &text) && quota_parse(text, &rule->quota, &m) != 0) {
                s = config_setting_get_member(group, "quota");
                problems_add(p, config_file_of(s), config_line_of(s), "quota \"%.100s\" %s", text, m.text);
        }
}

int rule_load(const config_setting_t *group, PolicyRule *rule, Problems *p) {
        size_t effect;
        int r;

        config_refuse_unknown(group, settings, ELEMENTSOF(settings), p);
        for (size_t c = 0; c < _CONDITION_MAX; c++) {
                r = read_condition(group, (Condition) c, rule, p);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < rule->conditions[CONDITION_HASH].n; i++)
                rule->hashes |= 1U << rule->conditions[CONDITION_HASH].items[i].word;
        read_limits(group, rule, p);

        if (!config_setting_get_member(group, "effect"))
                problems_add(p, config_file_of(group), config_line_of(group),
                             "\"effect\" is missing: effect = \"allow\", \"deny\" or \"ask\"");
        if (config_word(group, "effect", effects, ELEMENTSOF(effects), p, &effect)) {
                rule->effect = (PolicyEffect) effect;
                rule_check(rule, group, p);
        }

        rule->uses = rule_uses(rule);
        return 0;
}
