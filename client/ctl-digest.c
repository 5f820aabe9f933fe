/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests made here or elsewhere. Fed with files of any size; what it breaks signs something else. */
#include "ctl-digest.h"

#include <string.h>

#include "common/hex.h"
#include "common/names.h"
#include "common/ossl.h"
#include "ctl-io.h"

#define CHUNK 65536

static int hash_stream(Ctl *ctl, FILE *f, const char *path, const EVP_MD *md, unsigned char *digest,
                       unsigned *ret_size) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_free_ unsigned char *chunk = malloc(CHUNK);
        size_t n;

        if (!context || !chunk || EVP_DigestInit_ex(context, md, NULL) != 1)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        while ((n = fread(chunk, 1, CHUNK, f)) > 0)
                if (EVP_DigestUpdate(context, chunk, n) != 1)
                        return ctl_error(ctl, CTL_FAILURE, "cannot hash");
        if (ferror(f))
                return ctl_error_errno(ctl, errno, path ?: "standard input");
        if (EVP_DigestFinal_ex(context, digest, ret_size) != 1)
                return ctl_error(ctl, CTL_FAILURE, "cannot hash");

        return CTL_DONE;
}

int digest_make(Ctl *ctl, const char *path, const char *hash, unsigned char **ret, size_t *ret_size) {
        _cleanup_(io_closep) FILE *f = NULL;
        const EVP_MD *md = EVP_get_digestbyname(hash);
        unsigned char *digest;
        unsigned size;
        int e;

        if (!md)
                return ctl_error(ctl, CTL_FAILURE, "this OpenSSL has no %s", hash);
        e = io_open(ctl, path, &f);
        if (e != CTL_DONE)
                return e;
        digest = malloc(EVP_MAX_MD_SIZE);
        if (!digest)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        e = hash_stream(ctl, f, path, md, digest, &size);
        if (e != CTL_DONE) {
                free(digest);
                return e;
        }

        *ret = digest;
        *ret_size = size;
        return CTL_DONE;
}

int digest_read(Ctl *ctl, const char *path, const char *hash, unsigned char **ret, size_t *ret_size) {
        int h = hash_from_string(hash);
        size_t wanted = h < 0 ? 0 : hash_size((Hash) h), n, digits;
        unsigned char *data;
        int e;

        e = io_read(ctl, path, &data, &n);
        if (e != CTL_DONE)
                return e;
        digits = n > 0 && data[n - 1] == '\n' ? n - 1 : n;
        if (n != wanted && digits == 2 * wanted && hex_decode((const char *) data, digits, data) == 0)
                n = wanted;
        if (n != wanted) {
                signet_free(data, n);
                return ctl_error(ctl, CTL_INVALID_INPUT,
                                 "%s: not a %s digest: %zu bytes, or twice as many hex digits, are wanted; without "
                                 "--digest the input is hashed here",
                                 path ?: "standard input", hash, wanted);
        }

        *ret = data;
        *ret_size = n;
        return CTL_DONE;
}
