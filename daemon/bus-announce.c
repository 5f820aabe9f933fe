/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ObjectManager and Properties signals, unicast. Fed by changes of inventories and policy. Best effort: who misses a
 * signal still gets the right answer when asking. */
#include "bus-announce.h"

#include <string.h>

#include "access.h"
#include "bus-vtable.h"
#include "common/log.h"
#include "manager.h"

typedef enum Properties { PROPERTIES_ALL, PROPERTIES_THAT_CHANGE } Properties;

/* An object's properties as `view` shows them, "a{sv}". */
static int append_properties(sd_bus_message *m, const sd_bus_vtable *vtable, Properties which, View *view) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        for (const sd_bus_vtable *v = vtable; r >= 0 && v->type != _SD_BUS_VTABLE_END; v++) {
                if (v->type != _SD_BUS_VTABLE_PROPERTY ||
                    (which == PROPERTIES_THAT_CHANGE && !(v->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)))
                        continue;
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r >= 0)
                        r = sd_bus_message_append_basic(m, 's', v->x.property.member);
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'v', v->x.property.signature);
                if (r >= 0)
                        r = v->x.property.get(NULL, NULL, NULL, v->x.property.member, m, view, NULL);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int send_to(Manager *m, const Peer *peer, sd_bus_message *signal) {
        return sd_bus_send_to(bus_connection(m->bus), signal, peer->name, NULL);
}

/* An object's one interface of ours, and where its properties come from. */
typedef struct Kind {
        const char *interface;
        const sd_bus_vtable *vtable;
} Kind;

static const Kind kind_key = { BUS_INTERFACE_KEY, bus_key_vtable };
static const Kind kind_token = { BUS_INTERFACE_TOKEN, bus_token_vtable };

static int send_added(View *view, const char *path, const Kind *kind) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        Manager *m = view->manager;
        int r;

        r = sd_bus_message_new_signal(bus_connection(m->bus), &signal, BUS_ROOT, "org.freedesktop.DBus.ObjectManager",
                                      "InterfacesAdded");
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 'o', path);
        if (r >= 0)
                r = sd_bus_message_open_container(signal, 'a', "{sa{sv}}");
        if (r >= 0)
                r = sd_bus_message_open_container(signal, 'e', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 's', kind->interface);
        if (r >= 0)
                r = append_properties(signal, kind->vtable, PROPERTIES_ALL, view);
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        return r < 0 ? r : send_to(m, view->peer, signal);
}

static int send_removed(const View *view, const char *path, const Kind *kind) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        Manager *m = view->manager;
        int r;

        r = sd_bus_message_new_signal(bus_connection(m->bus), &signal, BUS_ROOT, "org.freedesktop.DBus.ObjectManager",
                                      "InterfacesRemoved");
        if (r >= 0)
                r = sd_bus_message_append(signal, "oas", path, 1, kind->interface);
        return r < 0 ? r : send_to(m, view->peer, signal);
}

static int send_changed(View *view, const char *path, const Kind *kind) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        Manager *m = view->manager;
        int r;

        r = sd_bus_message_new_signal(bus_connection(m->bus), &signal, path, "org.freedesktop.DBus.Properties",
                                      "PropertiesChanged");
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 's', kind->interface);
        if (r >= 0)
                r = append_properties(signal, kind->vtable, PROPERTIES_THAT_CHANGE, view);
        if (r >= 0)
                r = sd_bus_message_append(signal, "as", 0);
        return r < 0 ? r : send_to(m, view->peer, signal);
}

static bool operations_differ(const Policy *a, const Policy *b, const Peer *peer, const Key *key) {
        for (Purpose p = PURPOSE_NONE + 1; a != b && p < _PURPOSE_MAX; p++) {
                Operation o = purpose_operation(p);

                if (access_may_ever(a, peer, key, o, p) != access_may_ever(b, peer, key, o, p))
                        return true;
        }
        return false;
}

static void log_unsent(int r) {
        if (r < 0)
                log_debug("a signal was not sent: %s", strerrordesc_np(-r));
}

