/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding keys: their paths by name, their properties in as few round trips as the number allows. Fed by signetd's
 * answers; a mistake here gives a program another key than the one it named. */
#include <string.h>

#include "call.h"
#include "error.h"
#include "key-name.h"
#include "key.h"
#include "objects.h"

#define PATHS_MAX 65536 /* keys in one answer */
#define FETCH_MAX 8     /* up to here one call per key moves less than everything that the caller may see */

typedef struct KeyList {
        signet_key **keys; /* NULL where a path's key is gone again */
        size_t n;
} KeyList;

static void key_list_done(KeyList *l) {
        signet_keys_free(l->keys, l->n);
}

/* One call of the application: all that it costs has one deadline. */
typedef struct Find {
        signet_client *client;
        const char *name, *operation;
        uint64_t deadline;
} Find;

static int find_write(sd_bus_message *m, const void *input) {
        const Find *f = input;

        return sd_bus_message_append(m, "ss", f->name ? f->name : "", f->operation ? f->operation : "");
}

static int find_read(sd_bus_message *reply, void *output) {
        _cleanup_(string_list_done) StringList paths = { 0 };
        int r;

        r = wire_read_paths(reply, "the list of keys", PATHS_MAX, &paths);
        if (r != 0)
                return r;
        r = wire_finish(reply, "the list of keys");
        if (r != 0)
                return r;
        for (size_t i = 0; i < paths.n; i++)
                if (!key_path_is_valid(paths.items[i]))
                        return wire_unexpected("an object path", "a key's", paths.items[i]);

        *(StringList *) output = paths;
        paths = (StringList){ 0 };
        return 0;
}

/* The paths of the keys that the name means, best first. */
static int find_paths(const Find *f, StringList *ret) {
        Call call = { .path = SIGNET_PATH,
                      .interface = SIGNET_MANAGER,
                      .member = "FindKeys",
                      .write = find_write,
                      .input = f,
                      .read = find_read,
                      .output = ret };

        if (f->operation && f->operation[0] != '\0' && strcmp(f->operation, "sign") != 0 &&
            strcmp(f->operation, "decrypt") != 0)
                return error_set(SIGNET_E_INVALID_INPUT,
                                 "operation \"%.64s\" is not known: write \"sign\" or \"decrypt\"", f->operation);
        return call_run(f->client, &call, f->deadline);
}

typedef struct FetchOutput {
        signet_client *client;
        signet_key *key;
} FetchOutput;

static int fetch_read(const char *path, sd_bus_message *m, void *userdata) {
        FetchOutput *f = userdata;

        return key_new_from_message(f->client, path, m, &f->key);
}

/* The properties of one key. */
static int fetch_key(const Find *f, const char *path, signet_key **ret) {
        FetchOutput output = { f->client, NULL };
        ObjectReader reader = { .interface = SIGNET_KEY, .read = fetch_read, .userdata = &output };
        int r;

        r = object_fetch(f->client, path, &reader, f->deadline);
        if (r == 0)
                *ret = output.key;
        else
                signet_key_unref(output.key);
        return r;
}

static int fetch_one_by_one(const Find *f, const StringList *paths, KeyList *l) {
        for (size_t i = 0; i < paths->n; i++) {
                int r = fetch_key(f, paths->items[i], &l->keys[i]);

                if (r != 0 && r != SIGNET_E_NO_SUCH_KEY) /* its token may have gone since */
                        return r;
        }
        return 0;
}

/* --- all at once --- */

typedef struct Wanted {
        const char *path;
        size_t index;
} Wanted;

typedef struct SweepOutput {
        signet_client *client;
        Wanted *wanted; /* sorted by path */
        KeyList *list;
} SweepOutput;

static int wanted_compare(const void *a, const void *b) {
        return strcmp(((const Wanted *) a)->path, ((const Wanted *) b)->path);
}

static Wanted *sweep_lookup(const SweepOutput *s, const char *path) {
        Wanted key = { path, 0 };

        return bsearch(&key, s->wanted, s->list->n, sizeof(*s->wanted), wanted_compare);
}

/* Also says no to an object that stands in the answer twice. */
static bool sweep_wants(const char *path, void *userdata) {
        const SweepOutput *s = userdata;
        const Wanted *w = sweep_lookup(s, path);

        return w && !s->list->keys[w->index];
}

