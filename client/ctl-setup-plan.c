/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Planning, showing and making changes of files. Fed with the environment of whoever runs it and with his files; what
 * it breaks changes something else than was shown. */
#include "ctl-setup-plan.h"

#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "ctl-setup-file.h"

static int out_of_memory(SetupPlan *p) {
        return ctl_error(p->ctl, CTL_FAILURE, "out of memory");
}

static int refuse_file(SetupPlan *p, const char *path, int error) {
        return ctl_error(p->ctl, CTL_FAILURE, "%s: %s", path, setup_file_error(error));
}

/* --- where ------------------------------------------------------------------------------------------------------- */

static int add_root(SetupPlan *p, const char *path, char **ret) {
        _cleanup_free_ char *real = NULL;
        struct stat st;
        int r;

        if (path[0] != '/')
                return ctl_error(p->ctl, CTL_USAGE, "%s: not an absolute path", path);
        r = setup_file_resolve(path, &real);
        if (r < 0)
                return refuse_file(p, path, r);
        if (stat(real, &st) == 0 && st.st_uid != geteuid())
                return ctl_error(
                        p->ctl, CTL_FAILURE,
                        "%s belongs to user %u, and you are user %u: run this as the user whose files are to be "
                        "changed, without sudo",
                        real, (unsigned) st.st_uid, (unsigned) geteuid());
        if (p->n_roots == ELEMENTSOF(p->roots))
                return ctl_error(p->ctl, CTL_FAILURE, "too many directories");

        *ret = TAKE_PTR(real);
        p->roots[p->n_roots++] = *ret;
        return CTL_DONE;
}

/* The variable is the person's word that files are there; without it they are in the home. */
static int add_standard(SetupPlan *p, const char *variable, const char *below_home, char **ret) {
        const char *value = getenv(variable);

        if (value && value[0] == '/')
                return add_root(p, value, ret);
        if (asprintf(ret, "%s/%s", p->home, below_home) < 0)
                return out_of_memory(p);
        return CTL_DONE;
}

int plan_init(SetupPlan *p, Ctl *ctl) {
        const char *home = getenv("HOME");
        struct stat st;
        int e;

        *p = (SetupPlan){ .ctl = ctl, .directories = json_object_new_array() };
        if (!home || home[0] != '/' || stat(home, &st) < 0 || !S_ISDIR(st.st_mode))
                return ctl_error(ctl, CTL_FAILURE, "the variable HOME does not name a directory that is there");
        e = add_root(p, home, &p->home);
        if (e == CTL_DONE)
                e = add_standard(p, "XDG_CONFIG_HOME", ".config", &p->config);
        if (e == CTL_DONE)
                e = add_standard(p, "XDG_STATE_HOME", ".local/state", &p->state);
        return e;
}

static void change_done(SetupChange *c) {
        free(c->path);
        free(c->before);
        free(c->after);
}

static bool is_root(const SetupPlan *p, const char *path) {
        for (size_t i = 0; i < p->n_roots; i++)
                if (p->roots[i] == path)
                        return true;
        return false;
}

void plan_done(SetupPlan *p) {
        for (size_t i = 0; i < p->n; i++)
                change_done(&p->changes[i]);
        if (p->config && !is_root(p, p->config))
                free(p->config);
        if (p->state && !is_root(p, p->state))
                free(p->state);
        for (size_t i = 0; i < p->n_roots; i++)
                free(p->roots[i]);
        json_object_put(p->directories);
}

int plan_add_root(SetupPlan *p, const char *path, const char **ret_path) {
        _cleanup_free_ char *absolute = NULL, *here = NULL;
        char *root = NULL;
        int e;

        if (path[0] != '/') {
                here = getcwd(NULL, 0);
                if (!here || asprintf(&absolute, "%s/%s", here, path) < 0)
                        return out_of_memory(p);
        }
        e = add_root(p, absolute ?: path, &root);
        if (e == CTL_DONE)
                *ret_path = root;
        return e;
}

