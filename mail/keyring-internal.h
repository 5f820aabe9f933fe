/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the keyring share. */
#pragma once

#include "client/signet.h"
#include "keyring.h"

struct Keyring {
        signet_client *client;
        const char *passphrase; /* the caller's */
};

/* Releases an array of keys together with its length. */
typedef struct KeyList {
        signet_key **keys;
        size_t n;
} KeyList;

static inline void key_list_done(KeyList *l) {
        signet_keys_free(l->keys, l->n);
}

DEFINE_CLEANUP(signet_key *, signet_key_unref)

/* What libsignet says of its last failure, as a fault. */
int keyring_fault(Fault *f, int status);

/* Appends the certificates of a key; what does not parse is passed over. 0 or -ENOMEM. */
int keyring_key_certificates(signet_key *key, STACK_OF(X509) *to) _must_check_;
int keyring_add_der(STACK_OF(X509) *to, const unsigned char *der, size_t size) _must_check_;

/* Does the name of a key stand for a file? */
bool keyring_names_file(const char *name);
