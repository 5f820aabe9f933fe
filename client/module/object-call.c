/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions on one object (PKCS#11 2.40 section 5.7). Hosts read attributes and make secret keys for a session; tokens
 * are written through signetctl alone. */
#include <string.h>

#include "session.h"
#include "template.h"

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_PTR template, CK_ULONG n) {
        _cleanup_(object_unrefp) Object *o = NULL;
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        rv = template_check(template, n, false);
        if (rv != CKR_OK)
                return rv;
        if (n == 0)
                return module_refuse(CKR_ARGUMENTS_BAD, "a template without attributes asks for nothing");
        rv = call_object(&c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        return object_get(o, template, n);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ULONG_PTR ret) {
        _cleanup_(object_unrefp) Object *o = NULL;
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!ret)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no place for an object's size");
        rv = call_object(&c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        *ret = object_size(o);
        return CKR_OK;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_PTR template, CK_ULONG n) {
        _cleanup_(object_unrefp) Object *o = NULL;
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        rv = template_check(template, n, true);
        if (rv != CKR_OK)
                return rv;
        rv = call_object(&c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        return module_refuse(CKR_ACTION_PROHIBITED, "objects cannot be changed");
}

/* --- making and destroying --- */

static CK_RV secret_of(const CK_ATTRIBUTE *given, Secret **ret) {
        int r;

        if (!given)
                return module_refuse(CKR_TEMPLATE_INCOMPLETE, "a secret key without a value");
        r = secret_new(given->ulValueLen, ret);
        if (r == -EINVAL)
                return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "a secret key's value is empty or too long");
        if (r < 0)
                return CKR_HOST_MEMORY;
        memcpy(secret_bytes(*ret), given->pValue, given->ulValueLen);
        return CKR_OK;
}

static CK_RV create_secret(const Call *c, const CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret) {
        _cleanup_(secret_freep) Secret *value = NULL;
        _cleanup_(object_unrefp) Object *o = NULL;
        CK_ULONG type;
        CK_RV rv;

        if (!template_ulong(template, n, CKA_KEY_TYPE, &type))
                return module_refuse(CKR_TEMPLATE_INCOMPLETE, "a secret key without a key type");
        rv = secret_of(template_find(template, n, CKA_VALUE), &value);
        if (rv != CKR_OK)
                return rv;
        rv = object_new_secret(c->module->names, type, value, template, n, &o);
        if (rv != CKR_OK)
                return rv;
        TAKE_PTR(value); /* the object's now */
        rv = call_add_object(c, o);
        if (rv != CKR_OK)
                return rv;
        *ret = o->handle;
        return CKR_OK;
}

static CK_RV create(const Call *c, const CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret) {
        CK_BBOOL token = CK_FALSE;
        CK_ULONG class;

        if (!template_ulong(template, n, CKA_CLASS, &class))
                return module_refuse(CKR_TEMPLATE_INCOMPLETE, "an object without a class");
        (void) template_bool(template, n, CKA_TOKEN, &token);
        if (token != CK_FALSE)
                return module_refuse(CKR_TOKEN_WRITE_PROTECTED, "tokens are written through signetctl");
        if (class != CKO_SECRET_KEY)
                return module_refuse(CKR_TEMPLATE_INCONSISTENT, "objects of this class cannot be made in a session");
        return create_secret(c, template, n, ret);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG n, CK_OBJECT_HANDLE_PTR ret) {
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!ret)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no place for a new object's handle");
        rv = template_check(template, n, true);
        if (rv != CKR_OK)
                return rv;
        return create(&c, template, n, ret);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_PTR template, CK_ULONG n,
                   CK_OBJECT_HANDLE_PTR ret) {
        _cleanup_(object_unrefp) Object *o = NULL;
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!ret)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no place for a new object's handle");
        rv = template_check(template, n, true);
        if (rv != CKR_OK)
                return rv;
        rv = call_object(&c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        return module_refuse(CKR_ACTION_PROHIBITED, "objects cannot be copied");
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
        _cleanup_(object_unrefp) Object *o = NULL;
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        rv = call_object(&c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        if (o->class == CKO_SECRET_KEY && !object_flag(o, CKA_DESTROYABLE))
                return module_refuse(CKR_ACTION_PROHIBITED, "this object was made to stay as long as its session");
        return call_remove_object(&c, handle);
}
