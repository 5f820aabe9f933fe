/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL's verdict on what a worker answers, and the other side of a decryption. Failures of OpenSSL itself end the
 * test. */
#pragma once

#include <openssl/evp.h>

#include "common/frame.h"

const EVP_MD *judge_md(Hash hash); /* NULL for HASH_NONE */

/* Whether `signature` is one over the digest (Ed25519: the message) in `request`. */
bool judge_verifies(EVP_PKEY *public, const FrameSign *request, const uint8_t *signature, size_t n);

/* Encrypts for `public`; returns the ciphertext's size. hash, mgf_hash and label are OAEP's. */
size_t judge_encrypt(EVP_PKEY *public, const FrameDecrypt *how, const uint8_t *message, size_t n, uint8_t *ret);

/* The shared secret of our private key and the token's public one. */
size_t judge_agree(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t *ret, size_t room);

/* ANSI X9.63. */
void judge_x963(const uint8_t *secret, size_t secret_n, Hash hash, Blob info, uint8_t *ret, size_t n);

/* Our public key as a FrameDerive wants it; returns its size. */
size_t judge_peer(EVP_PKEY *ours, uint8_t *ret, size_t room);
