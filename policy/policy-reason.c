/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says why, in a sentence for people. It quotes rules, names of users and names of tokens: what is not printable UTF-8
 * is replaced, and a sentence that is too long ends in "...". */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "policy-private.h"

typedef struct Sentence {
        char *text;
        size_t n, room;
} Sentence;

static void say(Sentence *s, const char *format, ...) _printf_(2, 3);
static void say(Sentence *s, const char *format, ...) {
        va_list ap;
        int k;

        va_start(ap, format);
        k = vsnprintf(s->text + s->n, s->room - s->n, format, ap);
        va_end(ap);
        if (k > 0)
                s->n = MIN(s->n + (size_t) k, s->room - 1);
}

/* Makes the text fit for a log line and for D-Bus, which carries UTF-8 alone. */
static void finish(Sentence *s) {
        bool cut = s->n == s->room - 1;

        if (cut) {
                s->n = s->room - 1 - strlen("...");
                while (s->n > 0 && ((unsigned char) s->text[s->n] & 0xc0) == 0x80)
                        s->n--;
        }
        for (size_t i = 0; i < s->n;) {
                size_t size = 1;

                while ((unsigned char) s->text[i] >= 0x80 && size < 4 && i + size < s->n &&
                       ((unsigned char) s->text[i + size] & 0xc0) == 0x80)
                        size++;
                if (!utf8_is_valid(s->text + i, size) || (unsigned char) s->text[i] < ' ' || s->text[i] == 0x7f) {
                        s->text[i] = '?';
                        size = 1;
                }
                i += size;
        }
        memcpy(s->text + s->n, cut ? "..." : "", cut ? sizeof("...") : 1);
}

/* A file is known by its directory and name: "policy.d/10-interns.conf". */
static const char *short_path(const char *path) {
        const char *p = path + strlen(path);

        for (int slashes = 0; p > path; p--)
                if (p[-1] == '/' && ++slashes == 2)
                        break;
        return p;
}

static void say_rule(Sentence *s, const PolicyRule *rule) {
        say(s, "\"%s\" (%s:%u)", rule->name, short_path(rule->file), rule->line);
}

static const char *const unknown_facts[_CONDITION_MAX] = {
        [CONDITION_USER] = "the caller has no login name",
        [CONDITION_GROUP] = "the caller's groups are not known",
        [CONDITION_UNIT] = "the caller's unit is not known",
        [CONDITION_KEY] = "not everything is known about the key",
        [CONDITION_HASH] = "no hash is named",
        [CONDITION_DOMAIN] = "a domain cannot be read",
        [CONDITION_ADDRESS] = "an address cannot be read",
        [CONDITION_TIME] = "the time is not known",
};

void reason_for_rule(const PolicyRule *rule, const Evaluation *e, char *ret, size_t room) {
        Sentence s = { .text = ret, .room = room };

        say(&s, "rule ");
        say_rule(&s, rule);
        switch (rule->effect) {
        case POLICY_ALLOW:
                say(&s, " allows it");
                break;
        case POLICY_ASK:
                say(&s, " wants it confirmed (effect \"ask\"), which is not supported");
                break;
        default:
                say(&s, " denies it");
                for (size_t c = 0; c < _CONDITION_MAX; c++)
                        if (condition_match(rule, (Condition) c, e) == MATCH_UNKNOWN) {
                                say(&s, ": %s, and then a deny rule applies", unknown_facts[c]);
                                break;
                        }
        }
        finish(&s);
}

/* How much it takes for a rule to match, condition by condition: a rule that fails for its time alone is nearer than
 * one that is about somebody else. */
static const unsigned weights[_CONDITION_MAX] = {
        [CONDITION_USER] = 5,      [CONDITION_GROUP] = 4,   [CONDITION_UNIT] = 3, [CONDITION_KEY] = 6,
        [CONDITION_OPERATION] = 4, [CONDITION_PURPOSE] = 2, [CONDITION_HASH] = 1, [CONDITION_DOMAIN] = 1,
        [CONDITION_ADDRESS] = 1,   [CONDITION_TIME] = 1,
};
#define DISTANCE_MAX 8 /* beyond it a rule is about something else, and to name it would confuse */

