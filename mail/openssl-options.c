/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads options with one hyphen, as openssl's programs have them. Fed by mail programs' configurations. */
#include "openssl-options.h"

#include <string.h>

#include "cms-encrypt.h"

typedef enum OptionKind {
        KIND_OPERATION, /* .value is the operation */
        KIND_STRING,
        KIND_LIST,
        KIND_FLAG,
        KIND_FORM,
        KIND_IGNORED, /* changes nothing here */
        KIND_IGNORED_ARGUMENT,
        KIND_PASSIN,
        KIND_KEYOPT,
} OptionKind;

static const struct {
        const char *name;
        OptionKind kind;
        size_t offset; /* in OpensslOptions */
        int value;
} table[] = {
#define AT(member) offsetof(OpensslOptions, member), 0
        { "sign", KIND_OPERATION, 0, OPENSSL_SIGN },
        { "encrypt", KIND_OPERATION, 0, OPENSSL_ENCRYPT },
        { "decrypt", KIND_OPERATION, 0, OPENSSL_DECRYPT },
        { "verify", KIND_OPERATION, 0, OPENSSL_VERIFY },
        { "pk7out", KIND_OPERATION, 0, OPENSSL_PK7OUT },
        { "help", KIND_OPERATION, 0, OPENSSL_HELP },
        { "in", KIND_STRING, AT(in) },
        { "out", KIND_STRING, AT(out) },
        { "content", KIND_STRING, AT(content) },
        { "signer", KIND_STRING, AT(signer) },
        { "inkey", KIND_STRING, AT(inkey) },
        { "md", KIND_STRING, AT(md) },
        { "from", KIND_STRING, AT(from) },
        { "to", KIND_STRING, AT(to) },
        { "subject", KIND_STRING, AT(subject) },
        { "purpose", KIND_STRING, AT(purpose) },
        { "address", KIND_STRING, AT(bus) },
        { "certfile", KIND_LIST, AT(certfiles) },
        { "recip", KIND_LIST, AT(recips) },
        { "CAfile", KIND_LIST, AT(ca_files) },
        { "CApath", KIND_LIST, AT(ca_dirs) },
        { "nodetach", KIND_FLAG, AT(nodetach) },
        { "binary", KIND_FLAG, AT(binary) },
        { "nocerts", KIND_FLAG, AT(nocerts) },
        { "noverify", KIND_FLAG, AT(noverify) },
        { "no-CAfile", KIND_FLAG, AT(no_default_ca) },
        { "no-CApath", KIND_FLAG, AT(no_default_ca) },
        { "crlfeol", KIND_FLAG, AT(crlf) },
        { "inform", KIND_FORM, AT(inform) },
        { "outform", KIND_FORM, AT(outform) },
        { "passin", KIND_PASSIN, 0, 0 },
        { "keyopt", KIND_KEYOPT, 0, 0 },
        { "keyform", KIND_IGNORED_ARGUMENT, 0, 0 },
        { "stream", KIND_IGNORED, 0, 0 },
        { "indef", KIND_IGNORED, 0, 0 },
        { "noindef", KIND_IGNORED, 0, 0 },
        { "nostream", KIND_IGNORED, 0, 0 },
        { "nosmimecap", KIND_IGNORED, 0, 0 },
        { "no-CAstore", KIND_IGNORED, 0, 0 },
};

bool openssl_options_wanted(int argc, char **argv) {
        return argc > 1 && argv[1][0] == '-' && argv[1][1] != '-' && strcmp(argv[1], "-h") != 0 && argv[1][1];
}

void openssl_options_done(OpensslOptions *o) {
        free(o->certfiles.items);
        free(o->recips.items);
        free(o->ca_files.items);
        free(o->ca_dirs.items);
        *o = (OpensslOptions){ 0 };
}

static int take_form(OpensslForm *form, const char *argument, Fault *f) {
        static const char *const names[] = { [FORM_SMIME] = "SMIME", [FORM_DER] = "DER", [FORM_PEM] = "PEM" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcasecmp(argument, names[i]) == 0) {
                        *form = (OpensslForm) i;
                        return 0;
                }
        return fault_set(f, MAIL_E_USAGE, "\"%s\" is no form: SMIME, DER or PEM", argument);
}

