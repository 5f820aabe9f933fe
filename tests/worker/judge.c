/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL as the outside judge. Shares no line with pkcs11/. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>

#include "common/ossl.h"

static void must(int ok, const char *what) {
        if (ok == 1)
                return;
        (void) fprintf(stderr, "judge: %s\n", what);
        abort();
}

const EVP_MD *judge_md(Hash hash) {
        return hash == HASH_NONE ? NULL : EVP_get_digestbyname(hash_to_string(hash));
}

bool judge_verifies(EVP_PKEY *public, const FrameSign *q, const uint8_t *signature, size_t n) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = NULL;

        if (q->hash == HASH_NONE) {
                md = EVP_MD_CTX_new();
                must(EVP_DigestVerifyInit(md, NULL, NULL, NULL, public), "EVP_DigestVerifyInit");
                return EVP_DigestVerify(md, signature, n, q->data.data, q->data.size) == 1;
        }
        ctx = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
        must(EVP_PKEY_verify_init(ctx), "EVP_PKEY_verify_init");
        must(EVP_PKEY_CTX_set_signature_md(ctx, judge_md(q->hash)), "signature md");
        if (q->padding == PADDING_PSS) {
                must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), "padding");
                must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, q->salt_length), "salt");
        }
        return EVP_PKEY_verify(ctx, signature, n, q->data.data, q->data.size) == 1;
}

size_t judge_encrypt(EVP_PKEY *public, const FrameDecrypt *how, const uint8_t *message, size_t n, uint8_t *ret) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
        size_t size = (size_t) EVP_PKEY_get_size(public);

        must(EVP_PKEY_encrypt_init(ctx), "EVP_PKEY_encrypt_init");
        must(EVP_PKEY_CTX_set_rsa_padding(ctx, how->padding == PADDING_OAEP    ? RSA_PKCS1_OAEP_PADDING
                                               : how->padding == PADDING_PKCS1 ? RSA_PKCS1_PADDING
                                                                               : RSA_NO_PADDING),
             "padding");
        if (how->padding == PADDING_OAEP) {
                must(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, judge_md(how->hash)), "oaep md");
                must(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, judge_md(how->mgf_hash)), "mgf1 md");
                if (how->label.size > 0)
                        must(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(how->label.data, how->label.size),
                                                              (int) how->label.size),
                             "label");
        }
        must(EVP_PKEY_encrypt(ctx, ret, &size, message, n), "EVP_PKEY_encrypt");
        return size;
}

size_t judge_agree(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t *ret, size_t room) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);

        must(EVP_PKEY_derive_init(ctx), "EVP_PKEY_derive_init");
        must(EVP_PKEY_derive_set_peer(ctx, theirs), "EVP_PKEY_derive_set_peer");
        must(EVP_PKEY_derive(ctx, ret, &room), "EVP_PKEY_derive");
        return room;
}

void judge_x963(const uint8_t *secret, size_t secret_n, Hash hash, Blob info, uint8_t *ret, size_t n) {
        const EVP_MD *md = judge_md(hash);
        size_t h = (size_t) EVP_MD_get_size(md);

        /* Written out, so that it is not the same call that the worker makes. */
        for (uint8_t counter = 1; n > 0; counter++) {
                _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
                uint8_t c[4] = { 0, 0, 0, counter }, block[EVP_MAX_MD_SIZE];

                must(EVP_DigestInit_ex(ctx, md, NULL), "digest");
                must(EVP_DigestUpdate(ctx, secret, secret_n), "digest");
                must(EVP_DigestUpdate(ctx, c, sizeof(c)), "digest");
                must(EVP_DigestUpdate(ctx, info.data, info.size), "digest");
                must(EVP_DigestFinal_ex(ctx, block, NULL), "digest");
                memcpy(ret, block, MIN(n, h));
                ret += MIN(n, h);
                n -= MIN(n, h);
        }
}

size_t judge_peer(EVP_PKEY *ours, uint8_t *ret, size_t room) {
        size_t n;

        must(EVP_PKEY_get_octet_string_param(ours, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret, room, &n), "public key");
        return n;
}
