/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signs without a pause in several threads until its standard input ends, and counts. Run by libsignet.sh, which kills
 * what it needs meanwhile. Says how far it is whenever a line comes in: one more signature of each thread has begun and
 * ended since then. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "client/signet.h"
#include "common/macros.h"

#define THREADS 4

typedef struct Loop {
        pthread_t thread;
        signet_key *key;
        atomic_uint done;
        atomic_bool failed;
} Loop;

static atomic_bool enough;

static void *loop_run(void *userdata) {
        static const unsigned char digest[32];
        Loop *l = userdata;

        while (!atomic_load(&enough)) {
                unsigned char *signature;
                size_t n;
                int r;

                r = signet_sign(l->key, "digest", digest, sizeof(digest), NULL, &signature, &n);
                if (r != 0) {
                        fprintf(stderr, "after %u signatures: %s: %s\n", atomic_load(&l->done), signet_status_name(r),
                                signet_error_message());
                        atomic_store(&l->failed, true);
                        return NULL;
                }
                signet_free(signature, n);
                atomic_fetch_add(&l->done, 1);
        }
        return NULL;
}

/* Until each thread has begun and ended a signature since now. */
static void await_progress(Loop *loops) {
        for (size_t i = 0; i < THREADS; i++) {
                unsigned before = atomic_load(&loops[i].done);

                while (atomic_load(&loops[i].done) < before + 2 && !atomic_load(&loops[i].failed))
                        usleep(1000);
        }
}

int main(int argc, char **argv) {
        Loop loops[THREADS] = { 0 };
        signet_client *client;
        unsigned done = 0;
        bool failed = false;
        char line[16];

        if (argc != 2 || signet_client_new(NULL, &client) != 0)
                return 2;
        for (size_t i = 0; i < THREADS; i++) {
                if (signet_find_key(client, argv[1], "sign", &loops[i].key) != 0 ||
                    pthread_create(&loops[i].thread, NULL, loop_run, &loops[i]) != 0) {
                        fprintf(stderr, "%s\n", signet_error_message());
                        return 2;
                }
        }
        while (fgets(line, sizeof(line), stdin)) {
                await_progress(loops);
                puts("on");
                fflush(stdout);
        }

        atomic_store(&enough, true);
        for (size_t i = 0; i < THREADS; i++) {
                pthread_join(loops[i].thread, NULL);
                done += atomic_load(&loops[i].done);
                failed = failed || atomic_load(&loops[i].failed);
                signet_key_unref(loops[i].key);
        }
        signet_client_unref(client);
        printf("%u signatures\n", done);
        return failed ? 1 : 0;
}
