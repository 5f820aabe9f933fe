/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl audit show: who used which key. Fed with audit files that anyone may have edited; what it breaks shows less
 * than was written. It does not prove anything: that is audit verify. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctl-audit.h"
#include "ctl-text.h"

#define LAST_MAX 10000

enum { SHOW_USER, SHOW_KEY, SHOW_VERDICT, SHOW_SINCE, SHOW_LAST, _SHOW_MAX };

static const CtlOption options[] = {
        [SHOW_USER] = { "user", "USER", "only this user: login name or number", NULL },
        [SHOW_KEY] = { "key", "KEY", "only this key: label, digits of its id, address, URI", NULL },
        [SHOW_VERDICT] = { "verdict", "VERDICT", "only these: allow or deny", "allow deny" },
        [SHOW_SINCE] = { "since", "TIME", "\"2024-05-01 18:30\", today, \"2 hours ago\"", NULL },
        [SHOW_LAST] = { "last", "N", "only the last N of them, up to 10000", NULL },
        [_SHOW_MAX] = { NULL, NULL, NULL, NULL },
};

typedef struct Filter {
        const char *user, *verdict, *key;
        signet_key **keys; /* what signetd says that `key` means */
        size_t n_keys;
        int64_t since;
} Filter;

typedef struct Show {
        Ctl *ctl;
        Filter filter;
        char **last; /* a ring of the newest lines, NULL: all are shown as they come */
        size_t n_last;
        uint64_t shown, unreadable;
} Show;

static const char *text_of(struct json_object *line, const char *name) {
        struct json_object *o;

        return json_object_object_get_ex(line, name, &o) && json_object_is_type(o, json_type_string)
                       ? json_object_get_string(o)
                       : "";
}

