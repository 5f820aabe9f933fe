/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit: every decision, one line of a hash chain (common/audit-chain.h says which fields), and the same fields to
 * the journal if wanted. */
#pragma once

#include "common/audit-chain.h"
#include "outcome.h"
#include "peer.h"

#define AUDIT_DIGEST_SIZE 32 /* SHA-256 */

typedef struct Audit Audit;

typedef enum AuditTarget { AUDIT_FILE_ONLY, AUDIT_FILE_AND_JOURNAL } AuditTarget;

/* What happened. NULL, 0 or NONE where there is nothing to tell; everything is borrowed. */
typedef struct AuditEntry {
        const Peer *peer;      /* NULL: signetd itself */
        const char *operation; /* "sign", "decrypt", "unlock", "lock", "start", "stop", "reload" */
        const char *purpose, *hash;
        const char *key, *label, *token;
        const uint8_t *digest; /* AUDIT_DIGEST_SIZE bytes */
        const char *rule;
        const char *verdict; /* "allow" or "deny" */
        Outcome result;
        const char *reason; /* a sentence; written when the result is not OUTCOME_OK */
        uint64_t duration_us;
} AuditEntry;

enum { AUDIT_E_UNUSABLE = 1 };

/* Opens the file, creating it if need be, and takes up its chain. AUDIT_E_UNUSABLE with a sentence in *f: it cannot be
 * written, another signetd writes it, or its last line is not what it should be. A last line that was cut off by a
 * crash is removed: what it told of was never answered. *ret_cut is its size, or 0. */
int audit_open(const char *path, AuditTarget target, Audit **ret, size_t *ret_cut, Failure *f) _must_check_;
Audit *audit_free(Audit *a); /* accepts and returns NULL */
DEFINE_CLEANUP(Audit *, audit_free)

/* Writes one line. On failure (-errno) nothing of it is left in the file, and the next call tries again. */
int audit_write(Audit *a, const AuditEntry *e) _must_check_;

const AuditHead *audit_head(const Audit *a);
