/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs as people see and type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/ctl-uri.h"
#include "common/macros.h"

static void test_uris(void **state) {
        static const struct {
                const char *uri, *token, *brief; /* NULL: none */
        } cases[] = {
                { "pkcs11:token=demo;id=%01;object=alice-rsa;type=private", "demo",
                  "pkcs11:token=demo;object=alice-rsa" },
                { "pkcs11:token=A%20b;object=x%3By;serial=12", "A b", "pkcs11:token=A%20b;object=x%3By" },
                { "pkcs11:object=J%C3%B6rg", NULL, "pkcs11:object=J%C3%B6rg" },
                { "pkcs11:token=demo", "demo", "pkcs11:token=demo" },
                { "pkcs11:", NULL, "pkcs11:" },
                { "alice@example.org", NULL, NULL },
                { "pkcs11:token=%zz", NULL, NULL },
                { "", NULL, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *token = uri_token(cases[i].uri), *brief = uri_short(cases[i].uri);

                assert_string_equal(token ?: "-none", cases[i].token ?: "-none");
                assert_string_equal(brief ?: "-none", cases[i].brief ?: "-none");
                free(token);
                free(brief);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_uris) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
