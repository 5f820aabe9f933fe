/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses whom a mail is encrypted for. A certificate for the wrong address here sends the mail to somebody else's
 * eyes: an address is only ever served by a certificate that carries it. */
#include "recipients.h"

typedef struct Pool {
        STACK_OF(X509) *files, *directories;
} Pool;

static void pool_done(Pool *p) {
        sk_X509_pop_free(p->files, X509_free);
        sk_X509_pop_free(p->directories, X509_free);
}

static int fill_pool(const RecipientSources *sources, Pool *pool, Fault *f) {
        int r = 0;

        pool->files = sk_X509_new_null();
        pool->directories = sk_X509_new_null();
        if (!pool->files || !pool->directories)
                return fault_set_errno(f, ENOMEM, "cannot read certificates");
        for (size_t i = 0; r == 0 && i < sources->n_files; i++)
                r = certificates_load(sources->files[i], pool->files, f);
        for (size_t i = 0; r == 0 && i < sources->n_directories; i++)
                r = certificates_load_directory(sources->directories[i], pool->directories, f);
        return r;
}

/* The certificates on tokens; what keeps signetd from answering is told only when nobody else has one. */
static int pick_from_tokens(Keyring *keyring, const char *address, STACK_OF(X509) *to, Fault *f) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *found = sk_X509_new_null();
        X509 *x;
        int r = found ? keyring_certificates(keyring, address, found, f)
                      : fault_set_errno(f, ENOMEM, "cannot read certificates");

        if (r == 0)
                r = certificates_pick(found, address, CERTIFICATE_ENCRYPT, &x, f);
        if (r == 0 && certificates_add(to, x) < 0)
                r = fault_set_errno(f, ENOMEM, "cannot read certificates");
        return r;
}

static int find_one(const char *address, const Pool *pool, const RecipientSources *sources, STACK_OF(X509) *to,
                    Fault *f) {
        Fault from_files = { 0 }, from_directories = { 0 }, from_tokens = { 0 };
        X509 *x = NULL;

        if (certificates_pick(pool->files, address, CERTIFICATE_ENCRYPT, &x, &from_files) == 0 ||
            certificates_pick(pool->directories, address, CERTIFICATE_ENCRYPT, &x, &from_directories) == 0)
                return certificates_add(to, x) == 0 ? 0 : fault_set_errno(f, ENOMEM, "cannot read certificates");
        if (pick_from_tokens(sources->keyring, address, to, &from_tokens) == 0)
                return 0;

        /* One that is too old, or not for mail, explains more than that there is none. */
        const Fault *faults[] = { &from_files, &from_directories, &from_tokens };
        for (size_t i = 0; i < ELEMENTSOF(faults); i++)
                if (faults[i]->error == MAIL_E_EXPIRED)
                        return fault_set(f, faults[i]->error, "cannot encrypt for %s: %s", address, faults[i]->text);
        if (sources->n_files > 0 && sources->n_directories == 0 && from_tokens.error == MAIL_E_NO_CERTIFICATE)
                return fault_set(f, MAIL_E_WRONG_ADDRESS,
                                 "cannot encrypt for %s: no certificate given carries that address and fits (%s)",
                                 address, from_files.text);
        return fault_set(f, MAIL_E_NO_CERTIFICATE,
                         "cannot encrypt for %s: give a certificate with --cert or --cert-dir (%s)", address,
                         from_tokens.text);
}

int recipients_find(const char *const *addresses, size_t n, const RecipientSources *sources, STACK_OF(X509) *to,
                    Fault *f) {
        _cleanup_(pool_done) Pool pool = { 0 };
        int r = fill_pool(sources, &pool, f);

        for (size_t i = 0; r == 0 && i < n; i++)
                r = find_one(addresses[i], &pool, sources, to, f);
        for (int i = 0; r == 0 && n == 0 && i < sk_X509_num(pool.files); i++) {
                r = certificate_check(sk_X509_value(pool.files, i), CERTIFICATE_ENCRYPT, f);
                if (r == 0 && certificates_add(to, sk_X509_value(pool.files, i)) < 0)
                        r = fault_set_errno(f, ENOMEM, "cannot read certificates");
        }
        return r;
}
