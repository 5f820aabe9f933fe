/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verifies CMS SignedData: each signature by itself, and each signer's chain. */
#pragma once

#include "spool-bio.h"
#include "trust.h"

/* Signatures in one mail: checking them takes time, and who sends the mail says how many there are. */
#define CMS_SIGNERS_MAX 64

/* One signature. */
typedef struct SignatureResult {
        X509 *certificate;     /* of the signer; NULL when it is nowhere to be found */
        bool valid;            /* made by that certificate's key over exactly this content */
        bool trusted;          /* the certificate's chain ends at an authority that is trusted, now, for mail */
        char *problem;         /* why not valid, or else why not trusted, a clause; NULL when both are */
        const char *digest;    /* "sha256"...; static */
        char signing_time[64]; /* what the signer claims; "" when nothing */
} SignatureResult;

typedef struct VerifyResult {
        SignatureResult *signatures;
        size_t n;
        STACK_OF(X509) *certificates; /* all that the structure brings along */
        Spool *content;               /* of an opaque signature; NULL when the content was detached */
} VerifyResult;
void verify_result_done(VerifyResult *r);

bool verify_result_valid(const VerifyResult *r);   /* at least one signature, and all valid */
bool verify_result_trusted(const VerifyResult *r); /* and all trusted */

typedef struct VerifyOptions {
        X509_STORE *trust;     /* NULL: chains are not looked at, and nobody is `trusted` */
        STACK_OF(X509) *extra; /* certificates beside those in the structure; may be NULL */
        const char *purpose;   /* OpenSSL's name for what the chain must allow; NULL: "smimesign" */
        bool verbatim; /* take detached content to the byte; else line ends are made CRLF first where that is what was
                          signed */
} VerifyOptions;

/* Verifies BER or DER. `detached` is the content when it stands beside (NULL otherwise). Returns 0 for bad signatures
 * too: the result says so. MAIL_E_NOT_SIGNED (another kind of CMS, or no signature in it), MAIL_E_INVALID_INPUT
 * (damaged, no content). */
int cms_verify(Slice ber, const Slice *detached, const VerifyOptions *options, VerifyResult *ret,
               Fault *f) _must_check_;

/* All certificates in SignedData, signatures unseen: for key exchange. Appends. */
int cms_certificates(Slice ber, STACK_OF(X509) *to, Fault *f) _must_check_;
