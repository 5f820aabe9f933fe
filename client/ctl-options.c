/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsing of signetctl's command line by getopt_long(3). Fed by people and scripts; what it breaks does another thing
 * than was asked. */
#include "ctl-options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/problems.h"

enum { GLOBAL_ADDRESS, GLOBAL_CONFIG, GLOBAL_JSON, GLOBAL_HELP, GLOBAL_VERSION, _GLOBAL_MAX };

const CtlOption ctl_global_options[] = {
        [GLOBAL_ADDRESS] = { "address", "BUS", "signetd's bus, when it is not the system bus", NULL },
        [GLOBAL_CONFIG] = { "config", "DIR", "signetd's configuration, for audit and policy check", NULL },
        [GLOBAL_JSON] = { "json", NULL, "answer in JSON", NULL },
        [GLOBAL_HELP] = { "help", NULL, "show this help", NULL },
        [GLOBAL_VERSION] = { "version", NULL, "show the version", NULL },
        [_GLOBAL_MAX] = { NULL, NULL, NULL, NULL },
};

/* What getopt_long() returns for a long option: past every character. */
#define FIRST_GLOBAL 0x100
#define FIRST_OPTION 0x200

static int _printf_(2, 3) refuse(char **ret_why, const char *format, ...) {
        char *why = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&why, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;

        *ret_why = why;
        return -EINVAL;
}

static size_t add_long(struct option *longs, size_t n, const CtlOption *options, int first) {
        for (size_t i = 0; options && options[i].name; i++)
                longs[n++] = (struct option){
                        .name = options[i].name,
                        .has_arg = options[i].argument ? required_argument : no_argument,
                        .val = first + (int) i,
                };
        return n;
}

static void take_global(CtlGlobals *globals, int which, const char *value) {
        switch (which) {
        case GLOBAL_ADDRESS:
                globals->address = value;
                break;
        case GLOBAL_CONFIG:
                globals->config = value;
                break;
        case GLOBAL_JSON:
                globals->json = true;
                break;
        case GLOBAL_HELP:
                globals->help = true;
                break;
        case GLOBAL_VERSION:
                globals->version = true;
                break;
        default:
                break;
        }
}

/* `given` is the argument of argv that getopt_long() did not like; it may be "--name=value". */
static int refuse_option(const struct option *longs, size_t n, const char *given, int what, char **ret_why) {
        const char *names[CTL_OPTIONS_MAX + _GLOBAL_MAX];
        char name[64];

        if (optopt > 0 && optopt < FIRST_GLOBAL)
                return refuse(ret_why, "there is no option -%c", optopt);
        snprintf(name, sizeof(name), "%.*s", (int) strcspn(given, "="), given);
        if (what == ':')
                return refuse(ret_why, "option %s wants a value behind it", name);

        for (size_t i = 0; i < n; i++) {
                if (strcmp(name + 2, longs[i].name) == 0)
                        return refuse(ret_why, "option %s takes no value", name);
                names[i] = longs[i].name;
        }
        const char *meant = problems_did_you_mean(name + 2, names, n);
        return refuse(ret_why, "there is no option %s%s%s%s", name, meant ? "; was --" : "", meant ?: "",
                      meant ? " meant?" : "");
}

static bool among(const char *values, const char *word) {
        size_t n = strlen(word);

        for (const char *p = values; *p; p += strcspn(p, " "), p += strspn(p, " "))
                if (strcspn(p, " ") == n && strncmp(p, word, n) == 0)
                        return true;
        return false;
}

static int take_option(const CtlOption *option, const char *value, const char **ret_value, char **ret_why) {
        if (value && option->values && !among(option->values, value))
                return refuse(ret_why, "--%s cannot be \"%s\": it is one of %s", option->name, value, option->values);

        *ret_value = value ?: "";
        return 0;
}

/* One run of getopt_long() over argv, from its second string on. */
static int parse(const char *letters, const CtlCommand *command, int argc, char **argv, CtlGlobals *globals,
                 CtlArguments *a, char **ret_why) {
        struct option longs[CTL_OPTIONS_MAX + _GLOBAL_MAX + 1] = { 0 };
        size_t n = add_long(longs, 0, ctl_global_options, FIRST_GLOBAL);
        int c, r;

        if (command)
                n = add_long(longs, n, command->options, FIRST_OPTION);
        optind = 0; /* glibc: starts afresh */
        opterr = 0;
        while ((c = getopt_long(argc, argv, letters, longs, NULL)) >= 0) {
                if (c == 'h') {
                        globals->help = true;
                } else if (c == '?' || c == ':') {
                        return refuse_option(longs, n, argv[optind - 1], c, ret_why);
                } else if (c < FIRST_OPTION) {
                        take_global(globals, c - FIRST_GLOBAL, optarg);
                } else {
                        r = take_option(&command->options[c - FIRST_OPTION], optarg, &a->values[c - FIRST_OPTION],
                                        ret_why);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int ctl_parse_globals(int argc, char **argv, CtlGlobals *globals, int *ret_first, char **ret_why) {
        int r = parse("+:h", NULL, argc, argv, globals, NULL, ret_why);

        if (r == 0)
                *ret_first = optind;
        return r;
}

const CtlCommand *ctl_command_find(const CtlCommand *const *commands, int n, char **words, int *ret_used) {
        for (; n > 0 && *commands; commands++) {
                const char *name = (*commands)->name;
                size_t first = strcspn(name, " ");

                if (strlen(words[0]) != first || strncmp(name, words[0], first) != 0)
                        continue;
                if (name[first] == '\0') {
                        *ret_used = 1;
                        return *commands;
                }
                if (n > 1 && strcmp(name + first + 1, words[1]) == 0) {
                        *ret_used = 2;
                        return *commands;
                }
        }
        return NULL;
}

bool ctl_command_is_group(const CtlCommand *const *commands, const char *word) {
        size_t n = strlen(word);

        for (; *commands; commands++)
                if (strncmp((*commands)->name, word, n) == 0 && (*commands)->name[n] == ' ')
                        return true;
        return false;
}

int ctl_parse_command(const CtlCommand *command, int argc, char **argv, CtlGlobals *globals, CtlArguments *ret,
                      char **ret_why) {
        CtlArguments a = { .command = command };
        int r;

        r = parse(":h", command, argc, argv, globals, &a, ret_why);
        if (r < 0)
                return r;
        if (!globals->help) {
                /* Too much is not repeated in the message: somebody may have typed a PIN there. */
                if ((unsigned) (argc - optind) > MIN(command->max_words, CTL_WORDS_MAX))
                        return refuse(ret_why,
                                      command->max_words == 0 ? "%s takes no arguments" : "too many arguments for %s",
                                      command->name);
                if ((unsigned) (argc - optind) < command->min_words)
                        return refuse(ret_why, "%s wants %s", command->name, command->arguments);
                for (int i = optind; i < argc; i++)
                        a.words[a.n_words++] = argv[i];
        }

        *ret = a;
        return 0;
}

int ctl_parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *ret) {
        uint64_t v = 0;

        if (!*s)
                return -EINVAL;
        for (; *s; s++)
                if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
                    __builtin_add_overflow(v, (uint64_t) (*s - '0'), &v))
                        return -EINVAL;
        if (v < min || v > max)
                return -EINVAL;

        *ret = v;
        return 0;
}
