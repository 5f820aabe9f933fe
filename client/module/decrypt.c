/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RSA decryption (PKCS#11 2.40 section 5.9). Fed by hosts, and through them by whoever sends ciphertexts.
 *
 * It is no padding oracle, though C_Decrypt with CKM_RSA_PKCS commonly is one: signetd answers bad padding with
 * pseudo-random bytes, the same each time (implicit rejection), so that CKR_OK comes whatever the padding was. All that
 * is refused as an error (CKR_ENCRYPTED_DATA_LEN_RANGE, a number above the modulus) can be seen in the ciphertext, and
 * a failure of OAEP is one error for every cause. A host that goes on with the bytes learns from its content cipher
 * that they are wrong. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "operation.h"
#include "params.h"
#include "session.h"

#define RSA_OCTETS_MAX 512

struct DecryptOperation {
        const Mechanism *mechanism;
        Object *key;
        size_t octets; /* of the modulus */
        OaepParams oaep;

        /* A plaintext for which the host had too little room, and of which ciphertext. */
        Secret *plaintext;
        uint8_t ciphertext[RSA_OCTETS_MAX];
};

void decrypt_operation_free(DecryptOperation *o) {
        if (!o)
                return;
        secret_free(o->plaintext);
        object_unref(o->key);
        free(o);
}
DEFINE_CLEANUP(DecryptOperation *, decrypt_operation_free)

static void end(Session *s) {
        decrypt_operation_free(TAKE_PTR(s->decrypt));
}

/* --- starting ----------------------------------------------------------------------------------------- */

static CK_RV begin(Call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE handle) {
        _cleanup_(decrypt_operation_freep) DecryptOperation *o = calloc(1, sizeof(*o));
        CK_RV rv;

        if (!o)
                return CKR_HOST_MEMORY;
        rv = call_key(c, handle, &o->key);
        if (rv == CKR_OK)
                rv = mechanism_choose(m, CKF_DECRYPT, o->key, &o->mechanism);
        if (rv == CKR_OK && o->mechanism->kind == MECHANISM_OAEP)
                rv = params_oaep(m, &o->oaep);
        if (rv != CKR_OK)
                return rv;

        o->octets = remote_key_octets(o->key->key);
        if (o->octets > RSA_OCTETS_MAX || o->octets < 2 + 2 * EVP_MAX_MD_SIZE)
                return module_refuse(CKR_KEY_SIZE_RANGE, "RSA keys decrypt that have at most 4096 bits");
        c->session->decrypt = TAKE_PTR(o);
        return CKR_OK;
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!mechanism) {
                if (!c.session->decrypt)
                        return module_refuse(CKR_ARGUMENTS_BAD, "there is no decryption to cancel");
                end(c.session);
                return CKR_OK;
        }
        return c.session->decrypt ? CKR_OPERATION_ACTIVE : begin(&c, mechanism, key);
}

/* --- decrypting --------------------------------------------------------------------------------------- */

/* The most that a plaintext can have. */
static size_t plaintext_max(const DecryptOperation *o) {
        size_t overhead = o->mechanism->kind == MECHANISM_OAEP ? 2 * hash_size(o->oaep.hash) + 2 : 11;

        return o->octets - overhead;
}

/* A host does not say what it decrypts. The purpose `cms` gives content keys alone, and with PKCS#1 v1.5 something that
 * looks like one for everything else: a server of TLS that decrypts a premaster secret would be lied to, without an
 * error after which to ask again. So whoever has the right to any plaintext is taken to want it, and `cms` is for those
 * who have no such right: people who read mail, from whom policy withholds it. Neither tells what the padding was. */
