/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions (PKCS#11 2.40 section 5.6) and the frame of every call that works in one. */
#pragma once

#include "object.h"
#include "snapshot.h"

#define SESSIONS_MAX        4096 /* in one process */
#define SESSION_OBJECTS_MAX 1024 /* secret keys in one process */

/* What is under way in a session; opaque to all but their own files. Each *_free() accepts NULL and wipes. */
typedef struct FindOperation FindOperation;       /* find.c */
typedef struct DigestOperation DigestOperation;   /* digest.c */
typedef struct SignOperation SignOperation;       /* sign.c */
typedef struct DecryptOperation DecryptOperation; /* decrypt.c */
void find_operation_free(FindOperation *o);
void digest_operation_free(DigestOperation *o);
void sign_operation_free(SignOperation *o);
void decrypt_operation_free(DecryptOperation *o);

typedef struct Session {
        atomic_uint n_ref;
        CK_SESSION_HANDLE handle; /* from 1 on */
        CK_SLOT_ID slot;
        CK_FLAGS flags;       /* of C_OpenSession */
        atomic_bool closed;   /* by another thread, while a call works in it: nothing is to be kept for it any more */
        pthread_mutex_t lock; /* held by the call that works in the session, also while signetd is asked */
        FindOperation *find;
        DigestOperation *digest;
        SignOperation *sign;
        DecryptOperation *decrypt;
} Session;

/* One call in one session: both stay valid until call_end(). */
typedef struct Call {
        Module *module;
        Session *session;
} Call;

/* CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID. Takes the session's lock. */
CK_RV call_begin(CK_SESSION_HANDLE session, Call *ret) _must_check_;
void call_end(Call *c); /* for _cleanup_(call_end); accepts {} */

/* The object of this handle in the session's token, or a session object; a reference. CKR_OBJECT_HANDLE_INVALID,
 * CKR_DEVICE_REMOVED when the token is not to be seen any more, CKR_HOST_MEMORY. */
CK_RV call_object(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) _must_check_;

/* The same for a key: CKR_KEY_HANDLE_INVALID. */
CK_RV call_key(const Call *c, CK_OBJECT_HANDLE handle, Object **ret) _must_check_;

/* All objects that a search in this session goes over: the token's and the session objects of the slot, a reference
 * each, sorted by handle. Free with objects_free(). */
CK_RV call_objects(const Call *c, Object ***ret, size_t *ret_n) _must_check_;
void objects_free(Object **objects, size_t n);

/* Session objects live until their session ends (section 4.4), all sessions of the slot see them. Takes a reference.
 * CKR_DEVICE_MEMORY when there are too many. */
CK_RV call_add_object(const Call *c, Object *o) _must_check_;
/* CKR_OBJECT_HANDLE_INVALID; CKR_ACTION_PROHIBITED's place, CKR_TOKEN_WRITE_PROTECTED, for token objects. */
CK_RV call_remove_object(const Call *c, CK_OBJECT_HANDLE handle) _must_check_;

/* --- for module.c, slot.c, login.c and session-functions.c --- */

Sessions *sessions_new(void); /* NULL: no memory */
Sessions *sessions_free(Sessions *s);

/* A new session. CKR_SESSION_COUNT, CKR_HOST_MEMORY. */
CK_RV sessions_open(Sessions *s, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *ret) _must_check_;
/* Closes it, or all of the slot's, with their session objects. Waits for nobody: calls under way in them end by
 * themselves. CKR_SESSION_HANDLE_INVALID. */
CK_RV sessions_close(Module *m, CK_SESSION_HANDLE handle) _must_check_;
void sessions_close_all(Module *m, CK_SLOT_ID slot);
void sessions_count(Sessions *s, CK_SLOT_ID slot, CK_ULONG *ret_all, CK_ULONG *ret_rw);

/* Whether a C_Login was taken in this slot; forgotten when its last session ends. The setter returns what was before.
 */
bool sessions_logged_in(Sessions *s, CK_SLOT_ID slot);
bool sessions_set_logged_in(Sessions *s, CK_SLOT_ID slot, bool logged_in);
