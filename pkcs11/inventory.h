/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys and certificates of a token, read once when a worker starts. Object handles are cached here: finding objects
 * is slow. */
#pragma once

#include "object.h"

/* A key that requests may name. */
typedef struct Key {
        Object object;     /* its handle is CK_INVALID_HANDLE where only the public half was seen */
        EVP_PKEY *public;  /* from the SPKI, made by key_public(); owned */
        Secret *rejection; /* rejection.h; made at the first decryption; owned */
        bool no_raw_rsa;   /* CKM_RSA_X_509 was refused for this key */
} Key;

typedef struct Inventory {
        Key *keys;
        size_t n_keys;
        Object *certificates;
        size_t n_certificates;
} Inventory;

/* Reads all that the session may see. With a login: the private keys, each with its public half from its own
 * attributes, a public object, or a certificate. Without: the keys that public objects and certificates show, once
 * each. Keys of unknown kinds and those without a public half come as KEY_TYPE_UNKNOWN. WORKER_MODULE_FAILED when the
 * token failed; -ENOMEM. */
int inventory_read(Token *t, Reason *reason, Inventory **ret) _must_check_;
Inventory *inventory_free(Inventory *inv); /* accepts and returns NULL */
DEFINE_CLEANUP(Inventory *, inventory_free)

/* The key's public half for OpenSSL, borrowed from the key. -ENOMEM; -EINVAL for KEY_TYPE_UNKNOWN. */
int key_public(Key *key, EVP_PKEY **ret) _must_check_;
