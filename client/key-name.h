/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How people name keys, looked at closely enough to say what is wrong with a name. What it means, signetd decides. */
#pragma once

#include "common/macros.h"

typedef enum KeyNameKind {
        KEY_NAME_ALL,     /* NULL or "" */
        KEY_NAME_URI,     /* "pkcs11:", RFC 7512 */
        KEY_NAME_ADDRESS, /* something with an @ */
        KEY_NAME_ID,      /* 8 to 64 hex digits */
} KeyNameKind;

#define KEY_NAME_MAX 1024 /* bytes */

/* Whether the name is fit to be sent: a PKCS#11 URI may carry a PIN, which stays off the bus and out of messages. 0, or
 * SIGNET_E_INVALID_INPUT with the sentence set. */
int key_name_check(const char *name) _must_check_;

/* The same, and what the name is. */
int key_name_kind(const char *name, KeyNameKind *ret) _must_check_;
