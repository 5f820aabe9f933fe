/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and tokens from memory. Fed by tests of the PKCS#11 module. */
#include "module-fake.h"

#include <string.h>
#include <time.h>

#include "common/key-id.h"
#include "make-certificate.h"

#define LIST_MAX 8
#define KEYS_MAX 2000

typedef struct Bytes {
        unsigned char *data;
        size_t size;
} Bytes;

struct signet_key {
        atomic_uint n_ref;
        KeyId id;
        const char *algorithm;
        char *label;
        unsigned bits;
        Bytes public_key, certificates[LIST_MAX], chain[LIST_MAX];
        size_t n_certificates, n_chain, n_uris, n_operations;
        char *uris[LIST_MAX];
        char *operations[LIST_MAX];
};

struct signet_token {
        atomic_uint n_ref;
        char *name, *label, *serial;
        bool may_unlock;
};

struct signet_client {
        atomic_uint n_ref;
};

struct signet_watch {
        char unused;
};

FakeSignetd fake_signetd;

static struct {
        signet_key *keys[KEYS_MAX];
        signet_token *tokens[LIST_MAX];
        size_t n_keys, n_tokens;
} shown;

static void *must(void *p) {
        if (!p)
                abort();
        return p;
}

static Bytes bytes(const void *data, size_t size) {
        Bytes b = { must(malloc(size + 1)), size };

        if (size > 0)
                memcpy(b.data, data, size);
        return b;
}

void fake_begin(void) {
        memset(&fake_signetd, 0, sizeof(fake_signetd));
        fake_signetd.service = 1;
}

void fake_stop(void) {
        fake_remove_keys();
        fake_remove_tokens();
        if (fake_signetd.keys_alive != 0 || fake_signetd.tokens_alive != 0 || fake_signetd.watches_alive != 0)
                abort();
}

signet_key *fake_add_key(const char *algorithm, const EVP_PKEY *pkey, const char *label) {
        signet_key *k = must(calloc(1, sizeof(*k)));
        size_t size;
        uint8_t *der = make_spki(pkey, &size);

        atomic_init(&k->n_ref, 1);
        if (key_id_from_spki(der, size, &k->id) < 0 || shown.n_keys == KEYS_MAX)
                abort();
        k->public_key = bytes(der, size);
        OPENSSL_free(der);
        k->algorithm = algorithm;
        k->label = must(strdup(label));
        k->bits = (unsigned) EVP_PKEY_get_bits(pkey);
        shown.keys[shown.n_keys++] = k;
        fake_signetd.keys_alive++;
        return k;
}

signet_token *fake_add_token(const char *name, const char *label, const char *serial, bool may_unlock) {
        signet_token *t = must(calloc(1, sizeof(*t)));

        if (shown.n_tokens == LIST_MAX)
                abort();
        *t = (signet_token){ 1, must(strdup(name)), must(strdup(label)), must(strdup(serial)), may_unlock };
        shown.tokens[shown.n_tokens++] = t;
        fake_signetd.tokens_alive++;
        return t;
}

void fake_remove_keys(void) {
        while (shown.n_keys > 0)
                signet_key_unref(shown.keys[--shown.n_keys]);
}

void fake_remove_tokens(void) {
        while (shown.n_tokens > 0)
                signet_token_unref(shown.tokens[--shown.n_tokens]);
}

void fake_uri(signet_key *key, const char *uri) {
        if (key->n_uris == LIST_MAX)
                abort();
        key->uris[key->n_uris++] = must(strdup(uri));
}

void fake_may(signet_key *key, const char *operation) {
        if (key->n_operations == LIST_MAX)
                abort();
        key->operations[key->n_operations++] = must(strdup(operation));
}

void fake_certificate(signet_key *key, const void *der, size_t size) {
        if (key->n_certificates == LIST_MAX)
                abort();
        key->certificates[key->n_certificates++] = bytes(der, size);
}

void fake_chain(signet_key *key, const void *der, size_t size) {
        if (key->n_chain == LIST_MAX)
                abort();
        key->chain[key->n_chain++] = bytes(der, size);
}

void fake_public_key(signet_key *key, const void *der, size_t size) {
        free(key->public_key.data);
        key->public_key = bytes(der, size);
}

/* --- signet.h: clients, keys, tokens ------------------------------------------------------------------------- */

int signet_client_new(const char *address _unused_, signet_client **ret_client) {
        *ret_client = must(calloc(1, sizeof(**ret_client)));
        atomic_init(&(*ret_client)->n_ref, 1);
        return 0;
}

signet_client *signet_client_ref(signet_client *client) {
        atomic_fetch_add(&client->n_ref, 1);
        return client;
}

void signet_client_unref(signet_client *client) {
        if (client && atomic_fetch_sub(&client->n_ref, 1) == 1)
                free(client);
}

void signet_client_set_timeout(signet_client *client _unused_, unsigned int milliseconds _unused_) {
}

