/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The glue between what signetd knows and what policy is asked. A mistake here gives a key to the wrong caller. */
#include "access.h"

#include <stdio.h>

bool access_is_admin(const Peer *peer) {
        return !peer->gone && (peer->uid == 0 || peer->uid == geteuid());
}

static PolicyFacts facts_of_peer(const Peer *peer) {
        return (PolicyFacts){
                .user = peer->user,
                .uid = peer->uid,
                .groups = (const char *const *) peer->groups,
                .n_groups = peer->n_groups,
                .unit = peer->unit,
        };
}

/* All that is said of the key, or what one token says of it. */
static PolicyFacts facts_of_key(const Peer *peer, const Key *key, const KeyInstance *only) {
        PolicyFacts facts = facts_of_peer(peer);

        facts.key_id = key->id.hex;
        facts.instances = only ? &key->policy_instances[only - key->instances] : key->policy_instances;
        facts.n_instances = only ? 1 : key->n_instances;
        facts.key_addresses = only ? only->addresses : key->addresses;
        facts.n_key_addresses = only ? only->n_addresses : key->n_addresses;
        return facts;
}

/* Whether there is one token alone that says anything: its answer is the whole answer. */
static bool is_said_by_one(const Key *key) {
        return key->n_instances == 1 && key->instances[0].n_addresses == key->n_addresses;
}

static void evaluate(const Policy *policy, const Peer *peer, const PolicyFacts *facts, PolicyVerdict *ret) {
        PolicyVerdict v = { .effect = POLICY_DENY, .reason = "the caller has left the bus" };

        if (!peer->gone)
                policy_evaluate(policy, facts, &v);
        if (v.effect == POLICY_ASK) {
                v.effect = POLICY_DENY;
                (void) snprintf(v.reason, sizeof(v.reason),
                                "rule \"%s\" wants to ask, and nothing can be asked yet; change its effect",
                                v.rule ? policy_rule_name(v.rule) : "");
        }
        *ret = v;
}

static void decide(const Policy *policy, const Peer *peer, const Key *key, const KeyInstance *only,
                   const AccessUse *use, PolicyVerdict *ret) {
        PolicyFacts facts = facts_of_key(peer, key, only);

        facts.operation = use->operation;
        facts.purpose = use->purpose;
        facts.hash = use->hash;
        facts.domains = use->domains;
        facts.n_domains = use->n_domains;
        facts.addresses = use->addresses ? use->addresses : facts.key_addresses;
        facts.n_addresses = use->addresses ? use->n_addresses : facts.n_key_addresses;
        facts.now = use->now;
        evaluate(policy, peer, &facts, ret);
}

/* The verdict whose rule is to decide: the whole one's if it holds on some token by itself, else the first that does.
 */
static const PolicyVerdict *choose(const PolicyVerdict *whole, const PolicyVerdict *each, size_t n) {
        const PolicyVerdict *first = NULL;

        for (size_t i = 0; i < n; i++) {
                if (each[i].effect != POLICY_ALLOW)
                        continue;
                if (each[i].rule == whole->rule)
                        return whole;
                first = first ?: &each[i];
        }
        return first;
}

void access_decide(const Policy *policy, const Peer *peer, const Key *key, const AccessUse *use, bool *ret_usable,
                   PolicyVerdict *ret) {
        PolicyVerdict whole,
                chosen = { .reason = "what would allow it is said by another token than the one that holds "
                                     "the key" };
        _cleanup_free_ PolicyVerdict *each = NULL;
        const PolicyVerdict *best = NULL;

        decide(policy, peer, key, NULL, use, &whole);
        for (size_t i = 0; ret_usable && i < key->n_instances; i++)
                ret_usable[i] = whole.effect == POLICY_ALLOW;
        if (whole.effect != POLICY_ALLOW || is_said_by_one(key)) {
                *ret = whole;
                return;
        }

        each = calloc(key->n_instances, sizeof(*each));
        for (size_t i = 0; each && i < key->n_instances; i++)
                decide(policy, peer, key, &key->instances[i], use, &each[i]);
        if (each)
                best = choose(&whole, each, key->n_instances);
        if (best)
                chosen = *best;
        for (size_t i = 0; ret_usable && i < key->n_instances; i++)
                ret_usable[i] = best && each[i].effect == POLICY_ALLOW && each[i].rule == chosen.rule;
        *ret = chosen;
}

bool access_may_see(const Policy *policy, const Peer *peer, const Key *key) {
        PolicyFacts facts = facts_of_key(peer, key, NULL);
        bool one = is_said_by_one(key);

        if (peer->gone || !policy_may_see(policy, &facts))
                return false;
        for (size_t i = 0; !one && i < key->n_instances; i++) {
                facts = facts_of_key(peer, key, &key->instances[i]);
                one = policy_may_see(policy, &facts);
        }
        return one;
}

bool access_may_ever(const Policy *policy, const Peer *peer, const Key *key, Operation operation, Purpose purpose) {
        bool one = is_said_by_one(key);

        if (peer->gone || !key_can(key, operation, purpose))
                return false;
        for (size_t i = 0; i <= key->n_instances; i++) {
                PolicyFacts facts = facts_of_key(peer, key, i > 0 ? &key->instances[i - 1] : NULL);

                facts.operation = operation;
                facts.purpose = purpose;
                if (i == 0 && !policy_may_ever(policy, &facts))
                        return false;
                one = one || (i > 0 && policy_may_ever(policy, &facts));
                if (one)
                        return true;
        }
        return false;
}

void access_decide_token(const Policy *policy, const Peer *peer, const Inventory *inventory, const char *label,
                         Operation operation, int64_t now, PolicyVerdict *ret) {
        const PolicyInstance instance = {
                .token = inventory && *inventory->label ? inventory->label : label,
                .serial = inventory && *inventory->serial ? inventory->serial : NULL,
                .model = inventory && *inventory->model ? inventory->model : NULL,
                .manufacturer = inventory && *inventory->manufacturer ? inventory->manufacturer : NULL,
        };
        PolicyFacts facts = facts_of_peer(peer);

        if (access_is_admin(peer)) {
                *ret = (PolicyVerdict){ .effect = POLICY_ALLOW,
                                        .reason = "root and signetd's own user may unlock and lock tokens" };
                return;
        }
        facts.instances = &instance;
        facts.n_instances = 1;
        facts.operation = operation;
        facts.now = now;
        evaluate(policy, peer, &facts, ret);
}
