/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many signatures a second a PKCS#11 module makes: C_SignInit and C_Sign over a digest, each thread in a session of
 * its own. Any module will do, so that all are measured by the same loop.
 *
 * usage: sign-rate MODULE LABEL rsa|ec THREADS SECONDS [PIN]
 * Prints: signatures per second, median and 99th percentile of one signature in microseconds. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/macros.h"

#define THREADS_MAX 64
#define SAMPLES_MAX 1000000

typedef struct Run {
        CK_FUNCTION_LIST *p11;
        CK_SLOT_ID slot;
        CK_SESSION_HANDLE first; /* keeps the login */
        const char *label;
        CK_MECHANISM_TYPE mechanism;
        double until;
} Run;

typedef struct Thread {
        const Run *run;
        pthread_t thread;
        float *samples; /* seconds */
        size_t n;
} Thread;

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void check(CK_RV rv, const char *what) {
        if (rv == CKR_OK)
                return;
        (void) fprintf(stderr, "sign-rate: %s: 0x%lx\n", what, rv);
        exit(EXIT_FAILURE);
}

static CK_OBJECT_HANDLE find_key(const Run *run, CK_SESSION_HANDLE session) {
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_LABEL, (void *) run->label, strlen(run->label) },
        };
        CK_OBJECT_HANDLE key;
        CK_ULONG n = 0;

        check(run->p11->C_FindObjectsInit(session, template, ELEMENTSOF(template)), "C_FindObjectsInit");
        check(run->p11->C_FindObjects(session, &key, 1, &n), "C_FindObjects");
        check(run->p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
        if (n == 1)
                return key;
        (void) fprintf(stderr, "sign-rate: no private key \"%s\"\n", run->label);
        exit(EXIT_FAILURE);
}

/* SHA-256's DigestInfo for PKCS#1 v1.5, a plain digest for ECDSA. */
static const unsigned char digest_info[19 + 32] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 1 };

static void sign_once(const Run *run, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
        size_t skip = run->mechanism == CKM_ECDSA ? 19 : 0;
        CK_MECHANISM mechanism = { run->mechanism, NULL, 0 };
        unsigned char signature[512];
        CK_ULONG n = sizeof(signature);

        check(run->p11->C_SignInit(session, &mechanism, key), "C_SignInit");
        check(run->p11->C_Sign(session, (CK_BYTE *) digest_info + skip, sizeof(digest_info) - skip, signature, &n),
              "C_Sign");
}

static void *thread_run(void *userdata) {
        Thread *t = userdata;
        const Run *run = t->run;
        CK_SESSION_HANDLE session;
        CK_OBJECT_HANDLE key;
        double begin, end;

        check(run->p11->C_OpenSession(run->slot, CKF_SERIAL_SESSION, NULL, NULL, &session), "C_OpenSession");
        key = find_key(run, session);
        begin = now();
        while (begin < run->until && t->n < SAMPLES_MAX) {
                sign_once(run, session, key);
                end = now();
                t->samples[t->n++] = (float) (end - begin);
                begin = end;
        }
        return NULL;
}

static CK_FUNCTION_LIST *load(const char *path) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
        CK_FUNCTION_LIST *p11;

        if (library)
                get = (CK_RV(*)(CK_FUNCTION_LIST **)) dlsym(library, "C_GetFunctionList");
        if (!get) {
                (void) fprintf(stderr, "sign-rate: %s\n", dlerror());
                exit(EXIT_FAILURE);
        }
        check(get(&p11), "C_GetFunctionList");
        return p11;
}

/* The first slot whose token is initialised, logged in where a PIN is given. */
static void open_token(Run *run, const char *pin) {
        CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
        CK_TOKEN_INFO info = { 0 };
        CK_SLOT_ID slots[16];
        CK_ULONG n = ELEMENTSOF(slots), i;

        check(run->p11->C_Initialize(&args), "C_Initialize");
        check(run->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
        for (i = 0; i < n; i++)
                if (run->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED))
                        break;
        if (i == n) {
                (void) fprintf(stderr, "sign-rate: no token\n");
                exit(EXIT_FAILURE);
        }
        run->slot = slots[i];
        check(run->p11->C_OpenSession(run->slot, CKF_SERIAL_SESSION, NULL, NULL, &run->first), "C_OpenSession");
        if (pin)
                check(run->p11->C_Login(run->first, CKU_USER, (CK_UTF8CHAR *) pin, strlen(pin)), "C_Login");
}

static int by_size(const void *a, const void *b) {
        float x = *(const float *) a, y = *(const float *) b;

        return (x > y) - (x < y);
}

static void report(Thread *threads, size_t n, double seconds) {
        size_t total = 0, at = 0;
        float *all;

        for (size_t i = 0; i < n; i++)
                total += threads[i].n;
        all = calloc(MAX(total, (size_t) 1), sizeof(*all));
        if (!all || total == 0)
                exit(EXIT_FAILURE);
        for (size_t i = 0; i < n; i++) {
                memcpy(all + at, threads[i].samples, threads[i].n * sizeof(*all));
                at += threads[i].n;
        }
        qsort(all, total, sizeof(*all), by_size);
        (void) printf("%.1f %.1f %.1f\n", (double) total / seconds, (double) all[total / 2] * 1e6,
                      (double) all[total * 99 / 100] * 1e6);
        free(all);
}

int main(int argc, char **argv) {
        Thread threads[THREADS_MAX] = { 0 };
        Run run = { 0 };
        size_t n;
        double begin;

        if (argc < 6 || argc > 7 || (n = strtoul(argv[4], NULL, 10)) == 0 || n > THREADS_MAX) {
                (void) fprintf(stderr, "usage: sign-rate MODULE LABEL rsa|ec THREADS SECONDS [PIN]\n");
                return 2;
        }
        run.p11 = load(argv[1]);
        run.label = argv[2];
        run.mechanism = strcmp(argv[3], "rsa") == 0 ? CKM_RSA_PKCS : CKM_ECDSA;
        open_token(&run, argc == 7 ? argv[6] : NULL);

        begin = now();
        run.until = begin + strtod(argv[5], NULL);
        for (size_t i = 0; i < n; i++) {
                threads[i] = (Thread){ .run = &run, .samples = calloc(SAMPLES_MAX, sizeof(float)) };
                if (!threads[i].samples || pthread_create(&threads[i].thread, NULL, thread_run, &threads[i]) != 0)
                        return EXIT_FAILURE;
        }
        for (size_t i = 0; i < n; i++)
                (void) pthread_join(threads[i].thread, NULL);
        report(threads, n, now() - begin);
        (void) run.p11->C_Finalize(NULL);
        for (size_t i = 0; i < n; i++)
                free(threads[i].samples);
        return EXIT_SUCCESS;
}
