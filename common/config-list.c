/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the files of a configuration directory. What editors and package managers leave there (NAME.conf~, .NAME.swp)
 * is none. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

static bool name_is_ours(const char *name) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = strlen(name);

        return n > strlen(".conf") && name[0] != '.' && strspn(name, allowed) == n &&
               strcmp(name + n - strlen(".conf"), ".conf") == 0;
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

typedef struct PathList {
        char **items;
        size_t n;
} PathList;

static void path_list_done(PathList *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i]);
        free(l->items);
}

static int path_list_add(PathList *l, const char *directory, const char *name) {
        char **items = reallocarray(l->items, l->n + 1, sizeof(char *));

        if (!items)
                return -ENOMEM;
        l->items = items;
        if (asprintf(&l->items[l->n], "%s/%s", directory, name) < 0)
                return -ENOMEM;
        l->n++;
        return 0;
}

static void closedirp(DIR **d) {
        if (*d)
                closedir(*d);
}

int config_list(const char *directory, char ***ret_paths, size_t *ret_n) {
        _cleanup_(path_list_done) PathList list = {};
        _cleanup_(closedirp) DIR *d = opendir(directory);

        if (!d && errno != ENOENT)
                return -errno;

        while (d) {
                struct dirent *entry;
                struct stat st;
                int r;

                errno = 0;
                entry = readdir(d);
                if (!entry && errno != 0)
                        return -errno;
                if (!entry)
                        break;
                if (!name_is_ours(entry->d_name))
                        continue;
                /* A dangling link is listed: config_load() then says so, which passing over would not. */
                if (fstatat(dirfd(d), entry->d_name, &st, 0) == 0 && !S_ISREG(st.st_mode))
                        continue;
                r = path_list_add(&list, directory, entry->d_name);
                if (r < 0)
                        return r;
        }

        if (list.n > 0)
                qsort(list.items, list.n, sizeof(char *), compare_paths);
        *ret_paths = TAKE_PTR(list.items);
        *ret_n = list.n;
        list.n = 0;
        return 0;
}
