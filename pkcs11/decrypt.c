/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RSA decryption that is no oracle. Attackers choose the ciphertexts, see every answer and measure its time; what the
 * token says about padding must not reach them, and where the token lets us, it does not even get to see padding. */
#include <string.h>

#include <openssl/core_names.h>

#include "common/ossl.h"
#include "operation.h"
#include "rejection.h"

typedef struct Decryption {
        Operations *ops;
        Key *key;
        const FrameDecrypt *request;
        Reason *reason;
        size_t k; /* bytes of the modulus */
        uint8_t modulus[RSA_BYTES_MAX];
} Decryption;

/* Below, a message is the last bytes of a block of k. */

/* The one answer for whatever does not decrypt. */
static int failed(Decryption *d) {
        return reason_set(d->reason, WORKER_DECRYPTION_FAILED, "decryption failed");
}

/* These say that the token failed, not that it disliked the ciphertext. All else counts as the latter: some cards
 * answer bad padding with CKR_DEVICE_ERROR or CKR_GENERAL_ERROR. */
static bool token_gone(CK_RV rv) {
        switch (rv) {
        case CKR_DEVICE_REMOVED:
        case CKR_DEVICE_MEMORY:
        case CKR_TOKEN_NOT_PRESENT:
        case CKR_SESSION_HANDLE_INVALID:
        case CKR_SESSION_CLOSED:
        case CKR_USER_NOT_LOGGED_IN:
        case CKR_CRYPTOKI_NOT_INITIALIZED:
        case CKR_OPERATION_NOT_INITIALIZED:
        case CKR_OPERATION_ACTIVE:
        case CKR_HOST_MEMORY:
                return true;
        default:
                return false;
        }
}

static Call call_decrypt(Decryption *d, CK_MECHANISM *m, const uint8_t *ciphertext, uint8_t *ret, CK_ULONG *ret_n) {
        bool authenticate = (d->key->object.flags & FRAME_KEY_ALWAYS_AUTHENTICATE) != 0;

        return token_decrypt(d->ops->token, d->key->object.handle, authenticate, m, (Blob){ ciphertext, d->k }, ret,
                             ret_n);
}

/* --- raw RSA --- */

/* Moves n bytes to the end of a block of k and fills up with zeros: some tokens drop leading zeros. */
static void align_right(uint8_t *block, size_t n, size_t k) {
        memmove(block + (k - n), block, n);
        memset(block, 0, k - n);
}

static bool raw_refused(Call call) {
        return strcmp(call.name, "C_DecryptInit") == 0 &&
               (call.rv == CKR_MECHANISM_INVALID || call.rv == CKR_MECHANISM_PARAM_INVALID ||
                call.rv == CKR_KEY_FUNCTION_NOT_PERMITTED || call.rv == CKR_KEY_TYPE_INCONSISTENT ||
                call.rv == CKR_FUNCTION_NOT_SUPPORTED);
}

/* RSADP of k bytes to k bytes. WORKER_NOT_SUPPORTED, without a sentence, when the key cannot do it: then use the
 * token's own unpadding. */
static int raw_rsa(Decryption *d, const uint8_t *ciphertext, uint8_t *ret) {
        CK_MECHANISM m = { .mechanism = CKM_RSA_X_509 };
        CK_ULONG n = d->k;
        Call call;

        if (d->key->no_raw_rsa || !token_has_mechanism(d->ops->token, CKM_RSA_X_509))
                return WORKER_NOT_SUPPORTED;
        call = call_decrypt(d, &m, ciphertext, ret, &n);
        if (raw_refused(call)) {
                d->key->no_raw_rsa = true;
                return WORKER_NOT_SUPPORTED;
        }
        if (call.rv == CKR_OK && n <= d->k) {
                align_right(ret, n, d->k);
                return 0;
        }
        if (call.rv == CKR_ENCRYPTED_DATA_INVALID || call.rv == CKR_ENCRYPTED_DATA_LEN_RANGE ||
            call.rv == CKR_DATA_INVALID || call.rv == CKR_DATA_LEN_RANGE)
                return failed(d); /* the ciphertext as a number, which everybody can see */
        if (call.rv == CKR_OK)
                call.rv = CKR_DEVICE_ERROR;
        return token_call_failed(d->ops->token, call, d->reason);
}

/* --- PKCS#1 v1.5 --- */

