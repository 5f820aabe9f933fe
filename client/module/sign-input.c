/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is signed, and for which purpose. Fed by hosts; what passes here is sent to signetd, which judges it again. */
#include "common/purpose.h"

#include <stdio.h>
#include <string.h>

#include "operation.h"
#include "sign.h"

CK_RV sign_input_init(SignInput *i, OSSL_LIB_CTX *crypto, const Mechanism *mechanism, Hash hash, size_t octets) {
        i->mechanism = mechanism;
        i->hash = hash;
        i->octets = octets;
        if (mechanism->hash == HASH_NONE)
                return CKR_OK;
        i->md = EVP_MD_fetch(crypto, hash_to_string(mechanism->hash), NULL);
        return i->md ? CKR_OK : CKR_HOST_MEMORY;
}

void sign_input_done(SignInput *i) {
        EVP_MD_free(i->md);
        EVP_MD_CTX_free(i->hashing);
        free(i->data);
        *i = (SignInput){};
}

/* --- collecting --------------------------------------------------------------------------------------- */

/* What a mechanism that does not hash takes at most. */
static size_t input_max(const SignInput *i) {
        switch (i->mechanism->kind) {
        case MECHANISM_EDDSA:
                return SIGN_KEEP_MAX;
        case MECHANISM_RSA_RAW:
                return i->octets >= 11 ? MIN(i->octets - 11, (size_t) SIGN_KEEP_MAX) : 0; /* signetd may say anything */
        default:
                return EVP_MAX_MD_SIZE;
        }
}

static CK_RV hash_from_here(SignInput *i) {
        i->hashing = EVP_MD_CTX_new();
        if (!i->hashing)
                return CKR_HOST_MEMORY;
        if (EVP_DigestInit_ex2(i->hashing, i->md, NULL) != 1 || EVP_DigestUpdate(i->hashing, i->data, i->size) != 1)
                return CKR_FUNCTION_FAILED;
        free(TAKE_PTR(i->data));
        i->size = i->room = 0;
        return CKR_OK;
}

static CK_RV keep(SignInput *i, const uint8_t *data, size_t n) {
        if (n > i->room - i->size) {
                size_t room = MIN(MAX(2 * i->room, MAX(i->size + n, 512U)), (size_t) SIGN_KEEP_MAX);
                uint8_t *grown = realloc(i->data, room);

                if (!grown)
                        return CKR_HOST_MEMORY;
                i->data = grown;
                i->room = room;
        }
        memcpy(i->data + i->size, data, n);
        i->size += n;
        return CKR_OK;
}

