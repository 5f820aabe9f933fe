/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads libconfig files strictly. Fed by files that the administrator wrote; a mistake in them must be told with its
 * line, never guessed at: what is misread here decides who may use a key. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "config-line.h"

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

/* Where the settings come from: config_read_string() does not know, so the root setting keeps it. */
typedef struct Source {
        char *path, *text;
} Source;

static Source *source_free(Source *s) {
        if (!s)
                return NULL;

        free(s->path);
        free(s->text);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(Source *, source_free)

/* libconfig calls it for what hangs on any setting, and something hangs on the root alone. */
static void destroy_hook(void *hook) {
        source_free(hook);
}

static const Source *source_of(const config_setting_t *s) {
        while (!config_setting_is_root(s))
                s = config_setting_parent(s);
        return config_setting_get_hook(s);
}

/* libconfig's own words, with what they usually mean. */
static const char *explain(const char *error) {
        if (strcmp(error, "syntax error") == 0)
                return "syntax error here or just before: text stands in double quotes, a group in { }, a list in [ ] "
                       "without a comma "
                       "at its end";
        if (strcmp(error, "duplicate setting name") == 0)
                return "this name was given before; names are used once";
        return error;
}

int config_load_text(const char *path, const char *text, size_t n, config_t *config, Problems *problems) {
        _cleanup_(source_freep) Source *source = NULL;

        config_init(config);

        if (refuse_bytes(path, text, n, problems) < 0)
                return -EINVAL;
        source = calloc(1, sizeof(Source));
        if (!source || !(source->path = strdup(path)) || !(source->text = strndup(text, n))) {
                problems_add(problems, path, 0, "out of memory");
                return -EINVAL;
        }
        if (refuse_include(path, source->text, problems) < 0)
                return -EINVAL;

        if (!config_read_string(config, source->text)) {
                problems_add(problems, path, (unsigned) MAX(config_error_line(config), 0), "%s",
                             explain(config_error_text(config)));
                return -EINVAL;
        }

        config_set_destructor(config, destroy_hook);
        config_setting_set_hook(config_root_setting(config), TAKE_PTR(source));
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
        return source_of(s)->path;
}

unsigned config_line_of(const config_setting_t *s) {
        const config_setting_t *parent = config_setting_parent(s);
        unsigned line = 0;

        if (parent && config_setting_is_array(parent) && config_setting_name(parent))
                line = config_element_line(source_of(s)->text, config_setting_source_line(parent),
                                           config_setting_name(parent), (unsigned) config_setting_index(s));
        return line > 0 ? line : config_setting_source_line(s);
}
