/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys that may decrypt, with every certificate that anybody may have encrypted for. */
#include <openssl/sha.h>
#include <string.h>

#include "key-file.h"
#include "keyring-internal.h"

void decrypters_done(Decrypters *d) {
        for (size_t i = 0; i < d->n; i++) {
                sk_X509_pop_free(d->items[i].certificates, X509_free);
                free(d->items[i].name);
                signet_key_unref(d->items[i].remote);
                EVP_PKEY_free(d->items[i].local);
        }
        free(d->items);
        *d = (Decrypters){ 0 };
}

static int find_key_id(const unsigned char *spki, size_t size, uint8_t *ret) {
        X509_PUBKEY *public = d2i_X509_PUBKEY(NULL, &spki, (long) size);
        const unsigned char *bits;
        int n, r = -EINVAL;

        if (public && X509_PUBKEY_get0_param(NULL, &bits, &n, NULL, public) == 1 &&
            EVP_Digest(bits, (size_t) n, ret, NULL, EVP_sha1(), NULL) == 1)
                r = 0;
        X509_PUBKEY_free(public);
        return r;
}

/* Adds to the key those of `more` that carry its public key. */
static int add_matching(Decrypter *d, const unsigned char *spki, size_t size, STACK_OF(X509) *more) {
        int r = 0;

        for (int i = 0; r == 0 && i < sk_X509_num(more); i++) {
                X509 *x = sk_X509_value(more, i);
                unsigned char *der = NULL;
                int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

                if (n > 0 && (size_t) n == size && memcmp(der, spki, size) == 0)
                        r = certificates_add(d->certificates, x);
                OPENSSL_free(der);
        }
        return r;
}

static int add_decrypter(Decrypters *to, const unsigned char *spki, size_t size, const char *name, signet_key *remote,
                         EVP_PKEY *local, STACK_OF(X509) *more) {
        Decrypter *grown = reallocarray(to->items, to->n + 1, sizeof(*grown));
        int r = 0;

        if (!grown)
                return -ENOMEM;
        to->items = grown;
        Decrypter *d = &grown[to->n++];
        *d = (Decrypter){ .certificates = sk_X509_new_null(),
                          .name = strdup(name),
                          .remote = remote ? signet_key_ref(remote) : NULL,
                          .local = local };
        if (local)
                EVP_PKEY_up_ref(local);
        if (!d->certificates || !d->name)
                return -ENOMEM;
        if (remote)
                r = keyring_key_certificates(remote, d->certificates);
        if (r == 0)
                r = find_key_id(spki, size, d->key_id);
        return r == 0 ? add_matching(d, spki, size, more) : r;
}

static int add_remote(Keyring *k, const char *name, STACK_OF(X509) *more, Decrypters *to, Fault *f) {
        _cleanup_(key_list_done) KeyList list = { 0 };
        int r = signet_find_keys(k->client, name, "decrypt", &list.keys, &list.n);

        if (r != 0)
                return keyring_fault(f, r);
        for (size_t i = 0; i < list.n; i++) {
                size_t size;
                const unsigned char *spki = signet_key_public(list.keys[i], &size);

                r = add_decrypter(to, spki, size, signet_key_label(list.keys[i]), list.keys[i], NULL, more);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot use the key %s", signet_key_label(list.keys[i]));
        }
        if (name && list.n == 0)
                return fault_set(f, MAIL_E_NO_SUCH_KEY,
                                 "there is no key %s that you may decrypt with; see: signetctl keys", name);
        return 0;
}

static int add_local(EVP_PKEY *key, const char *path, STACK_OF(X509) *more, Decrypters *to, Fault *f) {
        unsigned char *spki = NULL;
        int n = i2d_PUBKEY(key, &spki);
        int r = n > 0 ? add_decrypter(to, spki, (size_t) n, path, NULL, key, more) : -EINVAL;

        OPENSSL_free(spki);
        return r < 0 ? fault_set_errno(f, r, "cannot use the key file %s", path) : 0;
}

int keyring_decrypters(Keyring *k, const char *key, STACK_OF(X509) *more, Decrypters *ret, Fault *f) {
        _cleanup_(decrypters_done) Decrypters found = { 0 };
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *local = NULL;
        _cleanup_free_ char *name = NULL;
        int r = 0;

        if (key && keyring_names_file(key))
                r = key_file_read(key, k->passphrase, &local, &name, f);
        if (r == 0 && local)
                r = add_local(local, key, more, &found, f);
        else if (r == 0)
                r = add_remote(k, name ?: key, more, &found, f);
        if (r != 0)
                return r;
        *ret = found;
        found = (Decrypters){ 0 };
        return 0;
}

int decrypter_key(const Decrypter *d, EVP_PKEY **ret, Fault *f) {
        if (d->local) {
                EVP_PKEY_up_ref(d->local);
                *ret = d->local;
                return 0;
        }
        int r = signet_key_evp_pkey(d->remote, NULL, ret);
        return r == 0 ? 0 : keyring_fault(f, r);
}

int keyring_certificates(Keyring *k, const char *address, STACK_OF(X509) *to, Fault *f) {
        _cleanup_(key_list_done) KeyList list = { 0 };
        int r = signet_find_keys(k->client, address, NULL, &list.keys, &list.n);

        if (r != 0)
                return keyring_fault(f, r);
        for (size_t i = 0; r == 0 && i < list.n; i++)
                r = keyring_key_certificates(list.keys[i], to);
        return r == 0 ? 0 : fault_set_errno(f, r, "cannot read certificates");
}
