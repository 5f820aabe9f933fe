/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl's commands and options as tables: parsing, --help and completion all read the same ones. */
#pragma once

#include "common/macros.h"

typedef struct Ctl Ctl;
typedef struct CtlArguments CtlArguments;

#define CTL_OPTIONS_MAX 12 /* of one command */
#define CTL_WORDS_MAX   64 /* arguments of one command */

typedef struct CtlOption {
        const char *name;     /* without the dashes; NULL ends a table */
        const char *argument; /* "FILE"; NULL: a flag */
        const char *help;     /* a few words */
        const char *values;   /* what the argument may be, words parted by spaces; NULL: anything */
} CtlOption;

typedef struct CtlCommand {
        const char *name;      /* "keys", or group and name: "policy check" */
        const char *arguments; /* "[NAME]", for people; NULL: none */
        const char *summary;   /* a few words, small first letter, no full stop */
        const char *more;      /* what else --help says, whole lines; or NULL */
        const char *completes; /* what the arguments are: "keys", "tokens", "files", or "=WORD WORD..."; or NULL */
        unsigned min_words, max_words;
        const CtlOption *options;                    /* or NULL */
        int (*run)(Ctl *ctl, const CtlArguments *a); /* returns a CtlExit */
} CtlCommand;

typedef struct CtlGlobals {
        bool json, help, version;
        const char *address; /* of the bus; NULL: the system's */
        const char *config;  /* signetd's configuration directory */
} CtlGlobals;

/* Everything borrows from argv. */
struct CtlArguments {
        const CtlCommand *command;
        const char *values[CTL_OPTIONS_MAX]; /* by place in command->options: NULL absent, "" for a flag that is set */
        const char *words[CTL_WORDS_MAX];
        unsigned n_words;
};

/* The options that every command takes. */
extern const CtlOption ctl_global_options[];

/* Options in front of the command; *ret_first gets the place of the command in argv, argc when there is none.
 * 0, or -EINVAL with a sentence in *ret_why (free it); -ENOMEM. globals is added to, never reset. */
int ctl_parse_globals(int argc, char **argv, CtlGlobals *globals, int *ret_first, char **ret_why) _must_check_;

/* The command that the n words name, by *ret_used of them; NULL: none. `commands` ends with NULL. */
const CtlCommand *ctl_command_find(const CtlCommand *const *commands, int n, char **words, int *ret_used);

/* Whether commands are called "word something". */
bool ctl_command_is_group(const CtlCommand *const *commands, const char *word);

/* Options and arguments of one command, in any order; argv[0] is passed over. With --help nothing else is checked. 0,
 * or -EINVAL with a sentence in *ret_why (free it); -ENOMEM. */
int ctl_parse_command(const CtlCommand *command, int argc, char **argv, CtlGlobals *globals, CtlArguments *ret,
                      char **ret_why) _must_check_;

/* A number of decimal digits from min to max; -EINVAL for anything else. */
int ctl_parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *ret) _must_check_;
