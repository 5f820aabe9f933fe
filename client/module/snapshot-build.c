/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots and objects. Fed with all that signetd shows the caller; a mistake here pairs a key with another's certificate
 * or hides it. */
#include "snapshot-build.h"

#include <string.h>

#include "common/buffer.h"
#include "names.h"
#include "snapshot-place.h"

enum { CATEGORY_USER = 1, CATEGORY_AUTHORITY = 2 };

typedef struct Build {
        Names *names;
        OSSL_LIB_CTX *crypto;
        Snapshot *snapshot; /* its slots are the tokens', in the same order, until keep_slots() */
} Build;

static void build_done(Build *b) {
        snapshot_unref(b->snapshot);
}

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

static ObjectPlace object_place(const Build *b, const Place *p) {
        return (ObjectPlace){ .names = b->names,
                              .crypto = b->crypto,
                              .slot = b->snapshot->slots[p->token].id,
                              .id = p->id,
                              .id_size = p->id_size,
                              .label = p->label };
}

static CK_RV add_key(const Build *b, const Place *p, Objects *l) {
        ObjectPlace place = object_place(b, p);
        Object *o = NULL;
        CK_RV rv;

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
static CK_RV add_authorities(const Build *b, const Place *places, size_t n_places, Objects *l) {
        _cleanup_free_ Blob *chain = NULL;
        ObjectPlace place = object_place(b, places);
        size_t n, own = l->n;
        CK_RV rv;

        rv = list_chains(places, n_places, &chain, &n);
        for (size_t i = 0; rv == CKR_OK && i < n; i++) {
                Object *o = NULL;

                if (i > 0 && compare_blobs(&chain[i - 1], &chain[i]) == 0)
                        continue;
                rv = object_new_certificate(&place, chain[i].data, chain[i].size, CATEGORY_AUTHORITY, &o);
                if (rv == CKR_OK && own > 0 && bsearch(&o, l->items, own, sizeof(*l->items), compare_handles))
                        object_unref(o);
                else
                        rv = keep(l, rv, o);
        }
        sort_objects(l);
        return rv;
}

/* The objects of the places of one slot. */
static CK_RV fill_slot(const Build *b, const Place *places, size_t n, SnapshotSlot *slot) {
        _cleanup_(objects_done) Objects l = { 0 };
        CK_RV rv = CKR_OK;

        for (size_t i = 0; rv == CKR_OK && i < n; i++)
                rv = add_key(b, &places[i], &l);
        if (rv != CKR_OK)
                return rv;
        sort_objects(&l);
        rv = add_authorities(b, places, n, &l);
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

/* A slot for each token; those that are not for this caller go again in keep_slots(). */
static CK_RV number_slots(Build *b, signet_token *const *tokens, size_t n) {
        CK_RV rv;

        b->snapshot = calloc(1, sizeof(*b->snapshot));
        if (!b->snapshot)
                return CKR_HOST_MEMORY;
        atomic_init(&b->snapshot->n_ref, 1);
        b->snapshot->slots = calloc(MAX(n, 1U), sizeof(*b->snapshot->slots));
        if (!b->snapshot->slots)
                return CKR_HOST_MEMORY;
        b->snapshot->n_slots = n;
        for (size_t i = 0; i < n; i++) {
                rv = names_slot(b->names, signet_token_name(tokens[i]), &b->snapshot->slots[i].id);
                if (rv != CKR_OK)
                        return rv;
        }
        return CKR_OK;
}

static void keep_slots(Build *b, signet_token **tokens, size_t n_tokens) {
        SnapshotSlot *slots = b->snapshot->slots;
        size_t n = 0;

        for (size_t i = 0; i < n_tokens; i++) {
                if (slots[i].n_objects == 0 && !signet_token_may_unlock(tokens[i]))
                        continue;
                slots[i].token = TAKE_PTR(tokens[i]);
                slots[n++] = slots[i];
        }
        b->snapshot->n_slots = n;
        qsort(slots, n, sizeof(*slots), compare_slots);
}

CK_RV snapshot_build(Names *names, OSSL_LIB_CTX *crypto, signet_key *const *keys, size_t n_keys, signet_token **tokens,
                     size_t n_tokens, Snapshot **ret) {
        _cleanup_(build_done) Build b = { .names = names, .crypto = crypto };
        _cleanup_(place_list_done) PlaceList places = { 0 };
        size_t next;
        CK_RV rv;

        rv = number_slots(&b, tokens, n_tokens);
        if (rv == CKR_OK)
                rv = place_list_fill(&places, keys, n_keys, tokens, n_tokens);
        if (rv != CKR_OK)
                return rv;
        for (size_t i = 0; i < places.n; i = next) {
                for (next = i + 1; next < places.n && places.items[next].token == places.items[i].token;)
                        next++;
                rv = fill_slot(&b, &places.items[i], next - i, &b.snapshot->slots[places.items[i].token]);
                if (rv != CKR_OK)
                        return rv;
        }
        keep_slots(&b, tokens, n_tokens);
        *ret = TAKE_PTR(b.snapshot);
        return CKR_OK;
}
