/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembering and undoing set-ups. Fed with its own files and with what people did to theirs since; what it breaks
 * loses what they did. */
#include "ctl-setup-record.h"

#include <string.h>

#include "ctl-setup-diff.h"
#include "ctl-setup-file.h"

int record_path(SetupPlan *p, const char *program, char **ret) {
        char name[64];

        snprintf(name, sizeof(name), "signet/setup/%s.json", program);
        return plan_path(p, p->state, name, ret);
}

static const char *member(struct json_object *o, const char *name) {
        struct json_object *value;

        return json_object_object_get_ex(o, name, &value) && json_object_is_type(value, json_type_string)
                       ? json_object_get_string(value)
                       : NULL;
}

static struct json_object *list(struct json_object *o, const char *name) {
        struct json_object *value;

        return json_object_object_get_ex(o, name, &value) && json_object_is_type(value, json_type_array) ? value : NULL;
}

static size_t list_length(struct json_object *o) {
        return o ? json_object_array_length(o) : 0;
}

/* NULL in *ret: there is none. */
static int load(SetupPlan *p, const char *path, struct json_object **ret) {
        _cleanup_free_ char *text = NULL;
        mode_t mode;
        int r = setup_file_read(path, &text, &mode);

        if (r == -ENOENT) {
                *ret = NULL;
                return CTL_DONE;
        }
        if (r != 0)
                return ctl_error(p->ctl, CTL_FAILURE, "%s: %s", path, setup_file_error(r));
        *ret = json_tokener_parse(text);
        if (*ret && list(*ret, "changes"))
                return CTL_DONE;
        json_object_put(*ret);
        *ret = NULL;
        return ctl_error(p->ctl, CTL_FAILURE, "%s: not the record of a set-up; look at it, and move it away", path);
}

static struct json_object *find_entry(struct json_object *record, const char *path) {
        struct json_object *entries = record ? list(record, "changes") : NULL;

        for (size_t i = 0; i < list_length(entries); i++) {
                struct json_object *entry = json_object_array_get_idx(entries, i);
                const char *name = member(entry, "path");
                if (name && strcmp(name, path) == 0)
                        return entry;
        }
        return NULL;
}

static bool same(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What was there before the first set-up, if nobody has changed the file between then and now. */
static struct json_object *new_entry(const SetupChange *c, struct json_object *old) {
        struct json_object *o = json_object_new_object();
        bool ours = old && same(member(old, "after"), c->before);

        ctl_json_string(o, "path", c->path);
        ctl_json_string(o, "before", ours ? member(old, "before") : c->before);
        ctl_json_string(o, "after", c->after);
        ctl_json_number(o, "mode", c->mode);
        json_object_object_add(o, "shared", json_object_new_boolean(c->sharing == SETUP_SHARED));
        return o;
}

static struct json_object *new_record(const SetupPlan *p, const char *program, struct json_object *old) {
        struct json_object *o = json_object_new_object(), *entries = json_object_new_array(),
                           *directories = json_object_new_array();
        struct json_object *old_entries = old ? list(old, "changes") : NULL,
                           *old_directories = old ? list(old, "directories") : NULL;

        for (size_t i = 0; i < p->n; i++)
                if (change_is_any(&p->changes[i]))
                        json_object_array_add(entries, new_entry(&p->changes[i], find_entry(old, p->changes[i].path)));
        ctl_json_string(o, "program", program);
        json_object_object_add(o, "changes", entries);
        for (size_t i = 0; i < list_length(old_entries); i++) {
                struct json_object *entry = json_object_array_get_idx(old_entries, i);
                if (!find_entry(o, member(entry, "path") ?: ""))
                        json_object_array_add(entries, json_object_get(entry));
        }
        for (size_t i = 0; i < list_length(old_directories); i++)
                json_object_array_add(directories, json_object_get(json_object_array_get_idx(old_directories, i)));
        for (size_t i = 0; i < json_object_array_length(p->directories); i++)
                json_object_array_add(directories, json_object_get(json_object_array_get_idx(p->directories, i)));
        json_object_object_add(o, "directories", directories);
        return o;
}

static int make_parents(SetupPlan *p, const char *path) {
        SetupPlan record = { .ctl = p->ctl, .directories = json_object_get(p->directories) };
        int e = plan_note_directories(p, path);

        if (e == CTL_DONE)
                e = plan_apply(&record); /* the directories alone */
        json_object_put(record.directories);
        return e;
}

int record_apply(SetupPlan *p, const char *program) {
        _cleanup_free_ char *path = NULL;
        _cleanup_(json_object_putp) struct json_object *old = NULL, *record = NULL;
        int e = record_path(p, program, &path), r;

        if (e == CTL_DONE)
                e = load(p, path, &old);
        if (e == CTL_DONE)
                e = make_parents(p, path);
        if (e != CTL_DONE)
                return e;
        record = new_record(p, program, old);
        r = setup_file_write(path, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PRETTY), 0600);
        if (r != 0)
                return ctl_error(p->ctl, CTL_FAILURE, "%s: %s; nothing was changed", path, setup_file_error(r));

        e = plan_apply(p);
        if (e != CTL_DONE) {
                const char *text = old ? json_object_to_json_string_ext(old, JSON_C_TO_STRING_PRETTY) : NULL;
                if (setup_file_write(path, text, 0600) != 0)
                        ctl_error(p->ctl, CTL_FAILURE, "%s: could not be put back either", path);
        }
        return e;
}

