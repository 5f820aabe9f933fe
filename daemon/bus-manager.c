/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.signetd.Signet1.Manager: decodes, has checked, and passes on. Fed by any bus client. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "bus-vtable.h"
#include "config-values.h"
#include "explain.h"
#include "key-find.h"
#include "manager.h"

static int no_caller(sd_bus_message *m) {
        Failure f;

        return bus_reply_failure(
                m,
                failure_set(&f, OUTCOME_NOT_AUTHORIZED,
                            "the bus does not say who you are: you have left it, or are in too many groups"),
                &f);
}

typedef struct Search {
        const KeyName *name;
        Operation operation;
        int64_t now;
} Search;

static bool may_any(const Manager *m, const Peer *peer, const Key *key, Operation operation) {
        for (Purpose p = PURPOSE_NONE + 1; p < _PURPOSE_MAX; p++)
                if (purpose_operation(p) == operation && access_may_ever(m->policy, peer, key, operation, p))
                        return true;
        return operation == OPERATION_NONE;
}

static bool is_ready(const Key *key) {
        for (size_t i = 0; i < key->n_instances; i++)
                if (key->instances[i].token->state == TOKEN_READY)
                        return true;
        return false;
}

/* A key that can be used now is better than one whose token is locked or gone. */
static int compare_keys(const void *a, const void *b, void *userdata) {
        const Search *s = userdata;
        int d = is_ready(*(Key *const *) b) - is_ready(*(Key *const *) a);

        return d != 0 ? d : key_name_compare(s->name, s->operation, s->now, *(Key *const *) a, *(Key *const *) b);
}

static int reply_keys(sd_bus_message *message, Key **keys, size_t n) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "o");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                _cleanup_free_ char *path = NULL;

                r = bus_key_path(keys[i], &path);
                if (r >= 0)
                        r = sd_bus_message_append_basic(reply, 'o', path);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int find_keys(Manager *m, const Peer *peer, sd_bus_message *message, Search *s) {
        _cleanup_free_ Key **found = calloc(key_table_size(m->keys) + 1, sizeof(*found));
        size_t n = 0;

        if (!found)
                return -ENOMEM;
        for (size_t i = 0; i < key_table_size(m->keys); i++) {
                Key *key = key_table_get(m->keys, i);

                if (key_name_matches(s->name, key, s->operation, s->now) && access_may_see(m->policy, peer, key) &&
                    may_any(m, peer, key, s->operation))
                        found[n++] = key;
        }
        if (n > 1)
                qsort_r(found, n, sizeof(*found), compare_keys, s);
        return reply_keys(message, found, n);
}

static int parse_operation(const char *word, Operation *ret, Failure *f) {
        int r = *word ? operation_from_string(word) : OPERATION_NONE;

        if (r != OPERATION_NONE && r != OPERATION_SIGN && r != OPERATION_DECRYPT)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "operation \"%.40s\": use \"sign\", \"decrypt\", or \"\" for any", word);
        *ret = (Operation) r;
        return 0;
}

static int method_find_keys(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_(key_name_freep) KeyName *name = NULL;
        const char *text, *operation;
        Manager *m = userdata;
        Peer *peer = bus_peer(m, message);
        Search s = { .now = (int64_t) time(NULL) };
        Failure f;
        int r;

        if (!peer)
                return no_caller(message);
        r = sd_bus_message_read(message, "ss", &text, &operation);
        if (r > 0)
                r = parse_operation(operation, &s.operation, &f);
        if (r == 0)
                r = key_name_parse(text, &name, &f);
        if (r != 0)
                return bus_reply_failure(message, r, &f);
        s.name = name;
        r = find_keys(m, peer, message, &s);
        return r < 0 ? bus_reply_failure(message, r, NULL) : 1;
}

static int method_explain(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        Manager *m = userdata;
        Peer *peer = bus_peer(m, message);
        Failure f;
        int r;

        if (!peer)
                return no_caller(message);
        r = explain_call(m, peer, message, &f);
        return r != EXPLAIN_ANSWERED ? bus_reply_failure(message, r, &f) : 1;
}

