/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searches (PKCS#11 2.40 section 5.7.6 on). Hosts make hundreds of them for one mail: they are answered from what the
 * process has, and what a search finds is settled when it begins. */
#include "session.h"
#include "template.h"

struct FindOperation {
        size_t n, next;
        CK_OBJECT_HANDLE handles[];
};

void find_operation_free(FindOperation *o) {
        free(o);
}

static CK_RV find_new(const Call *c, const CK_ATTRIBUTE *template, CK_ULONG n, FindOperation **ret) {
        Object **objects = NULL;
        size_t n_objects = 0;
        FindOperation *o;
        CK_RV rv;

        rv = call_objects(c, &objects, &n_objects);
        if (rv != CKR_OK)
                return rv;
        o = malloc(sizeof(*o) + n_objects * sizeof(*o->handles));
        if (o) {
                o->n = o->next = 0;
                for (size_t i = 0; i < n_objects; i++)
                        if (object_matches(objects[i], template, n))
                                o->handles[o->n++] = objects[i]->handle;
        }
        objects_free(objects, n_objects);
        if (!o)
                return CKR_HOST_MEMORY;
        *ret = o;
        return CKR_OK;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG n) {
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (c.session->find)
                return module_refuse(CKR_OPERATION_ACTIVE, "a search is under way in this session");
        rv = template_check(template, n, true);
        if (rv != CKR_OK)
                return rv;
        return find_new(&c, template, n, &c.session->find);
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR ret, CK_ULONG max, CK_ULONG_PTR ret_n) {
        _cleanup_(call_end) Call c = { 0 };
        FindOperation *o;
        CK_ULONG n;
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        o = c.session->find;
        if (!o)
                return module_refuse(CKR_OPERATION_NOT_INITIALIZED, "no search is under way in this session");
        if (!ret_n || (!ret && max > 0))
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no place for what a search found");

        n = MIN(max, (CK_ULONG) (o->n - o->next));
        for (CK_ULONG i = 0; i < n; i++)
                ret[i] = o->handles[o->next++];
        *ret_n = n;
        return CKR_OK;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session) {
        _cleanup_(call_end) Call c = { 0 };
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->find)
                return module_refuse(CKR_OPERATION_NOT_INITIALIZED, "no search is under way in this session");
        find_operation_free(TAKE_PTR(c.session->find));
        return CKR_OK;
}
