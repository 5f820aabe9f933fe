/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing (PKCS#11 2.40 section 5.11). Fed by hosts; asks signetd, once for each signature: the host's room is looked
 * at before. */
#include "sign.h"

#include "operation.h"
#include "params.h"
#include "session.h"

struct SignOperation {
        Object *key; /* a reference: it may vanish from the snapshot meanwhile */
        KeyType type;
        size_t size; /* of the signature */
        unsigned int salt_length;
        bool pieces; /* C_SignUpdate was called */
        SignInput input;
};

void sign_operation_free(SignOperation *o) {
        if (!o)
                return;
        sign_input_done(&o->input);
        object_unref(o->key);
        free(o);
}
DEFINE_CLEANUP(SignOperation *, sign_operation_free)

static void end(Session *s) {
        sign_operation_free(TAKE_PTR(s->sign));
}

/* --- starting ----------------------------------------------------------------------------------------- */

static CK_RV read_params(const CK_MECHANISM *m, const Mechanism *mechanism, size_t bits, Hash *ret_hash,
                         unsigned int *ret_salt_length) {
        PssParams pss = {};
        CK_RV rv;

        *ret_hash = mechanism->hash;
        switch (mechanism->kind) {
        case MECHANISM_PSS_RAW:
        case MECHANISM_PSS_HASH:
                rv = params_pss(m, mechanism, bits, &pss);
                *ret_hash = pss.hash;
                *ret_salt_length = pss.salt_length;
                return rv;
        case MECHANISM_EDDSA:
                return params_eddsa(m);
        default:
                return CKR_OK;
        }
}

static CK_RV begin(Call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE handle) {
        _cleanup_(sign_operation_freep) SignOperation *o = calloc(1, sizeof(*o));
        const Mechanism *mechanism;
        size_t octets;
        Hash hash;
        CK_RV rv;

        if (!o)
                return CKR_HOST_MEMORY;
        rv = call_key(c, handle, &o->key);
        if (rv == CKR_OK)
                rv = mechanism_choose(m, CKF_SIGN, o->key, &mechanism);
        if (rv == CKR_OK)
                rv = read_params(m, mechanism, signet_key_bits(o->key->key), &hash, &o->salt_length);
        if (rv != CKR_OK)
                return rv;

        o->type = remote_key_type(o->key->key);
        octets = remote_key_octets(o->key->key);
        o->size = sign_output_size(o->type, octets);
        if (o->size == 0)
                return CKR_KEY_TYPE_INCONSISTENT;
        rv = sign_input_init(&o->input, c->module->crypto, mechanism, hash, octets);
        if (rv == CKR_OK)
                c->session->sign = TAKE_PTR(o);
        return rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!mechanism) {
                if (!c.session->sign)
                        return module_refuse(CKR_ARGUMENTS_BAD, "there is no signing to cancel");
                end(c.session);
                return CKR_OK;
        }
        return c.session->sign ? CKR_OPERATION_ACTIVE : begin(&c, mechanism, key);
}

/* --- signing ------------------------------------------------------------------------------------------ */

static CK_RV sign(SignOperation *o, CK_BYTE *signature, CK_ULONG *ret_n) {
        signet_options options = SIGNET_OPTIONS_INIT;
        unsigned char *made = NULL;
        size_t made_n = 0;
        SignRequest q;
        CK_RV rv;
        int r;

        rv = sign_input_finish(&o->input, &q);
        if (rv != CKR_OK)
                return rv;
        if (q.hash != HASH_NONE)
                options.hash = hash_to_string(q.hash);
        if (o->salt_length > 0) {
                options.padding = "pss";
                options.salt_length = o->salt_length;
        }

        r = sign_request_send(&q, o->key->key, &options, &made, &made_n);
        if (r != 0)
                return module_status(r, "sign");
        rv = sign_output(o->type, o->input.octets, made, made_n, signature);
        signet_free(made, made_n);
        if (rv == CKR_OK)
                *ret_n = o->size;
        return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG n, CK_BYTE_PTR signature, CK_ULONG_PTR signature_n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        SignOperation *o;
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        o = c.session->sign;
        if (!o)
                return CKR_OPERATION_NOT_INITIALIZED;
        if (o->pieces)
                return CKR_OPERATION_ACTIVE;

        if (!signature_n || !input_readable(data, n))
                rv = CKR_ARGUMENTS_BAD;
        else if (output_postponed(o->size, signature, signature_n, &rv))
                return rv;
        else
                rv = sign_input_add(&o->input, data, n);
        if (rv == CKR_OK)
                rv = sign(o, signature, signature_n);
        end(c.session);
        return rv;
}

/* For mechanisms of one part as well: pieces are only put together, and some hosts give them. */
CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->sign)
                return CKR_OPERATION_NOT_INITIALIZED;

        c.session->sign->pieces = true;
        rv = input_readable(data, n) ? sign_input_add(&c.session->sign->input, data, n) : CKR_ARGUMENTS_BAD;
        if (rv != CKR_OK)
                end(c.session);
        return rv;
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG_PTR n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->sign)
                return CKR_OPERATION_NOT_INITIALIZED;

        if (!n)
                rv = CKR_ARGUMENTS_BAD;
        else if (output_postponed(c.session->sign->size, signature, n, &rv))
                return rv;
        else
                rv = sign(c.session->sign, signature, n);
        end(c.session);
        return rv;
}
