/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads libconfig files strictly. Fed by files that the administrator wrote; a mistake in them must be told with its
 * line, never guessed at: what is misread here decides who may use a key. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"

#define CONFIG_SIZE_MAX (1024 * 1024)

static int read_all(int fd, char *buffer, size_t room, size_t *ret_n) {
        size_t n = 0;

        while (n < room) {
                ssize_t k = read(fd, buffer + n, room - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }

        *ret_n = n;
        return 0;
}

/* Opens without blocking, so that a FIFO in the directory cannot hold up the daemon. */
static int open_checked(const char *path, Problems *problems, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0) {
                problems_add(problems, path, 0, "cannot read the file: %s", strerror(errno));
                return -EINVAL;
        }
        if (!S_ISREG(st.st_mode)) {
                problems_add(problems, path, 0, "this is not a regular file");
                return -EINVAL;
        }
        if (st.st_mode & (S_IWGRP | S_IWOTH)) {
                problems_add(problems, path, 0, "group or others may write this file; mend with: chmod go-w %s", path);
                return -EINVAL;
        }

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int read_text(const char *path, Problems *problems, char **ret, size_t *ret_n) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int r;

        r = open_checked(path, problems, &fd);
        if (r < 0)
                return r;

        text = malloc(CONFIG_SIZE_MAX + 1);
        r = text ? read_all(fd, text, CONFIG_SIZE_MAX + 1, &n) : -ENOMEM;
        if (r < 0) {
                problems_add(problems, path, 0, "cannot read the file: %s", strerror(-r));
                return -EINVAL;
        }

        *ret = TAKE_PTR(text);
        *ret_n = n;
        return 0;
}

/* libconfig would follow @include anywhere on the disk, past the checks above. It knows the word only at the start of a
 * line. */
static int refuse_include(const char *path, const char *text, Problems *problems) {
        unsigned line = 1;
        int r = 0;

        for (const char *p = text; *p; line++) {
                const char *word = p + strspn(p, " \t\r\v\f");

                if (strncmp(word, "@include", strlen("@include")) == 0) {
                        problems_add(problems, path, line,
                                     "@include is not supported; put another file into the directory");
                        r = -EINVAL;
                }
                p = strchrnul(p, '\n');
                p += *p == '\n';
        }

        return r;
}

static int refuse_bytes(const char *path, const char *text, size_t n, Problems *problems) {
        if (n > CONFIG_SIZE_MAX) {
                problems_add(problems, path, 0, "the file is larger than 1 MiB");
                return -EINVAL;
        }
        if (memchr(text, '\0', n) || !utf8_is_valid(text, n)) {
                problems_add(problems, path, 0, "the file is not UTF-8 text");
                return -EINVAL;
        }
        return 0;
}

int config_load_text(const char *path, const char *text, size_t n, config_t *config, Problems *problems) {
        _cleanup_free_ char *copy = NULL, *file = NULL;

        config_init(config);

        if (refuse_bytes(path, text, n, problems) < 0)
                return -EINVAL;
        copy = strndup(text, n);
        file = strdup(path);
        if (!copy || !file) {
                problems_add(problems, path, 0, "out of memory");
                return -EINVAL;
        }
        if (refuse_include(path, copy, problems) < 0)
                return -EINVAL;

        if (!config_read_string(config, copy)) {
                problems_add(problems, path, (unsigned) MAX(config_error_line(config), 0), "%s",
                             config_error_text(config));
                return -EINVAL;
        }

        /* config_read_string() knows no file name: the root keeps it for config_file_of(). */
        config_set_destructor(config, free);
        config_setting_set_hook(config_root_setting(config), TAKE_PTR(file));
        return 0;
}

int config_load(const char *path, config_t *config, Problems *problems) {
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        r = read_text(path, problems, &text, &n);
        if (r < 0) {
                config_init(config);
                return r;
        }
        return config_load_text(path, text, n, config, problems);
}

const char *config_file_of(const config_setting_t *s) {
        while (!config_setting_is_root(s))
                s = config_setting_parent(s);
        return config_setting_get_hook(s);
}

unsigned config_line_of(const config_setting_t *s) {
        return config_setting_source_line(s);
}

/* The member called `name`, of this group itself: the name is no path. */
static const config_setting_t *member(const config_setting_t *group, const char *name) {
        return config_setting_get_member(group, name);
}

int config_string(const config_setting_t *group, const char *name, Problems *p, const char **ret) {
        const config_setting_t *s = member(group, name);
        const char *value;

        if (!s)
                return 0;
        value = config_setting_get_string(s);
        if (!value) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" must be text in double quotes", name);
                return 0;
        }
        if (!*value) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" is empty; leave the setting out instead",
                             name);
                return 0;
        }
        if (!utf8_is_valid(value, strlen(value))) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" is not UTF-8 text", name);
                return 0;
        }

        *ret = value;
        return 1;
}

int config_unsigned(const config_setting_t *group, const char *name, unsigned min, unsigned max, Problems *p,
                    unsigned *ret) {
        const config_setting_t *s = member(group, name);
        long long value;
        int type;

        if (!s)
                return 0;
        type = config_setting_type(s);
        if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" must be a whole number, without quotes",
                             name);
                return 0;
        }
        value = config_setting_get_int64(s);
        if (value < (long long) min || value > (long long) max) {
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" is %lld; it must be from %u to %u", name,
                             value, min, max);
                return 0;
        }

        *ret = (unsigned) value;
        return 1;
}

/* The words one after the other, "a, b, c"; cut off where the room ends. */
static void join(const char *const *words, size_t n, char *ret, size_t room) {
        size_t used = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                int k = snprintf(ret + used, room - used, "%s%s", i > 0 ? ", " : "", words[i]);

                if (k < 0 || (size_t) k >= room - used)
                        return;
                used += (size_t) k;
        }
}

int config_word(const config_setting_t *group, const char *name, const char *const *words, size_t n, Problems *p,
                size_t *ret_index) {
        const config_setting_t *s = member(group, name);
        const char *value, *meant;
        char known[512];

        if (config_string(group, name, p, &value) == 0)
                return 0;

        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], value) == 0) {
                        *ret_index = i;
                        return 1;
                }

        meant = problems_did_you_mean(value, words, n);
        join(words, n, known, sizeof(known));
        if (meant)
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" cannot be \"%s\"; did you mean \"%s\"?",
                             name, value, meant);
        else
                problems_add(p, config_file_of(s), config_line_of(s), "\"%s\" cannot be \"%s\"; it is one of: %s", name,
                             value, known);
        return 0;
}

static bool contains(const char *const *names, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

void config_refuse_unknown(const config_setting_t *group, const char *const *names, size_t n, Problems *p) {
        int length = config_setting_length(group);
        char known[512];

        join(names, n, known, sizeof(known));
        for (int i = 0; i < length; i++) {
                const config_setting_t *s = config_setting_get_elem(group, (unsigned) i);
                const char *name = config_setting_name(s), *meant;

                if (contains(names, n, name))
                        continue;
                meant = problems_did_you_mean(name, names, n);
                if (meant)
                        problems_add(p, config_file_of(s), config_line_of(s),
                                     "unknown setting \"%s\"; did you mean \"%s\"?", name, meant);
                else
                        problems_add(p, config_file_of(s), config_line_of(s), "unknown setting \"%s\"; known here: %s",
                                     name, known);
        }
}

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
