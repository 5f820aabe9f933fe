/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds the store that chains are verified against, from what the user names. */
#include "trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

static int add_file(X509_STORE *store, const char *path, Fault *f) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();
        int r = all ? certificates_load(path, all, f) : fault_set_errno(f, ENOMEM, "cannot read %s", path);

        if (r != 0)
                return r;
        for (int i = 0; i < sk_X509_num(all); i++)
                if (X509_STORE_add_cert(store, sk_X509_value(all, i)) != 1)
                        return fault_set_openssl(f, MAIL_E_FAILED, "cannot use %s", path);
        return 0;
}

static int add_directory(X509_STORE *store, const char *path, Fault *f) {
        struct stat st;

        if (stat(path, &st) < 0)
                return fault_set_errno(f, errno, "cannot read %s", path);
        if (!S_ISDIR(st.st_mode))
                return fault_set(f, MAIL_E_INVALID_INPUT, "%s is no folder", path);
        if (X509_STORE_load_path(store, path) != 1)
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot use %s", path);
        return 0;
}

static int add_crls(X509_STORE *store, const char *path, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_file(path, "rb");
        int n = 0;

        if (!bio)
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot read %s", path);
        for (X509_CRL *crl; (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)); n++) {
                int added = X509_STORE_add_crl(store, crl);
                X509_CRL_free(crl);
                if (added != 1)
                        return fault_set_openssl(f, MAIL_E_FAILED, "cannot use %s", path);
        }
        ERR_clear_error();
        if (n == 0 && BIO_reset(bio) >= 0) {
                X509_CRL *crl = d2i_X509_CRL_bio(bio, NULL);
                n = crl ? X509_STORE_add_crl(store, crl) : 0;
                X509_CRL_free(crl);
        }
        if (n != 0)
                return 0;
        ERR_clear_error();
        return fault_set(f, MAIL_E_INVALID_INPUT, "%s holds no certificate revocation list (PEM or DER)", path);
}

int trust_store(const TrustOptions *options, X509_STORE **ret, Fault *f) {
        _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
        bool named = options->n_files > 0 || options->n_directories > 0;
        int r = 0;

        if (!store)
                return fault_set_errno(f, ENOMEM, "cannot verify");
        for (size_t i = 0; r == 0 && i < options->n_files; i++)
                r = add_file(store, options->files[i], f);
        for (size_t i = 0; r == 0 && i < options->n_directories; i++)
                r = add_directory(store, options->directories[i], f);
        for (size_t i = 0; r == 0 && i < options->n_crl_files; i++)
                r = add_crls(store, options->crl_files[i], f);
        if (r != 0)
                return r;
        if (options->n_crl_files > 0)
                X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        /* A system without authorities is no error: the chain then ends nowhere, which the report says. */
        if (!options->no_default && (!named || options->with_default))
                (void) X509_STORE_set_default_paths(store);
        ERR_clear_error();
        *ret = TAKE_PTR(store);
        return 0;
}
