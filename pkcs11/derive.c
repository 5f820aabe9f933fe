/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ECDH. The peer's point is an attacker's: one that is not on the curve would make the token tell its key in small
 * pieces, and not every token looks. The derived object is readable while it lives, so it lives shortly. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "mgf1.h"
#include "operation.h"

DEFINE_CLEANUP(EVP_KDF *, EVP_KDF_free)
DEFINE_CLEANUP(EVP_KDF_CTX *, EVP_KDF_CTX_free)

#define DERIVED_MAX  64
#define POINT_MAX    (1 + 2 * 66)
#define X25519_BYTES 32

typedef struct Derivation {
        Operations *ops;
        Key *key;
        const FrameDerive *request;
        Reason *reason;
        size_t size; /* bytes of the shared secret */
} Derivation;

/* Whether every key agrees with this one on the same secret, zero: X25519 points of small order, RFC 7748 section 6.1.
 * Found with a key of our own, since tokens answer them with errors that look like their own failure. */
static int has_small_order(EVP_PKEY *peer, bool *ret) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL) : NULL;
        uint8_t secret[X25519_BYTES];
        size_t n = sizeof(secret);

        if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1)
                return -ENOMEM;
        *ret = EVP_PKEY_derive(ctx, secret, &n) != 1;
        OPENSSL_cleanse(secret, sizeof(secret));
        return 0;
}

static int bad_peer(Derivation *d) {
        return reason_set(d->reason, WORKER_INVALID_INPUT, "the peer's public key is no point on %s, or a useless one",
                          key_type_to_string(d->key->object.type));
}

/* The peer's point, checked, in the form that tokens understand: SEC 1 uncompressed, or 32 bytes. */
static int read_peer(Derivation *d, uint8_t *ret, size_t *ret_n) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *peer = NULL;
        KeyType type = d->key->object.type;
        bool small;
        int r;

        r = spki_key_from_point(type, d->request->peer, &peer);
        if (r != 0)
                return r < 0 ? r : bad_peer(d);
        if (type == KEY_TYPE_X25519) {
                r = has_small_order(peer, &small);
                if (r < 0 || small)
                        return r < 0 ? r : bad_peer(d);
        }
        if (EVP_PKEY_get_octet_string_param(
                    peer, type == KEY_TYPE_X25519 ? OSSL_PKEY_PARAM_PUB_KEY : OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret,
                    POINT_MAX, ret_n) != 1)
                return -ENOMEM;
        return 0;
}

static CK_RV derive_object(Derivation *d, const uint8_t *point, size_t n, CK_OBJECT_HANDLE *ret) {
        CK_ECDH1_DERIVE_PARAMS params = { .kdf = CKD_NULL, .ulPublicDataLen = n, .pPublicData = (void *) point };
        CK_MECHANISM m = { .mechanism = CKM_ECDH1_DERIVE, .pParameter = &params, .ulParameterLen = sizeof(params) };
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_GENERIC_SECRET;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ULONG size = d->size;
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &class, sizeof(class) },   { CKA_KEY_TYPE, &type, sizeof(type) },
                { CKA_TOKEN, &no, sizeof(no) },         { CKA_SENSITIVE, &no, sizeof(no) },
                { CKA_EXTRACTABLE, &yes, sizeof(yes) }, { CKA_VALUE_LEN, &size, sizeof(size) },
        };
        Token *t = d->ops->token;

        return t->p11->C_DeriveKey(t->session, &m, d->key->object.handle, template, ELEMENTSOF(template), ret);
}

/* The standard lets a token want the point bare or as a DER OCTET STRING; bare first, as most do. */
static CK_RV derive_either(Derivation *d, const uint8_t *point, size_t n, CK_OBJECT_HANDLE *ret) {
        uint8_t wrapped[3 + POINT_MAX] = { V_ASN1_OCTET_STRING };
        size_t head = n < 0x80 ? 2 : 3;
        CK_RV rv = derive_object(d, point, n, ret);

        if (rv != CKR_MECHANISM_PARAM_INVALID && rv != CKR_ARGUMENTS_BAD && rv != CKR_DOMAIN_PARAMS_INVALID)
                return rv;
        if (head == 3)
                wrapped[1] = 0x81;
        wrapped[head - 1] = (uint8_t) n;
        memcpy(wrapped + head, point, n);
        return derive_object(d, wrapped, head + n, ret);
}

