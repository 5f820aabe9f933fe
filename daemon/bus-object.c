/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sees which object. Fed by bus clients: every call to a key or token passes through find_key() or find_token(). */
#include "bus-object.h"

#include <stdio.h>
#include <string.h>

#include "access.h"
#include "bus-vtable.h"
#include "common/hex.h"
#include "common/log.h"
#include "manager.h"

Peer *bus_peer(Manager *m, sd_bus_message *message) {
        const char *sender = message ? sd_bus_message_get_sender(message) : NULL;
        Peer *peer;

        if (!sender || peer_cache_get(m->peers, sd_bus_message_get_bus(message), sender, &peer) != 0)
                return NULL;
        return peer;
}

TokenSight bus_token_sight(const TokenFacts *facts, const Peer *peer, const Token *t) {
        PolicyVerdict v;

        access_decide_token(facts->policy, peer, facts->inventory, t->config->label, OPERATION_UNLOCK, time(NULL), &v);
        if (v.effect == POLICY_ALLOW)
                return TOKEN_UNLOCKABLE;
        for (size_t i = 0; i < key_table_size(facts->keys); i++) {
                const Key *key = key_table_get(facts->keys, i);

                for (size_t k = 0; k < key->n_instances; k++)
                        if (key->instances[k].token == t && access_may_see(facts->policy, peer, key))
                                return TOKEN_SEEN;
        }
        return TOKEN_HIDDEN;
}

bool bus_may_see_token(Manager *m, const Peer *peer, const Token *t) {
        return bus_token_sight(&(TokenFacts){ m->policy, m->keys, t->inventory }, peer, t) != TOKEN_HIDDEN;
}

int bus_key_path(const Key *key, char **ret) {
        return asprintf(ret, BUS_KEYS "/%s", key->id.hex) < 0 ? -ENOMEM : 0;
}

/* The part of `path` behind the prefix and its slash; NULL when it is the prefix itself. */
static const char *behind(const char *path, const char *prefix) {
        size_t n = strlen(prefix);

        return path[n] == '/' ? path + n + 1 : NULL;
}

static const char *operation_of(const char *method) {
        static const struct {
                const char *method;
                Operation operation;
        } uses[] = {
                { "Sign", OPERATION_SIGN },
                { "SignMany", OPERATION_SIGN },
                { "Decrypt", OPERATION_DECRYPT },
                { "Derive", OPERATION_DECRYPT },
        };

        for (size_t i = 0; method && i < ELEMENTSOF(uses); i++)
                if (strcmp(uses[i].method, method) == 0)
                        return operation_to_string(uses[i].operation);
        return NULL;
}

/* Somebody tried to use a key that is not there for them. Written down in the same way whether it exists or not, and
 * not without end: anybody may do this. */
static void audit_attempt(Manager *m, const Peer *peer, const char *operation, const char *id) {
        uint64_t now = manager_now_us(m);
        uint8_t digest[KEY_ID_LENGTH / 2];
        Failure f;

        if (!operation || budget_wait(m->attempts, peer->uid, now) > 0)
                return;
        budget_take(m->attempts, peer->uid, now);
        if (manager_audit(m,
                          &(AuditEntry){
                                  .peer = peer,
                                  .operation = operation,
                                  .key = strlen(id) == KEY_ID_LENGTH && hex_decode(id, KEY_ID_LENGTH, digest) == 0
                                                 ? id
                                                 : NULL,
                                  .verdict = "deny",
                                  .result = OUTCOME_NO_SUCH_KEY,
                                  .reason = "no such key, or none that the caller may see",
                          },
                          &f) != 0)
                log_debug("an attempt at a hidden key does not stand in the audit");
}

Key *bus_find_key(Manager *m, const Peer *peer, const char *id, const char *operation, Failure *f) {
        Key *key = key_table_find(m->keys, id);

        if (peer && key && access_may_see(m->policy, peer, key))
                return key;
        if (peer)
                audit_attempt(m, peer, operation, id);
        (void) failure_set(f, OUTCOME_NO_SUCH_KEY,
                           "no such key, or none that you may see; list yours with: signetctl keys");
        return NULL;
}

