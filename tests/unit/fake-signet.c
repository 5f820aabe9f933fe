/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Software keys behind signet.h. Fed by tests. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "client/error.h"
#include "common/key-id.h"
#include "common/ossl.h"
#include "common/purpose.h"
#include "fake-signet.h"

FakeSignet fake;

struct signet_client {
        unsigned int refs;
};

struct signet_key {
        unsigned int refs;
        signet_client *client;
        size_t index;
};

static const char *const labels[] = { "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519", "x25519" };

static struct {
        EVP_PKEY *key;
        unsigned char *spki;
        size_t spki_size;
        unsigned char *certificate;
        size_t certificate_size;
        char uri[64];
        KeyId id;
} software[ELEMENTSOF(labels)];

/* Keys of its own context: an application's providers do not see them, nor they those. */
static OSSL_LIB_CTX *context;

static EVP_PKEY *make_key(const char *label) {
        if (strcmp(label, "rsa") == 0)
                return EVP_PKEY_Q_keygen(context, NULL, "RSA", (size_t) 2048);
        if (strncmp(label, "ec-p", 4) == 0) {
                char group[16];

                snprintf(group, sizeof(group), "P-%s", label + 4);
                return EVP_PKEY_Q_keygen(context, NULL, "EC", group);
        }
        return EVP_PKEY_Q_keygen(context, NULL, strcmp(label, "x25519") == 0 ? "X25519" : "ED25519");
}

void fake_start(void) {
        context = OSSL_LIB_CTX_new();
        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                software[i].key = make_key(labels[i]);
                software[i].spki_size = (size_t) i2d_PUBKEY(software[i].key, &software[i].spki);
                if (key_id_from_spki(software[i].spki, software[i].spki_size, &software[i].id) < 0)
                        abort();
                snprintf(software[i].uri, sizeof(software[i].uri), "pkcs11:token=fake;object=%s", labels[i]);
        }
}

void fake_stop(void) {
        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                EVP_PKEY_free(software[i].key);
                OPENSSL_free(software[i].spki);
                free(software[i].certificate);
        }
        memset(software, 0, sizeof(software));
        OSSL_LIB_CTX_free(context);
}

static size_t find_label(const char *label) {
        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (strcmp(labels[i], label) == 0)
                        return i;
        abort();
}

EVP_PKEY *fake_key(const char *label) {
        return software[find_label(label)].key;
}

EVP_PKEY *fake_public(const char *label) {
        size_t i = find_label(label);
        const unsigned char *p = software[i].spki;

        return d2i_PUBKEY(NULL, &p, (long) software[i].spki_size);
}

void fake_set_certificate(const char *label, const unsigned char *der, size_t size) {
        size_t i = find_label(label);

        free(software[i].certificate);
        software[i].certificate = malloc(size);
        if (!software[i].certificate)
                abort();
        memcpy(software[i].certificate, der, size);
        software[i].certificate_size = size;
}

/* --- clients and keys --------------------------------------------------------------------------------- */

const char *signet_version(void) {
        return "fake";
}

int signet_client_new(const char *address _unused_, signet_client **ret_client) {
        *ret_client = calloc(1, sizeof(**ret_client));
        (*ret_client)->refs = 1;
        return 0;
}

void signet_client_set_timeout(signet_client *client _unused_, unsigned int milliseconds _unused_) {
}

signet_client *signet_client_ref(signet_client *client) {
        __atomic_add_fetch(&client->refs, 1, __ATOMIC_RELAXED);
        return client;
}

void signet_client_unref(signet_client *client) {
        if (client && __atomic_sub_fetch(&client->refs, 1, __ATOMIC_ACQ_REL) == 0)
                free(client);
}

/* By its URI, by its label, or all of them. */
static bool fits(size_t i, const char *name) {
        return !name || !*name || strcmp(name, "pkcs11:token=fake") == 0 || strcmp(name, labels[i]) == 0 ||
               strcmp(name, software[i].uri) == 0 || strcmp(name, software[i].id.hex) == 0;
}

int signet_find_keys(signet_client *client, const char *name, const char *operation, signet_key ***ret_keys,
                     size_t *ret_count) {
        signet_key **found = calloc(ELEMENTSOF(labels), sizeof(*found));
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                if (!fits(i, name) ||
                    (operation && strcmp(operation, "decrypt") == 0 && strcmp(labels[i], "ed25519") == 0))
                        continue;
                found[n] = calloc(1, sizeof(**found));
                found[n]->refs = 1;
                found[n]->index = i;
                found[n++]->client = signet_client_ref(client);
                __atomic_add_fetch(&fake.keys_alive, 1, __ATOMIC_RELAXED);
        }
        *ret_keys = found;
        *ret_count = n;
        return 0;
}