/* --- undoing ----------------------------------------------------------------------------------------------------- */

/* Shows what a person has to take out of a file by hand. */
static int refuse_changed(SetupPlan *p, const char *path, const char *before, const char *after) {
        _cleanup_(plan_done) SetupPlan shown = { .ctl = p->ctl, .n = 1 };

        shown.changes[0].path = strdup(path);
        shown.changes[0].before = after ? strdup(after) : NULL;
        shown.changes[0].after = before ? strdup(before) : NULL;
        if (shown.changes[0].path && !p->ctl->globals.json) {
                fputs("Undoing would mean:\n", stderr);
                plan_show(&shown, stderr);
        }
        return ctl_error(
                p->ctl, CTL_NO,
                "%s was changed since it was set up; nothing was undone, so that nothing is lost. Take the lines "
                "out by hand, or put the file back to how setup left it",
                path);
}

static int undo_entry(SetupPlan *p, struct json_object *entry, size_t *left) {
        const char *path = member(entry, "path"), *before = member(entry, "before"), *after = member(entry, "after"),
                   *now;
        struct json_object *value;
        mode_t mode =
                json_object_object_get_ex(entry, "mode", &value) ? (mode_t) json_object_get_int64(value) & 0777 : 0600;
        bool shared = json_object_object_get_ex(entry, "shared", &value) && json_object_get_boolean(value), exists;
        _cleanup_free_ char *text = NULL;
        size_t missing = 0;
        int e;

        if (!path || path[0] != '/')
                return ctl_error(p->ctl, CTL_FAILURE, "the record names no file in one place");
        e = plan_text(p, path, &now, &exists);
        if (e != CTL_DONE || same(exists ? now : NULL, before))
                return e; /* it was not done, or is undone */
        if (same(exists ? now : NULL, after))
                return plan_write(p, path, before, mode, SETUP_OWN);
        if (!shared || !exists)
                return refuse_changed(p, path, before, after);
        if (diff_take_back(now, before, after, &text, &missing) < 0)
                return ctl_error(p->ctl, CTL_FAILURE, "out of memory");
        *left += missing;
        return plan_write(p, path, !before && !*text ? NULL : text, mode, SETUP_OWN);
}

int record_plan_undo(SetupPlan *p, const char *program, size_t *ret_left) {
        _cleanup_free_ char *path = NULL;
        _cleanup_(json_object_putp) struct json_object *record = NULL;
        int e = record_path(p, program, &path);

        if (e == CTL_DONE)
                e = load(p, path, &record);
        if (e != CTL_DONE)
                return e;
        if (!record)
                return ctl_error(p->ctl, CTL_NO, "there is nothing to undo: no set-up of %s is on record for you",
                                 program);
        *ret_left = 0;
        for (size_t i = 0; e == CTL_DONE && i < list_length(list(record, "changes")); i++)
                e = undo_entry(p, json_object_array_get_idx(list(record, "changes"), i), ret_left);
        return e;
}

int record_undo(SetupPlan *p, const char *program) {
        _cleanup_free_ char *path = NULL;
        _cleanup_(json_object_putp) struct json_object *record = NULL;
        int e = record_path(p, program, &path), r;

        if (e == CTL_DONE)
                e = load(p, path, &record);
        if (e == CTL_DONE)
                e = plan_apply(p);
        if (e != CTL_DONE)
                return e;
        r = setup_file_write(path, NULL, 0);
        if (r != 0)
                return ctl_error(p->ctl, CTL_FAILURE, "%s: %s", path, setup_file_error(r));
        struct json_object *directories = record ? list(record, "directories") : NULL;
        for (size_t i = list_length(directories); i-- > 0;)
                (void) rmdir(json_object_get_string(json_object_array_get_idx(directories, i)) ?: ""); /* if empty */
        return CTL_DONE;
}
