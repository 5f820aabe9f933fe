/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys as signetctl shows them. */
#pragma once

#include "ctl-certificate.h"
#include "ctl.h"

typedef struct Keys {
        signet_key **items;
        size_t n;
} Keys;

/* The key's certificate number i; as certificate_read(). */
int key_read_certificate(const signet_key *key, size_t i, Certificate *ret) _must_check_;

/* What the caller may do with the key, shortly: "sign:smime,csr decrypt:cms". To be freed; NULL: out of memory. */
char *key_operations_text(const signet_key *key);

/* Whether the caller may do `operation` with the key for some purpose. */
bool key_may_any(const signet_key *key, const char *operation);

/* Everything about the keys as the command's answer. */
int keys_answer(Ctl *ctl, const Keys *keys);

/* Everything about one key, in lines. */
void key_print_long(Ctl *ctl, const signet_key *key);

/* In PEM: the certificate to use and its issuers, as `openssl cms -signer` and -certfile read them; the public key. */
int key_print_chain(Ctl *ctl, const signet_key *key);
int key_print_public(Ctl *ctl, const signet_key *key);
