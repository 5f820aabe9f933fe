/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* evp-plugin LIBRARY NAME: what a program does whose plugin links libsignet: loads it, signs with a key in the default
 * library context, unloads it, and goes on. OpenSSL keeps the library's provider to the end of the process. Exits with
 * 0 if all of it worked. */
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "client/signet.h"

typedef struct Library {
        void *handle;
        __typeof__(signet_client_new) *client_new;
        __typeof__(signet_client_unref) *client_unref;
        __typeof__(signet_find_key) *find_key;
        __typeof__(signet_key_unref) *key_unref;
        __typeof__(signet_key_evp_pkey) *evp_pkey;
} Library;

static int load(Library *l, const char *path) {
        l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!l->handle) {
                fprintf(stderr, "%s\n", dlerror());
                return 0;
        }
        *(void **) &l->client_new = dlsym(l->handle, "signet_client_new");
        *(void **) &l->client_unref = dlsym(l->handle, "signet_client_unref");
        *(void **) &l->find_key = dlsym(l->handle, "signet_find_key");
        *(void **) &l->key_unref = dlsym(l->handle, "signet_key_unref");
        *(void **) &l->evp_pkey = dlsym(l->handle, "signet_key_evp_pkey");
        return l->client_new && l->client_unref && l->find_key && l->key_unref && l->evp_pkey;
}

static int sign(const Library *l, const char *name) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        unsigned char signature[1024];
        size_t n = sizeof(signature);
        signet_client *client = NULL;
        signet_key *key = NULL;
        EVP_PKEY *pkey = NULL;
        int ok;

        ok = l->client_new(NULL, &client) == 0 && l->find_key(client, name, NULL, &key) == 0 &&
             l->evp_pkey(key, NULL, &pkey) == 0 &&
             EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
             EVP_DigestSign(md, signature, &n, (const unsigned char *) "plugin", 6) == 1;
        if (!ok)
                ERR_print_errors_fp(stderr);
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(pkey);
        l->key_unref(key);
        l->client_unref(client);
        return ok;
}

int main(int argc, char **argv) {
        Library library = { 0 };

        if (argc != 3 || !load(&library, argv[1]) || !sign(&library, argv[2]))
                return 1;
        if (dlclose(library.handle) != 0)
                return 1;

        EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
        return ERR_peek_error() == 0 ? 0 : 1;
}
