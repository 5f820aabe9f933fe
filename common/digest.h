/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL's digest for a hash. Needs libcrypto. */
#pragma once

#include <openssl/evp.h>

#include "names.h"

/* Static; NULL for HASH_NONE and numbers outside the enum. SHA-1 is among them: who signs refuses it before. */
const EVP_MD *hash_to_md(Hash hash);
