/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_GetAttributeValue with preset room. The module writes into our memory and reports lengths: neither is believed. */
#include "attributes.h"

#include <string.h>

#define ALIGNMENT 8

void attribute_room_done(AttributeRoom *room) {
        free(room->data);
        *room = (AttributeRoom){};
}

/* Numbers and booleans. NSS's module reads numbers only into room of their very size. */
static bool is_fixed(const Attribute *a) {
        return a->max <= sizeof(CK_ULONG);
}

/* What is told the module: for values of any length more than `max`, so that a length which was never filled in is over
 * the limit, and told apart. */
static CK_ULONG length_for(const Attribute *a) {
        return is_fixed(a) ? a->max : a->max + 1;
}

static size_t room_for(const Attribute *a) {
        return (length_for(a) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int make_room(const Attribute *a, size_t n, AttributeRoom *room) {
        size_t need = 0;
        uint8_t *p;

        for (size_t i = 0; i < n; i++)
                need += room_for(&a[i]);
        if (need > room->size) {
                p = realloc(room->data, need);
                if (!p)
                        return -ENOMEM;
                *room = (AttributeRoom){ p, need };
        }
        return 0;
}

static bool about_attributes(CK_RV rv) {
        return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
}

/* What a number's or boolean's room holds before: no length would tell that it was never filled in. */
#define UNTOUCHED 0xff

static bool is_untouched(const Attribute *a, const CK_ATTRIBUTE *from) {
        const uint8_t *p = from->pValue;

        if (!is_fixed(a))
                return false;
        for (size_t i = 0; i < a->max; i++)
                if (p[i] != UNTOUCHED)
                        return false;
        return true;
}

static void take_value(Attribute *a, const CK_ATTRIBUTE *from) {
        /* CK_UNAVAILABLE_INFORMATION is the largest number. */
        a->present = from->ulValueLen <= a->max && !is_untouched(a, from);
        if (a->present && from->ulValueLen > 0)
                a->value = (Blob){ from->pValue, from->ulValueLen };
}

/* Asks for each attribute that is still missing by itself. Modules differ in what they do with a template of which they
 * do not know a part: go on and mark it, as the standard says; stop there; or mark all as missing. */
static CK_RV read_missing(Token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, Attribute *a, size_t n) {
        bool any = false;

        for (size_t i = 0; i < n; i++)
                any = any || a[i].present;
        for (size_t i = 0; i < n; i++) {
                CK_RV rv;

                if (a[i].present || (any && template[i].ulValueLen == CK_UNAVAILABLE_INFORMATION))
                        continue;
                template[i].ulValueLen = length_for(&a[i]);
                rv = t->p11->C_GetAttributeValue(t->session, object, &template[i], 1);
                if (rv == CKR_OK)
                        take_value(&a[i], &template[i]);
                else if (!about_attributes(rv))
                        return rv;
        }
        return CKR_OK;
}

CK_RV attributes_read(Token *t, CK_OBJECT_HANDLE object, Attribute *a, size_t n, AttributeRoom *room) {
        CK_ATTRIBUTE template[ATTRIBUTES_MAX];
        uint8_t *p;
        CK_RV rv;

        if (n > ATTRIBUTES_MAX || make_room(a, n, room) < 0)
                return CKR_HOST_MEMORY;
        p = room->data;
        for (size_t i = 0; i < n; i++) {
                template[i] = (CK_ATTRIBUTE){ .type = a[i].type, .pValue = p, .ulValueLen = length_for(&a[i]) };
                if (is_fixed(&a[i]))
                        memset(p, UNTOUCHED, a[i].max);
                p += room_for(&a[i]);
                a[i].present = false;
                a[i].value = (Blob){};
        }

        rv = t->p11->C_GetAttributeValue(t->session, object, template, n);
        if (rv != CKR_OK && !about_attributes(rv))
                return rv;
        for (size_t i = 0; i < n; i++)
                take_value(&a[i], &template[i]);
        return rv == CKR_OK ? CKR_OK : read_missing(t, object, template, a, n);
}

CK_ULONG attribute_ulong(const Attribute *a, CK_ULONG fallback) {
        CK_ULONG v;

        if (!a->present || a->value.size != sizeof(v))
                return fallback;
        memcpy(&v, a->value.data, sizeof(v));
        return v;
}

bool attribute_bool(const Attribute *a) {
        return a->present && a->value.size == 1 && a->value.data[0] != CK_FALSE;
}
