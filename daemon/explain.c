/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Explains policy. Fed by bus clients, who must not learn here of keys that they may not see, or of what others may do.
 */
#include "explain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "common/problems.h"
#include "key-find.h"
#include "manager.h"

typedef enum FactName {
        FACT_KEY,
        FACT_OPERATION,
        FACT_PURPOSE,
        FACT_USER,
        FACT_HASH,
        FACT_DOMAIN,
        FACT_ADDRESS,
        FACT_UNIT,
        FACT_TIME, /* the one that is a number */
        _FACT_MAX,
} FactName;

static const char *const fact_names[_FACT_MAX] = {
        [FACT_KEY] = "key",         [FACT_OPERATION] = "operation", [FACT_PURPOSE] = "purpose",
        [FACT_USER] = "user",       [FACT_HASH] = "hash",           [FACT_DOMAIN] = "domain",
        [FACT_ADDRESS] = "address", [FACT_UNIT] = "unit",           [FACT_TIME] = "time",
};

/* What is asked. Strings are the message's. */
typedef struct Question {
        const char *text[_FACT_MAX]; /* NULL: not given */
        int64_t time;
        Operation operation;
        Purpose purpose;
        Hash hash;
} Question;

static int find_fact(const char *word, FactName *ret, Failure *f) {
        const char *meant;

        for (FactName n = 0; n < _FACT_MAX; n++)
                if (strcmp(fact_names[n], word) == 0) {
                        *ret = n;
                        return 0;
                }
        meant = problems_did_you_mean(word, fact_names, _FACT_MAX);
        return failure_set(f, OUTCOME_INVALID_INPUT, "unknown fact \"%.40s\"%s%s%s", word,
                           meant ? "; did you mean \"" : "", meant ?: "", meant ? "\"?" : "");
}

static int read_fact(sd_bus_message *m, Question *q, Failure *f) {
        const char *word, *signature, *wanted;
        FactName n = FACT_KEY;
        int r;

        r = sd_bus_message_read_basic(m, 's', &word);
        if (r < 0)
                return r;
        r = find_fact(word, &n, f);
        if (r != 0)
                return r;
        wanted = n == FACT_TIME ? "x" : "s";
        r = sd_bus_message_peek_type(m, NULL, &signature);
        if (r < 0)
                return r;
        if (strcmp(signature, wanted) != 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "fact \"%s\" has the D-Bus type \"%.20s\"; it must be \"%s\"", word, signature,
                                   wanted);
        if (n == FACT_TIME)
                r = sd_bus_message_read(m, "v", "x", &q->time);
        else
                r = sd_bus_message_read(m, "v", "s", &q->text[n]);
        return r < 0 ? r : 0;
}

static int read_question(sd_bus_message *m, Question *q, Failure *f) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_fact(m, q, f);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 0;
}

static int parse_words(Question *q, Failure *f) {
        const char *operation = q->text[FACT_OPERATION], *purpose = q->text[FACT_PURPOSE], *hash = q->text[FACT_HASH];
        int r;

        if (!q->text[FACT_KEY])
                return failure_set(f, OUTCOME_INVALID_INPUT, "fact \"key\" is missing: which key is it about?");
        r = operation ? operation_from_string(operation) : -EINVAL;
        if (r < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "fact \"operation\" is missing or unknown: use sign, decrypt, unlock or manage");
        q->operation = (Operation) r;

        if (purpose) {
                r = purpose_from_string(purpose);
                if (r < 0 || purpose_operation((Purpose) r) != q->operation)
                        return failure_set(f, OUTCOME_INVALID_INPUT,
                                           "purpose \"%.40s\" does not belong to operation %s", purpose, operation);
                q->purpose = (Purpose) r;
        } else if (q->operation == OPERATION_SIGN || q->operation == OPERATION_DECRYPT)
                return failure_set(f, OUTCOME_INVALID_INPUT, "fact \"purpose\" is missing: use %s",
                                   q->operation == OPERATION_SIGN ? "smime, dkim, csr or digest" : "cms or raw");
        if (hash) {
                r = hash_from_string(hash);
                if (r < 0)
                        return failure_set(f, OUTCOME_INVALID_INPUT, "fact \"hash\": \"%.40s\" is no hash", hash);
                q->hash = (Hash) r;
        }
        return 0;
}

