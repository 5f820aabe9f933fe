/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line in the manner of openssl smime and openssl cms: as much of it as mail programs use. */
#pragma once

#include "options.h"

typedef enum OpensslOperation {
        OPENSSL_NONE,
        OPENSSL_SIGN,
        OPENSSL_ENCRYPT,
        OPENSSL_DECRYPT,
        OPENSSL_VERIFY,
        OPENSSL_PK7OUT,
        OPENSSL_HELP,
} OpensslOperation;

typedef enum OpensslForm {
        FORM_SMIME,
        FORM_DER,
        FORM_PEM,
} OpensslForm;

typedef struct OpensslOptions {
        OpensslOperation operation;
        OpensslForm inform, outform;
        const char *in, *out, *content, *signer, *inkey, *md, *cipher, *from, *to, *subject, *purpose, *bus;
        OptionList certfiles, recips, ca_files, ca_dirs; /* recips: -recip and what follows the options */
        bool nodetach, binary, nocerts, noverify, no_default_ca, crlf, pss, oaep, passphrase_first;
} OpensslOptions;

/* Is the command line of this kind? It is when its first word is one of its options, with one hyphen. */
bool openssl_options_wanted(int argc, char **argv);

/* MAIL_E_USAGE for what is unknown, MAIL_E_NOT_SUPPORTED for what openssl knows and this does not. Release with
 * openssl_options_done() in either case. */
int openssl_options_parse(int argc, char **argv, OpensslOptions *ret, Fault *f) _must_check_;
void openssl_options_done(OpensslOptions *o);
