/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing as OpenSSL asks for it: a digest, or a message in pieces that are collected until signetd gets them whole. */
#include <string.h>

#include "provider-signature.h"

static size_t longest(const Signature *s) {
        return (size_t) MAX(EVP_PKEY_get_size(s->key->soft), 0);
}

static int size_only(const Signature *s, size_t *ret_size) {
        *ret_size = longest(s);
        return *ret_size > 0;
}

/* Before signetd is asked: what it has signed is counted and written down, whether the caller can take it or not. */
static int check_room(const Signature *s, size_t room) {
        if (room >= longest(s))
                return 1;
        return provider_raise(s->provider, PROVIDER_R_SMALL_BUFFER,
                              "a signature by this key has up to %zu bytes, the buffer %zu", longest(s), room);
}

int signature_sign(void *ctx, unsigned char *signature, size_t *ret_size, size_t room, const unsigned char *digest,
                   size_t size) {
        Signature *s = ctx;

        if (s->ctx) {
                *ret_size = room;
                return EVP_PKEY_sign(s->ctx, signature, ret_size, digest, size) > 0;
        }
        if (!signature)
                return size_only(s, ret_size);
        return check_room(s, room) && signature_sign_digest(s, digest, size, signature, room, ret_size);
}

/* From here on there is no more than the hash. */
static int overflow(Signature *s) {
        s->overflow = EVP_MD_CTX_new();
        if (!s->overflow || EVP_DigestInit_ex2(s->overflow, s->md, NULL) != 1 ||
            EVP_DigestUpdate(s->overflow, s->data, s->size) != 1)
                return provider_raise(s->provider, PROVIDER_R_SOFT, "the message cannot be hashed");

        free(s->data);
        s->data = NULL;
        s->size = s->room = 0;
        return 1;
}

int signature_digest_update(void *ctx, const unsigned char *data, size_t size) {
        Signature *s = ctx;

        if (s->digest)
                return EVP_DigestSignUpdate(s->digest, data, size);
        if (!s->overflow && size > SIGNATURE_COLLECT_MAX - s->size && !overflow(s))
                return 0;
        if (s->overflow)
                return EVP_DigestUpdate(s->overflow, data, size);
        if (size == 0)
                return 1;

        if (size > s->room - s->size) {
                size_t room = MIN(MAX(2 * s->room, MAX(s->size + size, 1024U)), (size_t) SIGNATURE_COLLECT_MAX);
                unsigned char *grown = realloc(s->data, room);

                if (!grown)
                        return provider_raise(s->provider, PROVIDER_R_SYSTEM, "out of memory");
                s->data = grown;
                s->room = room;
        }
        memcpy(s->data + s->size, data, size);
        s->size += size;
        return 1;
}

int signature_digest_final(void *ctx, unsigned char *signature, size_t *ret_size, size_t room) {
        Signature *s = ctx;
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int n;

        if (s->digest) {
                *ret_size = room;
                return EVP_DigestSignFinal(s->digest, signature, ret_size);
        }
        if (!signature)
                return size_only(s, ret_size);
        if (!check_room(s, room))
                return 0;
        if (!s->overflow)
                return signature_sign_message(s, s->data ? s->data : (const unsigned char *) "", s->size, signature,
                                              room, ret_size);

        if (EVP_DigestFinal_ex(s->overflow, digest, &n) != 1)
                return provider_raise(s->provider, PROVIDER_R_SOFT, "the message cannot be hashed");
        return signature_sign_digest(s, digest, n, signature, room, ret_size);
}

/* Ed25519 needs the message twice, so OpenSSL gives it in one piece. */
int signature_digest(void *ctx, unsigned char *signature, size_t *ret_size, size_t room, const unsigned char *data,
                     size_t size) {
        Signature *s = ctx;

        if (s->digest) {
                *ret_size = room;
                return EVP_DigestSign(s->digest, signature, ret_size, data, size);
        }
        if (!signature)
                return size_only(s, ret_size);
        if (!check_room(s, room))
                return 0;
        if (size > SIGNATURE_COLLECT_MAX)
                return provider_raise(s->provider, PROVIDER_R_UNSUPPORTED,
                                      "a token signs at most %d bytes with Ed25519, not %zu: sign a digest of them",
                                      SIGNATURE_COLLECT_MAX, size);
        return signature_sign_message(s, data, size, signature, room, ret_size);
}