/* The caller, or whom an admin asks about. Others may ask about themselves as they are. */
static int find_subject(Peer *caller, const Question *q, Peer **ret, Failure *f) {
        const char *user = q->text[FACT_USER], *unit = q->text[FACT_UNIT];
        _cleanup_(peer_unrefp) Peer *p = NULL;
        int r;

        if (user && caller->user && strcmp(user, caller->user) == 0)
                user = NULL;
        if (unit && caller->unit && strcmp(unit, caller->unit) == 0)
                unit = NULL;
        if (!user && !unit) {
                *ret = peer_ref(caller);
                return 0;
        }
        if (!access_is_admin(caller))
                return failure_set(f, OUTCOME_NOT_AUTHORIZED,
                                   "only root and signetd's own user may ask about another user or unit");

        if (!user)
                user = caller->user;
        r = user ? peer_new_for_user(user, &p) : PEER_E_UNKNOWN;
        if (r > 0)
                return failure_set(f, OUTCOME_INVALID_INPUT, "fact \"user\": there is no user \"%.40s\"", user ?: "");
        if (r < 0)
                return r;
        if (unit) {
                p->unit = strdup(unit);
                if (!p->unit)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(p);
        return 0;
}

/* The one key that is meant, among those that the caller may see: admins see all. */
static int find_key(Manager *m, const Peer *caller, const KeyName *name, Operation operation, int64_t now, Key **ret,
                    Failure *f) {
        Key *best = NULL;
        size_t n = 0;

        for (size_t i = 0; i < key_table_size(m->keys); i++) {
                Key *key = key_table_get(m->keys, i);

                if (!key_name_matches(name, key, operation, now) ||
                    !(access_is_admin(caller) || access_may_see(m->policy, caller, key)))
                        continue;
                n++;
                if (!best || key_name_compare(name, operation, now, key, best) < 0)
                        best = key;
        }
        if (!best)
                return failure_set(f, OUTCOME_NO_SUCH_KEY,
                                   "no such key, or none that you may see; list yours with: signetctl keys");
        if (n > 1 && !key_name_is_address(name))
                return failure_set(f, OUTCOME_INVALID_INPUT, "the name fits %zu keys; name one of them", n);
        *ret = best;
        return 0;
}

static Token *find_token(Manager *m, const Peer *caller, const char *text, const KeyName *name) {
        for (size_t i = 0; i < m->n_tokens; i++) {
                Token *t = m->tokens[i];
                bool fits = strcmp(t->config->name, text) == 0 ||
                            (name && t->inventory && key_name_matches_token(name, t->inventory));

                if (fits && bus_may_see_token(m, caller, t))
                        return t;
        }
        return NULL;
}

static int decide_token(Manager *m, const Peer *caller, const Peer *subject, const Question *q, PolicyVerdict *ret,
                        Failure *f) {
        _cleanup_(key_name_freep) KeyName *name = NULL;
        Failure unused;
        Token *t;
        int r;

        r = key_name_parse(q->text[FACT_KEY], &name, &unused);
        if (r < 0)
                return r;
        t = find_token(m, caller, q->text[FACT_KEY], name);
        if (!t)
                return failure_set(f, OUTCOME_NO_SUCH_KEY,
                                   "no such token, or none that you may see; list yours with: signetctl tokens");
        access_decide_token(m->policy, subject, t->inventory, t->config->label, q->operation, q->time, ret);
        return 0;
}

static int decide_key(Manager *m, const Peer *caller, const Peer *subject, const Question *q, PolicyVerdict *ret,
                      Failure *f) {
        _cleanup_(key_name_freep) KeyName *name = NULL;
        const char *domain = q->text[FACT_DOMAIN], *address = q->text[FACT_ADDRESS];
        Key *key = NULL;
        int r;

        r = key_name_parse(q->text[FACT_KEY], &name, f);
        if (r == 0)
                r = find_key(m, caller, name, q->operation, q->time, &key, f);
        if (r != 0)
                return r;
        access_decide(m->policy, subject, key,
                      &(AccessUse){
                              .operation = q->operation,
                              .purpose = q->purpose,
                              .hash = q->hash,
                              .addresses = address ? &address : NULL,
                              .n_addresses = address ? 1 : 0,
                              .domains = domain ? &domain : NULL,
                              .n_domains = domain ? 1 : 0,
                              .now = q->time,
                      },
                      NULL, ret);
        return 0;
}

static int reply(sd_bus_message *message, const PolicyVerdict *v) {
        return sd_bus_reply_method_return(
                message, "a{sv}", 5, "effect", "s", policy_effect_to_string(v->effect), "rule", "s",
                v->rule ? policy_rule_name(v->rule) : "", "file", "s", v->rule ? policy_rule_file(v->rule) : "", "line",
                "u", v->rule ? (uint32_t) policy_rule_line(v->rule) : 0U, "reason", "s", v->reason);
}

int explain_call(Manager *m, Peer *caller, sd_bus_message *message, Failure *f) {
        _cleanup_(peer_unrefp) Peer *subject = NULL;
        Question q = { .time = (int64_t) time(NULL) };
        PolicyVerdict verdict;
        int r;

        r = read_question(message, &q, f);
        if (r == 0)
                r = parse_words(&q, f);
        if (r == 0)
                r = find_subject(caller, &q, &subject, f);
        if (r == 0 && purpose_operation(q.purpose) == OPERATION_NONE)
                r = decide_token(m, caller, subject, &q, &verdict, f);
        else if (r == 0)
                r = decide_key(m, caller, subject, &q, &verdict, f);
        if (r != 0)
                return r;
        r = reply(message, &verdict);
        return r < 0 ? r : EXPLAIN_ANSWERED;
}
