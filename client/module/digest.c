/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests, made in this process: hosts that hash on the token hash before they sign. Fed by hosts. */
#include "common/ossl.h"
#include "mechanism.h"
#include "operation.h"
#include "session.h"

struct DigestOperation {
        EVP_MD_CTX *md;
        size_t size; /* of the digest */
        bool pieces; /* C_DigestUpdate was called */
};

void digest_operation_free(DigestOperation *o) {
        if (!o)
                return;
        EVP_MD_CTX_free(o->md);
        free(o);
}
DEFINE_CLEANUP(DigestOperation *, digest_operation_free)

static void end(Session *s) {
        digest_operation_free(TAKE_PTR(s->digest));
}

static CK_RV begin(Call *c, const CK_MECHANISM *m) {
        _cleanup_(digest_operation_freep) DigestOperation *o = NULL;
        const Mechanism *mechanism;
        EVP_MD *md;
        CK_RV rv;
        int ok;

        rv = mechanism_choose(m, CKF_DIGEST, NULL, &mechanism);
        if (rv != CKR_OK)
                return rv;
        o = calloc(1, sizeof(*o));
        if (!o)
                return CKR_HOST_MEMORY;
        o->size = hash_size(mechanism->hash);
        o->md = EVP_MD_CTX_new();
        md = EVP_MD_fetch(c->module->crypto, hash_to_string(mechanism->hash), NULL);
        ok = o->md && md && EVP_DigestInit_ex2(o->md, md, NULL) == 1;
        EVP_MD_free(md);
        if (!ok)
                return CKR_HOST_MEMORY;
        c->session->digest = TAKE_PTR(o);
        return CKR_OK;
}

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (c.session->digest) {
                if (mechanism)
                        return CKR_OPERATION_ACTIVE;
                end(c.session);
                return CKR_OK;
        }
        return begin(&c, mechanism);
}

static CK_RV update(DigestOperation *o, const void *data, size_t n) {
        return EVP_DigestUpdate(o->md, data, n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV finish(DigestOperation *o, CK_BYTE *digest, CK_ULONG *ret_n) {
        if (EVP_DigestFinal_ex(o->md, digest, NULL) != 1)
                return CKR_FUNCTION_FAILED;
        *ret_n = o->size;
        return CKR_OK;
}

CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG n, CK_BYTE_PTR digest, CK_ULONG_PTR digest_n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        DigestOperation *o;
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        o = c.session->digest;
        if (!o)
                return CKR_OPERATION_NOT_INITIALIZED;
        if (o->pieces)
                return CKR_OPERATION_ACTIVE;

        if (!digest_n || !input_readable(data, n))
                rv = CKR_ARGUMENTS_BAD;
        else if (output_postponed(o->size, digest, digest_n, &rv))
                return rv;
        else
                rv = update(o, data, n);
        if (rv == CKR_OK)
                rv = finish(o, digest, digest_n);
        end(c.session);
        return rv;
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->digest)
                return CKR_OPERATION_NOT_INITIALIZED;

        c.session->digest->pieces = true;
        rv = input_readable(data, n) ? update(c.session->digest, data, n) : CKR_ARGUMENTS_BAD;
        if (rv != CKR_OK)
                end(c.session);
        return rv;
}

/* The value of a session key; those of token keys nobody has. */
CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(object_unrefp) Object *key = NULL;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->digest)
                return CKR_OPERATION_NOT_INITIALIZED;

        c.session->digest->pieces = true;
        rv = call_key(&c, handle, &key);
        if (rv == CKR_OK)
                rv = key->value ? update(c.session->digest, secret_bytes(key->value), secret_size(key->value))
                                : CKR_KEY_INDIGESTIBLE;
        if (rv != CKR_OK)
                end(c.session);
        return rv;
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR digest, CK_ULONG_PTR n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->digest)
                return CKR_OPERATION_NOT_INITIALIZED;

        if (!n)
                rv = CKR_ARGUMENTS_BAD;
        else if (output_postponed(c.session->digest->size, digest, n, &rv))
                return rv;
        else
                rv = finish(c.session->digest, digest, n);
        end(c.session);
        return rv;
}
