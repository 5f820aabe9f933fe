/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns the values of a rule's conditions into patterns. Fed by the administrator's files; whatever could never match
 * is refused here, because a rule that silently does nothing is a mistake that nobody finds. */
#include <stdio.h>
#include <string.h>

#include "rule.h"

static const char *const condition_names[_CONDITION_MAX] = {
        [CONDITION_USER] = "user", [CONDITION_GROUP] = "group",         [CONDITION_UNIT] = "unit",
        [CONDITION_KEY] = "key",   [CONDITION_OPERATION] = "operation", [CONDITION_PURPOSE] = "purpose",
        [CONDITION_HASH] = "hash", [CONDITION_DOMAIN] = "domain",       [CONDITION_ADDRESS] = "address",
        [CONDITION_TIME] = "time",
};

const char *condition_to_string(Condition c) {
        return condition_names[c];
}

static int parse_name(const char *text, Glob **ret, Mistake *m) {
        if (strstr(text, "%u"))
                return mistake_set(m, "holds \"%%u\", which is understood in \"key\" and \"address\" only");
        return glob_compile(text, strlen(text), GLOB_PLAIN, ret, m);
}

static int parse_user(const char *text, Value *v, Mistake *m) {
        unsigned long long number;

        if (text[0] == '@' || (text[0] == '%' && text[1] != 'u'))
                return mistake_set(m, "is no login name; for a group there is the setting \"group\"");
        if (strspn(text, "0123456789") != strlen(text))
                return parse_name(text, &v->glob, m);

        number = strlen(text) <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;
        if (number >= UINT32_MAX)
                return mistake_set(m, "is no user number: they go to 4294967294");
        v->uid = (uid_t) number;
        return 0;
}

static int parse_unit(const char *text, Value *v, Mistake *m) {
        int r = parse_name(text, &v->glob, m);

        if (r == 0 && glob_is_literal(v->glob) && !strchr(text, '.'))
                return mistake_set(m, "is no unit's whole name; did you mean \"%s.service\"?", text);
        return r;
}

typedef const char *(*WordName)(unsigned);

static const char *operation_name(unsigned i) {
        return operation_to_string((Operation) i);
}

static const char *purpose_name(unsigned i) {
        return purpose_to_string((Purpose) i);
}

static const char *hash_name(unsigned i) {
        return hash_to_string((Hash) i);
}

static int parse_word(const char *text, WordName name_of, Value *v, Mistake *m) {
        const char *names[16], *meant;
        char all[128] = "";
        size_t n = 0;

        /* The first name of each list is "none", which is no word of the language. */
        for (unsigned i = 1; n < ELEMENTSOF(names) && name_of(i); i++) {
                names[n++] = name_of(i);
                if (strcmp(names[n - 1], text) == 0) {
                        v->word = i;
                        return 0;
                }
                snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", n > 1 ? ", " : "", names[n - 1]);
        }

        meant = problems_did_you_mean(text, names, n);
        if (meant)
                return mistake_set(m, "is unknown; did you mean \"%s\"?", meant);
        return mistake_set(m, "is unknown; there are: %s", all);
}

int condition_parse(Condition c, const char *text, Value *ret, Mistake *m) {
        Value v = {};
        int r;

        switch (c) {
        case CONDITION_USER:
                r = parse_user(text, &v, m);
                break;
        case CONDITION_GROUP:
                r = parse_name(text, &v.glob, m);
                break;
        case CONDITION_UNIT:
                r = parse_unit(text, &v, m);
                break;
        case CONDITION_KEY:
                r = key_pattern_parse(text, &v.key, m);
                break;
        case CONDITION_OPERATION:
                r = parse_word(text, operation_name, &v, m);
                break;
        case CONDITION_PURPOSE:
                r = parse_word(text, purpose_name, &v, m);
                break;
        case CONDITION_HASH:
                r = parse_word(text, hash_name, &v, m);
                break;
        case CONDITION_DOMAIN:
                r = domain_pattern_parse(text, &v.glob, m);
                break;
        case CONDITION_ADDRESS:
                r = address_pattern_parse(text, &v.address, m);
                break;
        default:
                r = time_span_parse(text, &v.time, m);
                break;
        }

        if (r == 0) {
                v.text = strdup(text);
                r = v.text ? 0 : -ENOMEM;
        }
        if (r != 0) {
                condition_done(c, &v);
                return r;
        }

        *ret = v;
        return 0;
}

void condition_done(Condition c, Value *v) {
        switch (c) {
        case CONDITION_USER:
        case CONDITION_GROUP:
        case CONDITION_UNIT:
        case CONDITION_DOMAIN:
                glob_free(v->glob);
                break;
        case CONDITION_KEY:
                key_pattern_free(v->key);
                break;
        case CONDITION_ADDRESS:
                address_pattern_free(v->address);
                break;
        case CONDITION_TIME:
                time_span_free(v->time);
                break;
        default:
                break;
        }
        free(v->text);
}

void rule_done(PolicyRule *rule) {
        for (size_t c = 0; c < _CONDITION_MAX; c++) {
                for (size_t i = 0; i < rule->conditions[c].n; i++)
                        condition_done((Condition) c, &rule->conditions[c].items[i]);
                free(rule->conditions[c].items);
        }
        free(rule->name);
        free(rule->file);
}
