/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key as it was when it was found. Immutable once made, so that threads share it without a lock. */
#pragma once

#include <stdatomic.h>

#include "client.h"
#include "wire.h"

typedef struct KeyProperties {
        char *id, *algorithm, *label;
        uint32_t bits;
        Bytes public_key;
        BytesList certificates, chain;
        StringList addresses, uris, operations;
} KeyProperties;

struct signet_key {
        atomic_uint n_ref;
        signet_client *client; /* a reference */
        char *path;
        KeyProperties properties;
};

/* Whether `path` is what a key's object path must be: SIGNET_KEY_PATH/ and 64 hex digits. */
bool key_path_is_valid(const char *path);

/* Reads the properties of the Key interface (a{sv}) of the object at `path` into a new key, and checks that they fit
 * together: the id is that of the path and of the public key. SIGNET_E_PROTOCOL or -ENOMEM with the sentence set. */
int key_new_from_message(signet_client *client, const char *path, sd_bus_message *m, signet_key **ret) _must_check_;

DEFINE_CLEANUP(signet_key *, signet_key_unref)
