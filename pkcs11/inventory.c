/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding objects, and which of them are keys. A token may hold tens of thousands: everything here is one pass or a
 * sort. A module that lies can only make a key useless: what a key signs is checked against its
 * public half by whoever verifies. */
#include "inventory.h"

#include <string.h>

#include <openssl/x509.h>

#include "common/log.h"
#include "object-match.h"

#define FIND_STEP   1024
#define OBJECTS_MAX (4 * FRAME_OBJECTS_MAX)

typedef struct Objects {
        Object *items;
        size_t n, room;
} Objects;

static void objects_done(Objects *o) {
        for (size_t i = 0; i < o->n; i++)
                object_done(&o->items[i]);
        free(o->items);
}

Inventory *inventory_free(Inventory *inv) {
        if (!inv)
                return NULL;
        for (size_t i = 0; i < inv->n_keys; i++) {
                object_done(&inv->keys[i].object);
                EVP_PKEY_free(inv->keys[i].public);
                secret_free(inv->keys[i].rejection);
        }
        for (size_t i = 0; i < inv->n_certificates; i++)
                object_done(&inv->certificates[i]);
        free(inv->keys);
        free(inv->certificates);
        free(inv);
        return NULL;
}

/* --- reading --- */

/* The handles of all objects, in memory of their own. */
static CK_RV find_handles(Token *t, CK_OBJECT_HANDLE **ret, size_t *ret_n) {
        CK_OBJECT_HANDLE *handles = NULL;
        size_t n = 0;
        CK_ULONG k = 0;
        CK_RV rv;

        rv = t->p11->C_FindObjectsInit(t->session, NULL, 0);
        if (rv != CKR_OK)
                return rv;
        do {
                CK_OBJECT_HANDLE *p = reallocarray(handles, n + FIND_STEP, sizeof(*handles));

                if (!p) {
                        rv = CKR_HOST_MEMORY;
                        break;
                }
                handles = p;
                rv = t->p11->C_FindObjects(t->session, handles + n, FIND_STEP, &k);
                if (rv == CKR_OK)
                        n += MIN(k, (CK_ULONG) FIND_STEP);
        } while (rv == CKR_OK && k > 0 && n < OBJECTS_MAX);
        (void) t->p11->C_FindObjectsFinal(t->session);

        if (rv != CKR_OK) {
                free(handles);
                return rv;
        }
        *ret = handles;
        *ret_n = n;
        return CKR_OK;
}

static CK_RV read_objects(Token *t, const CK_OBJECT_HANDLE *handles, size_t n, Objects *objects) {
        _cleanup_(attribute_room_done) AttributeRoom room = {};
        CK_RV rv;

        objects->items = calloc(MAX(n, (size_t) 1), sizeof(*objects->items));
        if (!objects->items)
                return CKR_HOST_MEMORY;
        for (size_t i = 0; i < n; i++) {
                Object *o = &objects->items[objects->n];

                rv = object_read(t, handles[i], &room, o);
                if (rv == CKR_OBJECT_HANDLE_INVALID) /* deleted by another program since we found it */
                        continue;
                if (rv != CKR_OK)
                        return rv;
                if (o->kind == OBJECT_OTHER)
                        object_done(o);
                else
                        objects->n++;
        }
        return CKR_OK;
}

/* --- choosing --- */

/* Same public key together, private objects first, then public ones. */
static int compare_spki(const void *pa, const void *pb) {
        const Object *a = *(const Object *const *) pa, *b = *(const Object *const *) pb;
        int r = bytes_compare(&a->spki, &b->spki);

        return r != 0 ? r : (int) a->kind - (int) b->kind;
}

/* A certificate's key may be ours: a smart card often shows no more while it is locked. A CA's is not. */
static bool may_stand_for_key(const Token *t, const Object *o) {
        if (o->kind == OBJECT_PRIVATE)
                return true;
        if (t->logged_in)
                return false;
        return o->kind == OBJECT_PUBLIC || (!o->ca && o->spki.size > 0 && o->ckaid.size > 0);
}

