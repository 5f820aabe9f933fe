/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-pkcs11.so: what one process has of it between C_Initialize and C_Finalize (PKCS#11 2.40 section 5.4, 3.0).
 *
 * Loaded into programs that we did not write, which may call from any thread, pass anything, and fork. Every C_
 * function begins with module_enter() or call_begin() (session.h) and ends with their counterparts; what it got in
 * between stays valid even if another thread finalises the module or closes the session meanwhile. No lock is held
 * while signetd is asked. */
#pragma once

#include <openssl/types.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>

#include "client/signet.h"
#include "common/macros.h"

typedef struct Snapshot Snapshot;
typedef struct Names Names;
typedef struct Sessions Sessions;
typedef struct SessionObjects SessionObjects;
typedef struct Slots Slots;

typedef struct Module Module;
struct Module {
        atomic_uint n_ref;
        Module *inherited;     /* NULL, or a parent's, for module.c */
        pid_t pid;             /* of the process that called C_Initialize: a child has to call it again */
        signet_client *client; /* never changes */
        OSSL_LIB_CTX *crypto;  /* our own, so that the program's configuration does not reach us; never changes */
        Names *names;          /* numbers of slots and objects, for good (names.h); has a lock of its own */
        Slots *slots;          /* which slots the host was told of (slot.h); has a lock of its own */
        Sessions *sessions;    /* has a lock of its own (session.h) */
        SessionObjects *session_objects; /* has a lock of its own (session-object.h) */
        Snapshot *snapshot; /* what signetd showed last; snapshot.h; guarded by a lock that snapshot.c keeps here: */
        signet_watch *watch;
        bool snapshot_stale;    /* something may have changed since it was fetched */
        bool snapshot_expired;  /* snapshot_expire() was called since */
        bool signetd_seen;      /* it answered once */
        bool signetd_asked;     /* once, at least: the bus has had its chance to start it */
        int64_t snapshot_retry; /* after a failure: not before this, milliseconds of CLOCK_MONOTONIC; else 0 */
        pthread_mutex_t snapshot_lock, refresh_lock;
};

/* The initialised module, with a reference for the caller. CKR_CRYPTOKI_NOT_INITIALIZED, also in a forked child. */
CK_RV module_enter(Module **ret) _must_check_;
void module_leave(Module *m); /* accepts NULL */
DEFINE_CLEANUP(Module *, module_leave)

/* C_Initialize's and C_Finalize's part: CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_CRYPTOKI_NOT_INITIALIZED,
 * CKR_HOST_MEMORY. Calls that are under way in other threads keep what they have until they leave. */
CK_RV module_start(void) _must_check_;
CK_RV module_stop(void) _must_check_;

/* What a status of libsignet (signet.h) is in Cryptoki, and a line on stderr with libsignet's sentence for it where
 * SIGNET_PKCS11_DEBUG=1. `what`: what was tried, for that line. CKR_OK for 0. */
CK_RV module_status(int status, const char *what);

/* The same line for a mistake of the host. Returns rv. */
CK_RV module_refuse(CK_RV rv, const char *why);
