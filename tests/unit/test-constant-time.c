/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That unpadding branches on nothing secret, and looks nothing secret up in memory: run by valgrind, which is told that
 * a decrypted block is undefined and reports every jump and every address that depends on it. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "pkcs11/rejection.h"

#define K 256

static uint8_t em[K], substitute[K], out[K];
static size_t n;

/* From here on valgrind takes these bytes for a secret. */
static void hide(void *p, size_t size) {
        (void) VALGRIND_MAKE_MEM_UNDEFINED(p, size);
}

static void pkcs1(void) {
        for (UnpadShape shape = UNPAD_ANY; shape <= UNPAD_EXACT; shape++) {
                memset(em, 0x11, sizeof(em));
                em[0] = 0;
                em[1] = 2;
                em[100] = 0;
                hide(em, sizeof(em));
                hide(substitute, sizeof(substitute));
                unpad_pkcs1(em, K, shape, 32, substitute, 32, out, &n);
        }
}

static int oaep(void) {
        int r = 0;

        for (Hash hash = HASH_SHA1; hash < _HASH_MAX && r == 0; hash++) {
                Mask good;

                hide(em, sizeof(em));
                r = unpad_oaep(em, K, hash, hash, NULL, 0, out, &n, &good);
        }
        return r;
}

/* The substitute's bytes are secret, too; its length is as public as the answer's. */
static int rejection(void) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        static const uint8_t ciphertext[K] = { 1 };
        size_t substitute_n;
        int r = rejection_secret(ciphertext, K, &secret);

        if (r < 0)
                return r;
        hide(secret_bytes(secret), secret_size(secret));
        return rejection_substitute(secret, ciphertext, K, UNPAD_EXACT, 32, substitute, &substitute_n);
}

int main(void) {
        if (!RUNNING_ON_VALGRIND) {
                (void) fprintf(stderr, "SKIP: this test is for valgrind\n");
                return 77;
        }
        pkcs1();
        if (oaep() != 0 || rejection() != 0)
                return 1;
        if (VALGRIND_COUNT_ERRORS != 0) {
                (void) fprintf(stderr, "time or memory accesses depend on a secret, see above\n");
                return 1;
        }

        /* Would it be seen? A look at a secret has to show; valgrind's report of it is expected. */
        if (n == 5)
                puts("five");
        return VALGRIND_COUNT_ERRORS == 1 ? 0 : 1;
}
