/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a token's file. Fed by the administrator; signetd and signet-worker read the same file and must agree about it.
 */
#include "token-config.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "config.h"

#define LABEL_MAX  32 /* CK_TOKEN_INFO, PKCS#11 section 3.2 */
#define SERIAL_MAX 16

static const char *const settings[] = {
        "module", "label", "serial", "pin-file", "workers", "deadline", "start-deadline", "socket", "init-args",
};

TokenConfig *token_config_free(TokenConfig *c) {
        if (!c)
                return NULL;

        free(c->name);
        free(c->file);
        free(c->module);
        free(c->label);
        free(c->serial);
        free(c->pin_file);
        free(c->socket);
        free(c->init_args);
        free(c);
        return NULL;
}

static char *name_from_path(const char *path, Problems *problems) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
        size_t n = strlen(base), suffix = strlen(".conf");
        char *name;

        if (n <= suffix || strcmp(base + n - suffix, ".conf") != 0 || base[0] == '.' || strspn(base, allowed) != n) {
                problems_add(problems, path, 0,
                             "the token is called after its file, which must be NAME.conf with letters, digits, \".\", "
                             "\"_\" and \"-\"");
                return NULL;
        }
        if (n - suffix > TOKEN_NAME_MAX) {
                problems_add(problems, path, 0, "the token's name, taken from the file's, is longer than %d characters",
                             TOKEN_NAME_MAX);
                return NULL;
        }

        name = strndup(base, n - suffix);
        if (!name)
                problems_add(problems, path, 0, "out of memory");
        return name;
}

static void refuse(const config_setting_t *root, const char *name, Problems *problems, const char *text) {
        const config_setting_t *s = config_setting_get_member(root, name);

        problems_add(problems, config_file_of(s), config_line_of(s), "\"%s\" %s", name, text);
}

/* A copy of the setting in *ret, or NULL when it is absent or a mistake was reported. */
static int read_copy(const config_setting_t *root, const char *name, Problems *problems, char **ret) {
        const char *value;

        if (config_string(root, name, problems, &value) == 0)
                return 0;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static int read_strings(const config_setting_t *root, TokenConfig *c, Problems *problems) {
        int r;

        if ((r = read_copy(root, "module", problems, &c->module)) < 0 ||
            (r = read_copy(root, "label", problems, &c->label)) < 0 ||
            (r = read_copy(root, "serial", problems, &c->serial)) < 0 ||
            (r = read_copy(root, "pin-file", problems, &c->pin_file)) < 0 ||
            (r = read_copy(root, "socket", problems, &c->socket)) < 0 ||
            (r = read_copy(root, "init-args", problems, &c->init_args)) < 0)
                return r;

        if (!c->label && !config_setting_get_member(root, "label")) {
                c->label = strdup(c->name);
                if (!c->label)
                        return -ENOMEM;
        }
        return 0;
}

/* What the worker would otherwise find out only after it has loaded a module. */
static void check_strings(const config_setting_t *root, const TokenConfig *c, Problems *problems) {
        static const struct sockaddr_un address;

        if (!config_setting_get_member(root, "module"))
                problems_add(problems, c->file, 0,
                             "\"module\" is missing: the PKCS#11 module that reaches the token, as in module = "
                             "\"/usr/lib/softhsm/libsofthsm2.so\"");
        if (c->module && c->module[0] != '/')
                refuse(root, "module", problems, "must be a whole path that begins with \"/\"");
        if (c->pin_file && c->pin_file[0] != '/')
                refuse(root, "pin-file", problems, "must be a whole path that begins with \"/\"");
        if (c->socket && c->socket[0] != '/')
                refuse(root, "socket", problems, "must be a whole path that begins with \"/\"");
        if (c->socket && strlen(c->socket) >= sizeof(address.sun_path))
                refuse(root, "socket", problems, "is longer than a socket's path may be (107 bytes)");
        if (c->serial && strlen(c->serial) > SERIAL_MAX)
                refuse(root, "serial", problems, "is longer than a token's serial number can be (16 bytes)");
        if (c->label && strlen(c->label) > LABEL_MAX) {
                if (config_setting_get_member(root, "label"))
                        refuse(root, "label", problems, "is longer than a token's label can be (32 bytes)");
                else
                        problems_add(
                                problems, c->file, 0,
                                "the file's name is longer than a token's label can be (32 bytes): add a \"label\"");
        }
}

static int read_group(const config_setting_t *root, TokenConfig *c, Problems *problems) {
        int r;

        config_refuse_unknown(root, settings, ELEMENTSOF(settings), problems);
        r = read_strings(root, c, problems);
        if (r < 0)
                return r;
        check_strings(root, c, problems);
        config_unsigned(root, "workers", 1, 16, problems, &c->workers);
        config_unsigned(root, "deadline", 1, 300, problems, &c->deadline);
        config_unsigned(root, "start-deadline", 1, 3600, problems, &c->start_deadline);
        return 0;
}

int token_config_load(const char *path, Problems *problems, TokenConfig **ret) {
        _cleanup_(token_config_freep) TokenConfig *c = calloc(1, sizeof(TokenConfig));
        size_t before = problems->n;
        config_t config;
        int r;

        if (!c || !(c->file = strdup(path))) {
                problems_add(problems, path, 0, "out of memory");
                return -EINVAL;
        }
        c->workers = 2;
        c->deadline = 10;
        c->start_deadline = 60;

        c->name = name_from_path(path, problems);
        if (!c->name)
                return -EINVAL;

        r = config_load(path, &config, problems);
        if (r == 0)
                r = read_group(config_root_setting(&config), c, problems);
        if (r == -ENOMEM)
                problems_add(problems, path, 0, "out of memory");
        config_destroy(&config);
        if (r < 0 || problems->n > before || problems->overflow)
                return -EINVAL;

        *ret = TAKE_PTR(c);
        return 0;
}
