/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl: what its commands share. Each command prints its answer on standard output, once, for people or as one
 * JSON document, and returns a CtlExit. */
#pragma once

#include <stdio.h>

#include <json-c/json.h>

#include "client/signet.h"
#include "common/macros.h"
#include "ctl-options.h"

/* What scripts decide by; signetctl(1) lists them. Never renumber. */
typedef enum CtlExit {
        CTL_DONE = 0,
        CTL_NO = 1, /* the answer is no: denied, mistakes found, chain broken, a token not ready */
        CTL_USAGE = 2,
        CTL_NO_SUCH_KEY = 3, /* nor token */
        CTL_NOT_AUTHORIZED = 4,
        CTL_LOCKED = 5,
        CTL_TOKEN_UNAVAILABLE = 6,
        CTL_PIN_INCORRECT = 7,
        CTL_PIN_LOCKED = 8,
        CTL_AGAIN = 9, /* later: rate limited, busy, timed out */
        CTL_DECRYPTION_FAILED = 10,
        CTL_NOT_SUPPORTED = 11,
        CTL_INVALID_INPUT = 12,
        CTL_REVOKED = 13,
        CTL_UNAVAILABLE = 14, /* signetd cannot be reached */
        CTL_AMBIGUOUS = 15,
        CTL_FAILURE = 16, /* files, memory, protocol */
} CtlExit;

typedef enum CtlColour { CTL_PLAIN, CTL_BOLD, CTL_GREEN, CTL_YELLOW, CTL_RED } CtlColour;

struct Ctl {
        CtlGlobals globals;
        signet_client *client; /* ctl_client() */
        bool colours;          /* standard output shows them */
        bool answered;         /* a JSON document has been printed */
        unsigned width;        /* of the terminal in columns; 0: there is none */
};

void ctl_init(Ctl *ctl);
void ctl_done(Ctl *ctl);

/* The connection, made at the first call; ctl keeps it. */
int ctl_client(Ctl *ctl, signet_client **ret) _must_check_;

/* The one key that `name` means for `operation`, with the error told. A CtlExit. */
int ctl_find_key(Ctl *ctl, const char *name, const char *operation, signet_key **ret) _must_check_;

/* Prints a sentence on standard error, and with --json an error object on standard output. Returns `e`. */
int ctl_error(Ctl *ctl, CtlExit e, const char *format, ...) _printf_(3, 4);

/* The same for what libsignet returned, with its sentence: call before anything else of libsignet. */
int ctl_error_signet(Ctl *ctl, int status);

/* The same for a negative errno about a thing. */
int ctl_error_errno(Ctl *ctl, int error, const char *thing);

CtlExit ctl_exit_from_status(int status);

/* Prints the answer and takes the reference; NULL: memory ran out. Returns CTL_DONE or what went wrong. */
int ctl_answer(Ctl *ctl, struct json_object *answer);

/* Checks that all of standard output was written; the last thing before main() returns `e`. */
int ctl_finish(Ctl *ctl, int e);

/* The escape that turns a colour on (CTL_PLAIN: off), "" where there are no colours. Static. */
const char *ctl_colour(const Ctl *ctl, CtlColour colour);

/* Adds a member that borrows nothing; a NULL string is left out. Running out of memory leaves it out too: json-c cannot
 * say so in a document under way, and the kernel kills first. */
void ctl_json_string(struct json_object *o, const char *name, const char *value);
void ctl_json_number(struct json_object *o, const char *name, uint64_t value);

DEFINE_CLEANUP(struct json_object *, json_object_put)
DEFINE_CLEANUP(signet_key *, signet_key_unref)
DEFINE_CLEANUP(signet_token *, signet_token_unref)

/* The commands, ended by NULL: the one list that parsing, --help and completion read. */
extern const CtlCommand *const ctl_commands[];

/* --help of everything, of a group, of one command. */
void ctl_help(FILE *f);
void ctl_help_group(FILE *f, const char *group);
void ctl_help_command(FILE *f, const CtlCommand *command);

extern const CtlCommand ctl_keys_command, ctl_tokens_command, ctl_unlock_command, ctl_lock_command;
extern const CtlCommand ctl_sign_command, ctl_decrypt_command;
extern const CtlCommand ctl_policy_check_command, ctl_policy_explain_command, ctl_policy_reload_command;
extern const CtlCommand ctl_audit_show_command, ctl_audit_verify_command;
extern const CtlCommand ctl_status_command, ctl_setup_command, ctl_complete_command;
