/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and tokens behind signet.h as a test describes them, without signetd, for signet-pkcs11.so's parts. */
#pragma once

#include <stdatomic.h>

#include "client/signet.h"
#include "common/ossl.h"

/* How signetd answers, and what it was asked. */
typedef struct FakeSignetd {
        int find_status, watch_status; /* of the next calls of signet_find_all() and signet_watch_new() */
        atomic_int changed;   /* what the next signet_watch_changed() says; then it is 0 again, or stays negative */
        atomic_int service;   /* what signet_watch_service() says */
        atomic_uint delay_ms; /* that signet_find_all() takes */
        atomic_uint finds, watches; /* calls so far */
        atomic_int keys_alive, tokens_alive, watches_alive;
} FakeSignetd;
extern FakeSignetd fake_signetd;

/* Nothing there, all well; before each test. After it, fake_stop() checks that all was given back. */
void fake_begin(void);
void fake_stop(void);

/* What signetd shows from now on; both belong to the fake. */
signet_key *fake_add_key(const char *algorithm, const EVP_PKEY *pkey, const char *label);
signet_token *fake_add_token(const char *name, const char *label, const char *serial, bool may_unlock);
void fake_remove_keys(void);
void fake_remove_tokens(void);

/* More about a key. What is given is copied. */
void fake_uri(signet_key *key, const char *uri);
void fake_may(signet_key *key, const char *operation);
void fake_certificate(signet_key *key, const void *der, size_t size);
void fake_chain(signet_key *key, const void *der, size_t size);
void fake_public_key(signet_key *key, const void *der, size_t size); /* in place of the one it has; the id stays */