static int take_keyopt(OpensslOptions *o, const char *argument, Fault *f) {
        if (strcmp(argument, "rsa_padding_mode:pss") == 0)
                o->pss = true;
        else if (strcmp(argument, "rsa_padding_mode:oaep") == 0)
                o->oaep = true;
        else if (strcmp(argument, "rsa_padding_mode:pkcs1") != 0)
                return fault_set(f, MAIL_E_NOT_SUPPORTED,
                                 "-keyopt %s is not supported: rsa_padding_mode:pss, :oaep and :pkcs1 are", argument);
        return 0;
}

static int take(OpensslOptions *o, size_t index, const char *argument, Fault *f) {
        void *member = (char *) o + table[index].offset;

        switch (table[index].kind) {
        case KIND_OPERATION:
                /* As in openssl, the last one counts: mutt says -verify ... -pk7out. */
                o->operation = (OpensslOperation) table[index].value;
                return 0;
        case KIND_STRING:
                *(const char **) member = argument;
                return 0;
        case KIND_LIST:
                return option_list_add(member, argument) == 0 ? 0 : fault_set_errno(f, ENOMEM, "cannot start");
        case KIND_FLAG:
                *(bool *) member = true;
                return 0;
        case KIND_FORM:
                return take_form(member, argument, f);
        case KIND_PASSIN:
                if (strcmp(argument, "stdin") != 0)
                        return fault_set(
                                f, MAIL_E_NOT_SUPPORTED,
                                "-passin takes only stdin: a passphrase on a command line is seen by everybody");
                o->passphrase_first = true;
                return 0;
        case KIND_KEYOPT:
                return take_keyopt(o, argument, f);
        default:
                return 0;
        }
}

static bool wants_argument(OptionKind kind) {
        return kind == KIND_STRING || kind == KIND_LIST || kind == KIND_FORM || kind == KIND_PASSIN ||
               kind == KIND_KEYOPT || kind == KIND_IGNORED_ARGUMENT;
}

/* Any other option may be the name of a cipher, like -aes256. */
static int take_unknown(OpensslOptions *o, const char *name, Fault *f) {
        const EVP_CIPHER *cipher;
        bool authenticated;
        Fault why = { 0 };

        if (cms_encrypt_cipher(name, &cipher, &authenticated, &why) == 0) {
                o->cipher = name;
                return 0;
        }
        if (strncmp(name, "des", 3) == 0 || strncmp(name, "rc2", 3) == 0 || strncmp(name, "camellia", 8) == 0 ||
            strncmp(name, "seed", 4) == 0)
                return fault_set(f, why.error, "%s", why.text);
        return fault_set(f, MAIL_E_USAGE, "-%s is not an option here; see: signet-smime -help", name);
}

int openssl_options_parse(int argc, char **argv, OpensslOptions *ret, Fault *f) {
        int i = 1, r = 0;

        *ret = (OpensslOptions){ 0 };
        for (; r == 0 && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
                const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
                size_t k = 0;

                while (k < ELEMENTSOF(table) && strcmp(table[k].name, name) != 0)
                        k++;
                if (k == ELEMENTSOF(table))
                        r = take_unknown(ret, name, f);
                else if (!wants_argument(table[k].kind))
                        r = take(ret, k, NULL, f);
                else if (++i < argc)
                        r = take(ret, k, argv[i], f);
                else
                        r = fault_set(f, MAIL_E_USAGE, "-%s wants an argument; see: signet-smime -help", name);
        }
        for (; r == 0 && i < argc; i++)
                if (option_list_add(&ret->recips, argv[i]) < 0)
                        r = fault_set_errno(f, ENOMEM, "cannot start");
        if (r == 0 && ret->operation == OPENSSL_NONE)
                r = fault_set(f, MAIL_E_USAGE,
                              "say what to do: -sign, -encrypt, -decrypt, -verify or -pk7out; see: signet-smime -help");
        if (r == 0 && ret->recips.n > 0 && ret->operation != OPENSSL_ENCRYPT && ret->operation != OPENSSL_DECRYPT)
                r = fault_set(f, MAIL_E_USAGE, "\"%s\" is one argument too many", ret->recips.items[0]);
        return r;
}
