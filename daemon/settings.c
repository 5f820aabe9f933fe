/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads signetd.conf and tokens.d. Fed by the administrator; every mistake is collected, so that one start shows them
 * all. */
#include "settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "common/audit-chain.h"
#include "common/config.h"
#include "config-values.h"

#define QUEUE_PER_USER_DEFAULT 256
#define QUEUE_TOTAL_DEFAULT    1024
#define FAILURE_BUDGET_DEFAULT 60
#define RUNTIME_DEFAULT        "/run/signetd"

static const char *const setting_names[] = {
        "audit-file", "audit-on-failure", "audit-journal", "runtime-dir",
        "worker",     "queue-per-user",   "queue-total",   "failure-budget",
};
static const char *const failure_words[] = { [AUDIT_FAILURE_REFUSE] = "refuse", [AUDIT_FAILURE_CONTINUE] = "continue" };
static const char *const journal_words[] = {
        [AUDIT_JOURNAL_AUTO] = "auto",
        [AUDIT_JOURNAL_YES] = "yes",
        [AUDIT_JOURNAL_NO] = "no",
};

Settings *settings_free(Settings *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_tokens; i++)
                token_config_free(s->tokens[i]);
        free(s->tokens);
        free(s->directory);
        free(s->policy_directory);
        free(s->audit_file);
        free(s->runtime_directory);
        free(s->worker);
        free(s);
        return NULL;
}

static int set_path(const config_setting_t *root, const char *name, Problems *problems, char **path) {
        const char *value;
        char *copy;

        if (config_string(root, name, problems, &value) == 0)
                return 0;
        if (value[0] != '/') {
                const config_setting_t *s = config_setting_get_member(root, name);

                problems_add(problems, config_file_of(s), config_line_of(s),
                             "\"%s\" must be a path that begins with \"/\"", name);
                return 0;
        }
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*path);
        *path = copy;
        return 0;
}

static int read_root(const config_setting_t *root, Problems *problems, Settings *s) {
        size_t word;
        int r;

        if ((r = set_path(root, "audit-file", problems, &s->audit_file)) < 0 ||
            (r = set_path(root, "runtime-dir", problems, &s->runtime_directory)) < 0 ||
            (r = set_path(root, "worker", problems, &s->worker)) < 0)
                return r;

        if (config_word(root, "audit-on-failure", failure_words, ELEMENTSOF(failure_words), problems, &word) > 0)
                s->audit_on_failure = (AuditFailure) word;
        if (config_word(root, "audit-journal", journal_words, ELEMENTSOF(journal_words), problems, &word) > 0)
                s->audit_journal = (AuditJournal) word;
        (void) config_unsigned(root, "queue-per-user", 1, 65536, problems, &s->queue_per_user);
        (void) config_unsigned(root, "queue-total", 1, 65536, problems, &s->queue_total);
        (void) config_unsigned(root, "failure-budget", 1, 1000000, problems, &s->failure_budget);
        config_refuse_unknown(root, setting_names, ELEMENTSOF(setting_names), problems);

        if (s->queue_total < s->queue_per_user)
                problems_add(problems, config_file_of(root), 0,
                             "\"queue-total\" (%u) must not be smaller than \"queue-per-user\" (%u)", s->queue_total,
                             s->queue_per_user);
        return 0;
}

/* A directory without signetd.conf has the defaults. */
static int load_main_file(const char *path, Problems *problems, Settings *s) {
        config_t config;
        int r;

        if (access(path, F_OK) < 0 && errno == ENOENT)
                return 0;
        r = config_load(path, &config, problems);
        if (r == 0)
                r = read_root(config_root_setting(&config), problems, s);
        config_destroy(&config);
        return r == -EINVAL ? 0 : r;
}

static void check_socket_path(const Settings *s, const TokenConfig *token, Problems *problems) {
        size_t n = strlen(s->runtime_directory) + strlen("/") + strlen(token->name) + strlen(".socket");

        if (!token->socket && n >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                problems_add(problems, token->file, 0,
                             "the token's name and \"runtime-dir\" together are too long for a socket's path");
}

static int load_tokens(const char *directory, Problems *problems, Settings *s) {
        char **paths = NULL;
        size_t n = 0;
        int r;

        r = config_list(directory, &paths, &n);
        if (r < 0) {
                problems_add(problems, directory, 0, "cannot list the directory: %s", strerrordesc_np(-r));
                return 0;
        }
        if (n > 0) {
                s->tokens = calloc(n, sizeof(*s->tokens));
                r = s->tokens ? 0 : -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                if (r >= 0 && token_config_load(paths[i], problems, &s->tokens[s->n_tokens]) == 0)
                        check_socket_path(s, s->tokens[s->n_tokens++], problems);
                free(paths[i]);
        }
        free(paths);
        return r;
}

static int set_defaults(const char *directory, Settings *s) {
        s->queue_per_user = QUEUE_PER_USER_DEFAULT;
        s->queue_total = QUEUE_TOTAL_DEFAULT;
        s->failure_budget = FAILURE_BUDGET_DEFAULT;
        s->directory = strdup(directory);
        s->audit_file = strdup(AUDIT_FILE_DEFAULT);
        s->runtime_directory = strdup(RUNTIME_DEFAULT);
        s->worker = strdup(SIGNET_WORKER);
        if (asprintf(&s->policy_directory, "%s/policy.d", directory) < 0)
                s->policy_directory = NULL;
        return s->directory && s->audit_file && s->runtime_directory && s->worker && s->policy_directory ? 0 : -ENOMEM;
}

int settings_load(const char *directory, Problems *problems, Settings **ret) {
        _cleanup_(settings_freep) Settings *s = calloc(1, sizeof(*s));
        _cleanup_free_ char *file = NULL, *tokens = NULL;
        int r;

        r = s ? set_defaults(directory, s) : -ENOMEM;
        if (r < 0)
                return r;
        if (access(directory, R_OK | X_OK) < 0) {
                problems_add(problems, directory, 0, "cannot read the configuration directory: %s",
                             strerrordesc_np(errno));
                return -EINVAL;
        }
        if (asprintf(&file, "%s/signetd.conf", directory) < 0 || asprintf(&tokens, "%s/tokens.d", directory) < 0)
                return -ENOMEM;

        r = load_main_file(file, problems, s);
        if (r >= 0)
                r = load_tokens(tokens, problems, s);
        if (r < 0)
                return r;
        if (problems_any(problems))
                return -EINVAL;

        *ret = TAKE_PTR(s);
        return 0;
}
