/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hosts do with objects: compare and read attributes. Fed with templates that passed template_check(); a mistake
 * here writes past a host's buffer or gives away what is sensitive. */
#include "object.h"

#include <openssl/crypto.h>
#include <string.h>

Object *object_ref(Object *o) {
        atomic_fetch_add(&o->n_ref, 1);
        return o;
}

void object_unref(Object *o) {
        if (!o || atomic_fetch_sub(&o->n_ref, 1) != 1)
                return;
        signet_key_unref(o->key);
        secret_free(o->value);
        free(o); /* its attributes lie in it, and none is secret */
}

static const CK_ATTRIBUTE *find(const Object *o, CK_ATTRIBUTE_TYPE type) {
        size_t low = 0, high = o->n_attributes;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (o->attributes[middle].type == type)
                        return &o->attributes[middle];
                if (o->attributes[middle].type < type)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

bool object_flag(const Object *o, CK_ATTRIBUTE_TYPE type) {
        const CK_ATTRIBUTE *a = find(o, type);
        CK_BBOOL v;

        if (!a || a->ulValueLen != sizeof(v))
                return false;
        memcpy(&v, a->pValue, sizeof(v));
        return v == CK_TRUE;
}

/* Attributes that an object of this kind has by nature and never shows (section 4.9, the tables' footnote 7). */
static bool is_secret(const Object *o, CK_ATTRIBUTE_TYPE type) {
        if (o->class == CKO_SECRET_KEY)
                return type == CKA_VALUE;
        if (o->class != CKO_PRIVATE_KEY)
                return false;
        if (o->key_type == CKK_RSA)
                return type >= CKA_PRIVATE_EXPONENT && type <= CKA_COEFFICIENT;
        return type == CKA_VALUE;
}

/* The value of a secret key, where it may be read. */
static bool readable_value(const Object *o, CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE *ret) {
        if (type != CKA_VALUE || o->class != CKO_SECRET_KEY || !o->value || object_flag(o, CKA_SENSITIVE) ||
            !object_flag(o, CKA_EXTRACTABLE))
                return false;
        *ret = (CK_ATTRIBUTE){ type, secret_bytes(o->value), secret_size(o->value) };
        return true;
}

bool object_matches(const Object *o, const CK_ATTRIBUTE *template, CK_ULONG n) {
        for (CK_ULONG i = 0; i < n; i++) {
                const CK_ATTRIBUTE *wanted = &template[i], *a = find(o, wanted->type);
                CK_ATTRIBUTE value;

                if (readable_value(o, wanted->type, &value))
                        a = &value;
                if (!a || a->ulValueLen != wanted->ulValueLen)
                        return false;
                if (a->ulValueLen > 0 && CRYPTO_memcmp(a->pValue, wanted->pValue, a->ulValueLen) != 0)
                        return false;
        }
        return true;
}

/* One attribute, as section 5.7.5 has it. */
static CK_RV get_one(const Object *o, CK_ATTRIBUTE *wanted) {
        const CK_ATTRIBUTE *a = find(o, wanted->type);
        CK_ULONG room = wanted->ulValueLen;
        CK_ATTRIBUTE value;

        if (readable_value(o, wanted->type, &value))
                a = &value;
        if (!a) {
                wanted->ulValueLen = CK_UNAVAILABLE_INFORMATION;
                return is_secret(o, wanted->type) ? CKR_ATTRIBUTE_SENSITIVE : CKR_ATTRIBUTE_TYPE_INVALID;
        }
        if (!wanted->pValue) {
                wanted->ulValueLen = a->ulValueLen;
                return CKR_OK;
        }
        if (room < a->ulValueLen) {
                wanted->ulValueLen = CK_UNAVAILABLE_INFORMATION;
                return CKR_BUFFER_TOO_SMALL;
        }
        if (a->ulValueLen > 0)
                memcpy(wanted->pValue, a->pValue, a->ulValueLen);
        wanted->ulValueLen = a->ulValueLen;
        return CKR_OK;
}

CK_RV object_get(const Object *o, CK_ATTRIBUTE *template, CK_ULONG n) {
        CK_RV result = CKR_OK;

        for (CK_ULONG i = 0; i < n; i++) {
                CK_RV rv = get_one(o, &template[i]);

                if (result == CKR_OK)
                        result = rv;
        }
        return result;
}

CK_ULONG object_size(const Object *o) {
        CK_ULONG size = sizeof(*o) + (o->value ? secret_size(o->value) : 0);

        for (size_t i = 0; i < o->n_attributes; i++)
                size += sizeof(o->attributes[i]) + o->attributes[i].ulValueLen;
        return size;
}
