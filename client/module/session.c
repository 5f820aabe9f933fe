/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of sessions, and the frame of a call that works in one. Fed by handles from the host, right or wrong, from
 * any thread; a mistake here lets two calls into one operation, or one into a session that is gone. */
#include "session.h"

#include "session-object.h"

/* What the host has in one slot. Stays when its last session ends: there are few slots. */
typedef struct SlotUse {
        CK_SLOT_ID slot;
        CK_ULONG n, n_rw;
        bool logged_in;
} SlotUse;

struct Sessions {
        pthread_mutex_t lock; /* taken before no other */
        CK_SESSION_HANDLE last;
        Session **sessions; /* sorted by handle; a reference each */
        size_t n_sessions;
        SlotUse *uses;
        size_t n_uses;
};

static Session *session_new(CK_SESSION_HANDLE handle, CK_SLOT_ID slot, CK_FLAGS flags) {
        Session *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        atomic_init(&s->n_ref, 1);
        atomic_init(&s->closed, false);
        s->handle = handle;
        s->slot = slot;
        s->flags = flags;
        (void) pthread_mutex_init(&s->lock, NULL);
        return s;
}

static void session_unref(Session *s) {
        if (atomic_fetch_sub(&s->n_ref, 1) != 1)
                return;
        find_operation_free(s->find);
        digest_operation_free(s->digest);
        sign_operation_free(s->sign);
        decrypt_operation_free(s->decrypt);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
}

Sessions *sessions_new(void) {
        Sessions *s = calloc(1, sizeof(*s));

        if (s)
                (void) pthread_mutex_init(&s->lock, NULL);
        return s;
}

Sessions *sessions_free(Sessions *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_sessions; i++)
                session_unref(s->sessions[i]);
        free(s->sessions);
        free(s->uses);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

/* --- with the lock held --- */

static SlotUse *use_find(Sessions *s, CK_SLOT_ID slot) {
        for (size_t i = 0; i < s->n_uses; i++)
                if (s->uses[i].slot == slot)
                        return &s->uses[i];
        return NULL;
}

static SlotUse *use_get(Sessions *s, CK_SLOT_ID slot) {
        SlotUse *use = use_find(s, slot), *larger;

        if (use)
                return use;
        larger = reallocarray(s->uses, s->n_uses + 1, sizeof(*larger));
        if (!larger)
                return NULL;
        s->uses = larger;
        use = &s->uses[s->n_uses++];
        *use = (SlotUse){ .slot = slot };
        return use;
}

/* Where the handle stands, or n_sessions. */
static size_t session_index(const Sessions *s, CK_SESSION_HANDLE handle) {
        size_t low = 0, high = s->n_sessions;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (s->sessions[middle]->handle < handle)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < s->n_sessions && s->sessions[low]->handle == handle ? low : s->n_sessions;
}

static CK_RV session_add(Sessions *s, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *ret) {
        Session **larger, *session;
        SlotUse *use;

        if (s->n_sessions >= SESSIONS_MAX)
                return CKR_SESSION_COUNT;
        use = use_get(s, slot);
        larger = reallocarray(s->sessions, s->n_sessions + 1, sizeof(*larger));
        if (larger)
                s->sessions = larger;
        if (!use || !larger)
                return CKR_HOST_MEMORY;
        session = session_new(s->last + 1, slot, flags);
        if (!session)
                return CKR_HOST_MEMORY;

        s->sessions[s->n_sessions++] = session; /* the highest handle so far */
        s->last = session->handle;
        use->n++;
        if (flags & CKF_RW_SESSION)
                use->n_rw++;
        *ret = session->handle;
        return CKR_OK;
}

/* Out of the table; its reference is the caller's. A login ends with the slot's last session (section 5.6). */
static Session *session_take(Sessions *s, size_t i) {
        Session *session = s->sessions[i];
        SlotUse *use = use_find(s, session->slot);

        s->n_sessions--;
        for (; i < s->n_sessions; i++)
                s->sessions[i] = s->sessions[i + 1];
        use->n--;
        if (session->flags & CKF_RW_SESSION)
                use->n_rw--;
        if (use->n == 0)
                use->logged_in = false;
        atomic_store(&session->closed, true);
        return session;
}

