/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit's second place: the systemd journal, with each field of the line as SIGNET_FIELD. */
#pragma once

#include "audit.h"

/* Best effort: the file is what counts. `fields` is what stands in the file's line. */
void audit_journal_send(const AuditEntry *e, struct json_object *fields);