void signet_keys_free(signet_key **keys, size_t count) {
        for (size_t i = 0; i < count; i++)
                signet_key_unref(keys[i]);
        free(keys);
}

int signet_find_key(signet_client *client, const char *name, const char *operation, signet_key **ret_key) {
        signet_key **found;
        size_t n;
        int r;

        r = signet_find_keys(client, name, operation, &found, &n);
        if (r != 0)
                return r;
        if (n == 1)
                *ret_key = signet_key_ref(found[0]);
        signet_keys_free(found, n);
        if (n == 0)
                return error_set(SIGNET_E_NO_SUCH_KEY, "no key \"%s\"", name);
        return n == 1 ? 0 : error_set(SIGNET_E_AMBIGUOUS, "\"%s\" fits %zu keys", name, n);
}

signet_key *signet_key_ref(signet_key *key) {
        __atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
        return key;
}

void signet_key_unref(signet_key *key) {
        if (!key || __atomic_sub_fetch(&key->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return;
        signet_client_unref(key->client);
        free(key);
        __atomic_sub_fetch(&fake.keys_alive, 1, __ATOMIC_RELAXED);
}

const char *signet_key_algorithm(const signet_key *key) {
        return labels[key->index];
}

const char *signet_key_id(const signet_key *key) {
        return software[key->index].id.hex;
}

unsigned int signet_key_bits(const signet_key *key) {
        return (unsigned int) EVP_PKEY_get_bits(software[key->index].key);
}

const char *signet_key_label(const signet_key *key) {
        return labels[key->index];
}

const unsigned char *signet_key_public(const signet_key *key, size_t *ret_size) {
        *ret_size = software[key->index].spki_size;
        return software[key->index].spki;
}

size_t signet_key_certificate_count(const signet_key *key) {
        return software[key->index].certificate ? 1 : 0;
}

const unsigned char *signet_key_certificate(const signet_key *key, size_t index, size_t *ret_size) {
        if (index > 0)
                return NULL;
        *ret_size = software[key->index].certificate_size;
        return software[key->index].certificate;
}

size_t signet_key_chain_count(const signet_key *key _unused_) {
        return 0;
}

const unsigned char *signet_key_chain(const signet_key *key _unused_, size_t index _unused_,
                                      size_t *ret_size _unused_) {
        return NULL;
}

size_t signet_key_uri_count(const signet_key *key _unused_) {
        return 1;
}

const char *signet_key_uri(const signet_key *key, size_t index) {
        if (index > 0)
                return NULL;
        return fake.uri ? fake.uri : software[key->index].uri;
}

int signet_key_may(const signet_key *key _unused_, const char *operation) {
        return !fake.refused || strcmp(fake.refused, operation) != 0;
}

/* --- operations --------------------------------------------------------------------------------------- */

static int begin(const char *operation, const char *purpose, size_t size, const signet_options *options) {
        char full[64];

        fake.operations++;
        fake.size = size;
        fake.options = *options;
        snprintf(fake.purpose, sizeof(fake.purpose), "%s", purpose);
        snprintf(full, sizeof(full), "%s:%s", operation, purpose);
        if ((fake.refused && strcmp(full, fake.refused) == 0) || (fake.denied && strcmp(full, fake.denied) == 0))
                return error_set(SIGNET_E_NOT_AUTHORIZED, "no rule allows %s with this key", full);
        return 0;
}

static int set_pss(EVP_PKEY_CTX *ctx, const signet_options *options) {
        if (!options->padding || strcmp(options->padding, "pss") != 0)
                return 1;
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, options->salt_length ? (int) options->salt_length : -1) > 0;
}

/* A copy that signet_free() frees. */
static unsigned char *keep(const unsigned char *data, size_t size) {
        unsigned char *copy = malloc(size);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        return copy;
}

int signet_sign(signet_key *key, const char *purpose, const unsigned char *data, size_t size,
                const signet_options *options, unsigned char **ret_signature, size_t *ret_size) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY *pkey = software[key->index].key;
        bool digest = strcmp(purpose, "digest") == 0, ed25519 = EVP_PKEY_is_a(pkey, "ED25519");
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *own = NULL;
        const char *hash = ed25519 ? NULL : options->hash ? options->hash : "sha256", *why;
        unsigned char signature[1024];
        size_t n = sizeof(signature);
        EVP_PKEY_CTX *ctx;
        int r, ok;

        r = begin("sign", purpose, size, options);
        if (r != 0)
                return r;
        if (size > 65536)
                return error_set(SIGNET_E_INVALID_INPUT, "too large");
        if (strcmp(purpose, "smime") == 0 &&
            purpose_check_smime(data, size, (Hash) hash_from_string(hash ? hash : "sha512"), time(NULL), &why) != 0)
                return error_set(SIGNET_E_INVALID_INPUT, "%s", why);

        if (digest && !ed25519) {
                own = EVP_PKEY_CTX_new_from_pkey(context, pkey, NULL);
                ok = EVP_PKEY_sign_init(own) > 0 && set_pss(own, options) > 0 &&
                     EVP_PKEY_CTX_set_signature_md(own, EVP_get_digestbyname(hash)) > 0 &&
                     EVP_PKEY_sign(own, signature, &n, data, size) > 0;
        } else
                ok = EVP_DigestSignInit_ex(md, &ctx, hash, context, NULL, pkey, NULL) > 0 &&
                     set_pss(ctx, options) > 0 && EVP_DigestSign(md, signature, &n, data, size) > 0;
        if (!ok)
                return error_set(SIGNET_E_INVALID_INPUT, "the key does not take this");

        *ret_signature = keep(signature, n);
        *ret_size = n;
        return 0;
}

