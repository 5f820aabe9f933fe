/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of keys and key files, which come from command lines, configurations and disks: a name that is taken says no
 * more than it did, and a file gives one of the fake's keys or nothing, and an error in that case. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <string.h>

#include "client/provider.h"
#include "tests/unit/fake-signet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static OSSL_LIB_CTX *libctx;

static void start(void) {
        if (libctx)
                return;
        fake_start();
        libctx = OSSL_LIB_CTX_new();
        if (!OSSL_PROVIDER_add_builtin(libctx, "signet", provider_init) || !OSSL_PROVIDER_load(libctx, "signet") ||
            !OSSL_PROVIDER_load(libctx, "default"))
                abort();
}

static void try_name(const char *text) {
        Provider nobody = { 0 };
        ProviderName name;

        if (!provider_name_parse(&nobody, text, &name))
                return;
        if (strlen(name.name) > strlen(text) || strchr(name.name, '?') ||
            (name.operation && !strstr(text, name.operation)) || !strstr(text, name.type))
                abort();
        provider_name_done(&name);
}

static void try_file(BIO *bio) {
        EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, (void *) "1234", libctx, NULL);

        if (!key == !ERR_peek_error())
                abort();
        EVP_PKEY_free(key);
        ERR_clear_error();
        BIO_free(bio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_free_ char *text = malloc(n + 1);
        BIO *bio;

        if (!text || n == 0 || n > 65536)
                return 0;
        memcpy(text, data, n);
        text[n] = '\0';
        start();

        try_name(text);
        try_file(BIO_new_mem_buf(data, (int) n));

        bio = BIO_new(BIO_s_mem());
        if (PEM_write_bio(bio, PROVIDER_KEYFILE_LABEL, "", data, (long) n) <= 0)
                abort();
        try_file(bio);
        return 0;
}