static bool is_short_id(const char *s) {
        return strlen(s) >= 8 && s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

static bool key_fits(const Filter *f, struct json_object *line) {
        const char *id = text_of(line, "key"), *label = text_of(line, "label");

        for (size_t i = 0; i < f->n_keys; i++)
                if (strcmp(signet_key_id(f->keys[i]), id) == 0)
                        return true;
        return (is_short_id(f->key) && strncasecmp(id, f->key, strlen(f->key)) == 0) || strcmp(label, f->key) == 0 ||
               strcmp(text_of(line, "token"), f->key) == 0;
}

static bool user_fits(const char *user, struct json_object *line) {
        struct json_object *uid;
        uint64_t number;

        if (strcmp(text_of(line, "user"), user) == 0)
                return true;
        return ctl_parse_number(user, 0, UINT32_MAX, &number) == 0 && json_object_object_get_ex(line, "uid", &uid) &&
               json_object_get_uint64(uid) == number;
}

static bool line_fits(const Filter *f, struct json_object *line) {
        int64_t when;

        if (f->user && !user_fits(f->user, line))
                return false;
        if (f->verdict && strcmp(text_of(line, "verdict"), f->verdict) != 0)
                return false;
        if (f->key && !key_fits(f, line))
                return false;
        return f->since == INT64_MIN || (text_parse_time(text_of(line, "time"), 0, &when) == 0 && when >= f->since);
}

static void print_column(const char *text, size_t width) {
        _cleanup_free_ char *clean = text_clean(text && *text ? text : "-");

        if (!clean)
                return;
        size_t is = text_width(clean);
        printf("%s%*s", clean, (int) (is < width ? width - is : 0) + 2, "");
}

static void print_time(struct json_object *line) {
        const char *time = text_of(line, "time");
        char local[TEXT_TIME_MAX];
        int64_t when;

        print_column(text_parse_time(time, 0, &when) == 0 ? text_time_local(when, local) : time, 19);
}

static void print_user(struct json_object *line) {
        struct json_object *uid;
        char number[32] = "";

        if (json_object_object_get_ex(line, "uid", &uid))
                snprintf(number, sizeof(number), "%" PRIu64, json_object_get_uint64(uid));
        print_column(*text_of(line, "user") ? text_of(line, "user") : number, 8);
}

static void print_what(struct json_object *line) {
        const char *operation = text_of(line, "operation"), *purpose = text_of(line, "purpose");
        char what[64];

        snprintf(what, sizeof(what), "%s%s%s", operation, *purpose ? ":" : "", purpose);
        print_column(what, 11);
}

static void print_key(struct json_object *line) {
        const char *label = text_of(line, "label"), *token = text_of(line, "token"), *key = text_of(line, "key");
        char id[9];

        snprintf(id, sizeof(id), "%.8s", key);
        print_column(*label ? label : *key ? id : token, 10);
}

/* "allowed by own-mail-key", "denied: no rule", "allowed by x, but TokenLocked" */
static void print_outcome(const Ctl *ctl, struct json_object *line) {
        const char *verdict = text_of(line, "verdict"), *rule = text_of(line, "rule"),
                   *result = text_of(line, "result");
        bool denied = strcmp(verdict, "deny") == 0, allowed = strcmp(verdict, "allow") == 0;
        bool ok = strcmp(result, "ok") == 0 || !*result;
        _cleanup_free_ char *clean_rule = text_clean(rule), *clean_result = text_clean(result),
                            *reason = text_clean(text_of(line, "reason"));

        if (denied || !ok)
                fputs(ctl_colour(ctl, denied ? CTL_RED : CTL_YELLOW), stdout);
        if (denied || allowed)
                printf("%s%s%s", denied ? "denied" : "allowed",
                       *rule    ? " by "
                       : denied ? ": no rule"
                                : "",
                       clean_rule ?: "");
        if (!ok && !denied)
                printf("%s%s", allowed ? ", but " : "", clean_result ?: "");
        if (!ok && !denied && reason && *reason)
                printf(": %s", reason);
        if (ok && !denied && !allowed)
                fputs(clean_result ?: "", stdout);
        if (denied || !ok)
                fputs(ctl_colour(ctl, CTL_PLAIN), stdout);
}

/* Written anew: what stands in the file may not be quite what json-c lets pass. */
static void print_json(struct json_object *line) {
        const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
        _cleanup_free_ char *text = text_clean_json(json_object_to_json_string_ext(line, flags));

        fputs(text ?: "null", stdout);
}

static void print_line(Show *s, struct json_object *line) {
        if (s->ctl->globals.json) {
                s->ctl->answered = true;
                fputs(s->shown > 0 ? ",\n" : "[\n", stdout);
                print_json(line);
        } else {
                print_time(line);
                print_user(line);
                print_what(line);
                print_key(line);
                print_outcome(s->ctl, line);
                fputc('\n', stdout);
        }
        s->shown++;
}

static struct json_object *parse_line(const char *text, size_t n) {
        struct json_tokener *tokener = json_tokener_new();
        struct json_object *line;

        if (!tokener)
                return NULL;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        line = json_tokener_parse_ex(tokener, text, (int) n);
        if (json_tokener_get_error(tokener) != json_tokener_success || json_tokener_get_parse_end(tokener) != n ||
            !json_object_is_type(line, json_type_object)) {
                json_object_put(line);
                line = NULL;
        }
        json_tokener_free(tokener);
        return line;
}

static int keep_line(Show *s, const char *text) {
        char **place = &s->last[s->shown % s->n_last], *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*place);
        *place = copy;
        s->shown++;
        return 0;
}

/* Shows or keeps the reader's line, or says that it is none. */
static int take_line(Show *s, const AuditReader *r, AuditRead how) {
        _cleanup_(json_object_putp) struct json_object *line =
                how == AUDIT_READ_LINE ? parse_line(r->text, r->size) : NULL;

        if (!line) {
                _cleanup_free_ char *path = text_clean(r->path);

                if (s->unreadable++ == 0)
                        fprintf(stderr, "signetctl: %s:%" PRIu64 ": not an audit line; see: signetctl audit verify\n",
                                path ?: "?", r->line);
                return 0;
        }
        if (!line_fits(&s->filter, line))
                return 0;
        if (s->last)
                return keep_line(s, r->text);
        print_line(s, line);
        return 0;
}

