/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audit files as signetctl reads them. */
#pragma once

#include "common/audit-chain.h"
#include "ctl.h"

/* The audit file of signetd's configuration (to be freed): audit-file of signetd.conf in --config, or the default. A
 * CtlExit. */
int audit_default_path(Ctl *ctl, char **ret) _must_check_;

/* Says that the file cannot be read, and what to do. */
int audit_error(Ctl *ctl, int error, const char *path);

/* Reads a file line by line, never more than a line at a time. */
typedef struct AuditReader {
        FILE *f;
        const char *path;              /* borrowed */
        uint64_t line;                 /* number of the line that was read last */
        char text[AUDIT_LINE_MAX + 1]; /* that line without its newline, a NUL behind it; it may hold others */
        size_t size;
} AuditReader;

int audit_reader_open(AuditReader *r, const char *path) _must_check_; /* 0 or -errno; path "-": standard input */
void audit_reader_done(AuditReader *r);

typedef enum AuditRead {
        AUDIT_READ_LINE,
        AUDIT_READ_END,
        AUDIT_READ_LONG,   /* longer than AUDIT_LINE_MAX; it was passed over and text is its beginning */
        AUDIT_READ_TORN,   /* the last line, without a newline */
        AUDIT_READ_FAILED, /* errno says why */
} AuditRead;

AuditRead audit_reader_next(AuditReader *r);
