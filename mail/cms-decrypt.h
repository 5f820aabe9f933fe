/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens CMS EnvelopedData and AuthEnvelopedData. */
#pragma once

#include "keyring.h"
#include "spool.h"

typedef enum PlaintextCheck {
        PLAINTEXT_MIME, /* what comes out must be a MIME entity or plain text */
        PLAINTEXT_ANY,  /* anything that decrypts: for data that are no mail */
} PlaintextCheck;

/* Decrypts BER or DER with whichever of the keys it is encrypted for (by issuer and serial number or key identifier,
 * over all certificates of each key). The plaintext comes in a SPOOL_MEMORY, whole and checked, or not at all.
 *
 * MAIL_E_DECRYPTION_FAILED is one error, with one sentence and the same work done, for everything that goes wrong with
 * a ciphertext: wrong content key, bad padding, wrong tag, plaintext that is no mail (EFAIL, RFC 3218). Other errors do
 * not depend on it: MAIL_E_NO_SUCH_KEY (encrypted for nobody that the caller is), _NOT_AUTHORIZED, _UNAVAILABLE,
 * _NOT_SUPPORTED (cipher), _NOT_ENCRYPTED (another kind of CMS), _INVALID_INPUT. */
int cms_decrypt(Slice ber, const Decrypters *keys, PlaintextCheck check, Spool **ret, Fault *f) _must_check_;
