/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conformance test of a PKCS#11 module: loads it and runs groups of tests against it.
 *
 * Usage: module-conformance [--reference] [--pin PIN] MODULE [GROUP...]. Without GROUPs, all but those that need a
 * token of their own (test-special.c). --reference: MODULE is SoftHSM, which departs from the specification in ways
 * that the tests know. The token needs an RSA key that signs and decrypts and a P-256 key that signs and derives; an
 * Ed25519 key, and certificates, where there are some. */
#include <stdio.h>

#include "host.h"

static const struct {
        const char *name;
        int (*run)(void);
        bool special;
} groups[] = {
        { "general", test_general },
        { "interface", test_interface },
        { "walk", test_walk },
        { "slot", test_slot },
        { "session", test_session },
        { "find", test_find },
        { "object", test_object },
        { "sign", test_sign },
        { "sign-state", test_sign_state },
        { "decrypt", test_decrypt },
        { "derive", test_derive },
        { "digest", test_digest },
        { "threads", test_threads },
        { "process", test_process },
        { "empty", test_empty, true },
        { "hanging", test_hanging, true },
        { "restart", test_restart, true },
        { "many", test_many, true },
};

int main(int argc, char **argv) {
        int failed = 0, ran = 0, i = 1;

        for (; i < argc && argv[i][0] == '-'; i++) {
                if (strcmp(argv[i], "--reference") == 0)
                        host.reference = true;
                else if (strcmp(argv[i], "--pin") == 0 && i + 1 < argc)
                        host.pin = argv[++i];
        }
        if (i >= argc) {
                fprintf(stderr, "usage: %s [--reference] [--pin PIN] MODULE [GROUP...]\n", argv[0]);
                return 2;
        }
        host_load(argv[i++]);
        for (size_t g = 0; g < ELEMENTSOF(groups); g++) {
                bool chosen = i == argc && !groups[g].special;

                for (int a = i; a < argc; a++)
                        chosen = chosen || strcmp(argv[a], groups[g].name) == 0;
                if (!chosen)
                        continue;
                ran++;
                failed += groups[g].run() != 0;
        }
        if (ran == 0)
                fprintf(stderr, "no such group of tests\n");
        return failed > 0 || ran == 0 ? 1 : 0;
}
