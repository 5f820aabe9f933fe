/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object while its attributes are put together, on the stack of who makes it.
 *
 * Values are borrowed until draft_finish() copies all of them into one piece of memory with the object. */
#pragma once

#include "common/buffer.h"
#include "object.h"

#define DRAFT_ATTRIBUTES_MAX 64
#define DRAFT_SCALARS_MAX    64
#define DRAFT_DIGEST_SIZE    32 /* SHA-256 */

typedef struct Draft {
        CK_ATTRIBUTE attributes[DRAFT_ATTRIBUTES_MAX];
        size_t n;
        CK_ULONG scalars[DRAFT_SCALARS_MAX];
        size_t n_scalars;
        bool failed; /* too much for the arrays above: a mistake of ours, which draft_finish() reports */
} Draft;

void draft_bytes(Draft *d, CK_ATTRIBUTE_TYPE type, const void *value, size_t size);
void draft_blob(Draft *d, CK_ATTRIBUTE_TYPE type, Blob value);
void draft_text(Draft *d, CK_ATTRIBUTE_TYPE type, const char *value); /* without the NUL; NULL: empty */
void draft_ulong(Draft *d, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void draft_bool(Draft *d, CK_ATTRIBUTE_TYPE type, bool value);

/* What all token objects have: nobody may change them, and nothing asks for a login. */
void draft_token_object(Draft *d, CK_OBJECT_CLASS class);

/* The object, with one reference and without handle, key and value. CKR_HOST_MEMORY; CKR_GENERAL_ERROR. */
CK_RV draft_finish(const Draft *d, CK_OBJECT_CLASS class, Object **ret) _must_check_;

/* The handle of the thing of this class on the place's slot that these bytes identify, a SHA-256. */
CK_RV draft_handle(const ObjectPlace *place, CK_OBJECT_CLASS class, const unsigned char id[static DRAFT_DIGEST_SIZE],
                   CK_OBJECT_HANDLE *ret) _must_check_;

/* A digest ("SHA1", "SHA256") by the place's own OpenSSL. `ret` has room for it. */
CK_RV draft_digest(const ObjectPlace *place, const char *hash, Blob data, unsigned char *ret) _must_check_;