signet_key *signet_key_ref(signet_key *key) {
        atomic_fetch_add(&key->n_ref, 1);
        return key;
}

void signet_key_unref(signet_key *key) {
        if (!key || atomic_fetch_sub(&key->n_ref, 1) != 1)
                return;
        for (size_t i = 0; i < LIST_MAX; i++) {
                free(key->certificates[i].data);
                free(key->chain[i].data);
                free(key->uris[i]);
                free(key->operations[i]);
        }
        free(key->public_key.data);
        free(key->label);
        free(key);
        fake_signetd.keys_alive--;
}

void signet_keys_free(signet_key **keys, size_t count) {
        for (size_t i = 0; i < count; i++)
                signet_key_unref(keys[i]);
        free(keys);
}

const char *signet_key_id(const signet_key *key) {
        return key->id.hex;
}

const char *signet_key_algorithm(const signet_key *key) {
        return key->algorithm;
}

const char *signet_key_label(const signet_key *key) {
        return key->label;
}

unsigned int signet_key_bits(const signet_key *key) {
        return key->bits;
}

const unsigned char *signet_key_public(const signet_key *key, size_t *ret_size) {
        *ret_size = key->public_key.size;
        return key->public_key.data;
}

size_t signet_key_certificate_count(const signet_key *key) {
        return key->n_certificates;
}

const unsigned char *signet_key_certificate(const signet_key *key, size_t index, size_t *ret_size) {
        if (index >= key->n_certificates)
                return NULL;
        *ret_size = key->certificates[index].size;
        return key->certificates[index].data;
}

size_t signet_key_chain_count(const signet_key *key) {
        return key->n_chain;
}

const unsigned char *signet_key_chain(const signet_key *key, size_t index, size_t *ret_size) {
        if (index >= key->n_chain)
                return NULL;
        *ret_size = key->chain[index].size;
        return key->chain[index].data;
}

const char *signet_key_uri(const signet_key *key, size_t index) {
        return index < key->n_uris ? key->uris[index] : NULL;
}

int signet_key_may(const signet_key *key, const char *operation) {
        for (size_t i = 0; i < key->n_operations; i++)
                if (strcmp(key->operations[i], operation) == 0)
                        return 1;
        return 0;
}

void signet_token_unref(signet_token *token) {
        if (!token || atomic_fetch_sub(&token->n_ref, 1) != 1)
                return;
        free(token->name);
        free(token->label);
        free(token->serial);
        free(token);
        fake_signetd.tokens_alive--;
}

void signet_tokens_free(signet_token **tokens, size_t count) {
        for (size_t i = 0; i < count; i++)
                signet_token_unref(tokens[i]);
        free(tokens);
}

const char *signet_token_name(const signet_token *token) {
        return token->name;
}

const char *signet_token_label(const signet_token *token) {
        return token->label;
}

const char *signet_token_serial(const signet_token *token) {
        return token->serial;
}

const char *signet_token_state(const signet_token *token _unused_) {
        return "ready";
}

int signet_token_may_unlock(const signet_token *token) {
        return token->may_unlock;
}

/* --- signet.h: all of it, and what changes ------------------------------------------------------------------- */

int signet_find_all(signet_client *client _unused_, signet_key ***ret_keys, size_t *ret_n_keys,
                    signet_token ***ret_tokens, size_t *ret_n_tokens) {
        struct timespec wait = { 0, (long) fake_signetd.delay_ms * 1000000L };

        fake_signetd.finds++;
        (void) nanosleep(&wait, NULL);
        if (fake_signetd.find_status != 0)
                return fake_signetd.find_status;
        *ret_keys = must(calloc(KEYS_MAX, sizeof(**ret_keys)));
        *ret_tokens = must(calloc(LIST_MAX, sizeof(**ret_tokens)));
        for (size_t i = 0; i < shown.n_keys; i++)
                (*ret_keys)[i] = signet_key_ref(shown.keys[i]);
        for (size_t i = 0; i < shown.n_tokens; i++) {
                (*ret_tokens)[i] = shown.tokens[i];
                atomic_fetch_add(&shown.tokens[i]->n_ref, 1);
        }
        *ret_n_keys = shown.n_keys;
        *ret_n_tokens = shown.n_tokens;
        return 0;
}

int signet_watch_new(signet_client *client _unused_, signet_watch **ret_watch) {
        fake_signetd.watches++;
        if (fake_signetd.watch_status != 0)
                return fake_signetd.watch_status;
        *ret_watch = must(calloc(1, sizeof(**ret_watch)));
        fake_signetd.watches_alive++;
        return 0;
}

void signet_watch_free(signet_watch *watch) {
        if (!watch)
                return;
        free(watch);
        fake_signetd.watches_alive--;
}

int signet_watch_changed(signet_watch *watch _unused_) {
        int r = fake_signetd.changed;

        if (r > 0)
                fake_signetd.changed = 0;
        return r;
}

int signet_watch_service(const signet_watch *watch _unused_) {
        return fake_signetd.service;
}
