/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl complete: what could stand next on a command line, one a line, for the shell's completion script. It reads
 * the tables that parsing reads, and asks signetd for names. Fed with half a command line; what it breaks is only
 * comfort. */
#include <string.h>

#include "ctl-text.h"
#include "ctl-uri.h"
#include "ctl.h"

#define PATIENCE_MS 2000 /* somebody has pressed a key and waits */

/* A name that cannot be shown is not proposed. */
static void print_line(const char *text) {
        _cleanup_free_ char *clean = text_clean(text);

        if (clean && strcmp(clean, text) == 0)
                printf("%s\n", text);
}

static void print_words(const char *words) {
        for (; *words; words += strspn(words, " ")) {
                size_t n = strcspn(words, " ");

                fwrite(words, 1, n, stdout);
                fputc('\n', stdout);
                words += n;
        }
}

/* The first words of the commands, or the second ones of a group. */
static void complete_commands(const char *group) {
        const char *last = "";
        size_t n = strlen(group);

        for (const CtlCommand *const *c = ctl_commands; *c; c++) {
                const char *name = (*c)->name;

                if (!(*c)->summary)
                        continue;
                if (n > 0) {
                        if (strncmp(name, group, n) == 0 && name[n] == ' ')
                                print_line(name + n + 1);
                } else if (strncmp(name, last, strcspn(name, " ") + 1) != 0) {
                        printf("%.*s\n", (int) strcspn(name, " "), name);
                        last = name;
                }
        }
}

static void complete_options(const CtlCommand *command) {
        for (const CtlOption *o = command ? command->options : NULL; o && o->name; o++)
                printf("--%s\n", o->name);
        for (const CtlOption *o = ctl_global_options; o->name; o++)
                printf("--%s\n", o->name);
}

static int quiet_client(Ctl *ctl, signet_client **ret) {
        int r = ctl_client(ctl, ret);

        if (r == 0)
                signet_client_set_timeout(*ret, PATIENCE_MS);
        return r;
}

/* What people call keys: the addresses, and for all of them the URI. */
static void complete_keys(Ctl *ctl, const char *operation) {
        signet_client *client;
        signet_key **keys;
        size_t n;

        if (quiet_client(ctl, &client) != 0 || signet_find_keys(client, NULL, operation, &keys, &n) != 0)
                return;
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < signet_key_address_count(keys[i]); k++)
                        print_line(signet_key_address(keys[i], k));
                for (size_t k = 0; k < signet_key_uri_count(keys[i]); k++) {
                        _cleanup_free_ char *uri = uri_short(signet_key_uri(keys[i], k));
                        print_line(uri ?: signet_key_uri(keys[i], k));
                }
        }
        signet_keys_free(keys, n);
}

static void complete_tokens(Ctl *ctl) {
        signet_client *client;
        signet_token **tokens;
        size_t n;

        if (quiet_client(ctl, &client) != 0 || signet_find_tokens(client, &tokens, &n) != 0)
                return;
        for (size_t i = 0; i < n; i++)
                print_line(signet_token_name(tokens[i]));
        signet_tokens_free(tokens, n);
}

/* What can stand behind "--name". "@files": the shell's own names of files. */
static void complete_value(Ctl *ctl, const CtlCommand *command, const CtlOption *option) {
        const char *operation = strcmp(command->name, "sign") == 0      ? "sign"
                                : strcmp(command->name, "decrypt") == 0 ? "decrypt"
                                                                        : NULL;

        if (option->values)
                print_words(option->values);
        else if (strcmp(option->argument, "KEY") == 0)
                complete_keys(ctl, operation);
        else if (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "DIR") == 0)
                print_line("@files");
}

static const CtlOption *find_option(const CtlOption *options, const char *name) {
        for (; options && options->name; options++)
                if (strcmp(options->name, name) == 0)
                        return options;
        return NULL;
}

/* The option whose value is being typed when `previous` is the word before; NULL: none. */
static const CtlOption *open_option(const CtlCommand *command, const char *previous) {
        const CtlOption *o;

        if (strncmp(previous, "--", 2) != 0)
                return NULL;
        o = command ? find_option(command->options, previous + 2) : NULL;
        o = o ?: find_option(ctl_global_options, previous + 2);
        return o && o->argument ? o : NULL;
}

/* Leaves the words of `words` that are neither options nor their values; returns how many. */
static int without_options(const char *const *words, int n, const char **ret) {
        int kept = 0;

        for (int i = 0; i < n; i++) {
                if (strncmp(words[i], "-", 1) != 0)
                        ret[kept++] = words[i];
                else if (open_option(NULL, words[i]))
                        i++;
        }
        return kept;
}

/* The bus that the line names is the one to ask. */
static void use_address(Ctl *ctl, const char *const *words, int n) {
        for (int i = 0; i < n; i++)
                if (strncmp(words[i], "--address=", 10) == 0)
                        ctl->globals.address = words[i] + 10;
                else if (strcmp(words[i], "--address") == 0 && i + 1 < n)
                        ctl->globals.address = words[i + 1];
}

/* The words of the line before the one that is typed, and the beginning of that one. */
static int run_complete(Ctl *ctl, const CtlArguments *a) {
        const char *plain[CTL_WORDS_MAX], *typed = a->words[a->n_words - 1];
        const char *previous = a->n_words > 1 ? a->words[a->n_words - 2] : "";
        int n = without_options(a->words, (int) a->n_words - 1, plain), used = 0;
        const CtlCommand *command = ctl_command_find(ctl_commands, n, (char **) plain, &used);
        const CtlOption *option = open_option(command, previous);

        use_address(ctl, a->words, (int) a->n_words - 1);
        if (option && command)
                complete_value(ctl, command, option);
        else if (option)
                print_line("@files");
        else if (typed[0] == '-')
                complete_options(command);
        else if (!command)
                complete_commands(n > 0 ? plain[0] : "");
        else if (command->completes && strcmp(command->completes, "keys") == 0)
                complete_keys(ctl, NULL);
        else if (command->completes && strcmp(command->completes, "tokens") == 0)
                complete_tokens(ctl);
        else if (command->completes && command->completes[0] == '=')
                print_words(command->completes + 1);
        else if (command->completes)
                print_line("@files");
        return CTL_DONE;
}

/* No summary: it is not for people, and --help passes it over. */
const CtlCommand ctl_complete_command = {
        .name = "complete",
        .arguments = "-- WORD...",
        .min_words = 1,
        .max_words = CTL_WORDS_MAX,
        .run = run_complete,
};
