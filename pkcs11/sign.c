/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing. signetd has hashed; the worker sees to it that a digest is what it says it is, and that what leaves is a
 * signature: a faulty RSA or Ed25519 signature would give the private key away (Boneh, DeMillo, Lipton 1997). */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "mgf1.h"
#include "operation.h"
#include "pss.h"
#include "unpad.h"

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free)

#define DIGEST_INFO_MAX 128
#define ED25519_BYTES   64
#define SALT_MAX        RSA_BYTES_MAX

int operation_find_key(Operations *ops, uint32_t handle, uint8_t flag, Reason *reason, Key **ret) {
        const char *name = ops->token->name;
        Key *key;

        if (handle == 0 || handle > ops->inventory->n_keys)
                return reason_set(reason, WORKER_NO_SUCH_KEY, "token \"%s\": no such key", name);
        key = &ops->inventory->keys[handle - 1];
        if (key->object.handle == CK_INVALID_HANDLE)
                return reason_set(reason, WORKER_LOCKED, "token \"%s\": locked; unlock with: signetctl unlock %s", name,
                                  name);
        if (key->object.type == KEY_TYPE_UNKNOWN)
                return reason_set(reason, WORKER_NOT_SUPPORTED, "token \"%s\": this kind of key is not supported",
                                  name);
        if ((key->object.flags & flag) == 0)
                return reason_set(reason, WORKER_NOT_SUPPORTED,
                                  "token \"%s\": the key's attributes on the token do not allow this use", name);
        *ret = key;
        return 0;
}

static bool authenticates(const Key *key) {
        return (key->object.flags & FRAME_KEY_ALWAYS_AUTHENTICATE) != 0;
}

/* Calls the token and wants exactly `want` bytes from it. */
static int call_sign(Operations *ops, Key *key, CK_MECHANISM *m, Blob data, size_t want, Reason *reason, uint8_t *ret) {
        CK_ULONG n = SIGNATURE_MAX;
        Call call = token_sign(ops->token, key->object.handle, authenticates(key), m, data, ret, &n);

        if (call.rv != CKR_OK)
                return token_call_failed(ops->token, call, reason);
        if (n != want)
                return reason_set(reason, WORKER_DEVICE_ERROR,
                                  "token \"%s\": the module returned a signature of %lu bytes "
                                  "instead of %zu; it is loaded afresh now",
                                  ops->token->name, n, want);
        return 0;
}

static int not_a_signature(const Operations *ops, Reason *reason) {
        return reason_set(reason, WORKER_DEVICE_ERROR,
                          "token \"%s\": the module returned a signature that does not verify; it is loaded afresh now",
                          ops->token->name);
}

/* --- RSA --- */

/* DER DigestInfo of a SHA-2 digest, RFC 8017 section 9.2; returns its size. */
static size_t digest_info(Hash hash, Blob digest, uint8_t *ret) {
        static const uint8_t sha2_oid[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02 };
        static const uint8_t last[_HASH_MAX] = {
                [HASH_SHA224] = 4, [HASH_SHA256] = 1, [HASH_SHA384] = 2, [HASH_SHA512] = 3
        };
        uint8_t h = (uint8_t) digest.size;
        uint8_t head[] = { 0x30, (uint8_t) (17 + h), 0x30, 0x0d, 0x06, 0x09 };
        uint8_t tail[] = { last[hash], 0x05, 0x00, 0x04, h };
        uint8_t *p = ret;

        p = mempcpy(p, head, sizeof(head));
        p = mempcpy(p, sha2_oid, sizeof(sha2_oid));
        p = mempcpy(p, tail, sizeof(tail));
        p = mempcpy(p, digest.data, digest.size);
        return (size_t) (p - ret);
}

static int rsa_verify(EVP_PKEY *public, const FrameSign *q, const uint8_t *signature, size_t n) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);

        if (!ctx)
                return -ENOMEM;
        if (EVP_PKEY_verify_init(ctx) != 1 || EVP_PKEY_CTX_set_signature_md(ctx, hash_to_md(q->hash)) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(ctx, q->padding == PADDING_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) !=
                    1)
                return -ENOMEM;
        if (q->padding == PADDING_PSS && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, q->salt_length) != 1)
                return -ENOMEM;
        return EVP_PKEY_verify(ctx, signature, n, q->data.data, q->data.size) == 1 ? 0 : 1;
}

