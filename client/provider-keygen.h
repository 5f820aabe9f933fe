/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Generating keys in software, for programs that meet this provider first when they ask for an RSA or EC key: a TLS
 * server's ephemeral keys, `openssl req -newkey`. OpenSSL's default provider does the work. Keys on tokens are made
 * with signetctl. */
#pragma once

#include "provider.h"

void *provider_keygen_new(Provider *p, ProviderKind kind, int selection, const OSSL_PARAM params[]);
int provider_keygen_set_template(void *keygen, void *keydata);
int provider_keygen_set_params(void *keygen, const OSSL_PARAM params[]);
void *provider_keygen_run(void *keygen, OSSL_CALLBACK *progress, void *arg); /* a ProviderKey */
void provider_keygen_free(void *keygen);
