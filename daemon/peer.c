/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls. Fed by the bus driver and the user database; whom it mistakes for another gets the other's keys. */
#include "peer.h"

#include <grp.h>
#include <pwd.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-login.h>

#define LOOKUP_USEC (2 * 1000 * 1000)
#define NSS_ROOM    65536 /* bytes for one passwd or group entry */

struct PeerCache {
        void *by_name; /* tsearch(3) */
        Peer *newest, *oldest;
        size_t n;
};

Peer *peer_ref(Peer *p) {
        p->n_ref++;
        return p;
}

Peer *peer_unref(Peer *p) {
        if (!p || --p->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < p->n_groups; i++)
                free(p->groups[i]);
        free(p->groups);
        free(p->name);
        free(p->user);
        free(p->unit);
        free(p);
        return NULL;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const Peer *) a)->name, ((const Peer *) b)->name);
}

int peer_cache_new(PeerCache **ret) {
        PeerCache *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *ret = c;
        return 0;
}

static void list_remove(PeerCache *c, Peer *p) {
        *(p->newer ? &p->newer->older : &c->newest) = p->older;
        *(p->older ? &p->older->newer : &c->oldest) = p->newer;
        p->newer = p->older = NULL;
}

static void list_prepend(PeerCache *c, Peer *p) {
        p->older = c->newest;
        *(p->older ? &p->older->newer : &c->oldest) = p;
        c->newest = p;
}

/* Hands the cache's reference to the caller. */
static Peer *forget(PeerCache *c, Peer *p) {
        (void) tdelete(p, &c->by_name, compare_names);
        list_remove(c, p);
        c->n--;
        return p;
}

void peer_cache_clear(PeerCache *c) {
        while (c->newest) {
                Peer *p = forget(c, c->newest);

                p->gone = true;
                peer_unref(p);
        }
}

PeerCache *peer_cache_free(PeerCache *c) {
        if (!c)
                return NULL;
        peer_cache_clear(c);
        free(c);
        return NULL;
}

Peer *peer_cache_newest(PeerCache *c) {
        return c->newest;
}

static Peer *find(PeerCache *c, const char *name) {
        const Peer wanted = { .name = (char *) name };
        Peer **found = tfind(&wanted, &c->by_name, compare_names);

        return found ? *found : NULL;
}

Peer *peer_cache_drop(PeerCache *c, const char *name) {
        Peer *p = find(c, name);

        if (!p)
                return NULL;
        p->gone = true;
        return forget(c, p);
}

/* A missing entry leaves *ret NULL; an error of the user database does too, and then rules by name don't match. */
static int user_name(uid_t uid, char **ret) {
        _cleanup_free_ char *room = malloc(NSS_ROOM);
        struct passwd entry, *found = NULL;

        if (!room)
                return -ENOMEM;
        if (getpwuid_r(uid, &entry, room, NSS_ROOM, &found) != 0 || !found)
                return 0;
        *ret = strdup(found->pw_name);
        return *ret ? 0 : -ENOMEM;
}

static int group_name(gid_t gid, char **ret) {
        _cleanup_free_ char *room = malloc(NSS_ROOM);
        struct group entry, *found = NULL;
        char *name = NULL;

        if (!room)
                return -ENOMEM;
        if (getgrgid_r(gid, &entry, room, NSS_ROOM, &found) == 0 && found)
                name = strdup(found->gr_name);
        else if (asprintf(&name, "%u", (unsigned) gid) < 0)
                name = NULL;
        if (!name)
                return -ENOMEM;
        *ret = name;
        return 0;
}

