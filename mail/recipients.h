/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates to encrypt for: one per address, from files, folders and tokens. */
#pragma once

#include "keyring.h"

typedef struct RecipientSources {
        const char *const *files; /* --cert */
        size_t n_files;
        const char *const *directories; /* --cert-dir */
        size_t n_directories;
        Keyring *keyring; /* asked for what files and folders do not have */
} RecipientSources;

/* Appends a certificate for each address. With no address at all, every certificate in the files is a recipient. Files
 * come before folders, folders before tokens; within one source the newest that is valid and fits wins.
 * MAIL_E_NO_CERTIFICATE, _EXPIRED, _WRONG_ADDRESS name the address. */
int recipients_find(const char *const *addresses, size_t n, const RecipientSources *sources, STACK_OF(X509) *to,
                    Fault *f) _must_check_;