static bool below_a_root(const SetupPlan *p, const char *path) {
        for (size_t i = 0; i < p->n_roots; i++) {
                size_t n = strlen(p->roots[i]);
                if (strncmp(path, p->roots[i], n) == 0 && path[n] == '/')
                        return true;
        }
        return false;
}

int plan_path(SetupPlan *p, const char *directory, const char *name, char **ret) {
        _cleanup_free_ char *path = NULL, *real = NULL;
        int r;

        if (asprintf(&path, "%s/%s", directory, name) < 0) {
                path = NULL;
                return out_of_memory(p);
        }
        r = setup_file_resolve(path, &real);
        if (r == -ELOOP)
                return ctl_error(p->ctl, CTL_FAILURE, "%s: a link that leads nowhere", path);
        if (r < 0)
                return refuse_file(p, path, r);
        if (!below_a_root(p, real))
                return ctl_error(p->ctl, CTL_FAILURE,
                                 "%s leads to %s, out of your home; change that file by hand (--print shows how)", path,
                                 real);

        *ret = TAKE_PTR(real);
        return CTL_DONE;
}

char *plan_display(const SetupPlan *p, const char *path) {
        size_t n = p->home ? strlen(p->home) : 0;
        _cleanup_free_ char *text = NULL;

        if (n > 1 && strncmp(path, p->home, n) == 0 && path[n] == '/')
                return asprintf(&text, "~%s", path + n) < 0 ? (text = NULL) : text_clean(text);
        return text_clean(path);
}

/* --- what -------------------------------------------------------------------------------------------------------- */

static SetupChange *find_change(SetupPlan *p, const char *path) {
        for (size_t i = 0; i < p->n; i++)
                if (strcmp(p->changes[i].path, path) == 0)
                        return &p->changes[i];
        return NULL;
}

/* The entry of the path, read when it is met first. */
static int open_change(SetupPlan *p, const char *path, SetupChange **ret) {
        SetupChange *c = find_change(p, path);
        _cleanup_free_ char *text = NULL, *name = NULL;
        mode_t mode = 0;
        int r;

        if (c) {
                *ret = c;
                return CTL_DONE;
        }
        if (p->n == SETUP_CHANGES_MAX)
                return ctl_error(p->ctl, CTL_FAILURE, "too many files to change; name one key with --key");
        r = setup_file_read(path, &text, &mode);
        if (r != 0 && r != -ENOENT)
                return refuse_file(p, path, r);
        name = strdup(path);
        if (!name || (text && !(p->changes[p->n].before = strdup(text))))
                return out_of_memory(p);

        c = &p->changes[p->n++];
        c->path = TAKE_PTR(name);
        c->after = TAKE_PTR(text);
        c->mode = mode;
        *ret = c;
        return CTL_DONE;
}

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool change_is_any(const SetupChange *c) {
        return !same_text(c->before, c->after);
}

size_t plan_count(const SetupPlan *p) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++)
                n += change_is_any(&p->changes[i]);
        return n;
}

int plan_text(SetupPlan *p, const char *path, const char **ret, bool *ret_exists) {
        SetupChange *c = NULL;
        int e = open_change(p, path, &c);

        if (e != CTL_DONE)
                return e;
        *ret = c->after ?: "";
        *ret_exists = c->after != NULL;
        return CTL_DONE;
}

static bool has_directory(SetupPlan *p, const char *path) {
        for (size_t i = 0; i < json_object_array_length(p->directories); i++)
                if (strcmp(json_object_get_string(json_object_array_get_idx(p->directories, i)), path) == 0)
                        return true;
        return false;
}

