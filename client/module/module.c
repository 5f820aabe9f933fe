/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's state between C_Initialize and C_Finalize, and how statuses of libsignet read in Cryptoki. Fed by every
 * C_ function; a mistake here takes the state away under a thread, or gives a child its parent's. */
#include "module.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "names.h"
#include "session-object.h"
#include "slot.h"

/* The one state that a process has: Cryptoki's functions take no context, so there is nowhere else to keep it
 * (PKCS#11 2.40 section 5.4: a process is one application). The lock is held for a few instructions, never while
 * something else is called. */
static struct {
        pthread_mutex_t lock;
        Module *module;    /* in a child of fork() its parent's, until C_Initialize */
        Module *inherited; /* from then on that stands here */
        atomic_bool debug;
        pthread_once_t once;
        int once_error;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

/* A child has one thread, and whoever else held the lock at the fork is not in it. So the fork takes the lock. */
static void fork_prepare(void) {
        pthread_mutex_lock(&state.lock);
}

static void fork_done(void) {
        pthread_mutex_unlock(&state.lock);
}

static void prepare(void) {
        state.once_error = pthread_atfork(fork_prepare, fork_done, fork_done);
}

static void module_free(Module *m) {
        sessions_free(m->sessions);
        session_objects_free(m->session_objects);
        slots_free(m->slots);
        snapshot_unref(m->snapshot);
        signet_watch_free(m->watch);
        names_free(m->names);
        OSSL_LIB_CTX_free(m->crypto);
        signet_client_unref(m->client);
        (void) pthread_mutex_destroy(&m->snapshot_lock);
        (void) pthread_mutex_destroy(&m->refresh_lock);
        free(m);
}
DEFINE_CLEANUP(Module *, module_free)

/* A child takes its parent's client, which knows about forks and so closes the connections that the child has from
 * there. All else that it inherits it leaves where it is, within reach of leak checkers: other threads of the parent
 * may have been at work in it. */
static CK_RV client_for(const Module *inherited, signet_client **ret) {
        if (!inherited)
                return module_status(signet_client_new(NULL, ret), "C_Initialize");
        *ret = signet_client_ref(inherited->client);
        return CKR_OK;
}

static CK_RV module_new(const Module *inherited, Module **ret) {
        _cleanup_(module_freep) Module *m = calloc(1, sizeof(*m));
        CK_RV rv;

        if (!m)
                return CKR_HOST_MEMORY;
        atomic_init(&m->n_ref, 1);
        m->pid = getpid();
        /* With default attributes these cannot fail. */
        (void) pthread_mutex_init(&m->snapshot_lock, NULL);
        (void) pthread_mutex_init(&m->refresh_lock, NULL);

        rv = client_for(inherited, &m->client);
        if (rv != CKR_OK)
                return rv;
        ERR_set_mark();
        m->crypto = OSSL_LIB_CTX_new();
        ERR_pop_to_mark();
        m->names = names_new();
        m->slots = slots_new();
        m->sessions = sessions_new();
        m->session_objects = session_objects_new();
        if (!m->crypto || !m->names || !m->slots || !m->sessions || !m->session_objects)
                return CKR_HOST_MEMORY;

        *ret = TAKE_PTR(m);
        return CKR_OK;
}

CK_RV module_start(void) {
        const char *debug = secure_getenv("SIGNET_PKCS11_DEBUG");
        _cleanup_(module_freep) Module *fresh = NULL;
        bool initialised;
        Module *before;
        CK_RV rv;

        atomic_store(&state.debug, debug && debug[0] == '1' && debug[1] == '\0');
        (void) pthread_once(&state.once, prepare);
        if (state.once_error != 0)
                return CKR_HOST_MEMORY;

        pthread_mutex_lock(&state.lock);
        before = state.module;
        initialised = before && before->pid == getpid();
        pthread_mutex_unlock(&state.lock);
        if (initialised)
                return module_refuse(CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize was called before");
        rv = module_new(before, &fresh);
        if (rv != CKR_OK)
                return rv;

        pthread_mutex_lock(&state.lock);
        if (state.module == before) {
                if (before) {
                        before->inherited = state.inherited;
                        state.inherited = before;
                }
                state.module = TAKE_PTR(fresh);
        }
        pthread_mutex_unlock(&state.lock);
        return fresh ? module_refuse(CKR_CRYPTOKI_ALREADY_INITIALIZED, "two threads called C_Initialize") : CKR_OK;
}

/* state.module with a reference for the caller; taken out of there where `take` says so. */
static Module *current(bool take) {
        Module *m;

        pthread_mutex_lock(&state.lock);
        m = state.module;
        if (m && m->pid != getpid())
                m = NULL;
        if (m && take)
                state.module = NULL;
        else if (m)
                atomic_fetch_add(&m->n_ref, 1);
        pthread_mutex_unlock(&state.lock);
        return m;
}

CK_RV module_stop(void) {
        Module *m = current(true);

        if (!m)
                return module_refuse(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize without C_Initialize in this process");
        module_leave(m);
        return CKR_OK;
}

CK_RV module_enter(Module **ret) {
        Module *m = current(false);

        if (!m)
                return module_refuse(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Initialize was not called in this process");
        *ret = m;
        return CKR_OK;
}

void module_leave(Module *m) {
        if (m && atomic_fetch_sub(&m->n_ref, 1) == 1)
                module_free(m);
}

/* One write, so that lines of several threads do not mix. */
static void debug_line(CK_RV rv, const char *what, const char *why) {
        _cleanup_free_ char *line = NULL, *clean = NULL;

        if (!atomic_load(&state.debug))
                return;
        clean = text_clean(why);
        if (!clean)
                return;
        if (asprintf(&line, "signet-pkcs11: %s%s%s (0x%lx)\n", what, what[0] != '\0' ? ": " : "", clean, rv) >= 0)
                (void) !write(STDERR_FILENO, line, strlen(line));
}

static const CK_RV status_values[] = {
        [SIGNET_OK] = CKR_OK,
        [SIGNET_E_NO_SUCH_KEY] = CKR_KEY_HANDLE_INVALID,
        [SIGNET_E_NOT_AUTHORIZED] = CKR_KEY_FUNCTION_NOT_PERMITTED,
        [SIGNET_E_TOKEN_LOCKED] = CKR_USER_NOT_LOGGED_IN,
        [SIGNET_E_TOKEN_UNAVAILABLE] = CKR_DEVICE_REMOVED,
        [SIGNET_E_PIN_INCORRECT] = CKR_PIN_INCORRECT,
        [SIGNET_E_PIN_LOCKED] = CKR_PIN_LOCKED,
        [SIGNET_E_RATE_LIMITED] = CKR_FUNCTION_FAILED,
        [SIGNET_E_BUSY] = CKR_FUNCTION_FAILED,
        [SIGNET_E_TIMEOUT] = CKR_FUNCTION_FAILED,
        [SIGNET_E_DECRYPTION_FAILED] = CKR_ENCRYPTED_DATA_INVALID,
        [SIGNET_E_NOT_SUPPORTED] = CKR_MECHANISM_PARAM_INVALID,
        [SIGNET_E_INVALID_INPUT] = CKR_DATA_INVALID,
        [SIGNET_E_REVOKED] = CKR_KEY_FUNCTION_NOT_PERMITTED,
        [SIGNET_E_UNAVAILABLE] = CKR_DEVICE_ERROR,
        [SIGNET_E_AMBIGUOUS] = CKR_GENERAL_ERROR,
        [SIGNET_E_PROTOCOL] = CKR_DEVICE_ERROR,
};

CK_RV module_status(int status, const char *what) {
        CK_RV rv = CKR_GENERAL_ERROR;

        if (status == 0)
                return CKR_OK;
        if (status == -ENOMEM)
                rv = CKR_HOST_MEMORY;
        else if (status > 0 && (size_t) status < ELEMENTSOF(status_values))
                rv = status_values[status];
        debug_line(rv, what, signet_error_message());
        return rv;
}

CK_RV module_refuse(CK_RV rv, const char *why) {
        debug_line(rv, "", why);
        return rv;
}
