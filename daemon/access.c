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

static PolicyFacts facts_of_key(const Peer *peer, const Key *key) {
        PolicyFacts facts = facts_of_peer(peer);

        facts.key_id = key->id.hex;
        facts.instances = key->policy_instances;
        facts.n_instances = key->n_instances;
        facts.key_addresses = key->addresses;
        facts.n_key_addresses = key->n_addresses;
        return facts;
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

void access_decide(const Policy *policy, const Peer *peer, const Key *key, const AccessUse *use, PolicyVerdict *ret) {
        PolicyFacts facts = facts_of_key(peer, key);

        facts.operation = use->operation;
        facts.purpose = use->purpose;
        facts.hash = use->hash;
        facts.domains = use->domains;
        facts.n_domains = use->n_domains;
        facts.addresses = use->addresses ? use->addresses : key->addresses;
        facts.n_addresses = use->addresses ? use->n_addresses : key->n_addresses;
        facts.now = use->now;
        evaluate(policy, peer, &facts, ret);
}

bool access_may_see(const Policy *policy, const Peer *peer, const Key *key) {
        PolicyFacts facts = facts_of_key(peer, key);

        return !peer->gone && policy_may_see(policy, &facts);
}

bool access_may_ever(const Policy *policy, const Peer *peer, const Key *key, Operation operation, Purpose purpose) {
        PolicyFacts facts = facts_of_key(peer, key);

        facts.operation = operation;
        facts.purpose = purpose;
        return !peer->gone && key_can(key, operation, purpose) && policy_may_ever(policy, &facts);
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