static int read_file(Show *s, const char *path) {
        _cleanup_(audit_reader_done) AuditReader reader = { 0 };
        AuditRead how;
        int r;

        r = audit_reader_open(&reader, path);
        if (r < 0)
                return r;
        while ((how = audit_reader_next(&reader)) != AUDIT_READ_END) {
                if (how == AUDIT_READ_FAILED)
                        return errno > 0 ? -errno : -EIO;
                r = take_line(s, &reader, how);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void show_last(Show *s) {
        uint64_t total = s->shown, first = total > s->n_last ? total - s->n_last : 0;

        s->shown = 0;
        for (uint64_t i = first; i < total; i++) {
                const char *text = s->last[i % s->n_last];
                _cleanup_(json_object_putp) struct json_object *line = parse_line(text, strlen(text));

                if (line)
                        print_line(s, line);
        }
}

static void show_done(Show *s) {
        for (size_t i = 0; s->last && i < s->n_last; i++)
                free(s->last[i]);
        free(s->last);
        signet_keys_free(s->filter.keys, s->filter.n_keys);
}

/* Labels and digits are in the lines; what an address or a URI means is signetd's to say. */
static int resolve_key(Ctl *ctl, Filter *f) {
        signet_client *client;
        int r;

        if (!f->key || (!strchr(f->key, '@') && strncmp(f->key, "pkcs11:", 7) != 0))
                return CTL_DONE;
        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_find_keys(client, f->key, NULL, &f->keys, &f->n_keys);
        if (r != 0)
                return ctl_error_signet(ctl, r);
        return f->n_keys > 0
                       ? CTL_DONE
                       : ctl_error(ctl, CTL_NO_SUCH_KEY,
                                   "no key \"%s\" that you may see; give its label or the digits of its id", f->key);
}

static int set_up(Ctl *ctl, const CtlArguments *a, Show *s) {
        uint64_t n;

        s->ctl = ctl;
        s->filter = (Filter){ .user = a->values[SHOW_USER],
                              .verdict = a->values[SHOW_VERDICT],
                              .key = a->values[SHOW_KEY],
                              .since = INT64_MIN };
        if (a->values[SHOW_SINCE] && text_parse_time(a->values[SHOW_SINCE], time(NULL), &s->filter.since) < 0)
                return ctl_error(ctl, CTL_USAGE,
                                 "--since: \"%s\" is no time; write \"2024-05-01 18:30\" or \"2 hours ago\"",
                                 a->values[SHOW_SINCE]);
        if (a->values[SHOW_LAST]) {
                if (ctl_parse_number(a->values[SHOW_LAST], 1, LAST_MAX, &n) < 0)
                        return ctl_error(ctl, CTL_USAGE, "--last wants a number from 1 to %d", LAST_MAX);
                s->n_last = n;
                s->last = calloc(s->n_last, sizeof(*s->last));
                if (!s->last)
                        return ctl_error(ctl, CTL_FAILURE, "out of memory");
        }
        return resolve_key(ctl, &s->filter);
}

static int run_show(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(show_done) Show s = { 0 };
        _cleanup_free_ char *path = NULL;
        int e, r;

        e = set_up(ctl, a, &s);
        if (e == CTL_DONE && a->n_words == 0)
                e = audit_default_path(ctl, &path);
        if (e != CTL_DONE)
                return e;
        r = read_file(&s, a->n_words > 0 ? a->words[0] : path);
        if (r < 0)
                return audit_error(ctl, r, a->n_words > 0 ? a->words[0] : path);

        if (s.last)
                show_last(&s);
        if (ctl->globals.json)
                fputs(s.shown > 0 ? "\n]\n" : "[]\n", stdout);
        return s.unreadable > 0 ? CTL_NO : CTL_DONE;
}

const CtlCommand ctl_audit_show_command = {
        .name = "audit show",
        .arguments = "[FILE]",
        .summary = "who used which key",
        .more = "Without FILE: the audit file of signetd's configuration. Times are local.\n",
        .completes = "files",
        .max_words = 1,
        .options = options,
        .run = run_show,
};
