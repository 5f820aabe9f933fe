/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a policy from its files, all or nothing. Fed by the administrator; every mistake of every file ends up in
 * `problems`. */
#include "policy-load.h"

#include <string.h>

#include "common/config.h"
#include "policy-private.h"
#include "rule-load.h"

#define RULE_NAME_MAX 128

/* Room for one more rule, zeroed; it belongs to the policy from now on. */
static int add_rule(Policy *p, PolicyRule **ret) {
        if (p->n_rules == p->room) {
                size_t room = MAX(p->room * 2, 16U);
                PolicyRule *rules = reallocarray(p->rules, room, sizeof(PolicyRule));

                if (!rules)
                        return -ENOMEM;
                p->rules = rules;
                p->room = room;
        }

        *ret = &p->rules[p->n_rules++];
        **ret = (PolicyRule){};
        return 0;
}

static int load_rule(Policy *p, const config_setting_t *group, Problems *problems) {
        const char *name = config_setting_name(group), *file = config_file_of(group);
        unsigned line = config_line_of(group);
        PolicyRule *rule;
        int r;

        if (!config_setting_is_group(group)) {
                problems_add(problems, file, line,
                             "\"%.100s\" is no rule; a rule is written as %.100s: { user = \"...\" ... }", name, name);
                return 0;
        }
        if (strlen(name) > RULE_NAME_MAX) {
                problems_add(problems, file, line, "the name of rule \"%.40s...\" is longer than %d characters", name,
                             RULE_NAME_MAX);
                return 0;
        }

        r = add_rule(p, &rule);
        if (r < 0)
                return r;
        rule->name = strdup(name);
        rule->file = strdup(file);
        rule->line = line;
        if (!rule->name || !rule->file)
                return -ENOMEM;
        return rule_load(group, rule, problems);
}

static int load_rules(Policy *p, const config_t *config, Problems *problems) {
        const config_setting_t *root = config_root_setting(config);
        int n = config_setting_length(root);

        /* Nobody reads more mistakes than that. */
        for (int i = 0; i < n && !problems->overflow; i++) {
                int r = load_rule(p, config_setting_get_elem(root, (unsigned) i), problems);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int load_file(Policy *p, const char *path, Problems *problems) {
        config_t config;
        int r;

        /* What is wrong with the file is in `problems`, and the next file may have mistakes too. */
        r = config_load(path, &config, problems) < 0 ? 0 : load_rules(p, &config, problems);
        config_destroy(&config);
        return r;
}

static int compare_names(const void *a, const void *b) {
        const PolicyRule *x = *(const PolicyRule *const *) a, *y = *(const PolicyRule *const *) b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : (x > y) - (x < y);
}

/* libconfig refuses a name that stands twice in one file; rules of two files meet here. */
static int check_names(const Policy *p, Problems *problems) {
        _cleanup_free_ const PolicyRule **sorted = calloc(p->n_rules + 1, sizeof(PolicyRule *));

        if (!sorted)
                return -ENOMEM;

        for (size_t i = 0; i < p->n_rules; i++)
                sorted[i] = &p->rules[i];
        qsort(sorted, p->n_rules, sizeof(PolicyRule *), compare_names);

        for (size_t i = 1; i < p->n_rules; i++)
                if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
                        problems_add(problems, sorted[i]->file, sorted[i]->line,
                                     "there is a rule \"%s\" already, in %s:%u; give one another name", sorted[i]->name,
                                     sorted[i - 1]->file, sorted[i - 1]->line);
        return 0;
}

/* After the last file: hands the policy over if there was no mistake. `where` is what was to be read. */
static int finish(Policy *p, int r, const char *where, Problems *problems, size_t n_before, Policy **ret) {
        if (r == 0)
                r = check_names(p, problems);
        if (r == 0)
                r = policy_index(p);
        if (r < 0)
                problems_add(problems, where, 0, "out of memory");
        problems_sort(problems, n_before);
        if (problems->n > n_before || problems->overflow)
                return -EINVAL;

        *ret = policy_ref(p);
        return 0;
}

static void free_paths(char **paths, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(paths[i]);
        free(paths);
}

int policy_load(const char *directory, Problems *problems, Policy **ret) {
        _cleanup_(policy_unrefp) Policy *p = NULL;
        size_t n_before = problems->n, n = 0;
        char **paths = NULL;
        int r;

        r = config_list(directory, &paths, &n);
        if (r < 0) {
                problems_add(problems, directory, 0, "cannot read the directory: %s", strerror(-r));
                return -EINVAL;
        }

        /* A changed time zone takes effect with a reload. */
        tzset();
        r = policy_new(&p);
        for (size_t i = 0; i < n && r == 0; i++)
                r = load_file(p, paths[i], problems);
        free_paths(paths, n);
        return finish(p, r, directory, problems, n_before, ret);
}

int policy_load_file(const char *path, Problems *problems, Policy **ret) {
        _cleanup_(policy_unrefp) Policy *p = NULL;
        size_t n_before = problems->n;
        int r;

        tzset();
        r = policy_new(&p);
        if (r == 0)
                r = load_file(p, path, problems);
        return finish(p, r, path, problems, n_before, ret);
}

int policy_load_text(const char *name, const char *text, size_t n, Problems *problems, Policy **ret) {
        _cleanup_(policy_unrefp) Policy *p = NULL;
        size_t n_before = problems->n;
        config_t config;
        int r;

        r = policy_new(&p);
        if (r == 0) {
                if (config_load_text(name, text, n, &config, problems) == 0)
                        r = load_rules(p, &config, problems);
                config_destroy(&config);
        }
        return finish(p, r, name, problems, n_before, ret);
}
