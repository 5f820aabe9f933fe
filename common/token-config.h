/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One token's file in tokens.d, as signetd and signet-worker read it: signetd.tokens(5). Link config_dep.
 *
 *     # tokens.d/mail.conf: the token is called "mail"
 *     module   = "/usr/lib/softhsm/libsofthsm2.so"
 *     label    = "mail"                       # CK_TOKEN_INFO label; default: the file's name
 *     serial   = "1b2c3d4e"                   # optional, when labels are not unique
 *     pin-file = "/etc/signetd/mail.pin"      # optional, read by the worker alone
 *     workers  = 2                            # 1 to 16; default 2
 *     deadline = 10                           # seconds for one request; default 10, 1 to 300
 *     start-deadline = 60                     # seconds for module, login and inventory; default 60, 1 to 3600
 *     socket   = "/run/signet-worker/mail"    # optional: a supervisor listens here; otherwise signetd starts one
 *     init-args = "configDir='sql:/etc/nss'"  # optional: CK_C_INITIALIZE_ARGS pReserved, as NSS wants it
 */
#pragma once

#include "problems.h"

#define TOKEN_NAME_MAX 64

typedef struct TokenConfig {
        char *name; /* from the file's name: [A-Za-z0-9._-]+ without ".conf" */
        char *file;
        char *module, *label, *serial, *pin_file, *socket, *init_args; /* NULL when absent; label is never NULL */
        unsigned workers;
        unsigned deadline, start_deadline; /* seconds */
} TokenConfig;

TokenConfig *token_config_free(TokenConfig *c); /* accepts and returns NULL */
DEFINE_CLEANUP(TokenConfig *, token_config_free)

/* 0, or -EINVAL with at least one problem added. Does not look whether module or PIN file exist: the worker says so. */
int token_config_load(const char *path, Problems *problems, TokenConfig **ret) _must_check_;
