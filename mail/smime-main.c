/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-smime: S/MIME mail with keys on tokens, in plain words or with the options of openssl smime. Run by people,
 * scripts and mail programs, as the user whose keys are used. */
#include <gmime/gmime.h>
#include <signal.h>
#include <stdio.h>

#include "client/signet.h"
#include "commands.h"
#include "common/log.h"
#include "help.h"

#define PROGRAM "signet-smime"

/* signet-smime(1), EXIT STATUS. */
static int exit_status(MailError e) {
        switch (e) {
        case MAIL_OK:
                return 0;
        case MAIL_E_BAD_SIGNATURE:
        case MAIL_E_NOT_SIGNED:
                return 1;
        case MAIL_E_USAGE:
                return 2;
        case MAIL_E_INVALID_INPUT:
        case MAIL_E_NOT_ENCRYPTED:
                return 4;
        case MAIL_E_DECRYPTION_FAILED:
                return 5;
        default:
                return 3;
        }
}

/* openssl-smime(1), EXIT CODES. */
static int openssl_exit_status(MailError e) {
        switch (e) {
        case MAIL_OK:
                return 0;
        case MAIL_E_USAGE:
                return 1;
        case MAIL_E_INVALID_INPUT:
        case MAIL_E_NOT_SIGNED:
        case MAIL_E_NOT_ENCRYPTED:
                return 2;
        case MAIL_E_BAD_SIGNATURE:
        case MAIL_E_DECRYPTION_FAILED:
                return 4;
        default:
                return 3;
        }
}

static void complain(const Fault *f) {
        if (f->error != MAIL_OK)
                log_error("%s: %s", mail_error_to_string(f->error), f->text);
}

static int run_plain(int argc, char **argv) {
        _cleanup_(options_done) Options o = { 0 };
        Fault f = { 0 };
        int r = options_parse(argc, argv, &o, &f);

        if (r == 0)
                switch (o.command) {
                case COMMAND_SIGN:
                        r = command_sign(&o, &f);
                        break;
                case COMMAND_ENCRYPT:
                        r = command_encrypt(&o, &f);
                        break;
                case COMMAND_DECRYPT:
                        r = command_decrypt(&o, &f);
                        break;
                case COMMAND_VERIFY:
                        r = command_verify(&o, &f);
                        break;
                case COMMAND_VERSION:
                        printf(PROGRAM " %s\n", signet_version());
                        break;
                default:
                        fputs(o.help, stdout);
                }
        complain(&f);
        return exit_status((MailError) r);
}

static int run_openssl(int argc, char **argv) {
        _cleanup_(openssl_options_done) OpensslOptions o = { 0 };
        Fault f = { 0 };
        int r = openssl_options_parse(argc, argv, &o, &f);

        if (r == 0 && o.operation == OPENSSL_HELP)
                fputs(help_openssl(), stdout);
        else if (r == 0)
                r = openssl_command(&o, &f);
        complain(&f);
        return openssl_exit_status((MailError) r);
}

int main(int argc, char **argv) {
        /* A reader that goes away is an error of write(), to be told or not as the command wants it. */
        (void) signal(SIGPIPE, SIG_IGN);
        log_init(PROGRAM, LOG_LEVEL_INFO);
        g_mime_init();
        int status = openssl_options_wanted(argc, argv) ? run_openssl(argc, argv) : run_plain(argc, argv);
        g_mime_shutdown();
        return status;
}
