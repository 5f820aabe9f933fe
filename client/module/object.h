/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects as hosts see them (PKCS#11 2.40 section 4): a class, a list of attributes, and what can be done with them.
 * Immutable once made, counted references; threads share them without a lock.
 *
 * Token objects are a private key, its public key, its certificates and their issuers' certificates. Session objects
 * are secret keys that C_DeriveKey and C_UnwrapKey made: their value is in this process by nature. */
#pragma once

#include "common/names.h"
#include "common/secret.h"
#include "module.h"

typedef struct Object {
        atomic_uint n_ref;
        CK_OBJECT_HANDLE handle;
        CK_OBJECT_CLASS class;
        CK_KEY_TYPE key_type; /* keys */
        signet_key *key;      /* private and public keys: a reference */
        Secret *value;        /* secret keys; not among the attributes: object_get() serves it where it may be read */
        CK_ATTRIBUTE *attributes; /* sorted by type, each once; what they point to belongs to the object */
        size_t n_attributes;
} Object;

Object *object_ref(Object *o);
void object_unref(Object *o); /* accepts NULL; wipes */
DEFINE_CLEANUP(Object *, object_unref)

/* Builders: give the object of one thing on one token. `id` is the CKA_ID that ties a key and its certificates
 * together. CKR_HOST_MEMORY, or CKR_GENERAL_ERROR for a key or certificate that cannot be read (it is then left out).
 */
typedef struct ObjectPlace {
        Names *names;
        OSSL_LIB_CTX *crypto; /* digests; NULL: the program's own */
        CK_SLOT_ID slot;
        const unsigned char *id; /* CKA_ID */
        size_t id_size;
        const char *label;
} ObjectPlace;
CK_RV object_new_private(const ObjectPlace *place, signet_key *key, Object **ret) _must_check_;
CK_RV object_new_public(const ObjectPlace *place, signet_key *key, Object **ret) _must_check_;
/* category: 1 the user's own, 2 an authority's (CKA_CERTIFICATE_CATEGORY). An authority's label is its subject's name.
 */
CK_RV object_new_certificate(const ObjectPlace *place, const unsigned char *der, size_t size, CK_ULONG category,
                             Object **ret) _must_check_;

/* A secret key of this value, which it takes over. The host's template may set label, id, and uses; what contradicts
 * the value's length, the key type or the class, asks for a token object, or is unknown, is refused as section 4.1.1
 * says (CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID, CKR_SESSION_READ_ONLY...).
 */
CK_RV object_new_secret(Names *names, CK_KEY_TYPE type, Secret *value, const CK_ATTRIBUTE *template, CK_ULONG n,
                        Object **ret) _must_check_;

/* Whether the object has exactly this value for each attribute of the template; an empty one fits all. */
bool object_matches(const Object *o, const CK_ATTRIBUTE *template, CK_ULONG n);

/* C_GetAttributeValue (section 5.7): fills every place that it can, sets ulValueLen to CK_UNAVAILABLE_INFORMATION for
 * the others, and returns CKR_OK, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID or CKR_BUFFER_TOO_SMALL. */
CK_RV object_get(const Object *o, CK_ATTRIBUTE *template, CK_ULONG n) _must_check_;

/* The value of an attribute of type CK_BBOOL; false when it has none. */
bool object_flag(const Object *o, CK_ATTRIBUTE_TYPE type);

/* For C_GetObjectSize: about what the object takes, in bytes. */
CK_ULONG object_size(const Object *o);