static int method_reload_policy(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        Manager *m = userdata;
        Peer *peer = bus_peer(m, message);
        Failure f;
        int r;

        if (!peer)
                return no_caller(message);
        if (!access_is_admin(peer))
                r = failure_set(&f, OUTCOME_NOT_AUTHORIZED,
                                "only root and signetd's own user may have the policy read again");
        else
                r = manager_reload(m, peer, &f);
        if (r != 0)
                return bus_reply_failure(message, r, &f);
        r = sd_bus_reply_method_return(message, "t", m->generation);
        return r < 0 ? r : 1;
}

/* What may be done on it is decided for each frame. */
static int method_open_channel(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_close_ int fd = -EBADF;
        Manager *m = userdata;
        Peer *peer = bus_peer(m, message);
        Failure f;
        int r;

        if (!peer)
                return no_caller(message);
        r = channel_open(m, peer, &fd, &f);
        if (r != 0)
                return bus_reply_failure(message, r, &f);
        r = sd_bus_reply_method_return(message, "h", fd);
        return r < 0 ? r : 1;
}

#define GETTER(name)                                                                                                   \
        static int name(_unused_ sd_bus *bus, _unused_ const char *path, _unused_ const char *interface,               \
                        _unused_ const char *property, sd_bus_message *reply, void *userdata,                          \
                        _unused_ sd_bus_error *error)

GETTER(get_version) {
        (void) userdata;
        return sd_bus_message_append_basic(reply, 's', SIGNET_VERSION);
}

GETTER(get_generation) {
        const Manager *m = userdata;
        return sd_bus_message_append_basic(reply, 't', &m->generation);
}

GETTER(get_start_time) {
        const Manager *m = userdata;
        uint64_t t = (uint64_t) m->start_time;
        return sd_bus_message_append_basic(reply, 't', &t);
}

/* How much goes on tells what others do: it is for administrators. */
static bool is_for_admin(Manager *m, sd_bus *bus) {
        const Peer *peer = bus_peer(m, sd_bus_get_current_message(bus));

        return peer && access_is_admin(peer);
}

GETTER(get_pending) {
        Manager *m = userdata;
        uint32_t n = is_for_admin(m, bus) ? queue_count(m->queue) : 0;
        return sd_bus_message_append_basic(reply, 'u', &n);
}

GETTER(get_done) {
        Manager *m = userdata;
        uint64_t n = is_for_admin(m, bus) ? m->done : 0;
        return sd_bus_message_append_basic(reply, 't', &n);
}

GETTER(get_refused) {
        Manager *m = userdata;
        uint64_t n = is_for_admin(m, bus) ? m->refused : 0;
        return sd_bus_message_append_basic(reply, 't', &n);
}

GETTER(get_audit_sequence) {
        Manager *m = userdata;
        uint64_t n = is_for_admin(m, bus) ? audit_head(m->audit)->sequence : 0;
        return sd_bus_message_append_basic(reply, 't', &n);
}

GETTER(get_audit_head) {
        Manager *m = userdata;
        return sd_bus_message_append_basic(reply, 's', is_for_admin(m, bus) ? audit_head(m->audit)->hash : "");
}

const sd_bus_vtable bus_manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("FindKeys", SD_BUS_ARGS("s", name, "s", operation), SD_BUS_RESULT("ao", keys),
                                method_find_keys, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("a{sv}", facts), SD_BUS_RESULT("a{sv}", verdict), method_explain,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenChannel", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", channel), method_open_channel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReloadPolicy", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", generation), method_reload_policy,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PolicyGeneration", "t", get_generation, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StartTime", "t", get_start_time, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Pending", "u", get_pending, 0, 0),
        SD_BUS_PROPERTY("Done", "t", get_done, 0, 0),
        SD_BUS_PROPERTY("Refused", "t", get_refused, 0, 0),
        SD_BUS_PROPERTY("AuditSequence", "t", get_audit_sequence, 0, 0),
        SD_BUS_PROPERTY("AuditHead", "s", get_audit_head, 0, 0),
        SD_BUS_VTABLE_END,
};
