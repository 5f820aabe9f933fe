/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and their properties. Fed by signetd's answers; a mistake here hands a program the certificate or public key of
 * another key than the one it will sign with. */
#include <string.h>

#include "call.h"
#include "common/key-id.h"
#include "error.h"
#include "key.h"

#define KEY_PATH_PREFIX SIGNET_KEY_PATH "/"

static const WireField key_fields[] = {
        { "Id", WIRE_STRING, WIRE_REQUIRED, offsetof(KeyProperties, id) },
        { "Algorithm", WIRE_STRING, WIRE_REQUIRED, offsetof(KeyProperties, algorithm) },
        { "Bits", WIRE_U32, WIRE_REQUIRED, offsetof(KeyProperties, bits) },
        { "Label", WIRE_STRING, WIRE_REQUIRED, offsetof(KeyProperties, label) },
        { "PublicKey", WIRE_BYTES, WIRE_REQUIRED, offsetof(KeyProperties, public_key) },
        { "Certificates", WIRE_BYTES_LIST, WIRE_REQUIRED, offsetof(KeyProperties, certificates) },
        { "Chain", WIRE_BYTES_LIST, WIRE_REQUIRED, offsetof(KeyProperties, chain) },
        { "Addresses", WIRE_STRINGS, WIRE_REQUIRED, offsetof(KeyProperties, addresses) },
        { "Uris", WIRE_STRINGS, WIRE_REQUIRED, offsetof(KeyProperties, uris) },
        { "Operations", WIRE_STRINGS, WIRE_REQUIRED, offsetof(KeyProperties, operations) },
};

static bool id_is_valid(const char *id) {
        return strlen(id) == KEY_ID_LENGTH && strspn(id, "0123456789abcdef") == KEY_ID_LENGTH;
}

bool key_path_is_valid(const char *path) {
        size_t n = strlen(KEY_PATH_PREFIX);

        return strncmp(path, KEY_PATH_PREFIX, n) == 0 && id_is_valid(path + n);
}

static int properties_check(const KeyProperties *p, const char *path) {
        KeyId id;
        int r;

        if (!id_is_valid(p->id) || strcmp(p->id, path + strlen(KEY_PATH_PREFIX)) != 0)
                return wire_unexpected("Id", "the id in the key's path", p->id);
        r = key_id_from_spki(p->public_key.data, p->public_key.size, &id);
        if (r < 0)
                return error_no_memory();
        if (strcmp(p->id, id.hex) != 0)
                return wire_unexpected("PublicKey", "what the key's id is the digest of", p->id);
        return 0;
}

int key_new_from_message(signet_client *client, const char *path, sd_bus_message *m, signet_key **ret) {
        _cleanup_(signet_key_unrefp) signet_key *key = NULL;
        int r;

        key = calloc(1, sizeof(*key));
        if (!key)
                return error_no_memory();
        atomic_init(&key->n_ref, 1);
        key->client = signet_client_ref(client);
        key->path = strdup(path);
        if (!key->path)
                return error_no_memory();
        r = wire_read_dict(m, "a key", key_fields, ELEMENTSOF(key_fields), &key->properties);
        if (r != 0)
                return r;
        r = properties_check(&key->properties, path);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(key);
        return 0;
}

signet_key *signet_key_ref(signet_key *key) {
        if (key)
                atomic_fetch_add(&key->n_ref, 1);
        return key;
}

static void properties_done(KeyProperties *p) {
        free(p->id);
        free(p->algorithm);
        free(p->label);
        bytes_done(&p->public_key);
        bytes_list_done(&p->certificates);
        bytes_list_done(&p->chain);
        string_list_done(&p->addresses);
        string_list_done(&p->uris);
        string_list_done(&p->operations);
}

void signet_key_unref(signet_key *key) {
        if (!key || atomic_fetch_sub(&key->n_ref, 1) != 1)
                return;
        properties_done(&key->properties);
        free(key->path);
        signet_client_unref(key->client);
        free(key);
}

void signet_keys_free(signet_key **keys, size_t count) {
        for (size_t i = 0; keys && i < count; i++)
                signet_key_unref(keys[i]);
        free(keys);
}

static const unsigned char *list_bytes(const BytesList *l, size_t index, size_t *ret_size) {
        if (index >= l->n)
                return NULL;
        if (ret_size)
                *ret_size = l->items[index].size;
        return l->items[index].data;
}

static const char *list_string(const StringList *l, size_t index) {
        return index < l->n ? l->items[index] : NULL;
}

signet_client *signet_key_client(const signet_key *key) {
        return key->client;
}

const char *signet_key_id(const signet_key *key) {
        return key->properties.id;
}

const char *signet_key_algorithm(const signet_key *key) {
        return key->properties.algorithm;
}

const char *signet_key_label(const signet_key *key) {
        return key->properties.label;
}

unsigned int signet_key_bits(const signet_key *key) {
        return key->properties.bits;
}

const unsigned char *signet_key_public(const signet_key *key, size_t *ret_size) {
        if (ret_size)
                *ret_size = key->properties.public_key.size;
        return key->properties.public_key.data;
}

size_t signet_key_certificate_count(const signet_key *key) {
        return key->properties.certificates.n;
}

const unsigned char *signet_key_certificate(const signet_key *key, size_t index, size_t *ret_size) {
        return list_bytes(&key->properties.certificates, index, ret_size);
}

size_t signet_key_chain_count(const signet_key *key) {
        return key->properties.chain.n;
}

const unsigned char *signet_key_chain(const signet_key *key, size_t index, size_t *ret_size) {
        return list_bytes(&key->properties.chain, index, ret_size);
}

size_t signet_key_address_count(const signet_key *key) {
        return key->properties.addresses.n;
}

const char *signet_key_address(const signet_key *key, size_t index) {
        return list_string(&key->properties.addresses, index);
}

size_t signet_key_uri_count(const signet_key *key) {
        return key->properties.uris.n;
}

const char *signet_key_uri(const signet_key *key, size_t index) {
        return list_string(&key->properties.uris, index);
}

size_t signet_key_operation_count(const signet_key *key) {
        return key->properties.operations.n;
}

const char *signet_key_operation(const signet_key *key, size_t index) {
        return list_string(&key->properties.operations, index);
}

int signet_key_may(const signet_key *key, const char *operation) {
        for (size_t i = 0; operation && i < key->properties.operations.n; i++)
                if (strcmp(key->properties.operations.items[i], operation) == 0)
                        return 1;
        return 0;
}
