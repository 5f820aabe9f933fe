/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loaded policy as an object, and its index by login name: with a rule for each of 10,000 people, a decision looks
 * at a few. */
#include "policy-private.h"

#include <string.h>

int policy_new(Policy **ret) {
        Policy *p = calloc(1, sizeof(Policy));

        if (!p)
                return -ENOMEM;

        p->n_ref = 1;
        *ret = p;
        return 0;
}

Policy *policy_ref(Policy *p) {
        if (p)
                p->n_ref++;
        return p;
}

Policy *policy_unref(Policy *p) {
        if (!p || --p->n_ref > 0)
                return NULL;

        for (size_t i = 0; i < p->n_rules; i++)
                rule_done(&p->rules[i]);
        free(p->rules);
        free(p->own);
        free(p->general);
        free(p);
        return NULL;
}

size_t policy_rule_count(const Policy *p) {
        return p->n_rules;
}

const char *policy_rule_name(const PolicyRule *r) {
        return r->name;
}

const char *policy_rule_file(const PolicyRule *r) {
        return r->file;
}

unsigned policy_rule_line(const PolicyRule *r) {
        return r->line;
}

/* Whether nobody but the bearers of certain names can match. */
static bool names_users(const PolicyRule *rule) {
        const Values *users = &rule->conditions[CONDITION_USER];

        for (size_t i = 0; i < users->n; i++)
                if (!users->items[i].glob || !glob_is_literal(users->items[i].glob))
                        return false;
        return users->n > 0;
}

static int compare_own(const void *a, const void *b) {
        const OwnRule *x = a, *y = b;
        int r = strcmp(x->user, y->user);

        return r != 0 ? r : (x->rule > y->rule) - (x->rule < y->rule);
}

int policy_index(Policy *p) {
        size_t n_names = 0;

        for (size_t i = 0; i < p->n_rules; i++)
                n_names += p->rules[i].conditions[CONDITION_USER].n;
        p->own = calloc(n_names + 1, sizeof(OwnRule));
        p->general = calloc(p->n_rules + 1, sizeof(size_t));
        if (!p->own || !p->general)
                return -ENOMEM;

        for (size_t i = 0; i < p->n_rules; i++) {
                const Values *users = &p->rules[i].conditions[CONDITION_USER];

                if (!names_users(&p->rules[i])) {
                        p->general[p->n_general++] = i;
                        continue;
                }
                for (size_t k = 0; k < users->n; k++)
                        p->own[p->n_own++] = (OwnRule){ .user = users->items[k].text, .rule = i };
        }

        qsort(p->own, p->n_own, sizeof(OwnRule), compare_own);
        return 0;
}

/* The first place in the index whose name is not before `user`, or is behind it. */
static size_t index_bound(const Policy *p, const char *user, bool behind) {
        size_t low = 0, high = p->n_own;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int r = strcmp(p->own[middle].user, user);

                if (r < 0 || (behind && r == 0))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void rule_cursor_init(RuleCursor *c, const Policy *p, const char *user) {
        *c = (RuleCursor){ .policy = p, .all = !user };

        if (user) {
                c->own = index_bound(p, user, false);
                c->own_end = index_bound(p, user, true);
        }
}

const PolicyRule *rule_cursor_next(RuleCursor *c) {
        const Policy *p = c->policy;
        size_t own, general, place;

        if (c->all)
                return c->next < p->n_rules ? &p->rules[c->next++] : NULL;

        own = c->own < c->own_end ? p->own[c->own].rule : SIZE_MAX;
        general = c->general < p->n_general ? p->general[c->general] : SIZE_MAX;
        place = MIN(own, general);
        if (place == SIZE_MAX)
                return NULL;

        /* A rule that names one user twice is in the index twice. */
        while (c->own < c->own_end && p->own[c->own].rule == place)
                c->own++;
        if (general == place)
                c->general++;
        return &p->rules[place];
}
