/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit's hash chain: signetd writes it, signetctl verifies it. Link audit_dep (json-c, libcrypto).
 *
 * One JSON object per line. Its first two members are "seq" (1, 2, 3...) and "prev" (SHA-256, 64 hex digits, of the
 * line before without its newline; 64 zeros in line 1). The head of the chain is the number and the hash of the last
 * line.
 *
 * The fields that signetd writes behind them, each left out where there is none; readers pass over those they don't
 * know:
 *     time                     "2024-05-01T09:30:00.123Z", UTC
 *     user, uid, unit, pid     the caller: login name, number, systemd unit, number
 *     operation                as in common/names.h; "start", "stop" and "reload" are the daemon's own
 *     purpose, hash            as in common/names.h
 *     key, label               64 hex digits, and CKA_LABEL
 *     token                    its name in tokens.d
 *     digest                   SHA-256 of the input, hex
 *     rule                     the name of the rule that decided
 *     verdict                  "allow" or "deny"
 *     result                   "ok", or the last part of the D-Bus error's name ("NotAuthorized")
 *     reason                   a sentence, when the result is not "ok"
 *     duration                 microseconds from request to answer */
#pragma once

#include <json-c/json.h>

#include "macros.h"

#define AUDIT_FILE_DEFAULT "/var/log/signetd/audit.jsonl" /* where it is unless signetd.conf says audit-file */

#define AUDIT_HASH_LENGTH 64
#define AUDIT_LINE_MAX    16384 /* bytes, newline included */

typedef struct AuditHead {
        uint64_t sequence; /* 0: nothing written yet */
        char hash[AUDIT_HASH_LENGTH + 1];
} AuditHead;

void audit_head_init(AuditHead *h);

/* Serialises `fields` (an object; borrowed) behind seq and prev into a line ending in a newline, and advances *head.
 * -EMSGSIZE (over AUDIT_LINE_MAX), -ENOMEM, -EINVAL (not an object, has seq or prev itself, or text that is not UTF-8):
 * head is as before. Free with free(). */
int audit_chain_append(AuditHead *head, struct json_object *fields, char **ret_line, size_t *ret_size) _must_check_;

enum { AUDIT_E_BROKEN = 1 };

/* Checks one line (without its newline) against *head and advances it. AUDIT_E_BROKEN with a sentence in *ret_why (free
 * it) that begins with "malformed", "cut", "reordered" or "changed"; head is as before. -ENOMEM. A change of line N
 * shows at line N + 1, one of the last line only in the head that signetd knows. */
int audit_chain_verify(AuditHead *head, const char *line, size_t n, char **ret_why) _must_check_;

/* Takes a line for the end of the chain, whatever came before it: how to go on behind a break. AUDIT_E_BROKEN: it is no
 * audit line, and head is as before; -ENOMEM. */
int audit_chain_adopt(AuditHead *head, const char *line, size_t n) _must_check_;
