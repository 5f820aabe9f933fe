/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots and objects. Fed with all that signetd shows the caller; a mistake here pairs a key with another's certificate
 * or hides it. */
#include "snapshot-build.h"

#include <string.h>

#include "common/buffer.h"
#include "names.h"
#include "snapshot-place.h"

enum { CATEGORY_USER = 1, CATEGORY_AUTHORITY = 2 };

/* --- objects of a slot --- */

typedef struct Objects {
        Object **items;
        size_t n, room;
} Objects;

static void objects_done(Objects *l) {
        for (size_t i = 0; i < l->n; i++)
                object_unref(l->items[i]);
        free(l->items);
}

/* Keeps what a builder made; what could not be read is left out. */
static CK_RV keep(Objects *l, CK_RV rv, Object *o) {
        if (rv == CKR_GENERAL_ERROR)
                return CKR_OK;
        if (rv != CKR_OK)
                return rv;
        if (l->n == l->room) {
                size_t room = l->room > 0 ? 2 * l->room : 16;
                Object **larger = reallocarray(l->items, room, sizeof(Object *));

                if (!larger) {
                        object_unref(o);
                        return CKR_HOST_MEMORY;
                }
                l->items = larger;
                l->room = room;
        }
        l->items[l->n++] = o;
        return CKR_OK;
}

/* `where`: the slot, without id and label, in this and the next functions. */
static CK_RV add_key(const ObjectPlace *where, const Place *p, Objects *l) {
        ObjectPlace place = *where;
        Object *o = NULL;
        CK_RV rv;

        place.id = p->id;
        place.id_size = p->id_size;
        place.label = p->label;
        rv = object_new_private(&place, p->key, &o);
        rv = keep(l, rv, o);
        if (rv != CKR_OK)
                return rv;
        rv = object_new_public(&place, p->key, &o);
        rv = keep(l, rv, o);
        for (size_t i = 0; rv == CKR_OK && i < signet_key_certificate_count(p->key); i++) {
                size_t size;
                const unsigned char *der = signet_key_certificate(p->key, i, &size);

                rv = object_new_certificate(&place, der, size, CATEGORY_USER, &o);
                rv = keep(l, rv, o);
        }
        return rv;
}

static int compare_handles(const void *a, const void *b) {
        CK_OBJECT_HANDLE x = (*(Object *const *) a)->handle, y = (*(Object *const *) b)->handle;

        return (x > y) - (x < y);
}

/* By handle, each once. */
static void sort_objects(Objects *l) {
        size_t n = 0;

        if (l->n == 0)
                return;
        qsort(l->items, l->n, sizeof(*l->items), compare_handles);
        for (size_t i = 0; i < l->n; i++) {
                if (n > 0 && l->items[n - 1]->handle == l->items[i]->handle)
                        object_unref(l->items[i]);
                else
                        l->items[n++] = l->items[i];
        }
        l->n = n;
}

static int compare_blobs(const void *a, const void *b) {
        const Blob *x = a, *y = b;

        if (x->size != y->size)
                return x->size < y->size ? -1 : 1;
        return memcmp(x->data, y->data, x->size);
}

/* The issuers' certificates of these places: many keys have the same, so that they are told apart before objects are
 * made of them. */
static CK_RV list_chains(const Place *places, size_t n_places, Blob **ret, size_t *ret_n) {
        size_t n = 0, room = 0;
        Blob *chain;

        for (size_t i = 0; i < n_places; i++)
                room += signet_key_chain_count(places[i].key);
        chain = calloc(MAX(room, 1U), sizeof(*chain));
        if (!chain)
                return CKR_HOST_MEMORY;
        for (size_t i = 0; i < n_places; i++)
                for (size_t k = 0; k < signet_key_chain_count(places[i].key); k++, n++)
                        chain[n].data = signet_key_chain(places[i].key, k, &chain[n].size);
        qsort(chain, n, sizeof(*chain), compare_blobs);
        *ret = chain;
        *ret_n = n;
        return CKR_OK;
}

