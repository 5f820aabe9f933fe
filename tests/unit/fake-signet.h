/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A libsignet without signetd, for tests of what stands on signet.h: software keys, and a record of what they were
 * asked. It refuses what signetd would refuse for its form, so that a wrong request fails here too. */
#pragma once

#include <openssl/evp.h>

#include "client/signet.h"

/* What the last operation was given, and how the next ones are to fail. */
typedef struct FakeSignet {
        unsigned int operations; /* so far, failed ones too */
        char purpose[16];        /* of the last one */
        size_t size;             /* of its data */
        signet_options options;  /* its hash, padding, mgf_hash, salt_length and key_length; words are static */
        const char *refused;     /* "sign:smime": operations of this name are not authorized; NULL: none */
        const char *denied;      /* the same, of which the key does not know: policy changed since it was found */
        const char *uri;         /* what every key says that its URI is; NULL: its own */
        unsigned int keys_alive; /* signet_key objects, to find leaks of references */
} FakeSignet;
extern FakeSignet fake;

/* Starts with these keys, each under its algorithm's word as label: "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519",
 * "x25519"; ends when nothing holds them any more. */
void fake_start(void);
void fake_stop(void);

EVP_PKEY *fake_key(const char *label);    /* the software key, borrowed */
EVP_PKEY *fake_public(const char *label); /* its public half in the default context; the caller's */
void fake_set_certificate(const char *label, const unsigned char *der, size_t size); /* copied */
