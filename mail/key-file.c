/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads key files. Fed with the user's own files; never asks a terminal for a passphrase. */
#include "key-file.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/secret.h"

static int give_passphrase(char *buffer, int size, int writing, void *user) {
        const char *passphrase = user;

        (void) writing;
        if (!passphrase || strlen(passphrase) > (size_t) size)
                return -1;
        memcpy(buffer, passphrase, strlen(passphrase));
        return (int) strlen(passphrase);
}

/* A URI that stands alone in n bytes of text: "pkcs11:..." as it is, "signet:NAME" without its scheme and query. */
static char *named_key(const char *text, size_t n) {
        while (n > 0 && isspace((unsigned char) text[n - 1]))
                n--;
        if (memchr(text, ' ', n) || memchr(text, 0, n) || memchr(text, '\n', n))
                return NULL;
        if (n > 7 && strncmp(text, "pkcs11:", 7) == 0)
                return strndup(text, n);
        if (n > 7 && strncmp(text, "signet:", 7) == 0)
                return strndup(text + 7, strcspn(text + 7, "?") < n - 7 ? strcspn(text + 7, "?") : n - 7);
        return NULL;
}

/* The same in PEM with the label SIGNET KEY, which OpenSSL's provider reads as well. */
static char *named_key_pem(const char *text, size_t size) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(text, (int) size);
        char *label = NULL, *header = NULL, *name = NULL;
        unsigned char *data = NULL;
        long n = 0;

        if (bio && PEM_read_bio(bio, &label, &header, &data, &n) == 1 && strcmp(label, "SIGNET KEY") == 0)
                name = named_key((const char *) data, (size_t) n);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t) n);
        ERR_clear_error();
        return name;
}

static int read_text(const char *path, char *text, size_t room, size_t *ret_size, Fault *f) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        size_t size = 0;
        ssize_t n = 1;

        if (fd < 0)
                return fault_set_errno(f, errno, "cannot read the key file %s", path);
        while (size < room && (n = read(fd, text + size, room - size)) > 0)
                size += (size_t) n;
        if (n < 0)
                return fault_set_errno(f, errno, "cannot read the key file %s", path);
        if (size == room)
                return fault_set(f, MAIL_E_INVALID_INPUT, "%s is too large for a key file", path);
        text[size] = 0;
        *ret_size = size;
        return 0;
}

int key_file_read(const char *path, const char *passphrase, EVP_PKEY **ret_key, char **ret_name, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *text = malloc(KEY_FILE_MAX);
        size_t size = 0;
        int r;

        if (!text)
                return fault_set_errno(f, ENOMEM, "cannot read the key file %s", path);
        r = read_text(path, text, KEY_FILE_MAX, &size, f);
        if (r != 0)
                return r;

        char *name = named_key(text, size) ?: named_key_pem(text, size);
        if (name) {
                *ret_key = NULL;
                *ret_name = name;
                return 0;
        }
        bio = BIO_new_mem_buf(text, (int) size);
        key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *) passphrase) : NULL;
        secret_wipe(text, size);
        if (!key)
                return fault_set_openssl(f, MAIL_E_INVALID_INPUT,
                                         "%s holds no private key (PEM), nor the name of a key (a pkcs11: URI)", path);
        *ret_key = TAKE_PTR(key);
        *ret_name = NULL;
        return 0;
}
