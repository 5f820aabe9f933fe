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

/* 0, or SIGNET_E_INVALID_INPUT with the sentence set. */
int key_name_kind(const char *name, KeyNameKind *ret) _must_check_;