static int ask(const DecryptOperation *o, const uint8_t *ciphertext, unsigned char **ret, size_t *ret_size) {
        bool may_raw = signet_key_may(o->key->key, "decrypt:raw");
        signet_options options = SIGNET_OPTIONS_INIT;
        int r;

        if (o->mechanism->kind == MECHANISM_OAEP) {
                options.padding = "oaep";
                options.hash = hash_to_string(o->oaep.hash);
                options.mgf_hash = hash_to_string(o->oaep.mgf_hash);
                options.label = o->oaep.label_size > 0 ? o->oaep.label : NULL;
                options.label_size = o->oaep.label_size;
        }
        r = signet_decrypt(o->key->key, may_raw ? "raw" : "cms", ciphertext, o->octets, &options, ret, ret_size);
        if (r == SIGNET_E_NOT_AUTHORIZED && may_raw && signet_key_may(o->key->key, "decrypt:cms"))
                r = signet_decrypt(o->key->key, "cms", ciphertext, o->octets, &options, ret, ret_size);
        return r;
}

static CK_RV decrypt(DecryptOperation *o, const uint8_t *ciphertext) {
        _cleanup_(secret_freep) Secret *plaintext = NULL;
        unsigned char *made = NULL;
        size_t n = 0;
        CK_RV rv;
        int r;

        r = ask(o, ciphertext, &made, &n);
        if (r != 0)
                return module_status(r, "decrypt");
        if (n > plaintext_max(o))
                rv = module_refuse(CKR_DEVICE_ERROR, "signetd gave a plaintext that is too long");
        else
                rv = secret_new(MAX(n, 1U), &plaintext) == 0 ? CKR_OK : CKR_HOST_MEMORY;
        if (rv == CKR_OK) {
                memcpy(secret_bytes(plaintext), made, n);
                secret_truncate(plaintext, n);
                memcpy(o->ciphertext, ciphertext, o->octets);
                secret_free(o->plaintext);
                o->plaintext = TAKE_PTR(plaintext);
        }
        signet_free(made, n);
        return rv;
}

/* To ask for the size decrypts nothing and gives the largest one; hosts with as much room never need another call. One
 * with less is served from what was kept, so that signetd is asked once. */
static CK_RV decrypt_into(DecryptOperation *o, const uint8_t *ciphertext, CK_ULONG n, CK_BYTE *data, CK_ULONG *data_n) {
        CK_RV rv;

        if (n != o->octets)
                return CKR_ENCRYPTED_DATA_LEN_RANGE;
        if (!o->plaintext || CRYPTO_memcmp(o->ciphertext, ciphertext, n) != 0) {
                rv = decrypt(o, ciphertext);
                if (rv != CKR_OK)
                        return rv;
        }
        if (output_postponed(secret_size(o->plaintext), data, data_n, &rv))
                return rv;
        *data_n = secret_size(o->plaintext);
        memcpy(data, secret_bytes(o->plaintext), *data_n);
        return CKR_OK;
}

CK_RV C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR ciphertext, CK_ULONG n, CK_BYTE_PTR data, CK_ULONG_PTR data_n) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->decrypt)
                return CKR_OPERATION_NOT_INITIALIZED;

        if (!data_n || !ciphertext)
                rv = CKR_ARGUMENTS_BAD;
        else if (!data) {
                *data_n = plaintext_max(c.session->decrypt);
                return CKR_OK;
        } else
                rv = decrypt_into(c.session->decrypt, ciphertext, n, data, data_n);
        if (rv != CKR_BUFFER_TOO_SMALL)
                end(c.session);
        return rv;
}

/* RSA decrypts in one part only (PKCS#11 2.40, RSA mechanisms). */
static CK_RV refuse_pieces(CK_SESSION_HANDLE session) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!c.session->decrypt)
                return CKR_OPERATION_NOT_INITIALIZED;
        end(c.session);
        return module_refuse(CKR_FUNCTION_NOT_SUPPORTED, "RSA decrypts in one part: call C_Decrypt");
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR ciphertext _unused_, CK_ULONG n _unused_,
                      CK_BYTE_PTR data _unused_, CK_ULONG_PTR data_n _unused_) {
        return refuse_pieces(session);
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR data _unused_, CK_ULONG_PTR data_n _unused_) {
        return refuse_pieces(session);
}