static int set_groups(Peer *p, const gid_t *gids, size_t n) {
        if (n > PEER_GROUPS_MAX)
                return PEER_E_GONE;
        p->groups = calloc(MAX(n, 1U), sizeof(*p->groups));
        if (!p->groups)
                return -ENOMEM;
        for (; p->n_groups < n; p->n_groups++) {
                int r = group_name(gids[p->n_groups], &p->groups[p->n_groups]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* From the user database: what the bus would tell of a fresh login. */
static int set_groups_of_user(Peer *p, const char *user, gid_t primary) {
        gid_t gids[PEER_GROUPS_MAX];
        int n = PEER_GROUPS_MAX;

        if (getgrouplist(user, primary, gids, &n) < 0)
                return PEER_E_GONE;
        return set_groups(p, gids, (size_t) n);
}

typedef struct Credentials {
        bool has_uid, has_groups;
        uint32_t uid, pid;
        const uint32_t *gids;
        size_t n_gids;
} Credentials;

static int read_one(sd_bus_message *reply, Credentials *ret) {
        const char *key;
        int r;

        r = sd_bus_message_read_basic(reply, 's', &key);
        if (r < 0)
                return r;
        if (strcmp(key, "UnixUserID") == 0) {
                ret->has_uid = true;
                return sd_bus_message_read(reply, "v", "u", &ret->uid);
        }
        if (strcmp(key, "ProcessID") == 0)
                return sd_bus_message_read(reply, "v", "u", &ret->pid);
        if (strcmp(key, "UnixGroupIDs") == 0) {
                const void *data;
                size_t size;

                r = sd_bus_message_enter_container(reply, 'v', "au");
                if (r >= 0)
                        r = sd_bus_message_read_array(reply, 'u', &data, &size);
                if (r < 0)
                        return r;
                ret->gids = data;
                ret->n_gids = size / sizeof(uint32_t);
                ret->has_groups = true;
                return sd_bus_message_exit_container(reply);
        }
        return sd_bus_message_skip(reply, "v");
}

static int read_credentials(sd_bus_message *reply, Credentials *ret) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_one(reply, ret);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

static void error_done(sd_bus_error *e) {
        sd_bus_error_free(e);
}

static void message_unrefp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

/* One question for all credentials; sd_bus_get_name_creds() would ask one for each. */
static int ask_bus(sd_bus *bus, const char *name, sd_bus_message **ret_reply) {
        _cleanup_(error_done) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_call(bus, call, LOOKUP_USEC, &error, ret_reply);
        return r < 0 ? PEER_E_GONE : 0;
}

/* The number may be another process's by now; one of another user must not lend its unit. */
static bool process_is_of(pid_t pid, uid_t uid) {
        char path[32];
        struct stat st;

        (void) snprintf(path, sizeof(path), "/proc/%d", (int) pid);
        return stat(path, &st) == 0 && st.st_uid == uid;
}

static int fill(Peer *p, sd_bus *bus) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        Credentials c = {};
        int r;

        r = ask_bus(bus, p->name, &reply);
        if (r != 0)
                return r;
        r = read_credentials(reply, &c);
        if (r < 0)
                return r;
        if (!c.has_uid)
                return PEER_E_GONE;

        p->uid = c.uid;
        p->pid = (pid_t) c.pid;
        r = user_name(p->uid, &p->user);
        if (r < 0)
                return r;
        if (p->pid > 0 && process_is_of(p->pid, p->uid))
                (void) sd_pid_get_unit(p->pid, &p->unit);

        if (c.has_groups)
                return set_groups(p, c.gids, c.n_gids);
        if (p->user) {
                struct passwd entry, *found = NULL;
                _cleanup_free_ char *room = malloc(NSS_ROOM);

                if (!room)
                        return -ENOMEM;
                if (getpwuid_r(p->uid, &entry, room, NSS_ROOM, &found) == 0 && found)
                        return set_groups_of_user(p, found->pw_name, found->pw_gid);
        }
        return PEER_E_GONE;
}

static int peer_new(const char *name, Peer **ret) {
        _cleanup_(peer_unrefp) Peer *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->n_ref = 1;
        p->name = strdup(name);
        if (!p->name)
                return -ENOMEM;
        *ret = TAKE_PTR(p);
        return 0;
}

/* A peer whose request is under way must stay known, so that it is noticed when it leaves. */
static void make_room(PeerCache *c) {
        Peer *p = c->n >= PEERS_MAX ? c->oldest : NULL;

        while (p && p->n_ref > 1)
                p = p->newer;
        if (p)
                peer_unref(forget(c, p));
}

int peer_cache_get(PeerCache *c, sd_bus *bus, const char *name, Peer **ret) {
        _cleanup_(peer_unrefp) Peer *p = NULL;
        Peer *known = find(c, name);
        int r;

        if (known) {
                if (known != c->newest) {
                        list_remove(c, known);
                        list_prepend(c, known);
                }
                *ret = known;
                return 0;
        }

        r = peer_new(name, &p);
        if (r == 0)
                r = fill(p, bus);
        if (r != 0)
                return r;
        make_room(c);
        if (!tsearch(p, &c->by_name, compare_names))
                return -ENOMEM;
        list_prepend(c, p);
        c->n++;
        *ret = TAKE_PTR(p);
        return 0;
}

int peer_new_for_user(const char *user, Peer **ret) {
        _cleanup_free_ char *room = malloc(NSS_ROOM);
        _cleanup_(peer_unrefp) Peer *p = NULL;
        struct passwd entry, *found = NULL;
        int r;

        if (!room)
                return -ENOMEM;
        if (getpwnam_r(user, &entry, room, NSS_ROOM, &found) != 0 || !found)
                return PEER_E_GONE;
        r = peer_new("", &p);
        if (r < 0)
                return r;
        p->uid = found->pw_uid;
        p->user = strdup(found->pw_name);
        if (!p->user)
                return -ENOMEM;
        r = set_groups_of_user(p, found->pw_name, found->pw_gid);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