/* The key's secret for implicit rejection, made once. */
static int rejection_of_key(Decryption *d) {
        _cleanup_(secret_freep) Secret *decrypted = NULL;
        Blob spki = bytes_blob(&d->key->object.spki);
        uint8_t block[RSA_BYTES_MAX];
        int r;

        if (d->key->rejection)
                return 0;
        r = rejection_block(d->modulus, d->k, block);
        if (r < 0)
                return r;
        r = secret_new(d->k, &decrypted);
        if (r < 0)
                return r;
        r = raw_rsa(d, block, secret_bytes(decrypted));
        if (r == WORKER_NOT_SUPPORTED)
                return rejection_secret_shared(&d->ops->shared_secret, &spki, &d->key->rejection);
        return r != 0 ? r : rejection_secret(secret_bytes(decrypted), d->k, &d->key->rejection);
}

/* The token unpads. Its answer is padded again, or made a block with bad padding, so that one piece of code chooses the
 * answer. */
static int unpadded_by_token(Decryption *d, uint8_t *ret) {
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS };
        _cleanup_(secret_freep) Secret *plain = NULL;
        CK_ULONG n = d->k;
        Call call;
        int r;

        r = secret_new(d->k, &plain);
        if (r < 0)
                return r;
        call = call_decrypt(d, &m, d->request->ciphertext.data, secret_bytes(plain), &n);
        if (call.rv != CKR_OK && (strcmp(call.name, "C_Decrypt") != 0 || token_gone(call.rv)))
                return token_call_failed(d->ops->token, call, d->reason);

        memset(ret, 0, d->k);
        if (call.rv != CKR_OK || n > d->k - UNPAD_PKCS1_OVERHEAD)
                return 0;
        memset(ret + 1, 2, d->k - n - 2);
        memcpy(ret + d->k - n, secret_bytes(plain), n);
        return 0;
}

static UnpadShape shape_of(const FrameDecrypt *q) {
        if (!q->content_key)
                return UNPAD_ANY;
        return q->key_length == 0 ? UNPAD_CONTENT_KEY : UNPAD_EXACT;
}

static int decrypt_pkcs1(Decryption *d, Secret *em, Secret *message, size_t *ret_n) {
        _cleanup_(secret_freep) Secret *substitute = NULL;
        const FrameDecrypt *q = d->request;
        size_t substitute_n;
        int r;

        r = secret_new(d->k, &substitute);
        if (r < 0)
                return r;
        r = rejection_of_key(d);
        if (r != 0)
                return r;
        r = rejection_substitute(d->key->rejection, q->ciphertext.data, d->k, shape_of(q), q->key_length,
                                 secret_bytes(substitute), &substitute_n);
        if (r < 0)
                return r;
        r = raw_rsa(d, q->ciphertext.data, secret_bytes(em));
        if (r == WORKER_NOT_SUPPORTED)
                r = unpadded_by_token(d, secret_bytes(em));
        if (r != 0)
                return r;

        unpad_pkcs1(secret_bytes(em), d->k, shape_of(q), q->key_length, secret_bytes(substitute), substitute_n,
                    secret_bytes(message), ret_n);
        return 0;
}

/* --- OAEP --- */

static int oaep_by_token(Decryption *d, uint8_t *ret, size_t *ret_n) {
        static const CK_MECHANISM_TYPE hashes[_HASH_MAX] = {
                [HASH_SHA1] = CKM_SHA_1,    [HASH_SHA224] = CKM_SHA224, [HASH_SHA256] = CKM_SHA256,
                [HASH_SHA384] = CKM_SHA384, [HASH_SHA512] = CKM_SHA512,
        };
        static const CK_RSA_PKCS_MGF_TYPE mgfs[_HASH_MAX] = {
                [HASH_SHA1] = CKG_MGF1_SHA1,     [HASH_SHA224] = CKG_MGF1_SHA224, [HASH_SHA256] = CKG_MGF1_SHA256,
                [HASH_SHA384] = CKG_MGF1_SHA384, [HASH_SHA512] = CKG_MGF1_SHA512,
        };
        const FrameDecrypt *q = d->request;
        CK_RSA_PKCS_OAEP_PARAMS params = {
                .hashAlg = hashes[q->hash],
                .mgf = mgfs[q->mgf_hash],
                .source = CKZ_DATA_SPECIFIED,
                .pSourceData = (void *) q->label.data,
                .ulSourceDataLen = q->label.size,
        };
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS_OAEP, .pParameter = &params, .ulParameterLen = sizeof(params) };
        CK_ULONG n = d->k;
        Call call;

        if (!token_has_mechanism(d->ops->token, CKM_RSA_PKCS_OAEP))
                return reason_set(d->reason, WORKER_NOT_SUPPORTED,
                                  "token \"%s\": the token can do neither OAEP nor raw RSA", d->ops->token->name);
        call = call_decrypt(d, &m, q->ciphertext.data, ret, &n);
        if (call.rv != CKR_OK && (strcmp(call.name, "C_Decrypt") != 0 || token_gone(call.rv)))
                return token_call_failed(d->ops->token, call, d->reason);
        if (call.rv != CKR_OK || n > d->k)
                return failed(d);
        memmove(ret + d->k - n, ret, n);
        *ret_n = n;
        return 0;
}