/* --- for the C_ functions --- */

CK_RV sessions_open(Sessions *s, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *ret) {
        CK_RV rv;

        pthread_mutex_lock(&s->lock);
        rv = session_add(s, slot, flags, ret);
        pthread_mutex_unlock(&s->lock);
        return rv;
}

/* `closed` is set by now, so that no call in the session adds an object after these are dropped. */
static void session_end(Module *m, Session *session) {
        session_objects_drop(m->session_objects, session->handle);
        session_unref(session);
}

CK_RV sessions_close(Module *m, CK_SESSION_HANDLE handle) {
        Sessions *s = m->sessions;
        Session *session = NULL;
        size_t i;

        pthread_mutex_lock(&s->lock);
        i = session_index(s, handle);
        if (i < s->n_sessions)
                session = session_take(s, i);
        pthread_mutex_unlock(&s->lock);
        if (!session)
                return module_refuse(CKR_SESSION_HANDLE_INVALID, "there is no such session");
        session_end(m, session);
        return CKR_OK;
}

/* One of the slot's, or NULL. From the end, so that nothing has to move. */
static Session *take_any(Sessions *s, CK_SLOT_ID slot) {
        Session *session = NULL;

        pthread_mutex_lock(&s->lock);
        for (size_t i = s->n_sessions; i > 0 && !session; i--)
                if (s->sessions[i - 1]->slot == slot)
                        session = session_take(s, i - 1);
        pthread_mutex_unlock(&s->lock);
        return session;
}

void sessions_close_all(Module *m, CK_SLOT_ID slot) {
        Session *session;

        while ((session = take_any(m->sessions, slot)))
                session_end(m, session);
}

void sessions_count(Sessions *s, CK_SLOT_ID slot, CK_ULONG *ret_all, CK_ULONG *ret_rw) {
        const SlotUse *use;

        pthread_mutex_lock(&s->lock);
        use = use_find(s, slot);
        *ret_all = use ? use->n : 0;
        *ret_rw = use ? use->n_rw : 0;
        pthread_mutex_unlock(&s->lock);
}

bool sessions_logged_in(Sessions *s, CK_SLOT_ID slot) {
        const SlotUse *use;
        bool logged_in;

        pthread_mutex_lock(&s->lock);
        use = use_find(s, slot);
        logged_in = use && use->logged_in;
        pthread_mutex_unlock(&s->lock);
        return logged_in;
}

bool sessions_set_logged_in(Sessions *s, CK_SLOT_ID slot, bool logged_in) {
        bool before = false;
        SlotUse *use;

        pthread_mutex_lock(&s->lock);
        use = use_find(s, slot);
        if (use) {
                before = use->logged_in;
                use->logged_in = logged_in && use->n > 0;
        }
        pthread_mutex_unlock(&s->lock);
        return before;
}

/* --- the frame of a call --- */

static Session *session_get(Sessions *s, CK_SESSION_HANDLE handle) {
        Session *session = NULL;
        size_t i;

        pthread_mutex_lock(&s->lock);
        i = session_index(s, handle);
        if (i < s->n_sessions) {
                session = s->sessions[i];
                atomic_fetch_add(&session->n_ref, 1);
        }
        pthread_mutex_unlock(&s->lock);
        return session;
}

CK_RV call_begin(CK_SESSION_HANDLE session, Call *ret) {
        Call c = {};
        CK_RV rv;

        rv = module_enter(&c.module);
        if (rv != CKR_OK)
                return rv;
        c.session = session_get(c.module->sessions, session);
        if (c.session) {
                pthread_mutex_lock(&c.session->lock);
                if (!atomic_load(&c.session->closed)) { /* it may have been while this call waited */
                        *ret = c;
                        return CKR_OK;
                }
        }
        call_end(&c);
        return module_refuse(CKR_SESSION_HANDLE_INVALID, "there is no such session");
}

void call_end(Call *c) {
        if (c->session) {
                pthread_mutex_unlock(&c->session->lock);
                session_unref(c->session);
        }
        module_leave(c->module);
        *c = (Call){};
}
