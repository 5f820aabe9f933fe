/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which key is on which token, and by what CKA_ID and label hosts know it there. */
#pragma once

#include "module.h"

typedef struct Place {
        size_t token; /* index */
        signet_key *key;
        unsigned char *id; /* CKA_ID */
        size_t id_size;
        char *label;
} Place;

typedef struct PlaceList {
        Place *items; /* token by token, in the order of their labels */
        size_t n, room;
} PlaceList;

/* The places of keys on these tokens, both of which have to live as long as the list. CKR_HOST_MEMORY; then, too, the
 * list has to be freed. */
CK_RV place_list_fill(PlaceList *l, signet_key *const *keys, size_t n_keys, signet_token *const *tokens,
                      size_t n_tokens) _must_check_;
void place_list_done(PlaceList *l);
