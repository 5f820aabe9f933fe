/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private keys in PEM files, and files that only name a key. */
#pragma once

#include "common/ossl.h"
#include "fault.h"

#define KEY_FILE_MAX 65536 /* bytes */

/* Reads a key file: either a private key in PEM, then *ret_key is set; or the name of a key, "pkcs11:..." or
 * "signet:NAME", as text or in PEM with the label SIGNET KEY, then *ret_name is. The other one becomes NULL.
 * MAIL_E_INVALID_INPUT for anything else, a wrong passphrase included. */
int key_file_read(const char *path, const char *passphrase, EVP_PKEY **ret_key, char **ret_name, Fault *f) _must_check_;
