/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of the project's words. Pure. */
#include "names.h"

#include <string.h>

static const char *const operation_names[_OPERATION_MAX] = {
        [OPERATION_NONE] = "none",     [OPERATION_SIGN] = "sign",     [OPERATION_DECRYPT] = "decrypt",
        [OPERATION_UNLOCK] = "unlock", [OPERATION_MANAGE] = "manage",
};

static const char *const purpose_names[_PURPOSE_MAX] = {
        [PURPOSE_NONE] = "none",     [PURPOSE_SMIME] = "smime", [PURPOSE_DKIM] = "dkim", [PURPOSE_CSR] = "csr",
        [PURPOSE_DIGEST] = "digest", [PURPOSE_CMS] = "cms",     [PURPOSE_RAW] = "raw",
};

static const char *const hash_names[_HASH_MAX] = {
        [HASH_NONE] = "none",     [HASH_SHA1] = "sha1",     [HASH_SHA224] = "sha224",
        [HASH_SHA256] = "sha256", [HASH_SHA384] = "sha384", [HASH_SHA512] = "sha512",
};

static const char *const key_type_names[_KEY_TYPE_MAX] = {
        [KEY_TYPE_UNKNOWN] = "unknown", [KEY_TYPE_RSA] = "rsa",         [KEY_TYPE_EC_P256] = "ec-p256",
        [KEY_TYPE_EC_P384] = "ec-p384", [KEY_TYPE_EC_P521] = "ec-p521", [KEY_TYPE_ED25519] = "ed25519",
        [KEY_TYPE_X25519] = "x25519",
};

static const char *const padding_names[_PADDING_MAX] = {
        [PADDING_NONE] = "none",
        [PADDING_PKCS1] = "pkcs1",
        [PADDING_PSS] = "pss",
        [PADDING_OAEP] = "oaep",
};

static const char *const kdf_names[_KDF_MAX] = {
        [KDF_NONE] = "none",
        [KDF_X963] = "x963",
};

static int lookup(const char *const *names, size_t n, const char *s) {
        for (size_t i = 1; i < n; i++)
                if (strcmp(names[i], s) == 0)
                        return (int) i;

        return -EINVAL;
}

#define DEFINE_NAMES(prefix, type)                                                                                     \
        const char *prefix##_to_string(type v) {                                                                       \
                if ((size_t) v >= ELEMENTSOF(prefix##_names))                                                          \
                        return NULL;                                                                                   \
                return prefix##_names[v];                                                                              \
        }                                                                                                              \
        int prefix##_from_string(const char *s) {                                                                      \
                return lookup(prefix##_names, ELEMENTSOF(prefix##_names), s);                                          \
        }

DEFINE_NAMES(operation, Operation)
DEFINE_NAMES(purpose, Purpose)
DEFINE_NAMES(hash, Hash)
DEFINE_NAMES(key_type, KeyType)
DEFINE_NAMES(padding, Padding)
DEFINE_NAMES(kdf, Kdf)

size_t hash_size(Hash h) {
        static const size_t sizes[_HASH_MAX] = {
                [HASH_SHA1] = 20, [HASH_SHA224] = 28, [HASH_SHA256] = 32, [HASH_SHA384] = 48, [HASH_SHA512] = 64,
        };

        return (size_t) h < ELEMENTSOF(sizes) ? sizes[h] : 0;
}

Operation purpose_operation(Purpose p) {
        switch (p) {
        case PURPOSE_SMIME:
        case PURPOSE_DKIM:
        case PURPOSE_CSR:
        case PURPOSE_DIGEST:
                return OPERATION_SIGN;
        case PURPOSE_CMS:
        case PURPOSE_RAW:
                return OPERATION_DECRYPT;
        default:
                return OPERATION_NONE;
        }
}
