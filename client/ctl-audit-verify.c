/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl audit verify: proves that nothing in an audit was cut or changed. Fed with audit files and with what
 * signetd remembers; what it breaks lets a tampered audit pass. */
#include <inttypes.h>
#include <string.h>

#include "ctl-audit-check.h"
#include "ctl-text.h"

#define BREAKS_TOLD 100

enum { VERIFY_OFFLINE, _VERIFY_MAX };

static const CtlOption options[] = {
        [VERIFY_OFFLINE] = { "offline", NULL, "do not compare with what signetd remembers", NULL },
        [_VERIFY_MAX] = { NULL, NULL, NULL, NULL },
};

typedef struct Report {
        Ctl *ctl;
        uint64_t told;
        struct json_object *breaks; /* with --json, else NULL */
} Report;

static void on_break(void *userdata, const char *path, uint64_t line, const char *why) {
        Report *report = userdata;
        _cleanup_free_ char *file = text_clean(path ?: "audit");

        if (report->told++ >= BREAKS_TOLD)
                return;
        if (report->breaks) {
                struct json_object *o = json_object_new_object();

                ctl_json_string(o, "file", file);
                ctl_json_number(o, "line", line);
                ctl_json_string(o, "text", why);
                json_object_array_add(report->breaks, o);
        } else {
                printf("%s:%" PRIu64 ": %s%s%s\n", file ?: "?", line, ctl_colour(report->ctl, CTL_RED), why,
                       ctl_colour(report->ctl, CTL_PLAIN));
        }
}

/* What signetd remembers, asked before the file is read, which may grow meanwhile. *ret_why (static): why it is not
 * known. */
static AuditHead ask_head(Ctl *ctl, bool offline, const char **ret_why) {
        signet_status status = { .size = sizeof(status) };
        AuditHead head = { 0 };
        signet_client *client;
        int r;

        if (offline) {
                *ret_why = "not asked";
                return head;
        }
        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_get_status(client, &status);
        if (r != 0) {
                *ret_why = "it cannot be reached";
                return head;
        }
        if (status.audit_sequence == 0) {
                *ret_why = "it tells root and its own user only";
                return head;
        }
        head.sequence = status.audit_sequence;
        memcpy(head.hash, status.audit_head, sizeof(head.hash));
        *ret_why = NULL;
        return head;
}

static int answer(Ctl *ctl, const AuditCheck *c, const Report *report) {
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "ok", json_object_new_boolean(c->breaks == 0));
        ctl_json_number(o, "lines", c->lines);
        ctl_json_number(o, "sequence", c->head.sequence);
        ctl_json_string(o, "head", c->head.hash);
        json_object_object_add(o, "compared", json_object_new_boolean(c->known.sequence > 0));
        ctl_json_number(o, "break-count", c->breaks);
        json_object_object_add(o, "breaks", json_object_get(report->breaks));
        return ctl_answer(ctl, o);
}

static void print_result(const Ctl *ctl, const AuditCheck *c, const char *unknown) {
        if (c->breaks > BREAKS_TOLD)
                printf("... and %" PRIu64 " more\n", c->breaks - BREAKS_TOLD);
        if (c->breaks > 0) {
                printf("%sNot whole:%s %" PRIu64 " break%s in %" PRIu64 " lines.\n", ctl_colour(ctl, CTL_RED),
                       ctl_colour(ctl, CTL_PLAIN), c->breaks, c->breaks == 1 ? "" : "s", c->lines);
                return;
        }
        printf("%sWhole:%s %" PRIu64 " line%s, nothing cut or changed.\n", ctl_colour(ctl, CTL_GREEN),
               ctl_colour(ctl, CTL_PLAIN), c->lines, c->lines == 1 ? "" : "s");
        printf("Its head: %" PRIu64 " %s\n", c->head.sequence, c->head.hash);
        if (unknown)
                printf("Not compared with what signetd remembers (%s): lines cut off at the end would not show.\n",
                       unknown);
        else
                printf("signetd remembers the same.\n");
}

static int check_files(Ctl *ctl, const CtlArguments *a, const char *path, AuditCheck *c) {
        for (unsigned i = 0; i < MAX(a->n_words, 1u); i++) {
                const char *file = a->n_words > 0 ? a->words[i] : path;
                int r = audit_check_file(c, file);

                if (r < 0)
                        return audit_error(ctl, r, file);
        }
        audit_check_finish(c);
        return CTL_DONE;
}

static int run_verify(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(json_object_putp) struct json_object *breaks = ctl->globals.json ? json_object_new_array() : NULL;
        Report report = { .ctl = ctl, .breaks = breaks };
        _cleanup_free_ char *path = NULL;
        const char *unknown;
        AuditHead known;
        AuditCheck c;
        int e;

        if (a->n_words == 0) {
                e = audit_default_path(ctl, &path);
                if (e != CTL_DONE)
                        return e;
        }
        known = ask_head(ctl, a->values[VERIFY_OFFLINE], &unknown);
        audit_check_init(&c, &known, on_break, &report);
        e = check_files(ctl, a, path, &c);
        if (e != CTL_DONE)
                return e;

        if (ctl->globals.json)
                e = answer(ctl, &c, &report);
        else
                print_result(ctl, &c, unknown);
        return e == CTL_DONE && c.breaks > 0 ? CTL_NO : e;
}

const CtlCommand ctl_audit_verify_command = {
        .name = "audit verify",
        .arguments = "[FILE...]",
        .summary = "prove that nothing was cut or changed",
        .more = "Checks every line's number and hash, and, for root, that the end is the one that\n"
                "signetd remembers. Without arguments: the audit file of signetd's configuration.\n"
                "Several files are read as one chain, the oldest first. Ends with 1 at any break.\n",
        .completes = "files",
        .max_words = CTL_WORDS_MAX,
        .options = options,
        .run = run_verify,
};
