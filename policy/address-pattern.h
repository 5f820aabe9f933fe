/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns of mail addresses (LOCAL@DOMAIN, RFC 5321 section 4.1.2) and of domains. "%u" in an address is the caller's
 * name. */
#pragma once

#include "glob.h"

typedef struct AddressPattern AddressPattern;

/* 0, MISTAKE_E_FOUND or -ENOMEM. */
int address_pattern_parse(const char *text, AddressPattern **ret, Mistake *m) _must_check_;
AddressPattern *address_pattern_free(AddressPattern *p); /* accepts and returns NULL */
DEFINE_CLEANUP(AddressPattern *, address_pattern_free)

/* Domains compare without regard to case. So does the local part for a deny rule (GLOB_FOLD): only the receiving host
 * knows whether Bob@ and bob@ are one box. UNKNOWN for what is no address, and where the pattern holds "%u" and `user`
 * is NULL. */
Match address_pattern_match(const AddressPattern *p, GlobCase local_case, const char *user, const char *address);

int domain_pattern_parse(const char *text, Glob **ret, Mistake *m) _must_check_;
Match domain_pattern_match(const Glob *g, const char *domain);