/* Reads the derived object's value; shorter ones lost their leading zeros on the way. */
static int read_secret(Derivation *d, CK_OBJECT_HANDLE object, Secret *secret) {
        Token *t = d->ops->token;
        uint8_t *p = secret_bytes(secret);
        CK_ATTRIBUTE value = { CKA_VALUE, p, d->size };
        CK_RV rv = t->p11->C_GetAttributeValue(t->session, object, &value, 1);
        CK_RV destroyed = t->p11->C_DestroyObject(t->session, object);
        size_t n = value.ulValueLen;

        if (rv != CKR_OK)
                return reason_from_rv(d->reason, t->name, "C_GetAttributeValue", rv);
        if (destroyed != CKR_OK)
                return reason_from_rv(d->reason, t->name, "C_DestroyObject", destroyed);
        if (n == 0 || n > d->size || (n < d->size && d->key->object.type == KEY_TYPE_X25519))
                return reason_set(d->reason, WORKER_DEVICE_ERROR,
                                  "token \"%s\": the module returned a shared secret of %zu "
                                  "bytes instead of %zu; it is loaded afresh now",
                                  t->name, n, d->size);
        memmove(p + d->size - n, p, n);
        memset(p, 0, d->size - n);
        return 0;
}

static int agree(Derivation *d, Secret **ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
        uint8_t point[POINT_MAX];
        size_t n;
        CK_RV rv;
        int r;

        r = read_peer(d, point, &n);
        if (r != 0)
                return r;
        r = secret_new(d->size, &secret);
        if (r < 0)
                return r;
        rv = derive_either(d, point, n, &object);
        if (rv != CKR_OK)
                return reason_from_rv(d->reason, d->ops->token->name, "C_DeriveKey", rv);
        r = read_secret(d, object, secret);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(secret);
        return 0;
}

/* ANSI X9.63 key derivation, SEC 1 section 3.6.1. */
static int x963(const FrameDerive *q, Secret *shared, Secret **ret) {
        _cleanup_(EVP_KDF_freep) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
        _cleanup_(EVP_KDF_CTX_freep) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
        _cleanup_(secret_freep) Secret *out = NULL;
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) EVP_MD_get0_name(hash_to_md(q->hash)),
                                                 0),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret_bytes(shared), secret_size(shared)),
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) q->shared_info.data,
                                                  q->shared_info.size),
                OSSL_PARAM_construct_end(),
        };
        int r;

        r = secret_new(q->length, &out);
        if (r < 0)
                return r;
        if (!ctx || EVP_KDF_derive(ctx, secret_bytes(out), q->length, params) != 1)
                return -ENOMEM;
        *ret = TAKE_PTR(out);
        return 0;
}

static int check_request(const FrameDerive *q, Reason *reason) {
        if (q->kdf == KDF_X963 && q->hash == HASH_NONE)
                return reason_set(reason, WORKER_INVALID_INPUT, "x963 needs a hash");
        if (q->kdf == KDF_X963 && (q->length == 0 || q->length > DERIVED_MAX))
                return reason_set(reason, WORKER_INVALID_INPUT, "x963 gives 1 to %d bytes", DERIVED_MAX);
        return 0;
}

int operation_derive(Operations *ops, const FrameDerive *q, Reason *reason, Secret **ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        Derivation d = { .ops = ops, .request = q, .reason = reason };
        KeyType type;
        int r;

        r = operation_find_key(ops, q->handle, FRAME_KEY_DERIVE, reason, &d.key);
        if (r != 0)
                return r;
        type = d.key->object.type;
        if (!key_type_is_ec(type) && type != KEY_TYPE_X25519)
                return reason_set(reason, WORKER_NOT_SUPPORTED, "only EC and X25519 keys derive");
        if (!token_has_mechanism(ops->token, CKM_ECDH1_DERIVE))
                return reason_set(reason, WORKER_NOT_SUPPORTED, "token \"%s\": the token has no ECDH",
                                  ops->token->name);
        r = check_request(q, reason);
        if (r != 0)
                return r;
        d.size = type == KEY_TYPE_X25519 ? X25519_BYTES : spki_field_size(type);

        r = agree(&d, &secret);
        if (r != 0)
                return r;
        if (q->kdf == KDF_X963)
                return x963(q, secret, ret);
        *ret = TAKE_PTR(secret);
        return 0;
}
