/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a signature: what the host gives, what signetd is asked, what the host gets. */
#pragma once

#include <openssl/evp.h>

#include "common/buffer.h"
#include "mechanism.h"

#define SIGN_KEEP_MAX 65536 /* bytes of a message that are kept to be sent whole */

/* What the host gives, in one piece or several. */
typedef struct SignInput {
        const Mechanism *mechanism;
        Hash hash;     /* of the mechanism or its parameters; HASH_NONE: the data tells, or none */
        size_t octets; /* of the signing key: remote_key_octets() */
        EVP_MD *md;    /* mechanisms that hash */
        uint8_t *data; /* all so far, unless: */
        size_t size, room;
        EVP_MD_CTX *hashing; /* there was too much to keep, and it went in here */
} SignInput;

/* For a fresh one, all zero. CKR_HOST_MEMORY. sign_input_done() is right after a failure too. */
CK_RV sign_input_init(SignInput *i, OSSL_LIB_CTX *crypto, const Mechanism *mechanism, Hash hash,
                      size_t octets) _must_check_;
void sign_input_done(SignInput *i);

/* CKR_DATA_LEN_RANGE when there is more than the mechanism takes. */
CK_RV sign_input_add(SignInput *i, const uint8_t *data, size_t n) _must_check_;

/* What signetd is to be asked: for the typed purpose first, where the bytes have its form, for a digest else. */
typedef struct SignRequest {
        Purpose typed; /* PURPOSE_DIGEST: none */
        Blob message;  /* for the typed purpose; borrowed from the input */
        Hash hash;     /* HASH_NONE for Ed25519 */
        Blob digest;   /* for PURPOSE_DIGEST; borrowed from the input or from: */
        uint8_t bytes[EVP_MAX_MD_SIZE];
} SignRequest;

/* Ends the input. CKR_DATA_INVALID, CKR_DATA_LEN_RANGE for bytes that the mechanism does not take. */
CK_RV sign_input_finish(SignInput *i, SignRequest *ret) _must_check_;

/* The hash of a DigestInfo (RFC 8017 section 9.2) and its digest, borrowed; HASH_NONE for all that is not exactly
 * one: signetd makes the DigestInfo again, and it must become the same to the byte. SHA-1's is none. */
Hash sign_digest_info(const uint8_t *data, size_t n, Blob *ret_digest);

/* Asks signetd, with the purpose that the caller has a right to. A status of libsignet. */
int sign_request_send(const SignRequest *q, signet_key *key, const signet_options *options, unsigned char **ret,
                      size_t *ret_size) _must_check_;

/* Octets of a signature by this kind of key; 0: such keys do not sign. */
size_t sign_output_size(KeyType type, size_t octets);

/* Writes sign_output_size() octets: what signetd gave, with the DER of ECDSA taken off (PKCS#11 2.40, EC mechanisms:
 * r and s, each as long as the order). CKR_DEVICE_ERROR when it is no such signature. */
CK_RV sign_output(KeyType type, size_t octets, const uint8_t *made, size_t n, uint8_t *ret) _must_check_;