/* The directories above the path that are not there. */
int plan_note_directories(SetupPlan *p, const char *path) {
        _cleanup_free_ char *directory = strdup(path);
        struct stat st;

        if (!directory)
                return out_of_memory(p);
        for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (lstat(directory, &st) < 0 && errno == ENOENT && !has_directory(p, directory))
                        json_object_array_add(p->directories, json_object_new_string(directory));
                *slash = '/';
        }
        return CTL_DONE;
}

int plan_write(SetupPlan *p, const char *path, const char *text, mode_t mode, SetupSharing sharing) {
        SetupChange *c = NULL;
        char *copy = NULL;
        int e = open_change(p, path, &c), r;

        if (e != CTL_DONE)
                return e;
        if (text && !(copy = strdup(text)))
                return out_of_memory(p);
        free(c->after);
        c->after = copy;
        c->sharing = sharing;
        if (!c->before)
                c->mode = mode;
        if (!change_is_any(c))
                return CTL_DONE;
        r = setup_file_check(path);
        return r != 0 ? refuse_file(p, path, r) : plan_note_directories(p, path);
}

/* Whether the line stands in the text, blanks around it aside. */
static bool has_line(const char *text, const char *line) {
        size_t n = strlen(line);

        for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
                const char *q = p + strspn(p, " \t");
                size_t m = strcspn(q, "\n");
                while (m > 0 && strchr(" \t\r", q[m - 1]))
                        m--;
                if (m == n && strncmp(q, line, n) == 0)
                        return true;
        }
        return false;
}

int plan_append(SetupPlan *p, const char *path, const char *line, mode_t mode, SetupSharing sharing) {
        _cleanup_free_ char *text = NULL;
        const char *old = NULL;
        bool exists;
        int e = plan_text(p, path, &old, &exists);

        if (e != CTL_DONE || has_line(old, line))
                return e;
        size_t n = strlen(old);
        if (asprintf(&text, "%s%s%s\n", old, n > 0 && old[n - 1] != '\n' ? "\n" : "", line) < 0) {
                text = NULL;
                return out_of_memory(p);
        }
        return plan_write(p, path, text, mode, sharing);
}

/* --- doing ------------------------------------------------------------------------------------------------------ */

static int make_directories(SetupPlan *p) {
        for (size_t i = 0; i < json_object_array_length(p->directories); i++) {
                const char *path = json_object_get_string(json_object_array_get_idx(p->directories, i));
                if (mkdir(path, 0700) < 0 && errno != EEXIST)
                        return ctl_error_errno(p->ctl, errno, path);
        }
        return CTL_DONE;
}

int plan_check(SetupPlan *p) {
        for (size_t i = 0; i < p->n; i++) {
                const SetupChange *c = &p->changes[i];
                _cleanup_free_ char *text = NULL;
                mode_t mode;
                int r = change_is_any(c) ? setup_file_read(c->path, &text, &mode) : 0;

                if (r != 0 && r != -ENOENT)
                        return refuse_file(p, c->path, r);
                if (change_is_any(c) && !same_text(text, c->before))
                        return ctl_error(p->ctl, CTL_AGAIN,
                                         "%s was changed meanwhile; nothing was changed by this: try again", c->path);
        }
        return CTL_DONE;
}

int plan_apply(SetupPlan *p) {
        int e = make_directories(p), r;

        for (size_t i = 0; e == CTL_DONE && i < p->n; i++) {
                const SetupChange *c = &p->changes[i];

                r = change_is_any(c) ? setup_file_write(c->path, c->after, c->mode) : 0;
                if (r == 0)
                        continue;
                e = ctl_error(p->ctl, CTL_FAILURE, "%s: %s; nothing was changed", c->path, setup_file_error(r));
                while (i-- > 0)
                        if (change_is_any(&p->changes[i]) &&
                            setup_file_write(p->changes[i].path, p->changes[i].before, p->changes[i].mode) != 0)
                                ctl_error(p->ctl, CTL_FAILURE, "%s: could not be put back either", p->changes[i].path);
                break;
        }
        return e;
}
