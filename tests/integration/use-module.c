/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PKCS#11 host that does one step for each line it reads, so that a script can change the world between two steps.
 *
 * Usage: use-module MODULE. Each line is a command and its words; the answer is a line with the return value in hex,
 * for `many` with a rate after it. Files hold what goes in and comes out; "-" is none.
 *
 *   init KEY MECHANISM [HASH SALT]     C_SignInit in the first session; mechanisms and hashes are numbers in hex
 *   final DATA SIGNATURE               C_Sign
 *   pieces DATA SIGNATURE              C_SignUpdate, an odd number of bytes each time, and C_SignFinal
 *   decrypt KEY OUT IN [HASH MGF]      C_DecryptInit and C_Decrypt, with CKM_RSA_PKCS or OAEP
 *   derive KEY OUT KDF LENGTH PEER INFO [WRAPPED]
 *                                      C_DeriveKey as NSS calls it; with WRAPPED also C_UnwrapKey: the value in OUT
 *   many KEY MECHANISM THREADS COUNT   signs that often in each of that many sessions and threads */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/macros.h"

#define CKM_NSS_AES_KEY_WRAP 0xce534351UL
#define FILE_MAX             300000
#define THREADS_MAX          16

static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;
static CK_SLOT_ID slot;

typedef struct File {
        CK_BYTE data[FILE_MAX];
        CK_ULONG n;
} File;

static void give_up(const char *what) {
        fprintf(stderr, "use-module: %s\n", what);
        exit(2);
}

static CK_BYTE *file_read(File *f, const char *path) {
        FILE *in;

        f->n = 0;
        if (strcmp(path, "-") == 0)
                return NULL;
        in = fopen(path, "re");
        if (!in)
                give_up(path);
        f->n = fread(f->data, 1, sizeof(f->data), in);
        fclose(in);
        return f->data;
}

static void file_write(const char *path, const CK_BYTE *data, CK_ULONG n) {
        FILE *out = fopen(path, "we");

        if (!out || fwrite(data, 1, n, out) != n || fclose(out) != 0)
                give_up(path);
}

/* The private key of this label; 0 when there is none. */
static CK_OBJECT_HANDLE find(const char *label) {
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_LABEL, (void *) label, strlen(label) },
        };
        CK_OBJECT_HANDLE found = 0;
        CK_ULONG n = 0;

        if (p11->C_FindObjectsInit(session, template, ELEMENTSOF(template)) != CKR_OK ||
            p11->C_FindObjects(session, &found, 1, &n) != CKR_OK || p11->C_FindObjectsFinal(session) != CKR_OK)
                give_up("searching fails");
        return n > 0 ? found : 0;
}

/* --- signing ------------------------------------------------------------------------------------------ */

static CK_RSA_PKCS_MGF_TYPE mgf_of(CK_MECHANISM_TYPE hash) {
        return hash == CKM_SHA_1    ? CKG_MGF1_SHA1
               : hash == CKM_SHA224 ? CKG_MGF1_SHA224
               : hash == CKM_SHA256 ? CKG_MGF1_SHA256
               : hash == CKM_SHA384 ? CKG_MGF1_SHA384
                                    : CKG_MGF1_SHA512;
}

static CK_RV sign_init(char **words, int n) {
        CK_RSA_PKCS_PSS_PARAMS pss = {};
        CK_MECHANISM m = { .mechanism = strtoul(words[2], NULL, 16) };

        if (n == 5) {
                pss.hashAlg = strtoul(words[3], NULL, 16);
                pss.mgf = mgf_of(pss.hashAlg);
                pss.sLen = strtoul(words[4], NULL, 10);
                m.pParameter = &pss;
                m.ulParameterLen = sizeof(pss);
        }
        return p11->C_SignInit(session, &m, find(words[1]));
}

static CK_RV sign(char **words, bool pieces) {
        static File data;
        CK_BYTE signature[1024];
        CK_ULONG size = sizeof(signature);
        CK_RV rv = CKR_OK;

        file_read(&data, words[1]);
        if (!pieces)
                rv = p11->C_Sign(session, data.data, data.n, signature, &size);
        for (CK_ULONG at = 0, piece; pieces && rv == CKR_OK && at < data.n; at += piece) {
                piece = MIN(data.n - at, 977U);
                rv = p11->C_SignUpdate(session, data.data + at, piece);
        }
        if (pieces && rv == CKR_OK)
                rv = p11->C_SignFinal(session, signature, &size);
        if (rv == CKR_OK)
                file_write(words[2], signature, size);
        return rv;
}

typedef struct Worker {
        pthread_t thread;
        CK_OBJECT_HANDLE key;
        CK_MECHANISM_TYPE type;
        unsigned long count;
        CK_RV rv;
} Worker;

static void *work(void *userdata) {
        CK_BYTE digest[32] = { 1 }, signature[1024];
        CK_SESSION_HANDLE own;
        Worker *w = userdata;

        w->rv = p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &own);
        for (unsigned long i = 0; w->rv == CKR_OK && i < w->count; i++) {
                CK_MECHANISM m = { .mechanism = w->type };
                CK_ULONG size = sizeof(signature);

                w->rv = p11->C_SignInit(own, &m, w->key);
                if (w->rv == CKR_OK)
                        w->rv = p11->C_Sign(own, digest, sizeof(digest), signature, &size);
        }
        return NULL;
}

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static CK_RV many(char **words) {
        unsigned long n = MIN(strtoul(words[3], NULL, 10), (unsigned long) THREADS_MAX);
        Worker workers[THREADS_MAX] = {};
        double start = now();
        CK_RV rv = CKR_OK;

        for (unsigned long i = 0; i < n; i++) {
                workers[i].key = find(words[1]);
                workers[i].type = strtoul(words[2], NULL, 16);
                workers[i].count = strtoul(words[4], NULL, 10);
                if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
                        give_up("no threads");
        }
        for (unsigned long i = 0; i < n; i++) {
                pthread_join(workers[i].thread, NULL);
                rv = rv == CKR_OK ? workers[i].rv : rv;
        }
        fprintf(stderr, "%lu threads: %.0f signatures a second\n", n,
                (double) (n * workers[0].count) / (now() - start));
        return rv;
}

