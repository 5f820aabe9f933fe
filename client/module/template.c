/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates. Fed by any program that loads the module; a check left out here reads memory that is not there. */
#include "template.h"

#include <string.h>

CK_RV template_check(const CK_ATTRIBUTE *template, CK_ULONG n, bool values) {
        if (n == 0)
                return CKR_OK;
        if (!template)
                return module_refuse(CKR_ARGUMENTS_BAD, "a template is NULL and has attributes");
        if (n > TEMPLATE_MAX)
                return module_refuse(CKR_ARGUMENTS_BAD, "a template has too many attributes");
        for (CK_ULONG i = 0; values && i < n; i++) {
                if (template[i].ulValueLen > TEMPLATE_VALUE_MAX) /* CK_UNAVAILABLE_INFORMATION, too */
                        return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "an attribute's value has an absurd length");
                if (!template[i].pValue && template[i].ulValueLen > 0)
                        return module_refuse(CKR_ARGUMENTS_BAD, "an attribute's value is NULL and has a length");
        }
        return CKR_OK;
}

const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type) {
        for (CK_ULONG i = 0; i < n; i++)
                if (template[i].type == type)
                        return &template[i];
        return NULL;
}

/* The host's values need not be aligned: they are copied, never dereferenced as what they are. */
static bool scalar(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, void *ret, size_t size) {
        const CK_ATTRIBUTE *a = template_find(template, n, type);

        if (!a || !a->pValue || a->ulValueLen != size)
                return false;
        memcpy(ret, a->pValue, size);
        return true;
}

bool template_ulong(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret) {
        return scalar(template, n, type, ret, sizeof(*ret));
}

bool template_bool(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_BBOOL *ret) {
        return scalar(template, n, type, ret, sizeof(*ret));
}
