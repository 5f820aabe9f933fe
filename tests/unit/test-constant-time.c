/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That unpadding branches on nothing secret, and looks nothing secret up in memory: run by valgrind, which is told that
 * a decrypted block is undefined and reports every jump and every address that depends on it. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "pkcs11/rejection.h"

#define K 256

/* With an argument the test looks at its secret, to show that valgrind would see it. */
int main(int argc, char **argv) {
        uint8_t em[K], substitute[K], out[K], ciphertext[K] = { 1 };
        Secret *secret = NULL;
        Mask good = 0;
        size_t n = 0, substitute_n;

        (void) argv;
        if (!RUNNING_ON_VALGRIND) {
                (void) fprintf(stderr, "skipped: this test is for valgrind\n");
                return 77;
        }
        memset(em, 0x11, sizeof(em));
        memset(substitute, 0x22, sizeof(substitute));
        em[0] = 0;
        em[1] = 2;
        em[100] = 0;

        for (UnpadShape shape = UNPAD_ANY; shape <= UNPAD_EXACT; shape++) {
                (void) VALGRIND_MAKE_MEM_UNDEFINED(em, sizeof(em));
                (void) VALGRIND_MAKE_MEM_UNDEFINED(substitute, sizeof(substitute));
                unpad_pkcs1(em, K, shape, 32, substitute, 32, out, &n);
        }
        for (Hash hash = HASH_SHA1; hash < _HASH_MAX; hash++) {
                (void) VALGRIND_MAKE_MEM_UNDEFINED(em, sizeof(em));
                if (unpad_oaep(em, K, hash, hash, NULL, 0, out, &n, &good) != 0)
                        return 1;
        }

        /* The substitute's bytes are secret, too; its length is said to be public, as the answer's is. */
        if (rejection_secret(ciphertext, K, &secret) != 0)
                return 1;
        (void) VALGRIND_MAKE_MEM_UNDEFINED(secret_bytes(secret), secret_size(secret));
        if (rejection_substitute(secret, ciphertext, K, UNPAD_EXACT, 32, substitute, &substitute_n) != 0)
                return 1;
        secret_free(secret);

        if (argc > 1 && n == 5)
                puts("seen");
        return 0;
}
