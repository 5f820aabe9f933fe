/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* evp-key NAME PUBLIC-KEY: a program that links libsignet and hands a key to OpenSSL. It signs from many threads with
 * one EVP_PKEY, after a fork, and in a library context of its own, and verifies with the public key in the file, in a
 * context without the provider. Exits with 0 if all of it worked. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "client/signet.h"
#include "common/macros.h"

#define THREADS    8
#define SIGNATURES 25

typedef struct Job {
        OSSL_LIB_CTX *libctx; /* of the key */
        EVP_PKEY *key;
        EVP_PKEY *public;
        int number;
        int failed;
} Job;

static int sign_and_verify(const Job *job, const char *message) {
        EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
        unsigned char signature[1024];
        size_t n = sizeof(signature), size = strlen(message);
        int ok;

        ok = EVP_DigestSignInit_ex(sign, NULL, "SHA256", job->libctx, NULL, job->key, NULL) == 1 &&
             EVP_DigestSign(sign, signature, &n, (const unsigned char *) message, size) == 1 &&
             EVP_DigestVerifyInit_ex(verify, NULL, "SHA256", NULL, NULL, job->public, NULL) == 1 &&
             EVP_DigestVerify(verify, signature, n, (const unsigned char *) message, size) == 1;
        if (!ok)
                ERR_print_errors_fp(stderr);

        EVP_MD_CTX_free(sign);
        EVP_MD_CTX_free(verify);
        return ok;
}

static void *run(void *arg) {
        Job *job = arg;

        for (int i = 0; i < SIGNATURES && !job->failed; i++) {
                char message[64];

                snprintf(message, sizeof(message), "message %d of thread %d", i, job->number);
                job->failed = !sign_and_verify(job, message);
        }
        return NULL;
}

static int run_threads(const Job *template) {
        pthread_t threads[THREADS];
        Job jobs[THREADS];
        int failed = 0;

        for (int i = 0; i < THREADS; i++) {
                jobs[i] = *template;
                jobs[i].number = i;
                if (pthread_create(&threads[i], NULL, run, &jobs[i]) != 0)
                        abort();
        }
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                failed |= jobs[i].failed;
        }
        return failed;
}

static int run_child(const Job *job) {
        int status;
        pid_t pid;

        pid = fork();
        if (pid == 0)
                _exit(sign_and_verify(job, "a message of the child") ? 0 : 1);
        return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

static EVP_PKEY *read_public(const char *path) {
        FILE *f = fopen(path, "re");
        EVP_PKEY *key;

        if (!f)
                return NULL;
        key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
        fclose(f);
        return key;
}

/* Everything with one context, which is NULL or goes at the end. */
static int run_context(signet_key *key, EVP_PKEY *public, OSSL_LIB_CTX *libctx) {
        Job job = { .libctx = libctx, .public = public };
        int failed;

        if (signet_key_evp_pkey(key, libctx, &job.key) != 0) {
                fprintf(stderr, "signet_key_evp_pkey: %s\n", signet_error_message());
                return 1;
        }

        failed = EVP_PKEY_eq(job.key, public) != 1 || run_threads(&job) || run_child(&job) ||
                 !sign_and_verify(&job, "a message of the parent, after that");
        EVP_PKEY_free(job.key);
        OSSL_LIB_CTX_free(libctx);
        return failed;
}

int main(int argc, char *argv[]) {
        signet_client *client;
        EVP_PKEY *public;
        signet_key *key;
        int failed;

        if (argc != 3 || signet_client_new(NULL, &client) != 0)
                return 2;
        if (signet_find_key(client, argv[1], "sign", &key) != 0) {
                fprintf(stderr, "%s\n", signet_error_message());
                return 1;
        }
        signet_client_unref(client);
        public = read_public(argv[2]);
        if (!public)
                return 2;

        failed = run_context(key, public, NULL) || run_context(key, public, OSSL_LIB_CTX_new());
        signet_key_unref(key);
        EVP_PKEY_free(public);
        return failed;
}
