/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy applied to a caller and a key: turns Peer, Key and Token into the facts that policy/ decides by. */
#pragma once

#include "key.h"
#include "peer.h"
#include "policy/policy.h"

/* What one use is about, beyond the caller and the key. Strings are borrowed. */
typedef struct AccessUse {
        Operation operation;
        Purpose purpose;
        Hash hash;
        const char *const *addresses; /* NULL: those of the key's certificates */
        size_t n_addresses;
        const char *const *domains;
        size_t n_domains;
        int64_t now;
} AccessUse;

/* root and the user that signetd runs as. They may reload and explain; using a key goes by policy for them, too. */
bool access_is_admin(const Peer *peer);

/* Never allows a peer that is gone; a verdict of POLICY_ASK has become POLICY_DENY with a reason.
 *
 * A token may claim any key, and hold certificates over any key. So what one token says of a key allows its use on that
 * token alone: ret_usable (n_instances of the key, or NULL) says for each instance whether the rule that decided allows
 * it there. What any of them says may deny. */
void access_decide(const Policy *policy, const Peer *peer, const Key *key, const AccessUse *use, bool *ret_usable,
                   PolicyVerdict *ret);
bool access_may_see(const Policy *policy, const Peer *peer, const Key *key);
bool access_may_ever(const Policy *policy, const Peer *peer, const Key *key, Operation operation, Purpose purpose);

/* Operation unlock on a token; `inventory` is what is known of it, and may be NULL. Admins always may. */
void access_decide_token(const Policy *policy, const Peer *peer, const Inventory *inventory, const char *label,
                         Operation operation, int64_t now, PolicyVerdict *ret);
