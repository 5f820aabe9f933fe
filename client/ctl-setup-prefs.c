/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and editing Thunderbird's files line by line. Fed with files that Thunderbird and people write; what it
 * breaks makes Thunderbird forget settings. */
#include "ctl-setup-prefs.h"

#include <stdio.h>
#include <string.h>

#define BEGINNING "user_pref(\""

/* --- preferences ------------------------------------------------------------------------------------------------- */

/* Where the text between quotes ends: at its closing quote; NULL: the line ends before. */
static const char *string_end(const char *p) {
        while (*p && *p != '"' && *p != '\n')
                p += *p == '\\' && p[1] && p[1] != '\n' ? 2 : 1;
        return *p == '"' ? p : NULL;
}

/* \" and \\ only; other escapes stay as they are, so that such a value equals no other. */
static char *unescape(const char *from, const char *end) {
        char *text = strndup(from, (size_t) (end - from)), *to = text;

        for (const char *p = text; p && *p; *to++ = *p++)
                if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
                        p++;
        if (text)
                *to = '\0';
        return text;
}

/* The line at `line` as a preference: its name, and its value, or NULL when that is no text. Free both. 0: it is none.
 */
static int parse_line(const char *line, char **ret_name, char **ret_value) {
        const char *p = line + strspn(line, " \t"), *end;

        if (strncmp(p, BEGINNING, strlen(BEGINNING)) != 0)
                return 0;
        p += strlen(BEGINNING);
        end = string_end(p);
        if (!end)
                return 0;
        *ret_name = unescape(p, end);
        *ret_value = NULL;
        p = end + 1 + strspn(end + 1, " \t,");
        end = *p == '"' ? string_end(p + 1) : NULL;
        if (end)
                *ret_value = unescape(p + 1, end);
        return 1;
}

static const char *next_line(const char *p) {
        p += strcspn(p, "\n");
        return p + (*p == '\n');
}

