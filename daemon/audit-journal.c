/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the journal what the audit file tells. Fed by audit.c. */
#include "audit-journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define FIELDS_MAX 32

typedef struct Message {
        struct iovec fields[FIELDS_MAX];
        int n;
} Message;

static void message_done(Message *m) {
        for (int i = 0; i < m->n; i++)
                free(m->fields[i].iov_base);
}

static void add(Message *m, const char *format, ...) _printf_(2, 3);
static void add(Message *m, const char *format, ...) {
        char *text = NULL;
        va_list ap;
        int n;

        if (m->n >= FIELDS_MAX)
                return;
        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n >= 0)
                m->fields[m->n++] = (struct iovec){ text, (size_t) n };
}

static void add_field(Message *m, const char *name, struct json_object *value) {
        char upper[32];
        size_t n = strlen(name);

        if (n >= sizeof(upper))
                return;
        for (size_t i = 0; i <= n; i++)
                upper[i] = (char) (name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
        add(m, "SIGNET_%s=%s", upper, json_object_get_string(value));
}

void audit_journal_send(const AuditEntry *e, struct json_object *fields) {
        _cleanup_(message_done) Message m = {};

        add(&m, "MESSAGE=%s: %s%s%s%s%s: %s%s%s", e->peer && e->peer->user ? e->peer->user : "signetd",
            e->operation, e->purpose ? " " : "", e->purpose ?: "", e->label || e->token ? " with " : "",
            e->label ?: e->token ?: "", outcome_to_string(e->result), e->result != OUTCOME_OK && e->reason ? ": " : "",
            e->result != OUTCOME_OK && e->reason ? e->reason : "");
        add(&m, "PRIORITY=%d", e->result == OUTCOME_OK ? 6 : 5);
        add(&m, "SYSLOG_IDENTIFIER=signetd");
        json_object_object_foreach (fields, name, value)
                add_field(&m, name, value);
        (void) sd_journal_sendv(m.fields, m.n);
}
