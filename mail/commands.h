/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What signet-smime does, command by command: input in, output out, or a fault. */
#pragma once

#include "header.h"
#include "openssl-options.h"
#include "options.h"

int command_sign(const Options *o, Fault *f) _must_check_;
int command_encrypt(const Options *o, Fault *f) _must_check_;
int command_decrypt(const Options *o, Fault *f) _must_check_;
int command_verify(const Options *o,
                   Fault *f) _must_check_; /* MAIL_E_BAD_SIGNATURE when the report is printed and not good */

/* The one address that stands for the sender: `from` if that is given, else the mail's From. MAIL_E_INVALID_INPUT when
 * there is none or several. Free it. */
int sender_address(const Header *header, const char *from, char **ret, Fault *f) _must_check_;

/* In the manner of openssl smime. */
int openssl_command(const OpensslOptions *o, Fault *f) _must_check_;
