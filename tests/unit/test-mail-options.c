/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two command lines of signet-smime. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mail/openssl-options.h"

#define ARGUMENTS_MAX 32

/* Parts a line at blanks into argv; the line is changed. */
static int split(char *line, char **argv) {
        int n = 0;

        for (char *word = strtok(line, " "); word && n < ARGUMENTS_MAX - 1; word = strtok(NULL, " "))
                argv[n++] = word;
        argv[n] = NULL;
        optind = 0; /* getopt_long() starts anew */
        return n;
}

static int parse(const char *text, Options *ret, Fault *f) {
        static char line[1024];
        static char *argv[ARGUMENTS_MAX];

        strcpy(line, text);
        return options_parse(split(line, argv), argv, ret, f);
}

static void test_plain(void **state) {
        Options o;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(
                parse("p encrypt --to a@b --to c@d --cert x --sign --pss -o out --cipher=aes-256-gcm --to-self", &o,
                      &f),
                0);
        assert_int_equal(o.command, COMMAND_ENCRYPT);
        assert_int_equal(o.to.n, 2);
        assert_string_equal(o.to.items[1], "c@d");
        assert_int_equal(o.certs.n, 1);
        assert_true(o.sign && o.pss && o.to_self && !o.oaep && !o.opaque);
        assert_string_equal(o.out, "out");
        assert_string_equal(o.cipher, "aes-256-gcm");
        options_done(&o);

        assert_int_equal(parse("p verify --help", &o, &f), 0);
        assert_int_equal(o.command, COMMAND_HELP);
        assert_non_null(strstr(o.help, "--ca-file"));
        options_done(&o);
        assert_int_equal(parse("p --version", &o, &f), 0);
        assert_int_equal(o.command, COMMAND_VERSION);
        options_done(&o);
}

static void test_plain_wrong(void **state) {
        static const struct {
                const char *line, *why;
        } cases[] = {
                { "p", "say what to do" },
                { "p frobnicate", "no command" },
                { "p sign --to a@b", "--to is not an option" },
                { "p verify --opaque", "--opaque is not an option" },
                { "p sign --from", "--from wants an argument" },
                { "p sign mail.eml", "one argument too many" },
                { "p sign --from a@b --from c@d", "given twice" },
                { "p sign --opaque=yes", "not an option" },
                { "p decrypt -x", "-x" },
                { "p sign --from alice", "no mail address" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Options o;
                Fault f = { 0 };

                assert_int_equal(parse(cases[i].line, &o, &f), MAIL_E_USAGE);
                assert_non_null(strstr(f.text, cases[i].why));
                options_done(&o);
        }
}

static int parse_openssl(const char *text, OpensslOptions *ret, Fault *f) {
        static char line[1024];
        static char *argv[ARGUMENTS_MAX];

        strcpy(line, text);
        int argc = split(line, argv);
        assert_true(openssl_options_wanted(argc, argv));
        return openssl_options_parse(argc, argv, ret, f);
}

/* The lines of smime.rc, with its letters filled in. */
static void test_mutt(void **state) {
        OpensslOptions o;
        Fault f = { 0 };

        (void) state;
        assert_int_equal(
                parse_openssl("p -sign -md sha256 -signer c.pem -passin stdin -in f -certfile i.pem -outform DER", &o,
                              &f),
                0);
        assert_int_equal(o.operation, OPENSSL_SIGN);
        assert_true(o.passphrase_first);
        assert_int_equal(o.outform, FORM_DER);
        assert_int_equal(o.inform, FORM_SMIME);
        assert_string_equal(o.signer, "c.pem");
        assert_int_equal(o.certfiles.n, 1);
        openssl_options_done(&o);

        assert_int_equal(parse_openssl("p -encrypt -aes256 -outform DER -in f a.pem b.pem", &o, &f), 0);
        assert_string_equal(o.cipher, "aes256");
        assert_int_equal(o.recips.n, 2);
        openssl_options_done(&o);

        assert_int_equal(parse_openssl("p -decrypt -passin stdin -inform DER -in f -recip c.pem", &o, &f), 0);
        assert_int_equal(o.inform, FORM_DER);
        openssl_options_done(&o);

        assert_int_equal(parse_openssl("p -verify -inform DER -in s -CAfile ca.pem -content f", &o, &f), 0);
        assert_int_equal(o.ca_files.n, 1);
        openssl_options_done(&o);

        assert_int_equal(parse_openssl("p -verify -in f -noverify -pk7out", &o, &f), 0);
        assert_int_equal(o.operation, OPENSSL_PK7OUT);
        openssl_options_done(&o);
}

static void test_openssl_wrong(void **state) {
        static const struct {
                const char *line, *why;
                MailError error;
        } cases[] = {
                { "p -sign -frob", "-frob is not an option", MAIL_E_USAGE },
                { "p -in f", "say what to do", MAIL_E_USAGE },
                { "p -sign -signer", "wants an argument", MAIL_E_USAGE },
                { "p -sign -inform TXT", "no form", MAIL_E_USAGE },
                { "p -verify file", "too many", MAIL_E_USAGE },
                { "p -encrypt -des3 c.pem", "des3", MAIL_E_NOT_SUPPORTED },
                { "p -encrypt -rc2-40 c.pem", "rc2-40", MAIL_E_NOT_SUPPORTED },
                { "p -sign -passin pass:secret", "only stdin", MAIL_E_NOT_SUPPORTED },
                { "p -sign -keyopt rsa_pss_saltlen:20", "rsa_pss_saltlen", MAIL_E_NOT_SUPPORTED },
                { "p -sign -noattr", "-noattr", MAIL_E_USAGE },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                OpensslOptions o;
                Fault f = { 0 };

                assert_int_equal(parse_openssl(cases[i].line, &o, &f), cases[i].error);
                assert_non_null(strstr(f.text, cases[i].why));
                openssl_options_done(&o);
        }
}

static void test_which(void **state) {
        char program[] = "p", long_help[] = "--help", short_help[] = "-h", sign[] = "sign", dash_sign[] = "-sign",
             dash[] = "-";
        char *lines[][3] = { { program, NULL, NULL }, { program, long_help, NULL }, { program, short_help, NULL },
                             { program, sign, NULL }, { program, dash, NULL },      { program, dash_sign, NULL } };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(openssl_options_wanted(lines[i][1] ? 2 : 1, lines[i]), i == 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),         cmocka_unit_test(test_plain_wrong), cmocka_unit_test(test_mutt),
                cmocka_unit_test(test_openssl_wrong), cmocka_unit_test(test_which),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
