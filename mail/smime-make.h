/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes S/MIME mail from mail: signed, encrypted, or signed and then encrypted. */
#pragma once

#include "cms-encrypt.h"
#include "cms-sign.h"
#include "header.h"

typedef struct SmimeJob {
        const Signer *signer; /* NULL: not signed */
        SignOptions sign;
        bool opaque;                /* application/pkcs7-mime instead of multipart/signed */
        STACK_OF(X509) *recipients; /* NULL: not encrypted */
        EncryptOptions encrypt;
} SmimeJob;

/* Makes the canonical entity of the mail (canonical_entity()), does the job, and puts the mail's other header fields
 * around it. Line ends are those of the mail's first line. `header` is the mail's. */
int smime_make(Slice mail, const Header *header, const SmimeJob *job, Spool **ret, Fault *f) _must_check_;

/* The same for a MIME entity, used to the byte, with nothing around it. */
int smime_make_entity(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) _must_check_;