static int sweep_read(const char *path, sd_bus_message *m, void *userdata) {
        const SweepOutput *s = userdata;
        signet_key **place = &s->list->keys[sweep_lookup(s, path)->index];

        if (*place)
                return wire_unexpected("an object", "without repetitions", path);
        return key_new_from_message(s->client, path, m, place);
}

static int fetch_all(const Find *f, const StringList *paths, KeyList *l) {
        _cleanup_free_ Wanted *wanted = NULL;
        SweepOutput output = { f->client, NULL, l };
        ObjectReader reader = {
                .interface = SIGNET_KEY, .wants = sweep_wants, .read = sweep_read, .userdata = &output
        };

        wanted = calloc(paths->n, sizeof(*wanted));
        if (!wanted)
                return error_no_memory();
        for (size_t i = 0; i < paths->n; i++)
                wanted[i] = (Wanted){ paths->items[i], i };
        qsort(wanted, paths->n, sizeof(*wanted), wanted_compare);

        output.wanted = wanted;
        return objects_fetch(f->client, &reader, 1, f->deadline);
}

/* Keys for paths in the same order, without those that are gone again. */
static int fetch_keys(const Find *f, const StringList *paths, KeyList *ret) {
        _cleanup_(key_list_done) KeyList l = { 0 };
        size_t n = 0;
        int r;

        l.keys = calloc(MAX(paths->n, 1U), sizeof(*l.keys));
        if (!l.keys)
                return error_no_memory();
        l.n = paths->n;
        r = paths->n <= FETCH_MAX ? fetch_one_by_one(f, paths, &l) : fetch_all(f, paths, &l);
        if (r != 0)
                return r;

        for (size_t i = 0; i < l.n; i++)
                if (l.keys[i])
                        l.keys[n++] = l.keys[i];
        l.n = n;
        *ret = l;
        l = (KeyList){ 0 };
        return 0;
}

int signet_find_keys(signet_client *client, const char *name, const char *operation, signet_key ***ret_keys,
                     size_t *ret_count) {
        _cleanup_(string_list_done) StringList paths = { 0 };
        KeyNameKind kind;
        Find find;
        KeyList l = { 0 };
        int r;

        if (!client || !ret_keys || !ret_count)
                return error_set(-EINVAL, "signet_find_keys() needs a client and places for the keys and their number");
        r = key_name_kind(name, &kind);
        if (r != 0)
                return r;
        find = (Find){ client, name, operation, client_deadline(client) };
        r = find_paths(&find, &paths);
        if (r != 0)
                return r;
        r = fetch_keys(&find, &paths, &l);
        if (r != 0)
                return r;

        *ret_keys = l.keys;
        *ret_count = l.n;
        return 0;
}

static const char *path_id(const char *path) {
        return strrchr(path, '/') + 1;
}

static int no_such_key(const char *name, const char *operation) {
        return error_set(SIGNET_E_NO_SUCH_KEY,
                         "no key that you may %s is called \"%s\"; list yours with: signetctl keys",
                         !operation || !operation[0]         ? "use"
                         : strcmp(operation, "decrypt") == 0 ? "decrypt with"
                                                             : "sign with",
                         name ? name : "");
}

int signet_find_key(signet_client *client, const char *name, const char *operation, signet_key **ret_key) {
        _cleanup_(string_list_done) StringList paths = { 0 };
        KeyNameKind kind;
        Find find;
        int r;

        if (!client || !ret_key)
                return error_set(-EINVAL, "signet_find_key() needs a client and a place for the key");
        r = key_name_kind(name, &kind);
        if (r != 0)
                return r;
        find = (Find){ client, name, operation, client_deadline(client) };
        r = find_paths(&find, &paths);
        if (r != 0)
                return r;
        if (paths.n == 0)
                return no_such_key(name, operation);
        if (paths.n > 1 && kind != KEY_NAME_ADDRESS)
                return error_set(SIGNET_E_AMBIGUOUS,
                                 "\"%s\" fits %zu keys, among them %.16s and %.16s; name one by its id",
                                 name ? name : "", paths.n, path_id(paths.items[0]), path_id(paths.items[1]));

        r = fetch_key(&find, paths.items[0], ret_key);
        return r == SIGNET_E_NO_SUCH_KEY ? no_such_key(name, operation) : r;
}
