/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl: use and look after keys on tokens through signetd. Fed by people and scripts; it holds no right of its
 * own: signetd decides by who runs it. */
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "ctl.h"

/* Names on tokens are UTF-8 wherever signetctl runs, so they are measured as that. */
static void init_locale(void) {
        if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
                (void) setlocale(LC_CTYPE, "C.UTF-8");
}

static int usage_error(Ctl *ctl, const char *why, const char *command) {
        return ctl_error(ctl, CTL_USAGE, "%s; see: signetctl%s%s --help", why ?: "out of memory", *command ? " " : "",
                         command);
}

/* argv[0] is the last word of the command's name. */
static int run_command(Ctl *ctl, const CtlCommand *command, int argc, char **argv) {
        _cleanup_free_ char *why = NULL;
        CtlArguments a;

        if (ctl_parse_command(command, argc, argv, &ctl->globals, &a, &why) < 0)
                return usage_error(ctl, why, command->name);
        if (ctl->globals.help) {
                ctl_help_command(stdout, command);
                return CTL_DONE;
        }
        return command->run(ctl, &a);
}

static int print_version(Ctl *ctl) {
        if (!ctl->globals.json) {
                printf("signetctl %s\n", signet_version());
                return CTL_DONE;
        }

        struct json_object *answer = json_object_new_object();
        ctl_json_string(answer, "version", signet_version());
        return ctl_answer(ctl, answer);
}

static int unknown_command(Ctl *ctl, const char *word) {
        _cleanup_free_ char *why = NULL;

        if (asprintf(&why, "there is no command \"%s\"", word) < 0)
                why = NULL;
        return usage_error(ctl, why, "");
}

static bool is_help(const char *word) {
        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* `words`: the command and what follows. A group without a command of its own is answered with the group's help. */
static int run_words(Ctl *ctl, int n, char **words) {
        const CtlCommand *command;
        int used;

        if (ctl->globals.version)
                return print_version(ctl);
        if (n > 0 && strcmp(words[0], "help") == 0) {
                ctl->globals.help = true;
                n--;
                words++;
        }
        command = ctl_command_find(ctl_commands, n, words, &used);
        if (command)
                return run_command(ctl, command, n - used + 1, words + used - 1);

        bool help = ctl->globals.help || (n > 1 && is_help(words[1]));
        if (n == 0)
                ctl_help(help ? stdout : stderr);
        else if (ctl_command_is_group(ctl_commands, words[0]))
                ctl_help_group(help ? stdout : stderr, words[0]);
        else
                return unknown_command(ctl, words[0]);
        return help ? CTL_DONE : CTL_USAGE;
}

int main(int argc, char **argv) {
        _cleanup_free_ char *why = NULL;
        int first, e;
        Ctl ctl;

        init_locale();
        ctl_init(&ctl);
        if (ctl_parse_globals(argc, argv, &ctl.globals, &first, &why) < 0)
                e = usage_error(&ctl, why, "");
        else
                e = run_words(&ctl, argc - first, argv + first);
        e = ctl_finish(&ctl, e);
        ctl_done(&ctl);
        return e;
}
