/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the verifier trusts. */
#pragma once

#include "certificates.h"

DEFINE_CLEANUP(X509_STORE *, X509_STORE_free)

typedef struct TrustOptions {
        const char *const *files; /* certificates of authorities, PEM or DER */
        size_t n_files;
        const char *const *directories; /* the same as OpenSSL's hashed folders */
        size_t n_directories;
        const char *const *crl_files; /* PEM or DER; with any, every certificate of a chain is checked against them */
        size_t n_crl_files;
        bool no_default;   /* leave the system's authorities out, also when nothing else is named */
        bool with_default; /* take the system's authorities in beside what is named */
} TrustOptions;

/* Without files and directories the system's authorities are trusted. */
int trust_store(const TrustOptions *options, X509_STORE **ret, Fault *f) _must_check_;
