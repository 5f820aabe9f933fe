/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for slots and objects. Fed by each new snapshot; a number given twice would let a host use one key and mean
 * another. */
#include "names.h"

#include <search.h>
#include <string.h>

typedef struct ObjectName {
        unsigned char identity[32];
        CK_OBJECT_HANDLE handle;
} ObjectName;

struct Names {
        pthread_mutex_t lock;
        char **slots; /* names of tokens; the index is the slot */
        size_t n_slots;
        void *objects; /* a tree of ObjectName, for tsearch() */
        CK_OBJECT_HANDLE last_object;
        atomic_ulong next_session_object;
};

Names *names_new(void) {
        Names *n = calloc(1, sizeof(*n));

        if (!n)
                return NULL;
        (void) pthread_mutex_init(&n->lock, NULL);
        atomic_init(&n->next_session_object, NAMES_SESSION_OBJECT);
        return n;
}

Names *names_free(Names *n) {
        if (!n)
                return NULL;
        for (size_t i = 0; i < n->n_slots; i++)
                free(n->slots[i]);
        free(n->slots);
        tdestroy(n->objects, free);
        (void) pthread_mutex_destroy(&n->lock);
        free(n);
        return NULL;
}

static CK_RV slot_number(Names *n, const char *token, CK_SLOT_ID *ret) {
        char **larger;

        for (size_t i = 0; i < n->n_slots; i++)
                if (strcmp(n->slots[i], token) == 0) {
                        *ret = i;
                        return CKR_OK;
                }

        larger = reallocarray(n->slots, n->n_slots + 1, sizeof(*larger));
        if (!larger)
                return CKR_HOST_MEMORY;
        n->slots = larger;
        n->slots[n->n_slots] = strdup(token);
        if (!n->slots[n->n_slots])
                return CKR_HOST_MEMORY;
        *ret = n->n_slots++;
        return CKR_OK;
}

CK_RV names_slot(Names *n, const char *token, CK_SLOT_ID *ret) {
        CK_RV rv;

        pthread_mutex_lock(&n->lock);
        rv = slot_number(n, token, ret);
        pthread_mutex_unlock(&n->lock);
        return rv;
}

CK_ULONG names_slot_count(Names *n) {
        CK_ULONG count;

        pthread_mutex_lock(&n->lock);
        count = n->n_slots;
        pthread_mutex_unlock(&n->lock);
        return count;
}

static int compare(const void *a, const void *b) {
        const ObjectName *x = a, *y = b;

        return memcmp(x->identity, y->identity, sizeof(x->identity));
}

static CK_RV object_number(Names *n, const unsigned char identity[static 32], CK_OBJECT_HANDLE *ret) {
        ObjectName *fresh, **found;

        fresh = malloc(sizeof(*fresh));
        if (!fresh)
                return CKR_HOST_MEMORY;
        memcpy(fresh->identity, identity, sizeof(fresh->identity));
        found = tsearch(fresh, &n->objects, compare);
        if (!found || *found != fresh)
                free(fresh);
        else if (n->last_object + 1 >= NAMES_SESSION_OBJECT) { /* as many have come and gone as there are numbers */
                (void) tdelete(fresh, &n->objects, compare);
                free(fresh);
                found = NULL;
        } else
                fresh->handle = ++n->last_object;
        if (!found)
                return CKR_HOST_MEMORY;
        *ret = (*found)->handle;
        return CKR_OK;
}

CK_RV names_object(Names *n, const unsigned char identity[static 32], CK_OBJECT_HANDLE *ret) {
        CK_RV rv;

        pthread_mutex_lock(&n->lock);
        rv = object_number(n, identity, ret);
        pthread_mutex_unlock(&n->lock);
        return rv;
}

CK_OBJECT_HANDLE names_session_object(Names *n) {
        return atomic_fetch_add(&n->next_session_object, 1);
}
