/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetd's configuration: signetd.conf and tokens.d, as signetd.conf(5) and signetd.tokens(5) describe them.
 * Policy is loaded apart: it may change while signetd runs, these settings may not. */
#pragma once

#include "common/token-config.h"

typedef enum AuditFailure {
        AUDIT_FAILURE_REFUSE,   /* an operation that cannot be written down is refused */
        AUDIT_FAILURE_CONTINUE, /* it is done all the same, with a warning in the log */
} AuditFailure;

typedef enum AuditJournal {
        AUDIT_JOURNAL_AUTO, /* when signetd's standard error is the journal */
        AUDIT_JOURNAL_YES,
        AUDIT_JOURNAL_NO,
} AuditJournal;

typedef struct Settings {
        char *directory;        /* where everything was read from */
        char *policy_directory; /* its policy.d */
        char *audit_file;
        char *runtime_directory; /* sockets of the workers that signetd starts itself */
        char *worker;            /* path of signet-worker */
        AuditFailure audit_on_failure;
        AuditJournal audit_journal;
        unsigned queue_per_user, queue_total; /* requests that wait or run; an input of SignMany counts as one */
        unsigned failure_budget;              /* failed decryptions per user and hour */
        TokenConfig **tokens;                 /* in the order of their files' names */
        size_t n_tokens;
} Settings;

/* Reads everything under `directory`. Returns 0, or -EINVAL with all mistakes in `problems`, or another -errno. */
int settings_load(const char *directory, Problems *problems, Settings **ret) _must_check_;
Settings *settings_free(Settings *s); /* accepts and returns NULL */
DEFINE_CLEANUP(Settings *, settings_free)
