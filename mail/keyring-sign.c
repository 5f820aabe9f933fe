/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who signs: a key, the certificate that goes with it, and its issuers. */
#include <openssl/err.h>
#include <string.h>

#include "header.h"
#include "key-file.h"
#include "keyring-internal.h"

void signer_free(Signer *s) {
        if (s) {
                EVP_PKEY_free(s->key);
                X509_free(s->certificate);
                sk_X509_pop_free(s->chain, X509_free);
                X509_free(s->preferred);
                free(s->name);
                free(s);
        }
}

static int key_chain(signet_key *key, STACK_OF(X509) *to) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < signet_key_chain_count(key); i++) {
                size_t size;
                const unsigned char *der = signet_key_chain(key, i, &size);
                r = keyring_add_der(to, der, size);
        }
        for (int i = sk_X509_num(to) - 1; i >= 0; i--)
                if (certificate_is_self_issued(sk_X509_value(to, i)))
                        X509_free(sk_X509_delete(to, i));
        return r;
}

/* The key's certificate among `candidates` that the choice and the clock allow. */
static int choose_certificate(EVP_PKEY *key, STACK_OF(X509) *candidates, const SignerChoice *choice, const char *name,
                              X509 **ret, Fault *f) {
        Fault why = { 0 };
        X509 *best = NULL;
        size_t n = 0;

        for (int i = 0; i < sk_X509_num(candidates); i++) {
                X509 *x = sk_X509_value(candidates, i);

                if (EVP_PKEY_eq(X509_get0_pubkey(x), key) != 1)
                        continue;
                n++;
                if (choice->address && !certificate_has_address(x, choice->address))
                        continue;
                if (certificate_check(x, CERTIFICATE_SIGN, &why) == 0 && (!best || certificate_is_newer(x, best)))
                        best = x;
        }
        ERR_clear_error();
        if (best) {
                *ret = best;
                return 0;
        }
        if (why.error != MAIL_OK)
                return fault_set(f, why.error, "%s", why.text);
        if (choice->address && n > 0)
                return fault_set(f, MAIL_E_WRONG_ADDRESS, "no certificate of the key %s carries the address %s", name,
                                 choice->address);
        return fault_set(f, MAIL_E_NO_CERTIFICATE,
                         "the key %s has no certificate; put one on the token or name one with --cert", name);
}

static int check_algorithm(EVP_PKEY *key, const char *name, Fault *f) {
        if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"))
                return 0;
        return fault_set(f, MAIL_E_NOT_SUPPORTED,
                         "the key %s is of the kind %s: OpenSSL's CMS signs with RSA and ECDSA keys only; choose "
                         "another with --key",
                         name, EVP_PKEY_get0_type_name(key) ?: "unknown");
}

static int make_signer(EVP_PKEY *key, STACK_OF(X509) *candidates, STACK_OF(X509) *chain, const SignerChoice *choice,
                       const char *name, Signer **ret, Fault *f) {
        _cleanup_(signer_freep) Signer *s = NULL;
        X509 *certificate = choice->certificate;
        int r;

        r = check_algorithm(key, name, f);
        if (r == 0 && !certificate)
                r = choose_certificate(key, candidates, choice, name, &certificate, f);
        else if (r == 0)
                r = certificate_check(certificate, CERTIFICATE_SIGN, f);
        if (r != 0)
                return r;
        if (choice->address && !certificate_has_address(certificate, choice->address))
                return fault_set(f, MAIL_E_WRONG_ADDRESS, "the certificate does not carry the address %s",
                                 choice->address);
        if (EVP_PKEY_eq(X509_get0_pubkey(certificate), key) != 1)
                return fault_set_openssl(f, MAIL_E_NO_SUCH_KEY, "the certificate does not belong to the key %s", name);

        s = calloc(1, sizeof(*s));
        if (!s || !(s->name = strdup(name)) || !(s->chain = chain ? sk_X509_dup(chain) : sk_X509_new_null()))
                return fault_set_errno(f, ENOMEM, "cannot use the key %s", name);
        for (int i = 0; i < sk_X509_num(s->chain); i++)
                X509_up_ref(sk_X509_value(s->chain, i));
        X509_up_ref(certificate);
        s->certificate = certificate;
        EVP_PKEY_up_ref(key);
        s->key = key;
        *ret = TAKE_PTR(s);
        return 0;
}

