/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key: its public half, the tokens that hold it and the certificates that go with it. Made by the KeyTable and not
 * changed afterwards; a request keeps a reference, so that a key outlives its table. */
#pragma once

#include "inventory.h"
#include "policy/policy.h"

typedef struct Token Token;

typedef struct KeyInstance {
        Token *token;         /* lives as long as the daemon */
        Inventory *inventory; /* referenced: owns what `key` points to */
        const InventoryKey *key;
        const char **addresses; /* of the certificates on the same token; borrowed from them */
        size_t n_addresses;
} KeyInstance;

typedef struct Key {
        unsigned n_ref;
        KeyId id;
        KeyType type;
        unsigned bits;
        uint8_t flags;       /* FRAME_KEY_*, of all instances together */
        const uint8_t *spki; /* borrowed from the first instance */
        size_t spki_size;
        const char *label;      /* likewise */
        KeyInstance *instances; /* at least one */
        size_t n_instances;
        PolicyInstance *policy_instances; /* the same for policy_evaluate(): strings borrowed from the inventories */
        Certificate **certificates;       /* in no order: see key_certificates() */
        size_t n_certificates;
        const char **addresses; /* of all certificates, each once; borrowed from them */
        size_t n_addresses;
} Key;

/* One key on one token, with a first instance. */
int key_new(Token *token, Inventory *inventory, const InventoryKey *i, Key **ret) _must_check_;
Key *key_ref(Key *k);
Key *key_unref(Key *k); /* accepts and returns NULL */
DEFINE_CLEANUP(Key *, key_unref)

/* While the table is being built. */
int key_add_instance(Key *k, Token *token, Inventory *inventory, const InventoryKey *i) _must_check_;
/* One that another token has, too, is taken once, but its addresses stand with both tokens' instances. */
int key_add_certificate(Key *k, const Inventory *inventory, Certificate *c) _must_check_;

/* Sorts the certificates, the one to use first in front; borrowed. */
Certificate *const *key_certificates(Key *k, int64_t now, size_t *ret_n);

/* The octets of an RSA modulus or of an EC coordinate. */
size_t key_octets(const Key *k);

/* Whether kind and attributes allow it at all; what the caller may do is for policy. */
bool key_can(const Key *k, Operation operation, Purpose purpose);

/* Whether anything that a D-Bus caller may see differs. */
bool key_equal(const Key *a, const Key *b);

/* RFC 7512 URI of an instance. Free it. */
int key_instance_uri(const KeyInstance *i, char **ret) _must_check_;
