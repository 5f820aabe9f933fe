/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token as it was when it was found. Immutable once made. */
#pragma once

#include "client.h"

#define TOKENS_MAX 4096 /* in one answer */

/* Reads the properties of the Token interface (a{sv}) of the object at `path` into a new token. SIGNET_E_PROTOCOL or
 * -ENOMEM with the sentence set. */
int token_new_from_message(signet_client *client, const char *path, sd_bus_message *m, signet_token **ret) _must_check_;

DEFINE_CLEANUP(signet_token *, signet_token_unref)