/* When no key was found for an address: is there one whose certificate is too old, or for something else? */
static int explain_no_key(Keyring *k, const char *address, Fault *f) {
        _cleanup_(key_list_done) KeyList list = { 0 };
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();
        X509 *found;

        if (!all || signet_find_keys(k->client, NULL, "sign", &list.keys, &list.n) != 0)
                list.n = 0;
        for (size_t i = 0; i < list.n; i++)
                if (keyring_key_certificates(list.keys[i], all) < 0)
                        break;
        Fault why = { 0 };
        if (certificates_pick(all, address, CERTIFICATE_SIGN, &found, &why) != 0 && why.error != MAIL_E_NO_CERTIFICATE)
                return fault_set(f, why.error, "%s", why.text);
        return fault_set(
                f, MAIL_E_NO_SUCH_KEY,
                "no key that you may sign with has a certificate for %s; signetctl keys lists what you may use",
                address);
}

/* The certificate of the same address that decrypts, when the signing key does not. */
static int find_preferred(Keyring *k, Signer *s, Fault *f) {
        _cleanup_(key_list_done) KeyList list = { 0 };
        _cleanup_(x509_stack_freep) STACK_OF(X509) *candidates = sk_X509_new_null();
        char **addresses = NULL;
        size_t n = 0;
        X509 *best = NULL;
        Fault none = { 0 };

        if (certificate_check(s->certificate, CERTIFICATE_ENCRYPT, &none) == 0)
                return 0;
        if (!candidates || certificate_addresses(s->certificate, &addresses, &n) < 0)
                return fault_set_errno(f, ENOMEM, "cannot use the key %s", s->name);
        fault_clear(&none);
        if (n > 0 && signet_find_keys(k->client, addresses[0], "decrypt", &list.keys, &list.n) == 0) {
                for (size_t i = 0; i < list.n; i++)
                        if (keyring_key_certificates(list.keys[i], candidates) < 0)
                                break;
                if (certificates_pick(candidates, addresses[0], CERTIFICATE_ENCRYPT, &best, &none) == 0) {
                        X509_up_ref(best);
                        s->preferred = best;
                }
        }
        addresses_free(addresses, n);
        return 0;
}

static int remote_signer(Keyring *k, const char *name, const SignerChoice *choice, Signer **ret, Fault *f) {
        _cleanup_(signet_key_unrefp) signet_key *key = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *certificates = sk_X509_new_null();
        _cleanup_(x509_stack_freep) STACK_OF(X509) *chain = sk_X509_new_null();
        Signer *s = NULL;
        int r;

        r = signet_find_key(k->client, name, "sign", &key);
        if (r == SIGNET_E_NO_SUCH_KEY && choice->address && strcmp(name, choice->address) == 0)
                return explain_no_key(k, name, f);
        if (r == SIGNET_E_NO_SUCH_KEY && choice->certificate && !choice->key) {
                char subject[256];

                certificate_describe(choice->certificate, subject, sizeof(subject));
                return fault_set(f, MAIL_E_NO_SUCH_KEY,
                                 "the certificate of %s belongs to no key that you may sign with; signetctl keys lists "
                                 "what you may use",
                                 subject);
        }
        if (r != 0)
                return keyring_fault(f, r);
        if (strcmp(signet_key_algorithm(key), "ed25519") == 0)
                return fault_set(f, MAIL_E_NOT_SUPPORTED,
                                 "the key %s is an Ed25519 key, and OpenSSL 3.0's CMS cannot sign with those; choose "
                                 "another with --key",
                                 signet_key_label(key));
        if (!certificates || !chain || keyring_key_certificates(key, certificates) < 0 || key_chain(key, chain) < 0)
                return fault_set_errno(f, ENOMEM, "cannot use the key %s", signet_key_label(key));
        r = signet_key_evp_pkey(key, NULL, &pkey);
        if (r != 0)
                return keyring_fault(f, r);
        r = make_signer(pkey, certificates, chain, choice, signet_key_label(key), &s, f);
        if (r == 0)
                r = find_preferred(k, s, f);
        if (r == 0)
                *ret = TAKE_PTR(s);
        signer_free(s);
        return r;
}

int keyring_signer(Keyring *k, const SignerChoice *choice, Signer **ret, Fault *f) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        if (choice->key && keyring_names_file(choice->key)) {
                r = key_file_read(choice->key, k->passphrase, &key, &name, f);
                if (r != 0)
                        return r;
                if (key)
                        return make_signer(key, choice->more, NULL, choice, choice->key, ret, f);
                return remote_signer(k, name, choice, ret, f);
        }
        if (choice->key)
                return remote_signer(k, choice->key, choice, ret, f);
        if (choice->certificate) {
                char id[65];
                r = certificate_key_id(choice->certificate, id, f);
                return r != 0 ? r : remote_signer(k, id, choice, ret, f);
        }
        return remote_signer(k, choice->address, choice, ret, f);
}
