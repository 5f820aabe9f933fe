/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checking a chain of audit lines over one file or several that follow each other. */
#pragma once

#include "ctl-audit.h"

/* Called for each break with the place where it shows; `why` begins as audit_chain_verify() says, or with "torn".
 * Nothing is the callee's. */
typedef void (*AuditBreakHandler)(void *userdata, const char *path, uint64_t line, const char *why);

typedef struct AuditCheck {
        AuditHead head;  /* of what was read so far */
        AuditHead known; /* what signetd says; sequence 0: it is not known */
        bool known_met;  /* the line of that number was read */
        bool lost;       /* the line before was no audit line: the next cannot be compared with it */
        uint64_t lines, breaks;
        const char *path; /* where the line before stands */
        uint64_t line;
        AuditBreakHandler on_break;
        void *userdata;
} AuditCheck;

/* known: borrowed for this call; NULL when it is not known. */
void audit_check_init(AuditCheck *c, const AuditHead *known, AuditBreakHandler on_break, void *userdata);

/* Checks a file and goes on behind every break. 0, or -errno when it cannot be read (to its end). `path` is borrowed
 * until audit_check_finish(). */
int audit_check_file(AuditCheck *c, const char *path) _must_check_;

/* Compares the end with what signetd says. After it `breaks` is final. */
void audit_check_finish(AuditCheck *c);