CK_RV sign_input_add(SignInput *i, const uint8_t *data, size_t n) {
        size_t max = i->md ? SIGN_KEEP_MAX : input_max(i);
        CK_RV rv;

        if (n == 0)
                return CKR_OK;
        if (!i->hashing && n > max - i->size) {
                if (!i->md)
                        return module_refuse(CKR_DATA_LEN_RANGE, "this is more than the mechanism signs");
                rv = hash_from_here(i);
                if (rv != CKR_OK)
                        return rv;
        }
        if (i->hashing)
                return EVP_DigestUpdate(i->hashing, data, n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
        return keep(i, data, n);
}

/* --- what it is --------------------------------------------------------------------------------------- */

/* The one encoding that RFC 8017 section 9.2 has for each hash, up to the digest: the last octet of an arc of NIST's,
 * and sizes. Comparing leaves no room for another encoding, which signetd would silently replace. */
Hash sign_digest_info(const uint8_t *data, size_t n, Blob *ret_digest) {
        static const uint8_t arcs[_HASH_MAX] = {
                [HASH_SHA224] = 4, [HASH_SHA256] = 1, [HASH_SHA384] = 2, [HASH_SHA512] = 3
        };

        for (Hash h = HASH_SHA224; h <= HASH_SHA512; h++) {
                const uint8_t size = (uint8_t) hash_size(h);
                const uint8_t prefix[] = { 0x30,    (uint8_t) (17 + size),
                                           0x30,    0x0d,
                                           0x06,    0x09,
                                           0x60,    0x86,
                                           0x48,    0x01,
                                           0x65,    0x03,
                                           0x04,    0x02,
                                           arcs[h], 0x05,
                                           0x00,    0x04,
                                           size };

                if (n == sizeof(prefix) + size && memcmp(data, prefix, sizeof(prefix)) == 0) {
                        *ret_digest = (Blob){ data + sizeof(prefix), size };
                        return h;
                }
        }
        return HASH_NONE;
}

/* An ECDSA signature binds no hash, and hosts that cut a digest to the curve's size give one of another hash's. */
static Hash hash_of_size(size_t n) {
        for (Hash h = HASH_SHA224; h <= HASH_SHA512; h++)
                if (hash_size(h) == n)
                        return h;
        return HASH_NONE;
}

static CK_RV finish_raw(SignInput *i, SignRequest *q) {
        q->digest = (Blob){ i->data, i->size };
        switch (i->mechanism->kind) {
        case MECHANISM_RSA_RAW:
                q->hash = sign_digest_info(i->data, i->size, &q->digest);
                if (q->hash == HASH_NONE)
                        return module_refuse(CKR_DATA_INVALID,
                                             "signetd signs the DigestInfo of SHA-224, SHA-256, SHA-384 and SHA-512");
                return CKR_OK;
        case MECHANISM_PSS_RAW:
                q->hash = i->hash;
                if (i->size != hash_size(i->hash))
                        return module_refuse(CKR_DATA_LEN_RANGE, "this is no digest of the hash in the parameters");
                return CKR_OK;
        case MECHANISM_ECDSA_RAW:
                q->hash = hash_of_size(i->size);
                if (q->hash == HASH_NONE)
                        return module_refuse(CKR_DATA_LEN_RANGE,
                                             "signetd signs digests of SHA-224, SHA-256, SHA-384 and SHA-512");
                return CKR_OK;
        default:
                return CKR_GENERAL_ERROR;
        }
}

static CK_RV finish_hashing(SignInput *i, SignRequest *q) {
        unsigned int n = 0;
        CK_RV rv;

        if (!i->hashing) {
                q->message = (Blob){ i->data, i->size };
                q->typed = purpose_guess(i->data, i->size);
        }
        if (i->hashing)
                rv = EVP_DigestFinal_ex(i->hashing, q->bytes, &n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
        else
                rv = EVP_Digest(i->data, i->size, q->bytes, &n, i->md, NULL) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
        q->hash = i->mechanism->hash;
        q->digest = (Blob){ q->bytes, n };
        return rv;
}

CK_RV sign_input_finish(SignInput *i, SignRequest *ret) {
        *ret = (SignRequest){ .typed = PURPOSE_DIGEST };
        if (i->md)
                return finish_hashing(i, ret);
        if (i->mechanism->kind != MECHANISM_EDDSA)
                return finish_raw(i, ret);

        /* Ed25519 hashes by itself: what stands for the digest is the message. */
        ret->message = ret->digest = (Blob){ i->data, i->size };
        ret->typed = purpose_guess(i->data, i->size);
        return CKR_OK;
}

/* --- asking ------------------------------------------------------------------------------------------- */

static int ask(signet_key *key, Purpose purpose, Blob data, const signet_options *options, unsigned char **ret,
               size_t *ret_size) {
        return signet_sign(key, purpose_to_string(purpose), data.size > 0 ? data.data : (const uint8_t *) "", data.size,
                           options, ret, ret_size);
}

/* A form that signetd knows goes whole, so that it sees what it signs and policy can withhold the rest. Where the
 * caller has no right to that purpose, or the content is one that it refuses (an old signingTime, another hash in
 * messageDigest), a right to sign any digest covers it. */
int sign_request_send(const SignRequest *q, signet_key *key, const signet_options *options, unsigned char **ret,
                      size_t *ret_size) {
        bool may_digest = signet_key_may(key, "sign:digest");
        char operation[32];
        int r;

        (void) snprintf(operation, sizeof(operation), "sign:%s", purpose_to_string(q->typed));
        if (q->typed != PURPOSE_DIGEST && (!may_digest || signet_key_may(key, operation))) {
                r = ask(key, q->typed, q->message, options, ret, ret_size);
                if (!may_digest || (r != SIGNET_E_NOT_AUTHORIZED && r != SIGNET_E_INVALID_INPUT))
                        return r;
        }
        return ask(key, PURPOSE_DIGEST, q->digest, options, ret, ret_size);
}
