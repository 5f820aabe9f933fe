/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ObjectManager and Properties signals, unicast. Fed by changes of inventories and policy. Best effort: who misses a
 * signal still gets the right answer when asking. */
#include "bus-announce.h"

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

static int send_added(Manager *m, Peer *peer, Key *key, const char *path) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        View view = { .manager = m, .peer = peer, .key = key };
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
                r = sd_bus_message_append_basic(signal, 's', BUS_INTERFACE_KEY);
        if (r >= 0)
                r = append_properties(signal, bus_key_vtable, PROPERTIES_ALL, &view);
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        if (r >= 0)
                r = sd_bus_message_close_container(signal);
        return r < 0 ? r : send_to(m, peer, signal);
}

static int send_removed(Manager *m, const Peer *peer, const char *path) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        int r;

        r = sd_bus_message_new_signal(bus_connection(m->bus), &signal, BUS_ROOT, "org.freedesktop.DBus.ObjectManager",
                                      "InterfacesRemoved");
        if (r >= 0)
                r = sd_bus_message_append(signal, "oas", path, 1, BUS_INTERFACE_KEY);
        return r < 0 ? r : send_to(m, peer, signal);
}

static int send_changed(View *view, const char *path, const char *interface, const sd_bus_vtable *vtable) {
        _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;
        Manager *m = view->manager;
        int r;

        r = sd_bus_message_new_signal(bus_connection(m->bus), &signal, path, "org.freedesktop.DBus.Properties",
                                      "PropertiesChanged");
        if (r >= 0)
                r = sd_bus_message_append_basic(signal, 's', interface);
        if (r >= 0)
                r = append_properties(signal, vtable, PROPERTIES_THAT_CHANGE, view);
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

/* One key, before and after (NULL: not there), for one caller. */
static void announce_key(Manager *m, Peer *peer, Key *before, Key *after, const Policy *old_policy) {
        _cleanup_free_ char *path = NULL;
        bool saw = before && access_may_see(old_policy, peer, before);
        bool sees = after && access_may_see(m->policy, peer, after);
        int r;

        if (!saw && !sees)
                return;
        r = bus_key_path(after ?: before, &path);
        if (r >= 0 && saw && !sees)
                r = send_removed(m, peer, path);
        else if (r >= 0 && !saw)
                r = send_added(m, peer, after, path);
        else if (r >= 0 && (!key_equal(before, after) || operations_differ(old_policy, m->policy, peer, after)))
                r = send_changed(&(View){ .manager = m, .peer = peer, .key = after }, path, BUS_INTERFACE_KEY,
                                 bus_key_vtable);
        if (r < 0)
                log_debug("a signal was not sent: %s", strerrordesc_np(-r));
}

/* Whether this key needs no look at the callers: a worker that was replaced lists what was there before. */
static bool is_unchanged(const Manager *m, const Key *before, const Key *after, const Policy *old_policy) {
        return before && after && m->policy == old_policy && (before == after || key_equal(before, after));
}

static void announce_to_all(Manager *m, Key *before, Key *after, const Policy *old_policy) {
        if (is_unchanged(m, before, after, old_policy))
                return;
        for (Peer *p = peer_cache_newest(m->peers); p; p = p->older)
                announce_key(m, p, before, after, old_policy);
}

void bus_announce_keys(Manager *m, const KeyTable *old_keys, const Policy *old_policy) {
        if (!bus_connection(m->bus))
                return;
        for (size_t i = 0; i < key_table_size(m->keys); i++) {
                Key *after = key_table_get(m->keys, i);

                announce_to_all(m, key_table_find(old_keys, after->id.hex), after, old_policy);
        }
        for (size_t i = 0; i < key_table_size(old_keys); i++) {
                Key *before = key_table_get(old_keys, i);

                if (!key_table_find(m->keys, before->id.hex))
                        announce_to_all(m, before, NULL, old_policy);
        }
}

void bus_announce_token(Manager *m, Token *t) {
        if (!bus_connection(m->bus))
                return;
        for (Peer *p = peer_cache_newest(m->peers); p; p = p->older) {
                View view = { .manager = m, .peer = p, .token = t };
                int r = 0;

                if (bus_may_see_token(m, p, t))
                        r = send_changed(&view, t->path, BUS_INTERFACE_TOKEN, bus_token_vtable);
                if (r < 0)
                        log_debug("a signal was not sent: %s", strerrordesc_np(-r));
        }
}

void bus_announce_generation(Manager *m) {
        /* Everybody may know it. */
        if (bus_connection(m->bus))
                (void) sd_bus_emit_properties_changed(bus_connection(m->bus), BUS_ROOT, BUS_INTERFACE_MANAGER,
                                                      "PolicyGeneration", NULL);
}