/* Adds those that are not among the users' own, which `l` holds, sorted. */
static CK_RV add_authorities(const ObjectPlace *where, const Place *places, size_t n_places, Objects *l) {
        _cleanup_free_ Blob *chain = NULL;
        size_t n, own = l->n;
        CK_RV rv;

        rv = list_chains(places, n_places, &chain, &n);
        for (size_t i = 0; rv == CKR_OK && i < n; i++) {
                Object *o = NULL;

                if (i > 0 && compare_blobs(&chain[i - 1], &chain[i]) == 0)
                        continue;
                rv = object_new_certificate(where, chain[i].data, chain[i].size, CATEGORY_AUTHORITY, &o);
                if (rv == CKR_OK && own > 0 && bsearch(&o, l->items, own, sizeof(*l->items), compare_handles))
                        object_unref(o);
                else
                        rv = keep(l, rv, o);
        }
        sort_objects(l);
        return rv;
}

static CK_RV fill_slot(const ObjectPlace *where, const Place *places, size_t n, SnapshotSlot *slot) {
        _cleanup_(objects_done) Objects l = { 0 };
        CK_RV rv = CKR_OK;

        for (size_t i = 0; rv == CKR_OK && i < n; i++)
                rv = add_key(where, &places[i], &l);
        if (rv != CKR_OK)
                return rv;
        sort_objects(&l);
        rv = add_authorities(where, places, n, &l);
        if (rv != CKR_OK)
                return rv;
        slot->objects = TAKE_PTR(l.items);
        slot->n_objects = l.n;
        l.n = 0;
        return CKR_OK;
}

/* --- slots --- */

static int compare_slots(const void *a, const void *b) {
        const SnapshotSlot *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

static CK_RV snapshot_new(size_t n_slots, Snapshot **ret) {
        _cleanup_(snapshot_unrefp) Snapshot *s = calloc(1, sizeof(*s));

        if (!s)
                return CKR_HOST_MEMORY;
        atomic_init(&s->n_ref, 1);
        s->slots = calloc(MAX(n_slots, 1U), sizeof(*s->slots));
        if (!s->slots)
                return CKR_HOST_MEMORY;
        *ret = TAKE_PTR(s);
        return CKR_OK;
}

static CK_RV add_slot(Snapshot *s, ObjectPlace where, const Place *places, size_t n, signet_token **token) {
        SnapshotSlot *slot = &s->slots[s->n_slots];
        CK_RV rv;

        rv = names_slot(where.names, signet_token_name(*token), &slot->id);
        if (rv != CKR_OK)
                return rv;
        where.slot = slot->id;
        rv = fill_slot(&where, places, n, slot);
        if (rv != CKR_OK)
                return rv;
        slot->token = TAKE_PTR(*token);
        s->n_slots++;
        return CKR_OK;
}

CK_RV snapshot_build(Names *names, OSSL_LIB_CTX *crypto, signet_key *const *keys, size_t n_keys, signet_token **tokens,
                     size_t n_tokens, Snapshot **ret) {
        _cleanup_(place_list_done) PlaceList places = { 0 };
        _cleanup_(snapshot_unrefp) Snapshot *s = NULL;
        ObjectPlace where = { .names = names, .crypto = crypto };
        size_t first = 0, next;
        CK_RV rv;

        rv = place_list_fill(&places, keys, n_keys, tokens, n_tokens);
        if (rv == CKR_OK)
                rv = snapshot_new(n_tokens, &s);
        for (size_t i = 0; rv == CKR_OK && i < n_tokens; i++, first = next) {
                for (next = first; next < places.n && places.items[next].token == i;)
                        next++;
                /* Others get no number: a slot that was numbered is there for good, if empty. */
                if (next > first || signet_token_may_unlock(tokens[i]))
                        rv = add_slot(s, where, next > first ? &places.items[first] : NULL, next - first, &tokens[i]);
        }
        if (rv != CKR_OK)
                return rv;
        if (s->n_slots > 0)
                qsort(s->slots, s->n_slots, sizeof(*s->slots), compare_slots);
        *ret = TAKE_PTR(s);
        return CKR_OK;
}
