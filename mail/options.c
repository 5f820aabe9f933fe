/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the plain command line. Fed by the user, and by scripts. */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "help.h"

enum {
        OPTION_FROM = 256,
        OPTION_KEY,
        OPTION_CERT,
        OPTION_CERT_DIR,
        OPTION_CA_FILE,
        OPTION_CA_DIR,
        OPTION_CRL_FILE,
        OPTION_TO,
        OPTION_TO_SELF,
        OPTION_OPAQUE,
        OPTION_DIGEST,
        OPTION_PSS,
        OPTION_CIPHER,
        OPTION_OAEP,
        OPTION_SIGN,
        OPTION_JSON,
        OPTION_ANY,
        OPTION_BUS,
        OPTION_VERSION,
};

/* Each option, and which commands take it. */
static const struct {
        struct option option;
        unsigned commands;
} table[] = {
#define SIGN    (1u << COMMAND_SIGN)
#define ENCRYPT (1u << COMMAND_ENCRYPT)
#define DECRYPT (1u << COMMAND_DECRYPT)
#define VERIFY  (1u << COMMAND_VERIFY)
#define ALL     (SIGN | ENCRYPT | DECRYPT | VERIFY)
        { { "in", required_argument, NULL, 'i' }, ALL },
        { { "out", required_argument, NULL, 'o' }, ALL },
        { { "address", required_argument, NULL, OPTION_BUS }, SIGN | ENCRYPT | DECRYPT },
        { { "help", no_argument, NULL, 'h' }, ALL },
        { { "version", no_argument, NULL, OPTION_VERSION }, ALL },
        { { "from", required_argument, NULL, OPTION_FROM }, SIGN | ENCRYPT | VERIFY },
        { { "key", required_argument, NULL, OPTION_KEY }, SIGN | ENCRYPT | DECRYPT },
        { { "cert", required_argument, NULL, OPTION_CERT }, ALL },
        { { "cert-dir", required_argument, NULL, OPTION_CERT_DIR }, ENCRYPT },
        { { "to", required_argument, NULL, OPTION_TO }, ENCRYPT },
        { { "to-self", no_argument, NULL, OPTION_TO_SELF }, ENCRYPT },
        { { "sign", no_argument, NULL, OPTION_SIGN }, ENCRYPT },
        { { "opaque", no_argument, NULL, OPTION_OPAQUE }, SIGN | ENCRYPT },
        { { "digest", required_argument, NULL, OPTION_DIGEST }, SIGN | ENCRYPT },
        { { "pss", no_argument, NULL, OPTION_PSS }, SIGN | ENCRYPT },
        { { "cipher", required_argument, NULL, OPTION_CIPHER }, ENCRYPT },
        { { "oaep", no_argument, NULL, OPTION_OAEP }, ENCRYPT },
        { { "any", no_argument, NULL, OPTION_ANY }, DECRYPT },
        { { "ca-file", required_argument, NULL, OPTION_CA_FILE }, VERIFY },
        { { "ca-dir", required_argument, NULL, OPTION_CA_DIR }, VERIFY },
        { { "crl-file", required_argument, NULL, OPTION_CRL_FILE }, VERIFY },
        { { "json", no_argument, NULL, OPTION_JSON }, VERIFY },
};

static const char *const command_names[] = { [COMMAND_SIGN] = "sign",
                                             [COMMAND_ENCRYPT] = "encrypt",
                                             [COMMAND_DECRYPT] = "decrypt",
                                             [COMMAND_VERIFY] = "verify" };