static int sign_pss_raw(Operations *ops, Key *key, const FrameSign *q, size_t bits, Reason *reason, uint8_t *ret) {
        uint8_t salt[SALT_MAX], block[RSA_BYTES_MAX];
        size_t k = (bits + 7) / 8;
        CK_MECHANISM m = { .mechanism = CKM_RSA_X_509 };
        int r;

        if (!token_has_mechanism(ops->token, CKM_RSA_X_509))
                return reason_set(reason, WORKER_NOT_SUPPORTED,
                                  "token \"%s\": the token can do neither RSA-PSS nor raw RSA", ops->token->name);
        if (RAND_bytes(salt, q->salt_length) != 1)
                return -ENOMEM;
        r = pss_encode(q->hash, q->data.data, salt, q->salt_length, bits, block);
        if (r != 0)
                return r < 0 ? r : reason_set(reason, WORKER_INVALID_INPUT, "the salt is too long for the key");
        return call_sign(ops, key, &m, (Blob){ block, k }, k, reason, ret);
}

static int sign_pss(Operations *ops, Key *key, const FrameSign *q, size_t bits, Reason *reason, uint8_t *ret) {
        static const struct {
                CK_MECHANISM_TYPE hash;
                CK_RSA_PKCS_MGF_TYPE mgf;
        } names[_HASH_MAX] = {
                [HASH_SHA224] = { CKM_SHA224, CKG_MGF1_SHA224 },
                [HASH_SHA256] = { CKM_SHA256, CKG_MGF1_SHA256 },
                [HASH_SHA384] = { CKM_SHA384, CKG_MGF1_SHA384 },
                [HASH_SHA512] = { CKM_SHA512, CKG_MGF1_SHA512 },
        };
        CK_RSA_PKCS_PSS_PARAMS params = { names[q->hash].hash, names[q->hash].mgf, q->salt_length };
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS_PSS, .pParameter = &params, .ulParameterLen = sizeof(params) };
        size_t em_n = (bits - 1 + 7) / 8;
        int r;

        if (q->salt_length > SALT_MAX || em_n < q->data.size + q->salt_length + 2)
                return reason_set(reason, WORKER_INVALID_INPUT,
                                  "a salt of %u bytes is too long for the key and hash; at most %zu fit",
                                  q->salt_length, em_n - q->data.size - 2);
        if (!token_has_mechanism(ops->token, CKM_RSA_PKCS_PSS))
                return sign_pss_raw(ops, key, q, bits, reason, ret);

        /* Some tokens know PSS but not every hash or salt in it. */
        r = call_sign(ops, key, &m, q->data, (bits + 7) / 8, reason, ret);
        return r == WORKER_NOT_SUPPORTED ? sign_pss_raw(ops, key, q, bits, reason, ret) : r;
}

static int sign_pkcs1(Operations *ops, Key *key, const FrameSign *q, size_t bits, Reason *reason, uint8_t *ret) {
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS };
        uint8_t info[DIGEST_INFO_MAX];
        size_t n = digest_info(q->hash, q->data, info);

        return call_sign(ops, key, &m, (Blob){ info, n }, (bits + 7) / 8, reason, ret);
}

static int sign_rsa(Operations *ops, Key *key, const FrameSign *q, Reason *reason, uint8_t *ret, size_t *ret_n) {
        EVP_PKEY *public;
        size_t bits;
        int r;

        if (q->padding != PADDING_PKCS1 && q->padding != PADDING_PSS)
                return reason_set(reason, WORKER_INVALID_INPUT, "an RSA signature wants padding pkcs1 or pss");
        r = key_public(key, &public);
        if (r < 0)
                return r;
        bits = (size_t) EVP_PKEY_get_bits(public);
        r = q->padding == PADDING_PSS ? sign_pss(ops, key, q, bits, reason, ret)
                                      : sign_pkcs1(ops, key, q, bits, reason, ret);
        if (r != 0)
                return r;
        r = rsa_verify(public, q, ret, (bits + 7) / 8);
        if (r != 0)
                return r < 0 ? r : not_a_signature(ops, reason);
        *ret_n = (bits + 7) / 8;
        return 0;
}

