/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unwrapping (PKCS#11 2.40 section 5.13) with AES session keys, in this process: the content key of a mail comes out of
 * the key-encryption key that C_DeriveKey gave. Fed by hosts, and through them by whoever sends mail. */
#include "common/ossl.h"
#include "operation.h"
#include "params.h"
#include "session.h"
#include "template.h"

#define WRAPPED_MAX 1024 /* bytes; a content key has 40 at most */

DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free)
DEFINE_CLEANUP(EVP_CIPHER *, EVP_CIPHER_free)

/* RFC 3394, or with padding RFC 5649. */
static bool is_padded(const Mechanism *m) {
        return m->type == CKM_AES_KEY_WRAP_PAD || m->type == CKM_AES_KEY_WRAP_KWP;
}

static EVP_CIPHER *fetch(OSSL_LIB_CTX *crypto, const Mechanism *m, size_t key_size) {
        static const char *const names[][3] = {
                { "AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP" },
                { "AES-128-WRAP-PAD", "AES-192-WRAP-PAD", "AES-256-WRAP-PAD" },
        };

        if (key_size != 16 && key_size != 24 && key_size != 32)
                return NULL;
        return EVP_CIPHER_fetch(crypto, names[is_padded(m)][key_size / 8 - 2], NULL);
}

static CK_RV unwrap(OSSL_LIB_CTX *crypto, const Mechanism *m, Secret *key, const uint8_t *iv, const uint8_t *wrapped,
                    size_t n, Secret **ret) {
        _cleanup_(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        _cleanup_(EVP_CIPHER_freep) EVP_CIPHER *cipher = fetch(crypto, m, secret_size(key));
        _cleanup_(secret_freep) Secret *value = NULL;
        int size = 0;

        if (n % 8 != 0 || n < (is_padded(m) ? 16U : 24U) || n > WRAPPED_MAX)
                return CKR_WRAPPED_KEY_LEN_RANGE;
        if (!cipher)
                return CKR_UNWRAPPING_KEY_SIZE_RANGE;
        if (!ctx || secret_new(n, &value) != 0)
                return CKR_HOST_MEMORY;

        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        if (EVP_DecryptInit_ex2(ctx, cipher, secret_bytes(key), iv, NULL) != 1 ||
            EVP_DecryptUpdate(ctx, secret_bytes(value), &size, wrapped, (int) n) != 1 || size <= 0)
                return module_refuse(CKR_WRAPPED_KEY_INVALID, "the wrapped key is not under this key");
        secret_truncate(value, (size_t) size);
        *ret = TAKE_PTR(value);
        return CKR_OK;
}

/* C_UnwrapKey has errors of its own for the key that it works with. */
static CK_RV unwrapping_key_error(CK_RV rv) {
        switch (rv) {
        case CKR_KEY_HANDLE_INVALID:
                return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
        case CKR_KEY_TYPE_INCONSISTENT:
                return CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
        default:
                return rv;
        }
}

static CK_RV unwrap_key(const Call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE unwrapping, const uint8_t *wrapped,
                        size_t wrapped_n, const CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret) {
        _cleanup_(object_unrefp) Object *key = NULL, *unwrapped = NULL;
        _cleanup_(secret_freep) Secret *value = NULL;
        const Mechanism *mechanism;
        const uint8_t *iv;
        CK_KEY_TYPE type;
        CK_RV rv;

        rv = call_key(c, unwrapping, &key);
        if (rv == CKR_OK)
                rv = mechanism_choose(m, CKF_UNWRAP, key, &mechanism);
        if (rv != CKR_OK)
                return unwrapping_key_error(rv);
        if (!template_ulong(template, n, CKA_KEY_TYPE, &type))
                return module_refuse(CKR_TEMPLATE_INCOMPLETE, "which type of key is wrapped is not said");

        rv = params_key_wrap(m, is_padded(mechanism) ? 4 : 8, &iv);
        if (rv == CKR_OK)
                rv = unwrap(c->module->crypto, mechanism, key->value, iv, wrapped, wrapped_n, &value);
        if (rv == CKR_OK)
                rv = object_new_secret(c->module->names, type, value, template, n, &unwrapped);
        if (rv != CKR_OK)
                return rv;
        (void) TAKE_PTR(value);
        rv = call_add_object(c, unwrapped);
        if (rv == CKR_OK)
                *ret = unwrapped->handle;
        return rv;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping,
                  CK_BYTE_PTR wrapped, CK_ULONG wrapped_n, CK_ATTRIBUTE_PTR template, CK_ULONG n,
                  CK_OBJECT_HANDLE_PTR key) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!key || !wrapped)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no wrapped key, or no place for a handle");
        rv = template_check(template, n, true);
        if (rv != CKR_OK)
                return rv;
        return unwrap_key(&c, mechanism, unwrapping, wrapped, wrapped_n, template, n, key);
}
