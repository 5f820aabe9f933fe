/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key's name: SHA-256 of its DER SubjectPublicKeyInfo, as 64 lower-case hex digits. Needs libcrypto. */
#pragma once

#include "macros.h"

#define KEY_ID_LENGTH 64

typedef struct KeyId {
        char hex[KEY_ID_LENGTH + 1];
} KeyId;

int key_id_from_spki(const void *der, size_t n, KeyId *ret) _must_check_; /* 0 or -ENOMEM; does not parse der */
