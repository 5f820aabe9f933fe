/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of `signetctl setup` share: a program that it knows, and one run for one program.
 *
 * A run is planned first, without touching anything (ctl-setup-plan.h), then shown, agreed to, and carried out with a
 * record of what was there before (ctl-setup-record.h). Functions that can fail return a CtlExit and have told why. */
#pragma once

#include "ctl-keys.h"
#include "ctl-setup-plan.h"
#include "ctl.h"

typedef struct Setup Setup;

typedef struct SetupProgram {
        const char *name;                          /* as on the command line */
        int (*plan)(Setup *s);                     /* adds changes to s->plan, and what to do next */
        int (*ready)(Setup *s);                    /* whether the plan may be carried out now; or NULL */
        void (*changed)(Setup *s, SetupDone done); /* after files were changed; or NULL */
        int (*test)(Setup *s);                     /* signs and verifies, says with what in setup_tested() */
} SetupProgram;

extern const SetupProgram setup_thunderbird, setup_mutt, setup_gnupg, setup_openssl, setup_p11_kit;

struct Setup {
        Ctl *ctl;
        const SetupProgram *program;
        const char *key;      /* --key, or NULL */
        const char *profile;  /* --profile, or NULL */
        const char *muttrc;   /* --muttrc, or NULL */
        const char *smime_rc; /* --smime-rc, or what is installed */
        const char *module;   /* --module, or NULL: what is installed */
        bool changing;        /* files will be changed: false for --print and --test */
        SetupPlan plan;
        FILE *next; /* sentences for the person, a line each */
        char *next_text;
        size_t next_size;
        char *tested; /* what the self-test did, a sentence; NULL: there was none */
};

/* A sentence on what to do next, or what to know. */
void setup_next(Setup *s, const char *format, ...) _printf_(2, 3);

/* What the self-test did, a sentence. */
void setup_tested(Setup *s, const char *format, ...) _printf_(2, 3);

/* The keys that the caller may use for `operation` and that --key fits, with a certificate; at least one. Free with
 * signet_keys_free(). `algorithm`: only these, or NULL. */
int setup_keys(Setup *s, const char *operation, const char *algorithm, Keys *ret) _must_check_;

/* The key to sign with and the one to decrypt with (NULL: there is none) of one person: --key, or the only address
 * there is. */
typedef struct SetupPair {
        signet_key *sign, *decrypt;
        char *address;
} SetupPair;
int setup_pair(Setup *s, const char *algorithm, SetupPair *ret) _must_check_;
/* The same for this address; CTL_NO_SUCH_KEY is not told. */
int setup_pair_of(Setup *s, const char *address, SetupPair *ret) _must_check_;
void setup_pair_done(SetupPair *pair);

/* Refuses a name that cannot stand in a configuration file: for a control character, or one of `special`. */
int setup_check_name(Setup *s, const char *name, const char *special) _must_check_;

/* The absolute path of signet-pkcs11.so: --module, or where it is installed. */
int setup_module(Setup *s, char **ret) _must_check_;
