/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of signetctl, and their --help, made from the same tables that are parsed. */
#include <ctype.h>
#include <string.h>

#include "ctl.h"

const CtlCommand *const ctl_commands[] = {
        &ctl_keys_command,         &ctl_tokens_command,         &ctl_unlock_command,
        &ctl_lock_command,         &ctl_sign_command,           &ctl_decrypt_command,
        &ctl_policy_check_command, &ctl_policy_explain_command, &ctl_policy_reload_command,
        &ctl_audit_show_command,   &ctl_audit_verify_command,   &ctl_status_command,
        &ctl_setup_command,        &ctl_complete_command,       NULL,
};

/* Commands without a summary are for the completion script alone. */
static void print_commands(FILE *f, const char *group) {
        size_t n = strlen(group);

        for (const CtlCommand *const *c = ctl_commands; *c; c++) {
                if (!(*c)->summary || (n > 0 && (strncmp((*c)->name, group, n) != 0 || (*c)->name[n] != ' ')))
                        continue;
                int printed = fprintf(f, "  %s %s", (*c)->name, (*c)->arguments ?: "");
                fprintf(f, "%*s%s\n", MAX(29 - printed, 1), "", (*c)->summary);
        }
}

static int print_option(FILE *f, const CtlOption *o) {
        return fprintf(f, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ?: "");
}

void ctl_help(FILE *f) {
        fputs("Usage: signetctl [OPTIONS] COMMAND [ARGUMENTS]\n"
              "Use and look after keys on tokens, through signetd.\n\n",
              f);
        print_commands(f, "");
        fputs("\n"
              "Options: --json --address BUS --config DIR --version; --help, also of a COMMAND.\n"
              "KEY: a mail address, a PKCS#11 URI, or 8 or more digits of a key's id.\n"
              "Exit: 0 done, 1 the answer is no, 2 usage, 3 no such key, 4 not authorized,\n"
              "5 locked, 14 no signetd; signetctl(1) lists them all.\n",
              f);
}

void ctl_help_group(FILE *f, const char *group) {
        fprintf(f, "Usage: signetctl %s COMMAND [ARGUMENTS]\n\n", group);
        print_commands(f, group);
        fprintf(f, "\nFor one of them: signetctl %s COMMAND --help\n", group);
}

static void print_options(FILE *f, const CtlOption *options) {
        for (const CtlOption *o = options; o && o->name; o++) {
                fputs("  ", f);
                int printed = 2 + print_option(f, o);
                fprintf(f, "%*s%s\n", MAX(26 - printed, 1), "", o->help);
        }
}

void ctl_help_command(FILE *f, const CtlCommand *c) {
        fprintf(f, "Usage: signetctl %s%s%s%s\n", c->name, c->options ? " [OPTIONS]" : "", c->arguments ? " " : "",
                c->arguments ?: "");
        if (c->summary)
                fprintf(f, "%c%s.\n", toupper((unsigned char) c->summary[0]), c->summary + 1);
        if (c->more)
                fprintf(f, "\n%s", c->more);
        fputc('\n', f);
        print_options(f, c->options);
        print_options(f, ctl_global_options);
}