static int find_key(sd_bus *bus, const char *path, _unused_ const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *error) {
        sd_bus_message *message = sd_bus_get_current_message(bus);
        const char *id = behind(path, BUS_KEYS);
        Manager *m = userdata;
        Peer *peer;
        Failure f;
        Key *key;

        if (!id)
                return 0;
        peer = bus_peer(m, message);
        key = bus_find_key(m, peer, id, message ? operation_of(sd_bus_message_get_member(message)) : NULL, &f);
        if (!key)
                return sd_bus_error_set(error, outcome_error_name(f.outcome), f.text);
        m->view = (View){ .manager = m, .peer = peer, .key = key };
        *ret_found = &m->view;
        return 1;
}

static int find_token(sd_bus *bus, const char *path, _unused_ const char *interface, void *userdata, void **ret_found,
                      sd_bus_error *error) {
        Manager *m = userdata;
        Token *token = NULL;
        Peer *peer;

        if (!behind(path, BUS_TOKENS))
                return 0;
        peer = bus_peer(m, sd_bus_get_current_message(bus));
        for (size_t i = 0; i < m->n_tokens && !token; i++)
                if (strcmp(m->tokens[i]->path, path) == 0)
                        token = m->tokens[i];
        if (!peer || !token || !bus_may_see_token(m, peer, token))
                return sd_bus_error_set(error, outcome_error_name(OUTCOME_NO_SUCH_KEY),
                                        "no such token, or none that you may see; list yours with: signetctl tokens");
        m->view = (View){ .manager = m, .peer = peer, .token = token };
        *ret_found = &m->view;
        return 1;
}

static void nodes_freep(char ***nodes) {
        if (!*nodes)
                return;
        for (char **n = *nodes; *n; n++)
                free(*n);
        free(*nodes);
}

static int list_keys(sd_bus *bus, _unused_ const char *prefix, void *userdata, char ***ret_nodes,
                     _unused_ sd_bus_error *error) {
        Manager *m = userdata;
        _cleanup_(nodes_freep) char **nodes = calloc(key_table_size(m->keys) + 1, sizeof(char *));
        Peer *peer = bus_peer(m, sd_bus_get_current_message(bus));
        size_t n = 0;

        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; peer && i < key_table_size(m->keys); i++) {
                const Key *key = key_table_get(m->keys, i);

                if (!access_may_see(m->policy, peer, key))
                        continue;
                if (bus_key_path(key, &nodes[n]) < 0) {
                        nodes[n] = NULL;
                        return -ENOMEM;
                }
                n++;
        }
        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

static int list_tokens(sd_bus *bus, _unused_ const char *prefix, void *userdata, char ***ret_nodes,
                       _unused_ sd_bus_error *error) {
        Manager *m = userdata;
        _cleanup_(nodes_freep) char **nodes = calloc(m->n_tokens + 1, sizeof(char *));
        Peer *peer = bus_peer(m, sd_bus_get_current_message(bus));
        size_t n = 0;

        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; peer && i < m->n_tokens; i++) {
                if (!bus_may_see_token(m, peer, m->tokens[i]))
                        continue;
                nodes[n] = strdup(m->tokens[i]->path);
                if (!nodes[n++])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(nodes);
        return 0;
}

int bus_add_objects(Manager *m, sd_bus *bus) {
        int r;

        r = sd_bus_add_object_manager(bus, NULL, BUS_ROOT);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, BUS_ROOT, BUS_INTERFACE_MANAGER, bus_manager_vtable, m);
        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus, NULL, BUS_KEYS, BUS_INTERFACE_KEY, bus_key_vtable, find_key, m);
        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus, NULL, BUS_TOKENS, BUS_INTERFACE_TOKEN, bus_token_vtable, find_token,
                                               m);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus, NULL, BUS_KEYS, list_keys, m);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus, NULL, BUS_TOKENS, list_tokens, m);
        return r;
}

int bus_reply_failure(sd_bus_message *message, int r, const Failure *f) {
        int k;

        if (r < 0)
                k = sd_bus_reply_method_errno(message, r, NULL);
        else
                k = sd_bus_reply_method_errorf(message, outcome_error_name(f->outcome), "%s", f->text);
        return k < 0 ? k : 1;
}

int bus_append_bytes(sd_bus_message *m, const void *data, size_t n) {
        return sd_bus_message_append_array(m, 'y', data, n);
}

int bus_append_strings(sd_bus_message *m, const char *const *strings, size_t n) {
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append_basic(m, 's', strings[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
