/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a loaded policy is kept, for the files of policy/ alone. */
#pragma once

#include "rule.h"

/* One login name that a rule names without wildcards. */
typedef struct OwnRule {
        const char *user; /* the rule's */
        size_t rule;      /* its place in Policy.rules */
} OwnRule;

struct Policy {
        unsigned n_ref;
        PolicyRule *rules; /* in the order of files and lines */
        size_t n_rules, room;

        /* The index: rules that can only match certain names, sorted by name and place, and the places of all other
         * rules. */
        OwnRule *own;
        size_t n_own;
        size_t *general;
        size_t n_general;
};

int policy_new(Policy **ret) _must_check_;

/* Builds the index, after the last rule. 0 or -ENOMEM. */
int policy_index(Policy *p) _must_check_;

/* The rules that may match a caller of this name (all of them when user is NULL), in order. */
typedef struct RuleCursor {
        const Policy *policy;
        size_t next, own, own_end, general;
        bool all;
} RuleCursor;

void rule_cursor_init(RuleCursor *c, const Policy *p, const char *user);
const PolicyRule *rule_cursor_next(RuleCursor *c); /* NULL after the last */

/* Sentences for a verdict's reason; a rule's one says whether it matched for want of a fact. */
void reason_for_rule(const PolicyRule *rule, const Evaluation *e, char *ret, size_t room);
void reason_for_none(const Policy *p, const Evaluation *e, char *ret, size_t room);
