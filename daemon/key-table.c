/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merges inventories into keys. Fed by inventories; tokens may hold anything, also two certificates that name each
 * other as issuer. */
#include "key-table.h"

#include <string.h>

struct KeyTable {
        Key **keys; /* by id */
        size_t n_keys;
        Certificate **issuers; /* every certificate that may issue others */
        size_t n_issuers;
};

KeyTable *key_table_free(KeyTable *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_keys; i++)
                key_unref(t->keys[i]);
        for (size_t i = 0; i < t->n_issuers; i++)
                certificate_unref(t->issuers[i]);
        free(t->keys);
        free(t->issuers);
        free(t);
        return NULL;
}

static int compare_keys(const void *a, const void *b) {
        return strcmp((*(Key *const *) a)->id.hex, (*(Key *const *) b)->id.hex);
}

static int compare_id(const void *id, const void *key) {
        return strcmp(id, (*(Key *const *) key)->id.hex);
}

size_t key_table_size(const KeyTable *t) {
        return t->n_keys;
}

Key *key_table_get(const KeyTable *t, size_t index) {
        return t->keys[index];
}

Key *key_table_find(const KeyTable *t, const char *id) {
        Key **found = NULL;

        if (t->n_keys > 0)
                found = bsearch(id, t->keys, t->n_keys, sizeof(*t->keys), compare_id);
        return found ? *found : NULL;
}

/* An inventory holds each key once and sorted, so only the keys of earlier sources need to be searched. */
static int add_keys(KeyTable *t, const KeySource *source) {
        size_t before = t->n_keys;

        for (size_t i = 0; i < source->inventory->n_keys; i++) {
                const InventoryKey *k = &source->inventory->keys[i];
                Key **known = NULL;
                int r;

                if (before > 0)
                        known = bsearch(k->id.hex, t->keys, before, sizeof(*t->keys), compare_id);
                if (known)
                        r = key_add_instance(*known, source->token, source->inventory, k);
                else
                        r = key_new(source->token, source->inventory, k, &t->keys[t->n_keys]);
                if (r < 0)
                        return r;
                t->n_keys += !known;
        }
        if (t->n_keys > 0)
                qsort(t->keys, t->n_keys, sizeof(*t->keys), compare_keys);
        return 0;
}

static int add_certificates(KeyTable *t, const Inventory *inventory) {
        for (size_t i = 0; i < inventory->n_certificates; i++) {
                Certificate *c = inventory->certificates[i];
                Key *key = key_table_find(t, c->key.hex);
                int r;

                if (c->issues)
                        t->issuers[t->n_issuers++] = certificate_ref(c);
                if (!key)
                        continue;
                r = key_add_certificate(key, inventory, c);
                if (r < 0)
                        return r;
        }
        return 0;
}

int key_table_new(const KeySource *sources, size_t n, KeyTable **ret) {
        _cleanup_(key_table_freep) KeyTable *t = calloc(1, sizeof(*t));
        size_t keys = 0, certificates = 0;
        int r;

        for (size_t i = 0; i < n; i++)
                if (sources[i].inventory) {
                        keys += sources[i].inventory->n_keys;
                        certificates += sources[i].inventory->n_certificates;
                }
        if (!t)
                return -ENOMEM;
        t->keys = calloc(MAX(keys, 1U), sizeof(*t->keys));
        t->issuers = calloc(MAX(certificates, 1U), sizeof(*t->issuers));
        if (!t->keys || !t->issuers)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                r = sources[i].inventory ? add_keys(t, &sources[i]) : 0;
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < n; i++) {
                r = sources[i].inventory ? add_certificates(t, sources[i].inventory) : 0;
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(t);
        return 0;
}

static const Certificate *find_issuer(const KeyTable *t, const Certificate *c) {
        for (size_t i = 0; i < t->n_issuers; i++)
                if (certificate_issued(t->issuers[i], c))
                        return t->issuers[i];
        return NULL;
}

static bool among(const Certificate *c, const Certificate *const *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (list[i]->size == c->size && memcmp(list[i]->der, c->der, c->size) == 0)
                        return true;
        return false;
}

size_t key_table_chain(const KeyTable *t, const Certificate *c, const Certificate *ret[static KEY_CHAIN_MAX]) {
        const Certificate *leaf = c;
        size_t n = 0;

        while (n < KEY_CHAIN_MAX) {
                c = find_issuer(t, c);
                if (!c || among(c, &leaf, 1) || among(c, ret, n))
                        break;
                ret[n++] = c;
        }
        return n;
}
