/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembers callers. Fed by names that come and go on the bus; bounded, because anybody may connect. */
#include "peer.h"

#include <search.h>
#include <string.h>

#include "peer-identify.h"

struct PeerCache {
        void *by_name; /* tsearch(3) */
        Peer *newest, *oldest;
        size_t n;
};

Peer *peer_ref(Peer *p) {
        p->n_ref++;
        return p;
}

Peer *peer_unref(Peer *p) {
        if (!p || --p->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < p->n_groups; i++)
                free(p->groups[i]);
        free(p->groups);
        free(p->name);
        free(p->user);
        free(p->unit);
        free(p);
        return NULL;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const Peer *) a)->name, ((const Peer *) b)->name);
}

int peer_cache_new(PeerCache **ret) {
        PeerCache *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *ret = c;
        return 0;
}

static void list_remove(PeerCache *c, Peer *p) {
        *(p->newer ? &p->newer->older : &c->newest) = p->older;
        *(p->older ? &p->older->newer : &c->oldest) = p->newer;
        p->newer = p->older = NULL;
}

static void list_prepend(PeerCache *c, Peer *p) {
        p->older = c->newest;
        *(p->older ? &p->older->newer : &c->oldest) = p;
        c->newest = p;
}

/* Hands the cache's reference to the caller. */
static Peer *forget(PeerCache *c, Peer *p) {
        (void) tdelete(p, &c->by_name, compare_names);
        list_remove(c, p);
        c->n--;
        return p;
}

void peer_cache_clear(PeerCache *c) {
        while (c->newest) {
                Peer *p = forget(c, c->newest);

                p->gone = true;
                peer_unref(p);
        }
}

PeerCache *peer_cache_free(PeerCache *c) {
        if (!c)
                return NULL;
        peer_cache_clear(c);
        free(c);
        return NULL;
}

Peer *peer_cache_newest(PeerCache *c) {
        return c->newest;
}

static Peer *find(PeerCache *c, const char *name) {
        const Peer wanted = { .name = (char *) name };
        Peer **found = tfind(&wanted, &c->by_name, compare_names);

        return found ? *found : NULL;
}

Peer *peer_cache_drop(PeerCache *c, const char *name) {
        Peer *p = find(c, name);

        if (!p)
                return NULL;
        p->gone = true;
        return forget(c, p);
}

int peer_new(const char *name, Peer **ret) {
        _cleanup_(peer_unrefp) Peer *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->n_ref = 1;
        p->name = strdup(name);
        if (!p->name)
                return -ENOMEM;
        *ret = TAKE_PTR(p);
        return 0;
}

/* A peer whose request is under way must stay known, so that it is noticed when it leaves. */
static void make_room(PeerCache *c) {
        Peer *p = c->n >= PEERS_MAX ? c->oldest : NULL;

        while (p && p->n_ref > 1)
                p = p->newer;
        if (p)
                peer_unref(forget(c, p));
}

int peer_cache_get(PeerCache *c, sd_bus *bus, const char *name, Peer **ret) {
        _cleanup_(peer_unrefp) Peer *p = NULL;
        Peer *known = find(c, name);
        int r;

        if (known) {
                if (known != c->newest) {
                        list_remove(c, known);
                        list_prepend(c, known);
                }
                *ret = known;
                return 0;
        }

        r = peer_new(name, &p);
        if (r == 0)
                r = peer_identify(p, bus);
        if (r != 0)
                return r;
        make_room(c);
        if (!tsearch(p, &c->by_name, compare_names))
                return -ENOMEM;
        list_prepend(c, p);
        c->n++;
        *ret = TAKE_PTR(p);
        return 0;
}
