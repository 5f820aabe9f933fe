/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From keys and tokens, as signetd shows them, to slots and objects. */
#pragma once

#include "snapshot.h"

/* One reference for the caller. Takes over the tokens that become slots, and leaves NULL in their places. Keys and
 * certificates that cannot be read are left out. CKR_HOST_MEMORY. */
CK_RV snapshot_build(Names *names, OSSL_LIB_CTX *crypto, signet_key *const *keys, size_t n_keys, signet_token **tokens,
                     size_t n_tokens, Snapshot **ret) _must_check_;
