/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule as it is kept in memory: all patterns compiled, nothing left to parse. Private to policy/. */
#pragma once

#include "address-pattern.h"
#include "key-pattern.h"
#include "rate.h"
#include "time-span.h"

typedef enum Condition {
        CONDITION_USER,
        CONDITION_GROUP,
        CONDITION_UNIT,
        CONDITION_KEY,
        CONDITION_OPERATION,
        CONDITION_PURPOSE,
        CONDITION_HASH,
        CONDITION_DOMAIN,
        CONDITION_ADDRESS,
        CONDITION_TIME,
        _CONDITION_MAX,
} Condition;

/* Something that can be done: a purpose, which implies its operation, or an operation that has no purposes.
 * The first ones are the numbers of Purpose. A set of them is a bit set. */
typedef enum Use {
        USE_UNLOCK = _PURPOSE_MAX,
        USE_MANAGE,
        _USE_MAX,
} Use;
#define USE_BIT(u)     (1U << (unsigned) (u))
#define USES_SIGN      (USE_BIT(PURPOSE_SMIME) | USE_BIT(PURPOSE_DKIM) | USE_BIT(PURPOSE_CSR) | USE_BIT(PURPOSE_DIGEST))
#define USES_DECRYPT   (USE_BIT(PURPOSE_CMS) | USE_BIT(PURPOSE_RAW))
#define USES_PRIMITIVE (USE_BIT(PURPOSE_DIGEST) | USE_BIT(PURPOSE_RAW))
#define USES_KEY       (USES_SIGN | USES_DECRYPT)
#define USES_TOKEN     (USE_BIT(USE_UNLOCK) | USE_BIT(USE_MANAGE))

/* One value of a condition. Which member of the union is meant follows from the condition. */
typedef struct Value {
        char *text; /* as the file has it */
        union {
                Glob *glob;              /* USER (NULL for a number), GROUP, UNIT, DOMAIN */
                KeyPattern *key;         /* KEY */
                AddressPattern *address; /* ADDRESS */
                TimeSpan *time;          /* TIME */
                unsigned word;           /* OPERATION, PURPOSE, HASH: the enum's number */
        };
        uid_t uid; /* USER, where glob is NULL */
} Value;

typedef struct Values {
        Value *items;
        size_t n; /* 0: the rule does not have this condition */
} Values;

struct PolicyRule {
        char *name, *file;
        unsigned line;
        PolicyEffect effect;
        Values conditions[_CONDITION_MAX];
        unsigned uses;   /* what the rule is about, from operation and purpose */
        unsigned hashes; /* bit set of Hash; only with a hash condition */
        Rate rate;
        uint64_t quota; /* uses a day; 0: no quota */
};

void rule_done(PolicyRule *rule);

const char *condition_to_string(Condition c);

/* What an evaluation looks at besides the rules: worked out once for all of them. */
typedef struct Evaluation {
        const PolicyFacts *facts;
        unsigned uses;   /* that the facts may mean: one bit when they are sound */
        struct tm local; /* facts->now */
        bool local_known;
} Evaluation;

/* How the facts stand to one condition of a rule; YES for a condition that it does not have. OPERATION and PURPOSE are
 * not conditions by themselves here: rule_match_use() is. */
Match condition_match(const PolicyRule *rule, Condition c, const Evaluation *e);
Match rule_match_use(const PolicyRule *rule, const Evaluation *e);

/* Parses one value of a condition. 0, MISTAKE_E_FOUND or -ENOMEM. */
int condition_parse(Condition c, const char *text, Value *ret, Mistake *m) _must_check_;
void condition_done(Condition c, Value *v);
