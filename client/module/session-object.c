/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects as a session sees them: its token's, from the snapshot, and the secret keys that sessions made. Fed by
 * handles from the host; a mistake here shows one slot's objects in another, or keeps a key that should be wiped. */
#include "session-object.h"

#include "names.h"

typedef struct SessionObject {
        Object *object; /* a reference */
        CK_SESSION_HANDLE session;
        CK_SLOT_ID slot;
} SessionObject;

struct SessionObjects {
        pthread_mutex_t lock;
        SessionObject *objects; /* sorted by handle */
        size_t n;
};

SessionObjects *session_objects_new(void) {
        SessionObjects *s = calloc(1, sizeof(*s));

        if (s)
                (void) pthread_mutex_init(&s->lock, NULL);
        return s;
}

SessionObjects *session_objects_free(SessionObjects *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n; i++)
                object_unref(s->objects[i].object);
        free(s->objects);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

/* --- with the lock held --- */

static void drop(SessionObjects *s, size_t i) {
        object_unref(s->objects[i].object);
        s->n--;
        for (; i < s->n; i++)
                s->objects[i] = s->objects[i + 1];
}

static SessionObject *find(SessionObjects *s, CK_SLOT_ID slot, CK_OBJECT_HANDLE handle) {
        for (size_t i = 0; i < s->n; i++)
                if (s->objects[i].object->handle == handle && s->objects[i].slot == slot)
                        return &s->objects[i];
        return NULL;
}

static CK_RV add(SessionObjects *s, const Session *session, Object *o) {
        SessionObject *larger;
        size_t i;

        if (atomic_load(&session->closed))
                return CKR_SESSION_HANDLE_INVALID;
        if (s->n >= SESSION_OBJECTS_MAX)
                return module_refuse(CKR_DEVICE_MEMORY, "too many secret keys at a time");
        larger = reallocarray(s->objects, s->n + 1, sizeof(*larger));
        if (!larger)
                return CKR_HOST_MEMORY;
        s->objects = larger;
        for (i = s->n++; i > 0 && s->objects[i - 1].object->handle > o->handle; i--)
                s->objects[i] = s->objects[i - 1];
        s->objects[i] = (SessionObject){ .object = object_ref(o), .session = session->handle, .slot = session->slot };
        return CKR_OK;
}

/* --- */

void session_objects_drop(SessionObjects *s, CK_SESSION_HANDLE session) {
        pthread_mutex_lock(&s->lock);
        for (size_t i = s->n; i > 0; i--)
                if (s->objects[i - 1].session == session)
                        drop(s, i - 1);
        pthread_mutex_unlock(&s->lock);
}

void session_objects_drop_private(SessionObjects *s, CK_SLOT_ID slot) {
        pthread_mutex_lock(&s->lock);
        for (size_t i = s->n; i > 0; i--)
                if (s->objects[i - 1].slot == slot && object_flag(s->objects[i - 1].object, CKA_PRIVATE))
                        drop(s, i - 1);
        pthread_mutex_unlock(&s->lock);
}

CK_RV call_add_object(const Call *c, Object *o) {
        SessionObjects *s = c->module->session_objects;
        CK_RV rv;

        pthread_mutex_lock(&s->lock);
        rv = add(s, c->session, o);
        pthread_mutex_unlock(&s->lock);
        return rv;
}

static CK_RV session_object(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) {
        SessionObjects *s = c->module->session_objects;
        SessionObject *found;

        pthread_mutex_lock(&s->lock);
        found = find(s, c->session->slot, handle);
        if (found)
                *ret = object_ref(found->object);
        pthread_mutex_unlock(&s->lock);
        return found ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

/* The session's token as it is now. */
static CK_RV call_slot(const Call *c, Snapshot **ret_snapshot, const SnapshotSlot **ret_slot) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = snapshot_get(c->module, &snapshot);
        if (rv != CKR_OK)
                return rv;
        slot = snapshot_slot(snapshot, c->session->slot);
        if (!slot)
                return module_refuse(CKR_DEVICE_REMOVED, "the token of this session is not to be seen any more");
        *ret_snapshot = TAKE_PTR(snapshot);
        *ret_slot = slot;
        return CKR_OK;
}

static CK_RV token_object(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotSlot *slot;
        Object *o;
        CK_RV rv;

        rv = call_slot(c, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv;
        o = snapshot_object(slot, handle);
        if (!o)
                return CKR_OBJECT_HANDLE_INVALID;
        *ret = object_ref(o);
        return CKR_OK;
}

CK_RV call_object(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) {
        CK_RV rv;

        rv = handle < NAMES_SESSION_OBJECT ? token_object(c, handle, ret) : session_object(c, handle, ret);
        return rv == CKR_OBJECT_HANDLE_INVALID ? module_refuse(rv, "there is no such object in this slot") : rv;
}

CK_RV call_key(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) {
        _cleanup_(object_unrefp) Object *o = NULL;
        CK_RV rv;

        rv = call_object(c, handle, &o);
        if (rv == CKR_OBJECT_HANDLE_INVALID)
                return CKR_KEY_HANDLE_INVALID;
        if (rv != CKR_OK)
                return rv;
        if (o->class != CKO_PRIVATE_KEY && o->class != CKO_PUBLIC_KEY && o->class != CKO_SECRET_KEY)
                return module_refuse(CKR_KEY_HANDLE_INVALID, "this object is no key");
        *ret = TAKE_PTR(o);
        return CKR_OK;
}

CK_RV call_objects(const Call *c, Object ***ret, size_t *ret_n) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        SessionObjects *s = c->module->session_objects;
        const SnapshotSlot *slot;
        Object **objects;
        size_t n = 0;
        CK_RV rv;

        rv = call_slot(c, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv;
        pthread_mutex_lock(&s->lock);
        objects = calloc(slot->n_objects + s->n + 1, sizeof(*objects)); /* never of size 0 */
        if (objects) {
                for (size_t i = 0; i < slot->n_objects; i++)
                        objects[n++] = object_ref(slot->objects[i]);
                for (size_t i = 0; i < s->n; i++)
                        if (s->objects[i].slot == c->session->slot)
                                objects[n++] = object_ref(s->objects[i].object);
        }
        pthread_mutex_unlock(&s->lock);
        if (!objects)
                return CKR_HOST_MEMORY;
        *ret = objects;
        *ret_n = n;
        return CKR_OK;
}

void objects_free(Object **objects, size_t n) {
        for (size_t i = 0; objects && i < n; i++)
                object_unref(objects[i]);
        free(objects);
}

CK_RV call_remove_object(const Call *c, CK_OBJECT_HANDLE handle) {
        SessionObjects *s = c->module->session_objects;
        _cleanup_(object_unrefp) Object *o = NULL;
        SessionObject *found;
        CK_RV rv;

        rv = call_object(c, handle, &o);
        if (rv != CKR_OK)
                return rv;
        if (handle < NAMES_SESSION_OBJECT)
                return module_refuse(CKR_TOKEN_WRITE_PROTECTED, "objects on tokens are not changed through signetd");

        pthread_mutex_lock(&s->lock);
        found = find(s, c->session->slot, handle);
        if (found) /* or another thread was faster */
                drop(s, (size_t) (found - s->objects));
        pthread_mutex_unlock(&s->lock);
        return found ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}