int prefs_each(const char *text, const char *prefix, int (*found)(const char *rest, const char *value, void *data),
               void *data) {
        size_t n = strlen(prefix);

        for (const char *line = text; *line; line = next_line(line)) {
                _cleanup_free_ char *name = NULL, *value = NULL;
                int r;

                if (!parse_line(line, &name, &value) || !name || strncmp(name, prefix, n) != 0)
                        continue;
                r = found(name + n, value, data);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int take_value(const char *rest, const char *value, void *data) {
        char **found = data;

        if (*rest || !value)
                return 0;
        free(*found);
        *found = strdup(value);
        return 0;
}

char *prefs_get(const char *text, const char *name) {
        char *value = NULL;

        return prefs_each(text, name, take_value, &value) == 0 ? value : NULL;
}

static void put_preference(FILE *f, const char *name, const char *value) {
        fprintf(f, BEGINNING "%s\", \"", name);
        for (; *value; value++) /* a label may hold anything; a preference stands in one line */
                if (*value == '\n' || *value == '\r')
                        fputs(*value == '\n' ? "\\n" : "\\r", f);
                else
                        fprintf(f, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
        fputs("\");\n", f);
}

char *prefs_set(const char *text, const char *name, const char *value) {
        char *changed = NULL;
        bool done = false;
        size_t size;
        FILE *f = open_memstream(&changed, &size);

        if (!f)
                return NULL;
        for (const char *line = text; *line; line = next_line(line)) {
                _cleanup_free_ char *other = NULL, *old = NULL;
                size_t n = (size_t) (next_line(line) - line);

                if (!parse_line(line, &other, &old) || !other || strcmp(other, name) != 0) {
                        fwrite(line, 1, n, f);
                        if (line[n - 1] != '\n')
                                fputc('\n', f);
                } else if (!done) {
                        put_preference(f, name, value);
                        done = true;
                }
        }
        if (!done)
                put_preference(f, name, value);
        return fclose(f) == 0 ? changed : NULL;
}

/* --- pkcs11.txt -------------------------------------------------------------------------------------------------- */

/* Modules are parted by empty lines. */
static const char *module_end(const char *p) {
        while (*p && *p != '\n')
                p = next_line(p);
        return p;
}

static bool has_line(const char *from, const char *end, const char *line) {
        size_t n = strlen(line);

        for (; from < end; from = next_line(from))
                if (strncmp(from, line, n) == 0 && (from[n] == '\n' || from[n] == '\0'))
                        return true;
        return false;
}

char *modules_set(const char *text, const char *name, const char *library) {
        _cleanup_free_ char *name_line = NULL, *library_line = NULL;
        char *changed = NULL;
        bool done = false;
        size_t size;
        FILE *f;

        if (asprintf(&name_line, "name=%s", name) < 0)
                return name_line = NULL;
        if (asprintf(&library_line, "library=%s", library) < 0)
                return library_line = NULL;
        f = open_memstream(&changed, &size);
        if (!f)
                return NULL;
        for (const char *p = text, *end; *p; p = end) {
                end = module_end(p);
                if (end == p) {
                        fputc(*end++, f);
                        continue;
                }
                bool same_library = has_line(p, end, library_line), same_name = has_line(p, end, name_line);
                if (same_name && !same_library && !done)
                        fprintf(f, "%s\n%s\n", library_line, name_line);
                else if (!same_name || same_library || done)
                        fwrite(p, 1, (size_t) (end - p), f);
                done = done || same_library || same_name;
                if (end[-1] != '\n')
                        fputc('\n', f);
        }
        if (!done)
                fprintf(f, "%s%s\n%s\n\n", *text && !strstr(text, "\n\n") ? "\n" : "", library_line, name_line);
        return fclose(f) == 0 ? changed : NULL;
}

/* --- profiles.ini ------------------------------------------------------------------------------------------------ */

typedef struct Profiles {
        char *installed, *chosen, *only; /* of an [Install] section; with Default=1; the last one */
        unsigned n_installed, n_chosen, n;
} Profiles;

static void keep(char **place, const char *value, unsigned *n) {
        if (*place && strcmp(*place, value) == 0)
                return;
        free(*place);
        *place = strdup(value);
        (*n)++;
}

static void end_section(Profiles *p, const char *section, const char *path, const char *standard) {
        if (strncmp(section, "Install", 7) == 0 && *standard)
                keep(&p->installed, standard, &p->n_installed);
        if (strncmp(section, "Profile", 7) != 0 || !*path)
                return;
        keep(&p->only, path, &p->n);
        if (strcmp(standard, "1") == 0)
                keep(&p->chosen, path, &p->n_chosen);
}

static void parse_profiles(const char *ini, Profiles *p) {
        char section[64] = "", path[1024] = "", standard[1024] = "", line[1100];

        for (const char *at = ini; *at; at = next_line(at)) {
                snprintf(line, sizeof(line), "%.*s", (int) MIN(strcspn(at, "\r\n"), sizeof(line) - 1), at);
                if (line[0] == '[') {
                        end_section(p, section, path, standard);
                        snprintf(section, sizeof(section), "%.63s", line + 1);
                        path[0] = standard[0] = '\0';
                } else if (strncmp(line, "Path=", 5) == 0) {
                        snprintf(path, sizeof(path), "%.1023s", line + 5);
                } else if (strncmp(line, "Default=", 8) == 0) {
                        snprintf(standard, sizeof(standard), "%.1023s", line + 8);
                }
        }
        end_section(p, section, path, standard);
}

int profiles_default(const char *ini, char **ret) {
        Profiles p = { 0 };
        char **found;

        parse_profiles(ini, &p);
        found = p.n_installed == 1                            ? &p.installed
                : p.n_installed == 0 && p.n_chosen == 1       ? &p.chosen
                : p.n_installed + p.n_chosen == 0 && p.n == 1 ? &p.only
                                                              : NULL;
        bool any = p.n > 0 || p.n_installed > 0;
        if (found)
                *ret = TAKE_PTR(*found);
        free(p.installed);
        free(p.chosen);
        free(p.only);
        return !any ? -ENOENT : !found ? -EEXIST : *ret ? 0 : -ENOMEM;
}
