/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three forms that openssl smime reads and writes CMS in: MIME, DER, PEM. */
#pragma once

#include "openssl-options.h"
#include "smime-make.h"
#include "smime.h"

typedef struct OpensslInput {
        Spool *in;
        SmimeMail mail;
        Spool *decoded; /* of PEM */
        Slice cms;      /* the CMS structure, wherever it is */
        Slice content;  /* the signed part of a multipart/signed; .spool is NULL otherwise */
} OpensslInput;
void openssl_input_done(OpensslInput *i);

/* Reads -in in the form -inform. */
int openssl_form_read(const OpensslOptions *o, OpensslInput *ret, Fault *f) _must_check_;

/* Signs or encrypts the content and writes it to -out in the form -outform; as SMIME with -to, -from and -subject
 * before it. */
int openssl_form_write(const OpensslOptions *o, Slice content, const SmimeJob *job, Fault *f) _must_check_;

/* A CMS structure as PEM, label PKCS7. */
int openssl_form_pem(Slice cms, Spool **ret, Fault *f) _must_check_;
