/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* S/MIME as mail carries it (RFC 8551 section 3): finds the CMS structure and what it covers, and writes mails around
 * one. */
#pragma once

#include "common/ossl.h"
#include "header.h"

typedef enum SmimeKind {
        SMIME_NONE,             /* no S/MIME at the mail's top; what is nested deeper is not looked at */
        SMIME_MULTIPART_SIGNED, /* `content` is the signed part to the byte, `cms` the detached signature */
        SMIME_PKCS7,            /* `cms` is everything */
} SmimeKind;

typedef struct SmimeMail {
        SmimeKind kind;
        Header *header;
        Slice content; /* borrows the mail's spool */
        Spool *cms;    /* decoded */
} SmimeMail;
void smime_mail_done(SmimeMail *m);

/* Takes a mail or a MIME entity apart. MAIL_E_INVALID_INPUT for an empty mail, a broken header, a multipart/signed that
 * has not exactly two parts or is not closed, or a transfer encoding that is none. */
int smime_read(Slice mail, SmimeMail *ret, Fault *f) _must_check_;

/* Decodes bytes in a Content-Transfer-Encoding ("base64"...; NULL: 7bit). */
int smime_decode(Slice encoded, const char *encoding, Spool **ret, Fault *f) _must_check_;

/* --- writing: each appends to `out` with the given line ends --- */

/* The fields that stay outside: all of `header` but Content-*, and one MIME-Version. */
int smime_write_outer(Spool *out, const Header *header, LineEnd end, Fault *f) _must_check_;

/* Content-Type multipart/signed, the entity, and the signature (DER). `digest` is "sha256"... */
int smime_write_signed(Spool *out, LineEnd end, Slice entity, Slice signature, const char *digest,
                       Fault *f) _must_check_;

/* The header of an application/pkcs7-mime entity and the empty line; `type` is "signed-data", "enveloped-data"... Then
 * a sink that writes base64: write the CMS structure there, BIO_flush() and BIO_free_all() it. */
int smime_write_pkcs7(Spool *out, LineEnd end, const char *type, BIO **ret_sink, Fault *f) _must_check_;

int smime_write_base64(Spool *out, LineEnd end, Slice data, Fault *f) _must_check_;
