/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which public half belongs to which private key: one sort, then a search for each key, however many there are. What a
 * token's objects claim about each other is believed: a wrong public half makes a key useless, and no more. */
#include "object-match.h"

#include "common/log.h"

/* What ties the halves of a pair together: CKA_ID and kind of key. Objects without a CKA_ID go by label. */
static int compare_tie(const Object *a, const Object *b) {
        int r = bytes_compare(&a->ckaid, &b->ckaid);

        if (r == 0)
                r = (int) a->type - (int) b->type;
        if (r == 0 && a->ckaid.size == 0)
                r = bytes_compare(&a->label, &b->label);
        return r;
}

/* Public halves in order: those with the same tie together, public keys before certificates, then by label. */
static int compare_half(const Object *a, const Object *b) {
        int r = compare_tie(a, b);

        if (r == 0)
                r = (int) a->kind - (int) b->kind;
        return r != 0 ? r : bytes_compare(&a->label, &b->label);
}

static int compare_halves(const void *pa, const void *pb) {
        return compare_half(*(const Object *const *) pa, *(const Object *const *) pb);
}

typedef struct Halves {
        Object **items; /* borrowed objects, sorted by compare_half() */
        size_t n;
} Halves;

static void halves_done(Halves *h) {
        free(h->items);
}

/* The first half that does not come before `key` in the order; NULL if none. */
static const Object *first_half(const Halves *h, const Object *key) {
        size_t low = 0, high = h->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_half(h->items[middle], key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < h->n ? h->items[low] : NULL;
}

/* The public half for a key: with the same label a public key or else a certificate, or else any with the same tie. */
static const Object *find_half(const Halves *h, const Object *key) {
        Object wanted = *key; /* borrows all it holds */
        const Object *half;

        for (wanted.kind = OBJECT_PUBLIC; wanted.kind <= OBJECT_CERTIFICATE; wanted.kind++) {
                half = first_half(h, &wanted);
                if (half && compare_half(half, &wanted) == 0)
                        return half;
        }
        wanted.kind = OBJECT_OTHER; /* before all others of its tie */
        half = first_half(h, &wanted);
        return half && compare_tie(half, key) == 0 ? half : NULL;
}

/* A key without a label, as NSS keeps them, takes that of its certificate: people know it by that. */
static int borrow_label(const Halves *h, Object *key) {
        Object wanted = { .type = key->type, .kind = OBJECT_CERTIFICATE, .ckaid = key->ckaid };
        const Object *half;

        if (key->kind == OBJECT_CERTIFICATE || key->label.size > 0 || key->ckaid.size == 0)
                return 0;
        half = first_half(h, &wanted);
        return half && compare_tie(half, key) == 0 ? bytes_copy(bytes_blob(&half->label), &key->label) : 0;
}

static int collect_halves(Object *objects, size_t n, Halves *ret) {
        ret->items = calloc(MAX(n, (size_t) 1), sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (objects[i].kind != OBJECT_PRIVATE && objects[i].spki.size > 0)
                        ret->items[ret->n++] = &objects[i];
        qsort(ret->items, ret->n, sizeof(*ret->items), compare_halves);
        return 0;
}

int object_match(const char *token, Object *objects, size_t n) {
        _cleanup_(halves_done) Halves halves = {};
        const Object *half;

        if (collect_halves(objects, n, &halves) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                Object *o = &objects[i];

                if (o->kind != OBJECT_PRIVATE || o->type == KEY_TYPE_UNKNOWN || o->spki.size > 0)
                        continue;
                half = find_half(&halves, o);
                if (half && bytes_copy(bytes_blob(&half->spki), &o->spki) < 0)
                        return -ENOMEM;
                if (!half) {
                        log_warning("token \"%s\": a private key (%s) has neither public key nor certificate with its "
                                    "CKA_ID and cannot be used; import one of them",
                                    token, key_type_to_string(o->type));
                        o->type = KEY_TYPE_UNKNOWN;
                }
        }

        /* Last, since labels are part of the order. */
        for (size_t i = 0; i < n; i++)
                if (borrow_label(&halves, &objects[i]) < 0)
                        return -ENOMEM;
        return 0;
}
