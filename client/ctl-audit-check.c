/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verification of audit files. Fed with files that may have been tampered with; what it breaks calls them whole. */
#include "ctl-audit-check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void audit_check_init(AuditCheck *c, const AuditHead *known, AuditBreakHandler on_break, void *userdata) {
        *c = (AuditCheck){ .on_break = on_break, .userdata = userdata };
        audit_head_init(&c->head);
        if (known)
                c->known = *known;
}

static void report(AuditCheck *c, const char *path, uint64_t line, const char *why) {
        c->breaks++;
        c->on_break(c->userdata, path, line, why);
}

/* After the head has moved to a line: is it the one that signetd remembers? */
static void compare_known(AuditCheck *c, const char *path, uint64_t line) {
        if (c->known.sequence == 0 || c->head.sequence != c->known.sequence)
                return;
        c->known_met = true;
        if (strcmp(c->head.hash, c->known.hash) != 0)
                report(c, path, line, "changed: signetd remembers another line of this number");
}

/* A line that does not fit: tell where, and go on from it. A changed line shows one line later than it stands. */
static int step_over(AuditCheck *c, const AuditReader *r, const char *why) {
        bool before = strncmp(why, "changed", 7) == 0 && c->line > 0;
        int e;

        report(c, before ? c->path : r->path, before ? c->line : r->line, why);
        e = audit_chain_adopt(&c->head, r->text, r->size);
        c->lost = e == AUDIT_E_BROKEN;
        return e < 0 ? e : 0;
}

static int check_line(AuditCheck *c, const AuditReader *r) {
        _cleanup_free_ char *why = NULL;
        int e;

        if (c->lost) {
                e = audit_chain_adopt(&c->head, r->text, r->size);
                if (e == 0)
                        c->lost = false;
                else if (e == AUDIT_E_BROKEN)
                        report(c, r->path, r->line, "malformed, as the line before");
        } else {
                e = audit_chain_verify(&c->head, r->text, r->size, &why);
                if (e == AUDIT_E_BROKEN)
                        e = step_over(c, r, why);
        }
        if (e < 0)
                return e;

        if (!c->lost)
                compare_known(c, r->path, r->line);
        c->path = r->path;
        c->line = r->line;
        c->lines++;
        return 0;
}

int audit_check_file(AuditCheck *c, const char *path) {
        _cleanup_(audit_reader_done) AuditReader reader = { 0 };
        int r;

        r = audit_reader_open(&reader, path);
        if (r < 0)
                return r;
        for (;;) {
                switch (audit_reader_next(&reader)) {
                case AUDIT_READ_END:
                        return 0;
                case AUDIT_READ_FAILED:
                        return errno > 0 ? -errno : -EIO;
                case AUDIT_READ_TORN:
                        report(c, path, reader.line,
                               "torn: the last line has no end; signetd was stopped while it wrote");
                        return 0;
                case AUDIT_READ_LONG: /* audit_chain_verify() refuses it for its size */
                case AUDIT_READ_LINE:
                        r = check_line(c, &reader);
                        if (r < 0)
                                return r;
                }
        }
}

void audit_check_finish(AuditCheck *c) {
        char why[256];

        if (c->known.sequence == 0 || c->known_met)
                return;
        if (c->head.sequence < c->known.sequence)
                snprintf(why, sizeof(why),
                         "cut: it ends with number %" PRIu64 ", and signetd has written %" PRIu64 ": the last %" PRIu64
                         " were cut off, or this is an older copy",
                         c->head.sequence, c->known.sequence, c->known.sequence - c->head.sequence);
        else
                snprintf(why, sizeof(why), "cut: number %" PRIu64 ", which signetd remembers, is not there",
                         c->known.sequence);
        report(c, c->path, c->line, why);
}