static int oaep_here(Decryption *d, const uint8_t *em, uint8_t *ret, size_t *ret_n) {
        const FrameDecrypt *q = d->request;
        Mask good = 0;
        int r;

        r = unpad_oaep(em, d->k, q->hash, q->mgf_hash, q->label.data, q->label.size, ret, ret_n, &good);
        if (r < 0)
                return r;

        /* From here on the outcome is what the caller is told. */
        return r == 0 && good ? 0 : failed(d);
}

static int decrypt_oaep(Decryption *d, Secret *em, Secret *message, size_t *ret_n) {
        const FrameDecrypt *q = d->request;
        size_t n;
        int r;

        r = raw_rsa(d, q->ciphertext.data, secret_bytes(em));
        if (r == WORKER_NOT_SUPPORTED)
                r = oaep_by_token(d, secret_bytes(message), &n);
        else if (r == 0)
                r = oaep_here(d, secret_bytes(em), secret_bytes(message), &n);
        if (r != 0)
                return r;

        /* Who sent this knew the length: OAEP cannot be changed on the way. No secret is tested here. */
        if (q->content_key && (q->key_length != 0 ? n != q->key_length : n != 16 && n != 24 && n != 32))
                return failed(d);
        *ret_n = n;
        return 0;
}

/* --- */

static int check_request(const FrameDecrypt *q, Reason *reason) {
        if (q->padding != PADDING_PKCS1 && q->padding != PADDING_OAEP)
                return reason_set(reason, WORKER_INVALID_INPUT, "RSA decryption wants padding pkcs1 or oaep");
        if (q->padding == PADDING_OAEP && (q->hash == HASH_NONE || q->mgf_hash == HASH_NONE))
                return reason_set(reason, WORKER_INVALID_INPUT, "oaep needs a hash");
        if (q->content_key && q->key_length != 0 && q->key_length != 16 && q->key_length != 24 && q->key_length != 32)
                return reason_set(reason, WORKER_INVALID_INPUT, "a content key has 16, 24 or 32 bytes");
        return 0;
}

/* Fills in the modulus; whether the ciphertext is a number below it. */
static int check_range(Decryption *d, bool *ret) {
        _cleanup_(BN_clear_freep) BIGNUM *n = NULL;
        EVP_PKEY *public;
        int r;

        r = key_public(d->key, &public);
        if (r < 0)
                return r;
        if (EVP_PKEY_get_bn_param(public, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
                return -ENOMEM;
        d->k = (size_t) BN_num_bytes(n);
        if (d->k > RSA_BYTES_MAX || BN_bn2binpad(n, d->modulus, (int) d->k) < 0)
                return -EINVAL;
        *ret = d->request->ciphertext.size == d->k && memcmp(d->request->ciphertext.data, d->modulus, d->k) < 0;
        return 0;
}

int operation_decrypt(Operations *ops, const FrameDecrypt *q, Reason *reason, Secret **ret) {
        _cleanup_(secret_freep) Secret *em = NULL, *message = NULL;
        Decryption d = { .ops = ops, .request = q, .reason = reason };
        bool in_range;
        size_t n;
        int r;

        r = operation_find_key(ops, q->handle, FRAME_KEY_DECRYPT, reason, &d.key);
        if (r != 0)
                return r;
        if (d.key->object.type != KEY_TYPE_RSA)
                return reason_set(reason, WORKER_NOT_SUPPORTED, "only RSA keys decrypt; EC keys derive");
        r = check_request(q, reason);
        if (r == 0)
                r = check_range(&d, &in_range);
        if (r != 0)
                return r;
        if (!in_range)
                return failed(&d);

        r = secret_new(d.k, &em);
        if (r == 0)
                r = secret_new(d.k, &message);
        if (r < 0)
                return r;
        r = q->padding == PADDING_PKCS1 ? decrypt_pkcs1(&d, em, message, &n) : decrypt_oaep(&d, em, message, &n);
        if (r != 0)
                return r;
        memmove(secret_bytes(message), secret_bytes(message) + d.k - n, n);
        secret_truncate(message, n);
        *ret = TAKE_PTR(message);
        return 0;
}