/* --- curves --- */

/* r || s as tokens give it to DER Ecdsa-Sig-Value, RFC 3279 section 2.2.3. */
static int ecdsa_der(const uint8_t *raw, size_t field, uint8_t *ret, size_t *ret_n) {
        _cleanup_(ECDSA_SIG_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(raw, (int) field, NULL), *s = BN_bin2bn(raw + field, (int) field, NULL);
        uint8_t *p = ret;
        int n;

        if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
                BN_free(r);
                BN_free(s);
                return -ENOMEM;
        }
        if (BN_is_zero(r) || BN_is_zero(s))
                return 1;
        n = i2d_ECDSA_SIG(sig, &p);
        if (n <= 0)
                return -ENOMEM;
        *ret_n = (size_t) n;
        return 0;
}

static int sign_ec(Operations *ops, Key *key, const FrameSign *q, Reason *reason, uint8_t *ret, size_t *ret_n) {
        CK_MECHANISM m = { .mechanism = CKM_ECDSA };
        size_t field = spki_field_size(key->object.type);
        uint8_t raw[SIGNATURE_MAX];
        Blob digest = q->data;
        int r;

        if (q->padding != PADDING_NONE)
                return reason_set(reason, WORKER_INVALID_INPUT, "an ECDSA signature has no padding");

        /* ECDSA uses the leftmost bits of a digest that is longer than the curve's order; not every token cuts it. */
        digest.size = MIN(digest.size, field);
        r = call_sign(ops, key, &m, digest, 2 * field, reason, raw);
        if (r != 0)
                return r;
        r = ecdsa_der(raw, field, ret, ret_n);
        return r > 0 ? not_a_signature(ops, reason) : r;
}

static int sign_ed25519(Operations *ops, Key *key, const FrameSign *q, Reason *reason, uint8_t *ret, size_t *ret_n) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        CK_MECHANISM m = { .mechanism = CKM_EDDSA };
        EVP_PKEY *public;
        int r;

        if (q->padding != PADDING_NONE || q->hash != HASH_NONE)
                return reason_set(reason, WORKER_INVALID_INPUT, "an Ed25519 signature has neither padding nor hash");
        r = key_public(key, &public);
        if (r < 0)
                return r;
        r = call_sign(ops, key, &m, q->data, ED25519_BYTES, reason, ret);
        if (r != 0)
                return r;
        if (!ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) != 1)
                return -ENOMEM;
        if (EVP_DigestVerify(ctx, ret, ED25519_BYTES, q->data.data, q->data.size) != 1)
                return not_a_signature(ops, reason);
        *ret_n = ED25519_BYTES;
        return 0;
}

/* --- */

/* A digest has its hash's size; SHA-1 signs nothing. */
static int check_digest(const FrameSign *q, Reason *reason) {
        if (q->hash == HASH_NONE)
                return reason_set(reason, WORKER_INVALID_INPUT, "this key signs digests: a hash is needed");
        if (q->hash == HASH_SHA1)
                return reason_set(reason, WORKER_INVALID_INPUT, "SHA-1 is not used for signatures; use sha256");
        if (q->data.size != hash_size(q->hash))
                return reason_set(reason, WORKER_INVALID_INPUT, "a %s digest has %zu bytes, not %zu",
                                  hash_to_string(q->hash), hash_size(q->hash), q->data.size);
        return 0;
}

int operation_sign(Operations *ops, const FrameSign *q, Reason *reason, uint8_t *ret, size_t *ret_n) {
        Key *key = NULL;
        int r;

        r = operation_find_key(ops, q->handle, FRAME_KEY_SIGN, reason, &key);
        if (r != 0)
                return r;
        if (*ret_n < SIGNATURE_MAX)
                return -EINVAL;
        if (key->object.type == KEY_TYPE_ED25519)
                return sign_ed25519(ops, key, q, reason, ret, ret_n);

        r = check_digest(q, reason);
        if (r != 0)
                return r;
        if (key->object.type == KEY_TYPE_RSA)
                return sign_rsa(ops, key, q, reason, ret, ret_n);
        return sign_ec(ops, key, q, reason, ret, ret_n);
}
