/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_Login and C_Logout (PKCS#11 2.40 section 5.6, 3.0 section 5.6). Fed by hosts that believe every token wants a PIN;
 * a mistake here tries a PIN that nobody meant, or leaves one behind.
 *
 * signetd knows the caller, so nobody has to log in to a token that is ready. Many hosts do so anyway, with whatever
 * they have: they are told that it went well, and no PIN is looked at. Only a locked token gets one. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "pkcs11-3.h"
#include "session-object.h"
#include "slot.h"

#define PIN_SIZE_MAX 255 /* bytes; as signet-worker takes them */

_Static_assert(PIN_SIZE_MAX + 1 <= PIPE_BUF, "a PIN is written whole or not at all");

/* A pipe that a PIN can be read from. Its memory is the kernel's, and gone when both ends are closed. The reader drops
 * one newline at the end, so there is one: it keeps a PIN whole that ends with a newline. */
static CK_RV pin_open(const CK_UTF8CHAR *pin, CK_ULONG size, int *ret_fd) {
        _cleanup_(secret_freep) Secret *line = NULL;
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        int fds[2];

        if (secret_new(size + 1, &line) < 0)
                return CKR_HOST_MEMORY;
        memcpy(secret_bytes(line), pin, size);
        secret_bytes(line)[size] = '\n';

        if (pipe2(fds, O_CLOEXEC) < 0)
                return module_refuse(CKR_FUNCTION_FAILED, "C_Login: no descriptors are left for the PIN's pipe");
        out = fds[0];
        in = fds[1];
        if (write(in, secret_bytes(line), secret_size(line)) != (ssize_t) secret_size(line))
                return CKR_FUNCTION_FAILED;
        *ret_fd = TAKE_FD(out);
        return CKR_OK;
}

static CK_RV unlock(Module *m, signet_token *token, const CK_UTF8CHAR *pin, CK_ULONG size) {
        _cleanup_close_ int fd = -EBADF;
        CK_RV rv;

        if (!pin)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_Login: the token is locked and needs a PIN");
        if (size == 0)
                return module_refuse(CKR_PIN_INCORRECT, "C_Login: a PIN has 1 to 255 bytes; nothing was tried");
        rv = pin_open(pin, size, &fd);
        if (rv != CKR_OK)
                return rv;
        rv = module_status(signet_token_unlock(token, fd), "C_Login");
        snapshot_expire(m); /* its keys are there now, or its last try is used up */
        return rv;
}

/* What C_Login may answer (section 5.6) has no word for "not you". */
static CK_RV login_user(const Call *c, const CK_UTF8CHAR *pin, CK_ULONG size) {
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        const SnapshotSlot *slot;
        CK_RV rv;

        rv = slot_find(c->module, c->session->slot, &snapshot, &slot);
        if (rv != CKR_OK)
                return rv == CKR_HOST_MEMORY ? rv : CKR_DEVICE_REMOVED;
        if (slot_wants_login(slot)) { /* also when the host logged in before it was locked */
                rv = unlock(c->module, slot->token, pin, size);
                if (rv == CKR_OK)
                        sessions_set_logged_in(c->module->sessions, slot->id, true);
                return rv == CKR_KEY_FUNCTION_NOT_PERMITTED ? CKR_FUNCTION_FAILED : rv;
        }
        if (slot_is_locked(slot))
                return module_refuse(CKR_FUNCTION_FAILED, "C_Login: no rule lets you unlock this token");
        if (sessions_set_logged_in(c->module->sessions, slot->id, true))
                return module_refuse(CKR_USER_ALREADY_LOGGED_IN, "C_Login: logged in already");
        return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE type, const CK_UTF8CHAR *pin, CK_ULONG size) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!pin && size > 0)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_Login: no PIN, but a length");
        if (size > PIN_SIZE_MAX)
                return module_refuse(CKR_PIN_INCORRECT, "C_Login: a PIN has 1 to 255 bytes; nothing was tried");
        switch (type) {
        case CKU_USER:
                return login_user(&c, pin, size);
        case CKU_CONTEXT_SPECIFIC: /* for the use of a key that is under way; ours ask for none */
                return c.session->sign || c.session->decrypt ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
        default:
                return module_refuse(CKR_USER_TYPE_INVALID, "C_Login: no security officer works through signetd");
        }
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG size) {
        return login(session, type, pin, size);
}

/* Whoever the host says that it is: signetd knows better. */
CK_RV C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG size,
                  CK_UTF8CHAR *name _unused_, CK_ULONG name_size _unused_) {
        return login(session, type, pin, size);
}

/* The token stays unlocked: others use it. signetctl locks it. */
CK_RV C_Logout(CK_SESSION_HANDLE session) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!sessions_set_logged_in(c.module->sessions, c.session->slot, false))
                return module_refuse(CKR_USER_NOT_LOGGED_IN, "C_Logout without C_Login");
        session_objects_drop_private(c.module->session_objects, c.session->slot);
        return CKR_OK;
}
