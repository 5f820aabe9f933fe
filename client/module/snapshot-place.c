/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys on tokens. Fed with signetd's URIs; what it breaks pairs a key with another's certificate, or hides it. */
#include "snapshot-place.h"

#include <string.h>

#include "common/hex.h"
#include "common/key-id.h"
#include "key-uri.h"

void place_list_done(PlaceList *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].id);
                free(l->items[i].label);
        }
        free(l->items);
}

static CK_RV add_place(PlaceList *l, size_t token, signet_key *key, const KeyUri *uri) {
        const char *label = uri->object.given ? (const char *) uri->object.bytes : signet_key_label(key);
        Place *p;

        if (l->n == l->room) {
                size_t room = l->room > 0 ? 2 * l->room : 16;
                Place *larger = reallocarray(l->items, room, sizeof(*larger));

                if (!larger)
                        return CKR_HOST_MEMORY;
                l->items = larger;
                l->room = room;
        }
        p = &l->items[l->n];
        *p = (Place){ .token = token, .key = key, .id_size = uri->id.given ? uri->id.size : 0 };
        p->label = strdup(label);
        p->id = malloc(MAX(p->id_size, (size_t) KEY_ID_LENGTH / 2));
        l->n++; /* place_list_done() frees what there is of it */
        if (!p->label || !p->id)
                return CKR_HOST_MEMORY;
        memcpy(p->id, uri->id.bytes, p->id_size);
        return CKR_OK;
}

/* Whether one of the list's last places, from `begin` on, is on this token. */
static bool has_token(const PlaceList *l, size_t begin, size_t token) {
        for (size_t i = begin; i < l->n; i++)
                if (l->items[i].token == token)
                        return true;
        return false;
}

static CK_RV place_key(PlaceList *l, signet_key *key, signet_token *const *tokens, size_t n_tokens) {
        size_t begin = l->n;
        const char *text;
        KeyUri uri;
        CK_RV rv;

        for (size_t u = 0; (text = signet_key_uri(key, u)); u++) {
                if (!key_uri_parse(text, &uri))
                        continue;
                for (size_t t = 0; t < n_tokens; t++) {
                        if (has_token(l, begin, t) ||
                            !key_uri_is_of_token(&uri, signet_token_label(tokens[t]), signet_token_serial(tokens[t])))
                                continue;
                        rv = add_place(l, t, key, &uri);
                        if (rv != CKR_OK)
                                return rv;
                }
        }
        return CKR_OK;
}

static int compare_ids(const void *a, const void *b) {
        const Place *x = a, *y = b;
        int c;

        if (x->token != y->token)
                return x->token < y->token ? -1 : 1;
        if (x->id_size != y->id_size)
                return x->id_size < y->id_size ? -1 : 1;
        c = memcmp(x->id, y->id, x->id_size);
        return c != 0 ? c : strcmp(signet_key_id(x->key), signet_key_id(y->key));
}

/* By label, so that lists read well; handles go up in this order, and hosts that take the first key take the same. */
static int compare_labels(const void *a, const void *b) {
        const Place *x = a, *y = b;
        int c;

        if (x->token != y->token)
                return x->token < y->token ? -1 : 1;
        c = strcmp(x->label, y->label);
        return c != 0 ? c : strcmp(signet_key_id(x->key), signet_key_id(y->key));
}

static bool same_id(const Place *x, const Place *y) {
        return x->token == y->token && x->id_size == y->id_size && memcmp(x->id, y->id, x->id_size) == 0;
}

/* A token's own CKA_ID stays where it tells its keys apart; all keys that share one get their digests instead. */
static void settle_ids(PlaceList *l) {
        size_t next;

        if (l->n == 0)
                return;
        qsort(l->items, l->n, sizeof(*l->items), compare_ids);
        for (size_t i = 0; i < l->n; i = next) {
                for (next = i + 1; next < l->n && same_id(&l->items[i], &l->items[next]);)
                        next++;
                if (next == i + 1 && l->items[i].id_size > 0)
                        continue;
                for (size_t k = i; k < next; k++)
                        if (hex_decode(signet_key_id(l->items[k].key), KEY_ID_LENGTH, l->items[k].id) == 0)
                                l->items[k].id_size = KEY_ID_LENGTH / 2;
        }
        qsort(l->items, l->n, sizeof(*l->items), compare_labels);
}

CK_RV place_list_fill(PlaceList *l, signet_key *const *keys, size_t n_keys, signet_token *const *tokens,
                      size_t n_tokens) {
        for (size_t i = 0; i < n_keys; i++) {
                CK_RV rv = place_key(l, keys[i], tokens, n_tokens);

                if (rv != CKR_OK)
                        return rv;
        }
        settle_ids(l);
        return CKR_OK;
}
