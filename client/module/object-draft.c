/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects in the making. Fed with what signetd and hosts say; a wrong size here hands a host our memory. */
#include "object-draft.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "names.h"

void draft_bytes(Draft *d, CK_ATTRIBUTE_TYPE type, const void *value, size_t size) {
        if (d->n == ELEMENTSOF(d->attributes)) {
                d->failed = true;
                return;
        }
        d->attributes[d->n++] = (CK_ATTRIBUTE){ type, (void *) value, size };
}

void draft_blob(Draft *d, CK_ATTRIBUTE_TYPE type, Blob value) {
        draft_bytes(d, type, value.data, value.size);
}

void draft_text(Draft *d, CK_ATTRIBUTE_TYPE type, const char *value) {
        draft_bytes(d, type, value, value ? strlen(value) : 0);
}

static void draft_scalar(Draft *d, CK_ATTRIBUTE_TYPE type, const void *value, size_t size) {
        if (d->n_scalars == ELEMENTSOF(d->scalars)) {
                d->failed = true;
                return;
        }
        CK_ULONG *place = &d->scalars[d->n_scalars++];
        memcpy(place, value, size);
        draft_bytes(d, type, place, size);
}

void draft_ulong(Draft *d, CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
        draft_scalar(d, type, &value, sizeof(value));
}

void draft_bool(Draft *d, CK_ATTRIBUTE_TYPE type, bool value) {
        CK_BBOOL b = value ? CK_TRUE : CK_FALSE;

        draft_scalar(d, type, &b, sizeof(b));
}

void draft_token_object(Draft *d, CK_OBJECT_CLASS class) {
        draft_ulong(d, CKA_CLASS, class);
        draft_bool(d, CKA_TOKEN, true);
        draft_bool(d, CKA_PRIVATE, false);
        draft_bool(d, CKA_MODIFIABLE, false);
        draft_bool(d, CKA_COPYABLE, false);
        draft_bool(d, CKA_DESTROYABLE, false);
}

static int attribute_compare(const void *a, const void *b) {
        CK_ATTRIBUTE_TYPE x = ((const CK_ATTRIBUTE *) a)->type, y = ((const CK_ATTRIBUTE *) b)->type;

        return (x > y) - (x < y);
}

static size_t aligned(size_t n) {
        return (n + sizeof(CK_ULONG) - 1) / sizeof(CK_ULONG) * sizeof(CK_ULONG);
}

CK_RV draft_finish(const Draft *d, CK_OBJECT_CLASS class, Object **ret) {
        size_t size = aligned(sizeof(Object)) + d->n * sizeof(CK_ATTRIBUTE);
        unsigned char *place;
        Object *o;

        if (d->failed)
                return CKR_GENERAL_ERROR;
        for (size_t i = 0; i < d->n; i++)
                size += aligned(d->attributes[i].ulValueLen);
        o = calloc(1, size);
        if (!o)
                return CKR_HOST_MEMORY;

        /* Hosts may read a CK_ULONG where it lies in a value that we gave to them, so values are aligned. */
        o->attributes = (CK_ATTRIBUTE *) (void *) ((unsigned char *) o + aligned(sizeof(Object)));
        place = (unsigned char *) (o->attributes + d->n);
        for (size_t i = 0; i < d->n; i++) {
                const CK_ATTRIBUTE *a = &d->attributes[i];

                o->attributes[i] = (CK_ATTRIBUTE){ a->type, place, a->ulValueLen };
                if (a->ulValueLen > 0)
                        memcpy(place, a->pValue, a->ulValueLen);
                place += aligned(a->ulValueLen);
        }
        o->n_attributes = d->n;
        qsort(o->attributes, o->n_attributes, sizeof(*o->attributes), attribute_compare);
        for (size_t i = 1; i < o->n_attributes; i++)
                if (o->attributes[i].type == o->attributes[i - 1].type) {
                        free(o);
                        return CKR_GENERAL_ERROR;
                }

        atomic_init(&o->n_ref, 1);
        o->class = class;
        *ret = o;
        return CKR_OK;
}

CK_RV draft_digest(const ObjectPlace *place, const char *hash, Blob data, unsigned char *ret) {
        int r;

        ERR_set_mark();
        r = EVP_Q_digest(place->crypto, hash, NULL, data.size > 0 ? (const void *) data.data : "", data.size, ret,
                         NULL);
        ERR_pop_to_mark();
        return r == 1 ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV draft_handle(const ObjectPlace *place, CK_OBJECT_CLASS class, const unsigned char id[static DRAFT_DIGEST_SIZE],
                   CK_OBJECT_HANDLE *ret) {
        struct {
                uint64_t slot, class;
                unsigned char id[DRAFT_DIGEST_SIZE];
        } whole = { .slot = place->slot, .class = class };
        unsigned char identity[DRAFT_DIGEST_SIZE];
        CK_RV rv;

        memcpy(whole.id, id, sizeof(whole.id));
        rv = draft_digest(place, "SHA256", (Blob){ (const uint8_t *) &whole, sizeof(whole) }, identity);
        return rv == CKR_OK ? names_object(place->names, identity, ret) : rv;
}
