/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token's file: every setting, every default, every mistake. */
#include "common/token-config.h"

#include <string.h>

#include "scratch.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static void test_token(void **state) {
        static const char text[] =
                "module = \"/usr/lib/softhsm/libsofthsm2.so\";\n"
                "label = \"Mail keys\"; serial = \"1b2c3d4e\"; pin-file = \"/etc/signetd/mail.pin\";\n"
                "workers = 16; deadline = 1; start-deadline = 3600; socket = \"/run/signet-worker/mail\";\n"
                "init-args = \"configDir='sql:/etc/nss'\";";
        Problems problems = {};
        TokenConfig *c = NULL;

        assert_int_equal(token_config_load(scratch_write(*state, "mail.conf", text, strlen(text), 0644), &problems, &c),
                         0);
        assert_string_equal(c->name, "mail");
        assert_string_equal(c->module, "/usr/lib/softhsm/libsofthsm2.so");
        assert_string_equal(c->label, "Mail keys");
        assert_string_equal(c->serial, "1b2c3d4e");
        assert_string_equal(c->pin_file, "/etc/signetd/mail.pin");
        assert_string_equal(c->socket, "/run/signet-worker/mail");
        assert_string_equal(c->init_args, "configDir='sql:/etc/nss'");
        assert_int_equal(c->workers, 16);
        assert_int_equal(c->deadline, 1);
        assert_int_equal(c->start_deadline, 3600);
        c = token_config_free(c);

        assert_int_equal(token_config_load(scratch_write(*state, "a.b-c_1.conf", text, strcspn(text, "\n"), 0644),
                                           &problems, &c),
                         0);
        assert_string_equal(c->name, "a.b-c_1");
        assert_string_equal(c->label, "a.b-c_1");
        assert_null(c->serial);
        assert_null(c->pin_file);
        assert_int_equal(c->workers, 2);
        assert_int_equal(c->deadline, 10);
        assert_int_equal(c->start_deadline, 60);
        token_config_free(c);
        assert_false(problems_any(&problems));
}

static void test_token_mistakes(void **state) {
        static const struct {
                const char *name, *text;
                unsigned line;
                const char *problem;
        } cases[] = {
                { "a.conf", "", 0,
                  "\"module\" is missing: the PKCS#11 module that reaches the token, as in module = "
                  "\"/usr/lib/softhsm/libsofthsm2.so\"" },
                { "a.conf", "module = \"x.so\";", 1, "\"module\" must be a whole path that begins with \"/\"" },
                { "a.conf", "module = \"/x\";\npin-file = \"x\";", 2,
                  "\"pin-file\" must be a whole path that begins with \"/\"" },
                { "a.conf", "module = \"/x\";\nsocket = \"x\";", 2,
                  "\"socket\" must be a whole path that begins with \"/\"" },
                { "a.conf", "module = \"/x\";\nmodul = \"/x\";", 2,
                  "unknown setting \"modul\"; did you mean \"module\"?" },
                { "a.conf", "module = \"/x\";\nworkers = 0;", 2, "\"workers\" is 0; it must be from 1 to 16" },
                { "a.conf", "module = \"/x\";\nworkers = 17;", 2, "\"workers\" is 17; it must be from 1 to 16" },
                { "a.conf", "module = \"/x\";\ndeadline = 301;", 2, "\"deadline\" is 301; it must be from 1 to 300" },
                { "a.conf", "module = \"/x\";\nstart-deadline = 4000000000L;", 2,
                  "\"start-deadline\" is 4000000000; it must be from 1 to 3600" },
                { "a.conf", "module = \"/x\";\nlabel = \"123456789012345678901234567890123\";", 2,
                  "\"label\" is longer than a token's label can be (32 bytes)" },
                { "a.conf", "module = \"/x\";\nserial = \"12345678901234567\";", 2,
                  "\"serial\" is longer than a token's serial number can be (16 bytes)" },
                { "a.conf",
                  "module = \"/x\";\nsocket = "
                  "\"/"
                  "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                  "123456\";",
                  2, NULL },
                { "a.conf",
                  "module = \"/x\";\nsocket = "
                  "\"/"
                  "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                  "1234567\";",
                  2, "\"socket\" is longer than a socket's path may be (107 bytes)" },
                { "123456789012345678901234567890123.conf", "module = \"/x\";", 0,
                  "the file's name is longer than a token's label can be (32 bytes): add a \"label\"" },
                { "12345678901234567890123456789012345678901234567890123456789012345.conf",
                  "module = \"/x\"; label = \"x\";", 0,
                  "the token's name, taken from the file's, is longer than 64 characters" },
                { "a.cfg", "module = \"/x\";", 0,
                  "the token is called after its file, which must be NAME.conf with letters, digits, \".\", \"_\" and "
                  "\"-\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *path = scratch_write(*state, cases[i].name, cases[i].text, strlen(cases[i].text), 0644);
                Problems problems = {};
                TokenConfig *c = NULL;

                assert_int_equal(token_config_load(path, &problems, &c), cases[i].problem ? -EINVAL : 0);
                if (cases[i].problem) {
                        assert_int_equal(problems.n, 1);
                        assert_string_equal(problems.items[0].text, cases[i].problem);
                        assert_int_equal(problems.items[0].line, cases[i].line);
                        assert_null(c);
                }
                token_config_free(c);
                problems_done(&problems);
        }
}

/* Everything that is wrong with a file is told at once. */
static void test_token_all_mistakes(void **state) {
        static const char text[] = "modul = \"/x\";\nworkers = \"2\";\ndeadline = 0;\nserial = 5;\nlabel = \"\";";
        Problems problems = {};
        TokenConfig *c = NULL;

        assert_int_equal(token_config_load(scratch_write(*state, "a.conf", text, strlen(text), 0644), &problems, &c),
                         -EINVAL);
        assert_int_equal(problems.n, 6);
        problems_done(&problems);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_token, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_token_mistakes, scratch_make, scratch_remove),
                cmocka_unit_test_setup_teardown(test_token_all_mistakes, scratch_make, scratch_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