/* Whether this condition is one of those that keep the rule from matching. */
static bool fails(const PolicyRule *rule, Condition c, const Evaluation *e) {
        bool use_fails = rule_match_use(rule, e) != MATCH_YES, operation_fits = false;

        if (c != CONDITION_OPERATION && c != CONDITION_PURPOSE)
                return condition_match(rule, c, e) != MATCH_YES;

        for (size_t i = 0; i < rule->conditions[CONDITION_OPERATION].n; i++)
                operation_fits = operation_fits ||
                                 rule->conditions[CONDITION_OPERATION].items[i].word == (unsigned) e->facts->operation;
        return use_fails && (c == CONDITION_OPERATION) != operation_fits;
}

/* The rule's distance, or any number from `limit` on when it is at least that. */
static unsigned distance(const PolicyRule *rule, const Evaluation *e, unsigned limit) {
        unsigned d = 0;

        for (size_t c = 0; c < _CONDITION_MAX && d < limit; c++)
                if (fails(rule, (Condition) c, e))
                        d += weights[c];
        return d;
}

static const PolicyRule *nearest(const Policy *p, const Evaluation *e) {
        const PolicyRule *found = NULL;
        unsigned best = DISTANCE_MAX + 1;

        for (size_t i = 0; i < p->n_rules; i++) {
                unsigned d = p->rules[i].effect == POLICY_DENY ? best : distance(&p->rules[i], e, best);

                if (d < best) {
                        best = d;
                        found = &p->rules[i];
                }
        }
        return found;
}

static void say_wish(Sentence *s, const PolicyRule *rule, Condition c, const Evaluation *e) {
        const Values *values = &rule->conditions[c];
        size_t shown = MIN(values->n, 3U);

        say(s, "%s ", condition_to_string(c));
        for (size_t i = 0; i < shown; i++)
                say(s, "%s\"%s\"", i == 0 ? "" : i + 1 == values->n ? " or " : ", ", values->items[i].text);
        if (values->n > shown)
                say(s, " or %zu others", values->n - shown);
        if (unknown_facts[c] && condition_match(rule, c, e) == MATCH_UNKNOWN)
                say(s, " (%s)", unknown_facts[c]);
}

static void say_nearest(Sentence *s, const PolicyRule *rule, const Evaluation *e) {
        const char *joint = "wants";
        bool unnamed = false;

        say(s, "; the nearest is ");
        say_rule(s, rule);
        say(s, ", which ");
        for (size_t c = 0; c < _CONDITION_MAX; c++) {
                if (!fails(rule, (Condition) c, e))
                        continue;
                /* The only condition that can fail without being there: primitive rights are granted by name. */
                if (rule->conditions[c].n == 0) {
                        unnamed = true;
                        continue;
                }
                say(s, "%s ", joint);
                say_wish(s, rule, (Condition) c, e);
                joint = " and";
        }
        if (unnamed)
                say(s, "%sdoes not name purpose \"%s\"", *joint == ' ' ? " and " : "",
                    purpose_to_string(e->facts->purpose));
}

static void say_request(Sentence *s, const PolicyFacts *f) {
        const char *operation = operation_to_string(f->operation), *purpose = purpose_to_string(f->purpose);

        if (f->user && *f->user)
                say(s, "no rule allows %s to ", f->user);
        else
                say(s, "no rule allows user %u to ", (unsigned) f->uid);
        say(s, "%s %s%s", operation ? operation : "use",
            f->operation == OPERATION_SIGN || f->operation == OPERATION_DECRYPT ? "with " : "",
            f->key_id ? "this key" : "this token");
        if (purpose && f->purpose != PURPOSE_NONE)
                say(s, " for %s", purpose);
}

void reason_for_none(const Policy *p, const Evaluation *e, char *ret, size_t room) {
        Sentence s = { .text = ret, .room = room };
        const PolicyRule *rule;

        if (p->n_rules == 0)
                say(&s, "the policy has no rules, so nothing is allowed");
        else {
                say_request(&s, e->facts);
                /* Tokens are not hidden, so whoever is refused one reads this; who else may unlock it is no business of
                 * theirs. */
                rule = e->facts->key_id ? nearest(p, e) : NULL;
                if (rule)
                        say_nearest(&s, rule, e);
        }
        finish(&s);
}