/* One key, before and after (NULL: not there), for one caller. */
static void announce_key(Manager *m, Peer *peer, Key *before, Key *after, const Policy *old_policy) {
        View view = { .manager = m, .peer = peer, .key = after };
        _cleanup_free_ char *path = NULL;
        bool saw = before && access_may_see(old_policy, peer, before);
        bool sees = after && access_may_see(m->policy, peer, after);
        int r;

        if (!saw && !sees)
                return;
        r = bus_key_path(after ?: before, &path);
        if (r >= 0 && saw && !sees)
                r = send_removed(&view, path, &kind_key);
        else if (r >= 0 && !saw)
                r = send_added(&view, path, &kind_key);
        else if (r >= 0 && (!key_equal(before, after) || operations_differ(old_policy, m->policy, peer, after)))
                r = send_changed(&view, path, &kind_key);
        log_unsent(r);
}

/* One token for one caller. */
static void announce_sight(Manager *m, Peer *peer, Token *t, const TokenFacts *old_facts) {
        TokenSight before = bus_token_sight(old_facts, peer, t);
        TokenSight after = bus_token_sight(&(TokenFacts){ m->policy, m->keys, t->inventory }, peer, t);
        View view = { .manager = m, .peer = peer, .token = t };

        if (before == after)
                return;
        if (after == TOKEN_HIDDEN)
                log_unsent(send_removed(&view, t->path, &kind_token));
        else if (before == TOKEN_HIDDEN)
                log_unsent(send_added(&view, t->path, &kind_token));
        else
                log_unsent(send_changed(&view, t->path, &kind_token));
}

/* Whether this key needs no look at the callers: a worker that was replaced lists what was there before. */
static bool is_unchanged(const Manager *m, const Key *before, const Key *after, const Policy *old_policy) {
        return before && after && m->policy == old_policy && (before == after || key_equal(before, after));
}

/* Returns whether there may have been something to tell. */
static bool announce_key_to_all(Manager *m, Key *before, Key *after, const Policy *old_policy) {
        if (is_unchanged(m, before, after, old_policy))
                return false;
        for (Peer *p = peer_cache_newest(m->peers); p; p = p->older)
                announce_key(m, p, before, after, old_policy);
        return true;
}

static bool announce_keys(Manager *m, const KeyTable *old_keys, const Policy *old_policy) {
        bool any = false;

        for (size_t i = 0; i < key_table_size(m->keys); i++) {
                Key *after = key_table_get(m->keys, i);

                any |= announce_key_to_all(m, key_table_find(old_keys, after->id.hex), after, old_policy);
        }
        for (size_t i = 0; i < key_table_size(old_keys); i++) {
                Key *before = key_table_get(old_keys, i);

                if (!key_table_find(m->keys, before->id.hex))
                        any |= announce_key_to_all(m, before, NULL, old_policy);
        }
        return any;
}

/* Rules name tokens by what tokens say of themselves. */
static bool is_named_alike(const Inventory *a, const Inventory *b) {
        return a && b && strcmp(a->label, b->label) == 0 && strcmp(a->serial, b->serial) == 0 &&
               strcmp(a->model, b->model) == 0 && strcmp(a->manufacturer, b->manufacturer) == 0;
}

void bus_announce_change(Manager *m, const BusBefore *before) {
        bool any;

        if (!bus_connection(m->bus))
                return;
        any = announce_keys(m, before->keys, before->policy);
        any |= m->policy != before->policy;
        any |= before->token && !is_named_alike(before->inventory, before->token->inventory);
        for (size_t i = 0; any && i < m->n_tokens; i++) {
                Token *t = m->tokens[i];
                TokenFacts facts = { before->policy, before->keys,
                                     t == before->token ? before->inventory : t->inventory };

                for (Peer *p = peer_cache_newest(m->peers); p; p = p->older)
                        announce_sight(m, p, t, &facts);
        }
}

void bus_announce_token(Manager *m, Token *t) {
        if (!bus_connection(m->bus))
                return;
        for (Peer *p = peer_cache_newest(m->peers); p; p = p->older) {
                View view = { .manager = m, .peer = p, .token = t };

                if (bus_may_see_token(m, p, t))
                        log_unsent(send_changed(&view, t->path, &kind_token));
        }
}

void bus_announce_generation(Manager *m) {
        /* Everybody may know it. */
        if (bus_connection(m->bus))
                (void) sd_bus_emit_properties_changed(bus_connection(m->bus), BUS_ROOT, BUS_INTERFACE_MANAGER,
                                                      "PolicyGeneration", NULL);
}
