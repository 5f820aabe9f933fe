/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns the words of a test's line into facts. */
#include "policy-script.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void split(char *text, const char *separators, Words *w) {
        w->n = 0;
        for (char *save = NULL, *p = strtok_r(text, separators, &save); p; p = strtok_r(NULL, separators, &save)) {
                assert_true(w->n < SCRIPT_WORDS_MAX);
                w->items[w->n++] = p;
        }
}

static int64_t read_time(const char *text) {
        struct tm tm = { .tm_isdst = -1 };
        time_t t;

        if (!strptime(text, "%Y-%m-%dT%H:%M", &tm))
                fail_msg("\"%s\" is no time", text);
        t = mktime(&tm);
        assert_true(t != (time_t) -1);
        return t;
}

static void read_places(Script *s) {
        for (size_t i = 0; i < s->places.n; i++) {
                char *slash = strchr(s->places.items[i], '/');

                s->instances[i].token = s->places.items[i];
                if (!slash)
                        continue;
                *slash = '\0';
                s->instances[i].object = slash + 1;
        }
        s->facts.instances = s->instances;
        s->facts.n_instances = s->places.n;
}

static void set_list(Words *w, const char *const **ret_items, size_t *ret_n, char *text) {
        split(text, ",", w);
        *ret_items = (const char *const *) w->items;
        *ret_n = w->n;
}

static void read_fact(Script *s, const char *name, char *value) {
        PolicyFacts *f = &s->facts;

        if (strcmp(name, "groups") == 0)
                set_list(&s->groups, &f->groups, &f->n_groups, value);
        else if (strcmp(name, "mail") == 0)
                set_list(&s->mail, &f->key_addresses, &f->n_key_addresses, value);
        else if (strcmp(name, "domains") == 0)
                set_list(&s->domains, &f->domains, &f->n_domains, value);
        else if (strcmp(name, "addresses") == 0)
                set_list(&s->addresses, &f->addresses, &f->n_addresses, value);
        else if (strcmp(name, "unit") == 0)
                f->unit = value;
        else if (strcmp(name, "id") == 0)
                f->key_id = value;
        else if (strcmp(name, "when") == 0)
                f->now = read_time(value);
        else if (strcmp(name, "key") == 0 || strcmp(name, "token") == 0) {
                split(value, ",", &s->places);
                read_places(s);
                if (*name == 't')
                        f->key_id = NULL;
        } else
                fail_msg("there is no fact \"%s\"", name);
}

static void read_deed(Script *s, const char *word) {
        int v;

        if ((v = operation_from_string(word)) >= 0)
                s->facts.operation = (Operation) v;
        else if ((v = purpose_from_string(word)) >= 0)
                s->facts.purpose = (Purpose) v;
        else if ((v = hash_from_string(word)) >= 0)
                s->facts.hash = (Hash) v;
        else if (strcmp(word, "sees") == 0)
                s->verb = SCRIPT_SEES;
        else if (strcmp(word, "may") == 0)
                s->verb = SCRIPT_MAY;
        else
                fail_msg("\"%s\" is no operation, purpose or hash", word);
}

/* "NAME", "NAME:NUMBER", or "-" for no name. */
static void read_user(Script *s, char *word) {
        char *colon = strrchr(word, ':');

        if (colon) {
                s->facts.uid = (uid_t) strtoul(colon + 1, NULL, 10);
                *colon = '\0';
        }
        s->facts.user = strcmp(word, "-") == 0 ? NULL : word;
}

void script_parse(char *line, Script *ret) {
        char *arrow = strstr(line, "=>"), *save = NULL, *word;

        if (!arrow)
                fail_msg("\"%s\" has no \"=>\"", line);
        *ret = (Script){ .facts = { .key_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                    .now = read_time("2024-03-04T12:00") } };
        ret->answer = arrow + 2 + strspn(arrow + 2, " ");
        *arrow = '\0';

        word = strtok_r(line, " ", &save);
        assert_non_null(word);
        read_user(ret, word);
        while ((word = strtok_r(NULL, " ", &save))) {
                char *equals = strchr(word, '=');

                if (!equals) {
                        read_deed(ret, word);
                        continue;
                }
                *equals = '\0';
                read_fact(ret, word, equals + 1);
        }
}

char *script_read_file(const char *path) {
        FILE *f = fopen(path, "re");
        char *text = NULL;
        size_t room = 0;

        if (!f)
                fail_msg("%s cannot be read", path);
        if (getdelim(&text, &room, '\0', f) < 0)
                fail_msg("%s is empty", path);
        (void) fclose(f);
        return text;
}

void script_data_path(const char *name, char *ret, size_t room) {
        const char *source = getenv("SIGNET_SOURCE");

        if (!source)
                fail_msg("SIGNET_SOURCE is not set: run the tests with \"meson test\"");
        (void) snprintf(ret, room, "%s/%s", source, name);
}

void script_for_each(const char *directory, void (*check)(const char *path, void *userdata), void *userdata) {
        char pattern[4096], root[2048];
        glob_t found = {};

        script_data_path(directory, root, sizeof(root));
        (void) snprintf(pattern, sizeof(pattern), "%s/*.conf", root);
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++)
                check(found.gl_pathv[i], userdata);
        globfree(&found);
}
