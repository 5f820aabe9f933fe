/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out who calls. Fed by the bus driver, the user database and /proc; whom it mistakes for another gets the
 * other's keys. */
#include "peer-identify.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-login.h>

#include "bus.h"

#define LOOKUP_USEC  (2 * 1000 * 1000)
#define NSS_ROOM_MIN 4096
#define NSS_ROOM_MAX (4 * 1024 * 1024) /* bytes for one entry */

typedef int (*Lookup)(const void *who, void *entry, char *room, size_t size, void **found);

static int lookup_uid(const void *who, void *entry, char *room, size_t size, void **found) {
        return getpwuid_r(*(const uid_t *) who, entry, room, size, (struct passwd **) found);
}

static int lookup_user(const void *who, void *entry, char *room, size_t size, void **found) {
        return getpwnam_r(who, entry, room, size, (struct passwd **) found);
}

static int lookup_gid(const void *who, void *entry, char *room, size_t size, void **found) {
        return getgrgid_r(*(const gid_t *) who, entry, room, size, (struct group **) found);
}

/* With room for as long an entry as there is: groups may have many members. Returns 0; *found is NULL when there is no
 * entry. *ret_room is for the caller to free after the entry was used. */
static int look_up(Lookup lookup, const void *who, void *entry, char **ret_room, void **found) {
        for (size_t size = NSS_ROOM_MIN; size <= NSS_ROOM_MAX; size *= 4) {
                _cleanup_free_ char *room = malloc(size);
                int e;

                if (!room)
                        return -ENOMEM;
                *found = NULL;
                e = lookup(who, entry, room, size, found);
                if (e < 0)
                        e = errno; /* what nss_wrapper does, against POSIX */
                if (e == ERANGE)
                        continue;
                if (e != 0 && e != ENOENT && e != ESRCH)
                        return PEER_E_UNKNOWN;
                *ret_room = TAKE_PTR(room);
                return 0;
        }
        return PEER_E_UNKNOWN;
}

static int copy(const char *s, char **ret) {
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

/* Finds the user's entry by number. *ret_user stays NULL when the number has none. */
static int set_user(Peer *p, gid_t *ret_primary) {
        _cleanup_free_ char *room = NULL;
        struct passwd entry;
        void *found;
        int r;

        r = look_up(lookup_uid, &p->uid, &entry, &room, &found);
        if (r != 0 || !found)
                return r;
        *ret_primary = entry.pw_gid;
        return copy(entry.pw_name, &p->user);
}

static int group_name(gid_t gid, char **ret) {
        _cleanup_free_ char *room = NULL;
        struct group entry;
        void *found;
        int r;

        r = look_up(lookup_gid, &gid, &entry, &room, &found);
        if (r != 0)
                return r;
        if (found)
                return copy(entry.gr_name, ret);
        return asprintf(ret, "%u", (unsigned) gid) < 0 ? -ENOMEM : 0;
}

static int set_groups(Peer *p, const gid_t *gids, size_t n) {
        if (n > PEER_GROUPS_MAX)
                return PEER_E_UNKNOWN;
        p->groups = calloc(MAX(n, 1U), sizeof(*p->groups));
        if (!p->groups)
                return -ENOMEM;
        for (; p->n_groups < n; p->n_groups++) {
                int r = group_name(gids[p->n_groups], &p->groups[p->n_groups]);

                if (r != 0) {
                        p->groups[p->n_groups] = NULL;
                        return r;
                }
        }
        return 0;
}

/* From the user database: what the bus would tell of a fresh login. */
static int set_groups_of_user(Peer *p, const char *user, gid_t primary) {
        gid_t gids[PEER_GROUPS_MAX];
        int n = PEER_GROUPS_MAX;

        if (getgrouplist(user, primary, gids, &n) < 0)
                return PEER_E_UNKNOWN;
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

/* One question for all credentials; sd_bus_get_name_creds() would ask one for each. */
static int ask_bus(sd_bus *bus, const char *name, sd_bus_message **ret_reply) {
        _cleanup_(bus_error_done) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_call(bus, call, LOOKUP_USEC, &error, ret_reply);
        return r < 0 ? PEER_E_UNKNOWN : 0;
}

/* The number may be another process's by now; one of another user must not lend its unit. */
static bool process_is_of(pid_t pid, uid_t uid) {
        char path[32];
        struct stat st;

        (void) snprintf(path, sizeof(path), "/proc/%d", (int) pid);
        return stat(path, &st) == 0 && st.st_uid == uid;
}

int peer_identify(Peer *p, sd_bus *bus) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        gid_t primary = (gid_t) -1;
        Credentials c = {};
        int r;

        r = ask_bus(bus, p->name, &reply);
        if (r != 0)
                return r;
        r = read_credentials(reply, &c);
        if (r < 0)
                return r;
        if (!c.has_uid)
                return PEER_E_UNKNOWN;

        p->uid = c.uid;
        p->pid = (pid_t) c.pid;
        r = set_user(p, &primary);
        if (r != 0)
                return r;
        if (p->pid > 0 && process_is_of(p->pid, p->uid))
                (void) sd_pid_get_unit(p->pid, &p->unit);
        if (c.has_groups)
                return set_groups(p, c.gids, c.n_gids);
        /* A bus that does not tell groups: the user database does. */
        return p->user ? set_groups_of_user(p, p->user, primary) : PEER_E_UNKNOWN;
}

int peer_new_for_user(const char *user, Peer **ret) {
        _cleanup_(peer_unrefp) Peer *p = NULL;
        _cleanup_free_ char *room = NULL;
        struct passwd entry;
        void *found;
        int r;

        r = look_up(lookup_user, user, &entry, &room, &found);
        if (r != 0)
                return r;
        if (!found)
                return PEER_E_UNKNOWN;
        r = peer_new("", &p);
        if (r < 0)
                return r;
        p->uid = entry.pw_uid;
        r = copy(entry.pw_name, &p->user);
        if (r == 0)
                r = set_groups_of_user(p, p->user, entry.pw_gid);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