int signet_decrypt(signet_key *key, const char *purpose, const unsigned char *ciphertext, size_t size,
                   const signet_options *options, unsigned char **ret_plaintext, size_t *ret_size) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;
        bool oaep = options->padding && strcmp(options->padding, "oaep") == 0;
        unsigned char plaintext[1024];
        size_t n = sizeof(plaintext);
        int r, ok;

        r = begin("decrypt", purpose, size, options);
        if (r != 0)
                return r;

        ctx = EVP_PKEY_CTX_new_from_pkey(context, software[key->index].key, NULL);
        ok = EVP_PKEY_decrypt_init(ctx) > 0;
        if (oaep)
                ok = ok && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
                     EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, options->hash, NULL) > 0 &&
                     EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, options->mgf_hash, NULL) > 0;
        if (oaep && options->label_size > 0)
                ok = ok && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(options->label, options->label_size),
                                                            (int) options->label_size) > 0;
        if (!ok || EVP_PKEY_decrypt(ctx, plaintext, &n, ciphertext, size) <= 0)
                return error_set(SIGNET_E_DECRYPTION_FAILED, "decryption failed");
        if (strcmp(purpose, "cms") == 0 && n != 16 && n != 24 && n != 32)
                return error_set(SIGNET_E_DECRYPTION_FAILED, "decryption failed");

        *ret_plaintext = keep(plaintext, n);
        *ret_size = n;
        return 0;
}

static EVP_PKEY *peer_key(EVP_PKEY *own, const unsigned char *peer, size_t size) {
        EVP_PKEY *pkey = EVP_PKEY_new();

        if (EVP_PKEY_is_a(own, "X25519")) {
                EVP_PKEY_free(pkey);
                return EVP_PKEY_new_raw_public_key_ex(context, "X25519", NULL, peer, size);
        }
        if (EVP_PKEY_copy_parameters(pkey, own) != 1 || EVP_PKEY_set1_encoded_public_key(pkey, peer, size) != 1) {
                EVP_PKEY_free(pkey);
                return NULL;
        }
        return pkey;
}

int signet_derive(signet_key *key, const char *purpose, const unsigned char *peer, size_t size,
                  const signet_options *options, unsigned char **ret_secret, size_t *ret_size) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *other = NULL;
        bool x963 = !options->kdf || strcmp(options->kdf, "x963") == 0;
        unsigned char secret[256];
        size_t n = sizeof(secret);
        const char *why;
        int r, ok;

        r = begin("decrypt", purpose, size, options);
        if (r != 0)
                return r;
        if (strcmp(purpose, "cms") == 0 &&
            (!x963 ||
             purpose_check_shared_info(options->shared_info, options->shared_info_size, options->key_length, &why)))
                return error_set(SIGNET_E_INVALID_INPUT, "no ECC-CMS-SharedInfo");

        other = peer_key(software[key->index].key, peer, size);
        ctx = EVP_PKEY_CTX_new_from_pkey(context, software[key->index].key, NULL);
        ok = other && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, other) > 0;
        if (x963)
                ok = ok && EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) > 0 &&
                     EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_get_digestbyname(options->hash)) > 0 &&
                     EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, (int) options->key_length) > 0;
        if (x963 && options->shared_info_size > 0)
                ok = ok && EVP_PKEY_CTX_set0_ecdh_kdf_ukm(
                                   ctx, OPENSSL_memdup(options->shared_info, options->shared_info_size),
                                   (int) options->shared_info_size) > 0;
        if (!ok || EVP_PKEY_derive(ctx, secret, &n) <= 0)
                return error_set(SIGNET_E_DECRYPTION_FAILED, "derivation failed");

        *ret_secret = keep(secret, n);
        *ret_size = n;
        return 0;
}

void signet_free(unsigned char *data, size_t size) {
        if (data)
                OPENSSL_cleanse(data, size);
        free(data);
}
