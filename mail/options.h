/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of signet-smime in plain words: signet-smime(1). */
#pragma once

#include "fault.h"

typedef enum Command {
        COMMAND_NONE,
        COMMAND_SIGN,
        COMMAND_ENCRYPT,
        COMMAND_DECRYPT,
        COMMAND_VERIFY,
        COMMAND_HELP, /* `help` is to be printed */
        COMMAND_VERSION,
} Command;

/* Options that may be given several times. The strings are the command line's. */
typedef struct OptionList {
        const char **items;
        size_t n;
} OptionList;

typedef struct Options {
        Command command;
        const char *help;
        const char *in, *out, *bus;
        const char *from, *key, *digest, *cipher;
        OptionList to, certs, cert_dirs, ca_files, ca_dirs, crl_files;
        bool opaque, pss, oaep, sign, to_self, json, any;
} Options;

/* Reads the command line. MAIL_E_USAGE. Release with options_done() in either case. */
int options_parse(int argc, char **argv, Options *ret, Fault *f) _must_check_;
void options_done(Options *o);
int option_list_add(OptionList *l, const char *value) _must_check_; /* 0 or -ENOMEM */
