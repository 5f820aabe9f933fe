/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed look-ups of settings. Fed by the administrator's files; a setting of the wrong type or name is told, never
 * guessed at. */
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "config.h"

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
