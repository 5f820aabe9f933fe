/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bytes of a typed operation must be before a key touches them (DESIGN, "Typed operations").
 *
 * Pure checks of hostile input, used by signetd before it decides and by clients to see which purpose fits.
 * Needs libcrypto. Each check returns 0, PURPOSE_E_INVALID with a sentence in *ret_why (static, not to be freed), or
 * -ENOMEM. */
#pragma once

#include "names.h"

#define PURPOSE_SMIME_MAX     65536 /* bytes of SignedAttributes */
#define PURPOSE_CSR_MAX       65536 /* bytes of CertificationRequestInfo */
#define PURPOSE_ADDRESSES_MAX 64    /* in one request */
#define PURPOSE_TIME_SLACK    900   /* seconds that signingTime may be away from now */

enum { PURPOSE_E_INVALID = 1 };

/* DER SignedAttributes with the SET OF tag, RFC 5652 section 5.4: DER throughout and in DER's order; contentType once;
 * messageDigest once, of the size of `hash`; signingTime at most once and within PURPOSE_TIME_SLACK of `now`; no
 * attribute twice, none without exactly one value where RFC 5652 and 8551 say so. */
int purpose_check_smime(const uint8_t *data, size_t n, Hash hash, int64_t now, const char **ret_why) _must_check_;

/* What a CertificationRequestInfo asks for: the addresses from subject (emailAddress) and subjectAltName (rfc822Name).
 */
typedef struct PurposeCsr {
        char **addresses;
        size_t n_addresses;
} PurposeCsr;
void purpose_csr_done(PurposeCsr *csr);

/* DER CertificationRequestInfo, RFC 2986 section 4.1, whose public key is `spki` to the byte. basicConstraints CA:TRUE
 * and keyUsage keyCertSign or cRLSign in its extension request are refused: a mail key makes no CA. */
int purpose_check_csr(const uint8_t *data, size_t n, const uint8_t *spki, size_t spki_n, PurposeCsr *ret,
                      const char **ret_why) _must_check_;

/* DER ECC-CMS-SharedInfo, RFC 5753 section 7.2, whose suppPubInfo agrees with `length` bytes of key. */
int purpose_check_shared_info(const uint8_t *data, size_t n, size_t length, const char **ret_why) _must_check_;

/* Which signing purpose the bytes fit: PURPOSE_SMIME, PURPOSE_CSR or PURPOSE_DIGEST (nothing typed). Looks at the form
 * alone: no key, hash, or time. What it names may still be refused. */
Purpose purpose_guess(const uint8_t *data, size_t n);
