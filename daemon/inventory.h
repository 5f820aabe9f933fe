/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker says is on its token, checked: the names of the token, its keys and its certificates. */
#pragma once

#include "certificate.h"
#include "common/frame.h"
#include "common/key-id.h"

#define INVENTORY_BYTES_MAX (64U * 1024 * 1024) /* of DER, labels and ids of one token */

typedef struct InventoryKey {
        KeyId id;
        KeyType type;
        unsigned bits;
        uint8_t flags; /* FRAME_KEY_* */
        uint8_t *spki; /* OPENSSL_free() */
        size_t spki_size;
        char *label; /* CKA_LABEL; "" when that is not UTF-8 text */
        uint8_t *ckaid;
        size_t ckaid_size;
        uint32_t handle; /* of the worker that told */
} InventoryKey;

typedef struct Inventory {
        unsigned n_ref;
        WorkerCode code;
        char *label, *serial, *model, *manufacturer, *message; /* never NULL */
        InventoryKey *keys;                                    /* by id once inventory_finish() has run */
        size_t n_keys;
        Certificate **certificates;
        size_t n_certificates;
        size_t n_told_keys, n_told_certificates; /* frames received, those left out included */
        size_t n_unknown;                        /* keys of a kind that has no SubjectPublicKeyInfo */
        size_t n_malformed;
        size_t bytes;
} Inventory;

/* Starts an inventory from the worker's HELLO. Returns 0, -EBADMSG (text that is none), -ENOMEM. */
int inventory_new(const FrameHello *hello, Inventory **ret) _must_check_;
Inventory *inventory_ref(Inventory *i);
Inventory *inventory_unref(Inventory *i); /* accepts and returns NULL */
DEFINE_CLEANUP(Inventory *, inventory_unref)

/* Adds one object. One that cannot be read is counted and left out; -EMSGSIZE past the bounds, -ENOMEM. */
int inventory_add_key(Inventory *i, const FrameKey *frame) _must_check_;
int inventory_add_certificate(Inventory *i, const FrameCert *frame) _must_check_;

/* Sorts the keys and merges those that the token holds twice. -EBADMSG when the worker miscounted. */
int inventory_finish(Inventory *i, uint32_t told_keys, uint32_t told_certificates) _must_check_;

/* The key of that id, borrowed, or NULL. After inventory_finish(). */
const InventoryKey *inventory_find(const Inventory *i, const char *id);
