/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key object behind an EVP_PKEY of the provider. It never holds the private part of a key of signetd's. */
#include <openssl/x509.h>
#include <string.h>

#include "provider.h"

static const struct {
        const char *name;
        const char *algorithms[4]; /* of signet_key_algorithm() */
} kinds[_PROVIDER_KIND_MAX] = {
        [PROVIDER_RSA] = { "RSA", { "rsa" } },
        [PROVIDER_EC] = { "EC", { "ec-p256", "ec-p384", "ec-p521" } },
        [PROVIDER_ED25519] = { "ED25519", { "ed25519" } },
        [PROVIDER_X25519] = { "X25519", { "x25519" } },
};

const char *provider_kind_name(ProviderKind kind) {
        return kinds[kind].name;
}

int provider_kind_from_algorithm(const char *algorithm, ProviderKind *ret) {
        for (int kind = 0; kind < _PROVIDER_KIND_MAX; kind++)
                for (size_t i = 0; i < ELEMENTSOF(kinds[kind].algorithms) && kinds[kind].algorithms[i]; i++)
                        if (strcmp(kinds[kind].algorithms[i], algorithm) == 0) {
                                *ret = (ProviderKind) kind;
                                return 1;
                        }

        return 0;
}

ProviderKey *provider_key_new(Provider *p, ProviderKind kind) {
        ProviderKey *key;

        key = calloc(1, sizeof(*key));
        if (!key)
                return NULL;

        key->refs = 1;
        key->provider = p;
        key->kind = kind;
        return key;
}

ProviderKey *provider_key_ref(ProviderKey *key) {
        __atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
        return key;
}

ProviderKey *provider_key_unref(ProviderKey *key) {
        if (!key || __atomic_sub_fetch(&key->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;

        signet_key_unref(key->remote);
        EVP_PKEY_free(key->soft);
        free(key);
        return NULL;
}

int provider_key_set_remote(ProviderKey *key, signet_key *remote) {
        const unsigned char *der;
        ProviderKind kind;
        size_t size;

        if (key->remote || key->soft)
                return provider_raise(key->provider, PROVIDER_R_SYSTEM, "this key object is in use already");
        if (!provider_kind_from_algorithm(signet_key_algorithm(remote), &kind) || kind != key->kind)
                return provider_raise(key->provider, PROVIDER_R_UNSUPPORTED, "key \"%s\" is of type %s, not %s",
                                      signet_key_label(remote), signet_key_algorithm(remote),
                                      provider_kind_name(key->kind));

        der = signet_key_public(remote, &size);
        key->soft = d2i_PUBKEY_ex(NULL, &der, (long) size, key->provider->soft, NULL);
        if (!key->soft)
                return provider_raise(key->provider, PROVIDER_R_SOFT, "key \"%s\": its public key cannot be read",
                                      signet_key_label(remote));

        key->remote = signet_key_ref(remote);
        key->parts = OSSL_KEYMGMT_SELECT_ALL;
        return 1;
}

int provider_key_from_remote(Provider *p, signet_key *remote, ProviderKey **ret) {
        _cleanup_(provider_key_unrefp) ProviderKey *key = NULL;
        ProviderKind kind;

        if (!provider_kind_from_algorithm(signet_key_algorithm(remote), &kind))
                return provider_raise(p, PROVIDER_R_UNSUPPORTED, "key \"%s\": OpenSSL has no use for its type, %s",
                                      signet_key_label(remote), signet_key_algorithm(remote));

        key = provider_key_new(p, kind);
        if (!key)
                return provider_raise(p, PROVIDER_R_SYSTEM, "out of memory");
        if (!provider_key_set_remote(key, remote))
                return 0;

        *ret = TAKE_PTR(key);
        return 1;
}
