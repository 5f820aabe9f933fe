/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of an audit file that another run of signetd has left. */
#pragma once

#include "common/audit-chain.h"

enum { AUDIT_TAIL_E_BROKEN = 1 };

/* Finds the head of the chain in the file, verifying that its last line follows the one before. Bytes behind the last
 * newline are cut off the file; *ret_cut is their number. AUDIT_TAIL_E_BROKEN with *ret_why (static). */
int audit_tail_read(int fd, AuditHead *ret, size_t *ret_cut, const char **ret_why) _must_check_;