/* Copies what becomes a key; private objects and certificates give away what they hold. */
static int take_key(Object *from, Key *ret) {
        Key k = {};

        if (from->kind == OBJECT_PRIVATE) {
                k.object = *from;
                *from = (Object){};
        } else {
                k.object.kind = from->kind;
                k.object.handle = CK_INVALID_HANDLE;
                k.object.type = from->type;
                k.object.flags = from->flags;
                if (bytes_copy(bytes_blob(&from->spki), &k.object.spki) < 0 ||
                    bytes_copy(bytes_blob(&from->label), &k.object.label) < 0 ||
                    bytes_copy(bytes_blob(&from->ckaid), &k.object.ckaid) < 0) {
                        object_done(&k.object);
                        return -ENOMEM;
                }
        }
        *ret = k;
        return 0;
}

static int choose_keys(const Token *t, Objects *objects, Inventory *inv) {
        _cleanup_free_ Object **list = calloc(MAX(objects->n, (size_t) 1), sizeof(*list));
        size_t n = 0;

        inv->keys = calloc(MAX(objects->n, (size_t) 1), sizeof(*inv->keys));
        if (!list || !inv->keys)
                return -ENOMEM;
        for (size_t i = 0; i < objects->n; i++)
                if (may_stand_for_key(t, &objects->items[i]))
                        list[n++] = &objects->items[i];
        qsort(list, n, sizeof(*list), compare_spki);

        for (size_t i = 0; i < n; i++) {
                const Object *before = inv->n_keys > 0 ? &inv->keys[inv->n_keys - 1].object : NULL;
                bool known = before && before->spki.size > 0 && bytes_compare(&before->spki, &list[i]->spki) == 0;

                if (known && list[i]->kind != OBJECT_PRIVATE)
                        continue;
                if (take_key(list[i], &inv->keys[inv->n_keys]) < 0)
                        return -ENOMEM;
                inv->n_keys++;
        }
        return 0;
}

static int choose_certificates(Objects *objects, Inventory *inv) {
        inv->certificates = calloc(MAX(objects->n, (size_t) 1), sizeof(*inv->certificates));
        if (!inv->certificates)
                return -ENOMEM;
        for (size_t i = 0; i < objects->n; i++) {
                Object *o = &objects->items[i];

                if (o->kind != OBJECT_CERTIFICATE)
                        continue;
                inv->certificates[inv->n_certificates++] = *o;
                *o = (Object){};
        }
        return 0;
}

/* Drops what would not fit the protocol's limit on objects: certificates first. */
static void limit(const Token *t, Inventory *inv) {
        if (inv->n_keys + inv->n_certificates <= FRAME_OBJECTS_MAX)
                return;
        log_warning("token \"%s\": more than %d keys and certificates; the rest is left out", t->name,
                    FRAME_OBJECTS_MAX);
        while (inv->n_certificates > 0 && inv->n_keys + inv->n_certificates > FRAME_OBJECTS_MAX)
                object_done(&inv->certificates[--inv->n_certificates]);
        while (inv->n_keys > FRAME_OBJECTS_MAX)
                object_done(&inv->keys[--inv->n_keys].object);
}

int inventory_read(Token *t, Reason *reason, Inventory **ret) {
        _cleanup_(inventory_freep) Inventory *inv = calloc(1, sizeof(*inv));
        _cleanup_(objects_done) Objects objects = {};
        _cleanup_free_ CK_OBJECT_HANDLE *handles = NULL;
        size_t n = 0;
        CK_RV rv;

        if (!inv)
                return -ENOMEM;
        rv = find_handles(t, &handles, &n);
        if (rv == CKR_OK)
                rv = read_objects(t, handles, n, &objects);
        if (rv != CKR_OK) {
                (void) reason_from_rv(reason, t->name, "reading the token's objects", rv);
                reason->code = WORKER_MODULE_FAILED;
                return WORKER_MODULE_FAILED;
        }
        if (object_match(t->name, objects.items, objects.n) < 0 || choose_keys(t, &objects, inv) < 0 ||
            choose_certificates(&objects, inv) < 0)
                return -ENOMEM;
        limit(t, inv);

        *ret = TAKE_PTR(inv);
        return 0;
}

int key_public(Key *key, EVP_PKEY **ret) {
        const uint8_t *p = key->object.spki.data;

        if (!p)
                return -EINVAL;
        if (!key->public)
                key->public = d2i_PUBKEY(NULL, &p, (long) key->object.spki.size);
        if (!key->public)
                return -ENOMEM;
        *ret = key->public;
        return 0;
}