int option_list_add(OptionList *l, const char *value) {
        const char **grown = reallocarray(l->items, l->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        l->items = grown;
        grown[l->n++] = value;
        return 0;
}

void options_done(Options *o) {
        OptionList *lists[] = { &o->to, &o->certs, &o->cert_dirs, &o->ca_files, &o->ca_dirs, &o->crl_files };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                free(lists[i]->items);
        *o = (Options){ 0 };
}

static int set_flag(Options *o, int option) {
        switch (option) {
        case OPTION_TO_SELF:
                o->to_self = true;
                return 1;
        case OPTION_OPAQUE:
                o->opaque = true;
                return 1;
        case OPTION_PSS:
                o->pss = true;
                return 1;
        case OPTION_OAEP:
                o->oaep = true;
                return 1;
        case OPTION_SIGN:
                o->sign = true;
                return 1;
        case OPTION_JSON:
                o->json = true;
                return 1;
        case OPTION_ANY:
                o->any = true;
                return 1;
        default:
                return 0;
        }
}

static OptionList *list_of(Options *o, int option) {
        switch (option) {
        case OPTION_TO:
                return &o->to;
        case OPTION_CERT:
                return &o->certs;
        case OPTION_CERT_DIR:
                return &o->cert_dirs;
        case OPTION_CA_FILE:
                return &o->ca_files;
        case OPTION_CA_DIR:
                return &o->ca_dirs;
        case OPTION_CRL_FILE:
                return &o->crl_files;
        default:
                return NULL;
        }
}

static const char **value_of(Options *o, int option) {
        switch (option) {
        case 'i':
                return &o->in;
        case 'o':
                return &o->out;
        case OPTION_BUS:
                return &o->bus;
        case OPTION_FROM:
                return &o->from;
        case OPTION_KEY:
                return &o->key;
        case OPTION_DIGEST:
                return &o->digest;
        case OPTION_CIPHER:
                return &o->cipher;
        default:
                return NULL;
        }
}

static int take_option(Options *o, int option, const char *argument, Fault *f) {
        if ((option == OPTION_FROM || option == OPTION_TO) && !strchr(argument, '@'))
                return fault_set(f, MAIL_E_USAGE, "\"%s\" is no mail address", argument);
        OptionList *list = list_of(o, option);
        const char **value = value_of(o, option);

        if (list)
                return option_list_add(list, argument) == 0 ? 0 : fault_set_errno(f, ENOMEM, "cannot start");
        if (value && *value)
                return fault_set(f, MAIL_E_USAGE, "an option is given twice: \"%s\" and \"%s\"", *value, argument);
        if (value)
                *value = argument;
        else
                (void) set_flag(o, option);
        return 0;
}

static int parse_command(int argc, char **argv, Command command, Options *o, Fault *f) {
        struct option options[ELEMENTSOF(table) + 1] = { 0 };
        size_t n = 0;
        int c;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (table[i].commands & (1u << command))
                        options[n++] = table[i].option;
        opterr = 0;
        while ((c = getopt_long(argc, argv, ":i:o:h", options, NULL)) >= 0) {
                if (c == 'h' || c == OPTION_VERSION) {
                        o->command = c == 'h' ? COMMAND_HELP : COMMAND_VERSION;
                        return 0;
                }
                if (c == '?' || c == ':')
                        return fault_set(f, MAIL_E_USAGE,
                                         c == ':' ? "%s wants an argument; see: signet-smime %s --help"
                                                  : "%s is not an option of this command, or not whole; see: "
                                                    "signet-smime %s --help",
                                         argv[optind - 1], command_names[command]);
                int r = take_option(o, c, optarg, f);
                if (r != 0)
                        return r;
        }
        if (optind < argc)
                return fault_set(f, MAIL_E_USAGE,
                                 "\"%s\" is one argument too many; the mail is read from standard input or --in FILE",
                                 argv[optind]);
        return 0;
}

int options_parse(int argc, char **argv, Options *ret, Fault *f) {
        const char *word = argc > 1 ? argv[1] : "";

        *ret = (Options){ .command = COMMAND_HELP, .help = help_program() };
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
                return 0;
        if (strcmp(word, "--version") == 0) {
                ret->command = COMMAND_VERSION;
                return 0;
        }
        for (Command c = COMMAND_SIGN; c <= COMMAND_VERIFY; c++)
                if (strcmp(word, command_names[c]) == 0) {
                        ret->command = c;
                        ret->help = help_command(c);
                        return parse_command(argc - 1, argv + 1, c, ret, f);
                }
        if (!*word)
                return fault_set(f, MAIL_E_USAGE,
                                 "say what to do: sign, encrypt, decrypt or verify; see: signet-smime --help");
        return fault_set(f, MAIL_E_USAGE,
                         "\"%s\" is no command: sign, encrypt, decrypt, verify; or one in the manner of openssl smime: "
                         "-sign, -encrypt, -decrypt, -verify, -pk7out",
                         word);
}