/* --- decrypting and deriving -------------------------------------------------------------------------- */

static CK_RV decrypt(char **words, int n) {
        static File ciphertext;
        CK_RSA_PKCS_OAEP_PARAMS oaep = { .source = CKZ_DATA_SPECIFIED };
        CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS };
        CK_BYTE text[1024];
        CK_ULONG size = sizeof(text);
        CK_RV rv;

        if (n == 6) {
                oaep.hashAlg = strtoul(words[4], NULL, 16);
                oaep.mgf = mgf_of(strtoul(words[5], NULL, 16));
                m = (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep) };
        }
        file_read(&ciphertext, words[3]);
        rv = p11->C_DecryptInit(session, &m, find(words[1]));
        if (rv == CKR_OK)
                rv = p11->C_Decrypt(session, ciphertext.data, ciphertext.n, text, &size);
        if (rv == CKR_OK)
                file_write(words[2], text, size);
        return rv;
}

static CK_RV write_value(CK_OBJECT_HANDLE key, const char *path) {
        CK_BYTE value[128];
        CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };
        CK_RV rv = p11->C_GetAttributeValue(session, key, &a, 1);

        if (rv == CKR_OK)
                file_write(path, value, a.ulValueLen);
        return rv;
}

/* The templates are NSS's, which says CKA_WRAP of the key that it unwraps with. */
static CK_RV derive(char **words, int n) {
        static File peer, info, wrapped;
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
        CK_ULONG length = strtoul(words[4], NULL, 10);
        CK_BBOOL yes = CK_TRUE;
        CK_ATTRIBUTE kek_template[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_KEY_TYPE, n == 8 ? &aes : &generic, sizeof(aes) },
                { CKA_WRAP, &yes, sizeof(yes) },
                { CKA_VALUE_LEN, &length, sizeof(length) },
        };
        CK_ATTRIBUTE key_template[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_KEY_TYPE, &aes, sizeof(aes) },
                { CKA_UNWRAP, &yes, sizeof(yes) },
        };
        CK_ECDH1_DERIVE_PARAMS params = { .kdf = strtoul(words[3], NULL, 16) };
        CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
        CK_MECHANISM wrap = { .mechanism = CKM_NSS_AES_KEY_WRAP };
        CK_OBJECT_HANDLE kek, key;
        CK_RV rv;

        params.pPublicData = file_read(&peer, words[5]);
        params.ulPublicDataLen = peer.n;
        params.pSharedData = file_read(&info, words[6]);
        params.ulSharedDataLen = info.n;
        rv = p11->C_DeriveKey(session, &ecdh, find(words[1]), kek_template, length > 0 ? 4 : 3, &kek);
        if (rv != CKR_OK || n < 8)
                return rv == CKR_OK ? write_value(kek, words[2]) : rv;
        file_read(&wrapped, words[7]);
        rv = p11->C_UnwrapKey(session, &wrap, kek, wrapped.data, wrapped.n, key_template, ELEMENTSOF(key_template),
                              &key);
        return rv == CKR_OK ? write_value(key, words[2]) : rv;
}

/* --- */

static CK_RV step(char **words, int n) {
        if (n >= 3 && strcmp(words[0], "init") == 0)
                return sign_init(words, n);
        if (n == 3 && (strcmp(words[0], "final") == 0 || strcmp(words[0], "pieces") == 0))
                return sign(words, words[0][0] == 'p');
        if ((n == 4 || n == 6) && strcmp(words[0], "decrypt") == 0)
                return decrypt(words, n);
        if ((n == 7 || n == 8) && strcmp(words[0], "derive") == 0)
                return derive(words, n);
        if (n == 5 && strcmp(words[0], "many") == 0)
                return many(words);
        give_up("a line is no command");
        return CKR_GENERAL_ERROR;
}

static void load(const char *path) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CK_RV (*get)(CK_FUNCTION_LIST **);
        CK_ULONG n = 1;

        if (!library)
                give_up(dlerror());
        get = (CK_RV(*)(CK_FUNCTION_LIST **)) dlsym(library, "C_GetFunctionList");
        if (!get || get(&p11) != CKR_OK || p11->C_Initialize(NULL) != CKR_OK ||
            p11->C_GetSlotList(CK_TRUE, &slot, &n) != CKR_OK || n != 1 ||
            p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
                give_up("the module cannot be started, or shows no token");
}

int main(int argc, char **argv) {
        char line[4096], *words[9], *rest;
        int n;

        if (argc != 2)
                give_up("usage: use-module MODULE");
        load(argv[1]);
        while (fgets(line, sizeof(line), stdin)) {
                n = 0;
                for (char *w = strtok_r(line, " \n", &rest); w && n < 9; w = strtok_r(NULL, " \n", &rest))
                        words[n++] = w;
                printf("%lx\n", n > 0 ? step(words, n) : CKR_OK);
                (void) fflush(stdout);
        }
        return p11->C_Finalize(NULL) == CKR_OK ? 0 : 1;
}
