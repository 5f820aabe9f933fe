/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fairness between users. Fed by requests; one user's flood must cost the others nothing. */
#include "queue.h"

struct QueueUser {
        uid_t uid;
        unsigned count; /* weight of the admitted items */
        QueueItem *first, *last;
        QueueUser *next, *previous; /* the turn: a list in which the one to serve next is first */
};

struct Queue {
        unsigned per_user, total, count;
        QueueUser *first, *last;
};

int queue_new(unsigned per_user, unsigned total, Queue **ret) {
        Queue *q = calloc(1, sizeof(*q));

        if (!q)
                return -ENOMEM;
        q->per_user = per_user;
        q->total = total;
        *ret = q;
        return 0;
}

static void user_unlink(Queue *q, QueueUser *u) {
        *(u->previous ? &u->previous->next : &q->first) = u->next;
        *(u->next ? &u->next->previous : &q->last) = u->previous;
        u->next = u->previous = NULL;
}

static void user_append(Queue *q, QueueUser *u) {
        u->previous = q->last;
        *(q->last ? &q->last->next : &q->first) = u;
        q->last = u;
}

Queue *queue_free(Queue *q) {
        if (!q)
                return NULL;
        while (q->first) {
                QueueUser *u = q->first;

                user_unlink(q, u);
                free(u);
        }
        free(q);
        return NULL;
}

/* Only users with something admitted are kept, so there are at most `total` of them. */
static QueueUser *find_user(const Queue *q, uid_t uid) {
        for (QueueUser *u = q->first; u; u = u->next)
                if (u->uid == uid)
                        return u;
        return NULL;
}

int queue_admit(Queue *q, QueueItem *item, uid_t uid, unsigned weight) {
        QueueUser *u = find_user(q, uid);

        if (weight > q->per_user || (u && u->count > q->per_user - weight))
                return QUEUE_E_USER_FULL;
        if (weight > q->total || q->count > q->total - weight)
                return QUEUE_E_FULL;
        if (!u) {
                u = calloc(1, sizeof(*u));
                if (!u)
                        return -ENOMEM;
                u->uid = uid;
                user_append(q, u);
        }

        *item = (QueueItem){ .user = u, .weight = weight };
        u->count += weight;
        q->count += weight;
        return 0;
}

void queue_release(Queue *q, QueueItem *item) {
        QueueUser *u = item->user;

        if (!u)
                return;
        queue_leave(q, item);
        item->user = NULL;
        u->count -= item->weight;
        q->count -= item->weight;
        if (u->count == 0) {
                user_unlink(q, u);
                free(u);
        }
}

void queue_enter(_unused_ Queue *q, QueueItem *item, QueueEnd end) {
        QueueUser *u = item->user;

        if (item->waiting)
                return;
        item->waiting = true;
        if (end == QUEUE_FIRST) {
                item->previous = NULL;
                item->next = u->first;
                *(u->first ? &u->first->previous : &u->last) = item;
                u->first = item;
        } else {
                item->next = NULL;
                item->previous = u->last;
                *(u->last ? &u->last->next : &u->first) = item;
                u->last = item;
        }
}

void queue_leave(_unused_ Queue *q, QueueItem *item) {
        QueueUser *u = item->user;

        if (!item->waiting)
                return;
        *(item->previous ? &item->previous->next : &u->first) = item->next;
        *(item->next ? &item->next->previous : &u->last) = item->previous;
        item->next = item->previous = NULL;
        item->waiting = false;
}

QueueItem *queue_next(Queue *q, QueueAccepts accepts, void *userdata) {
        for (QueueUser *u = q->first; u; u = u->next)
                for (QueueItem *item = u->first; item; item = item->next)
                        if (accepts(item, userdata)) {
                                user_unlink(q, u);
                                user_append(q, u);
                                return item;
                        }
        return NULL;
}

void queue_for_each(Queue *q, QueueEach each, void *userdata) {
        QueueUser *next_user;

        for (QueueUser *u = q->first; u; u = next_user) {
                QueueItem *next;

                next_user = u->next;
                for (QueueItem *item = u->first; item; item = next) {
                        /* Read before the call: releasing the last item frees the user. */
                        next = item->next;
                        each(item, userdata);
                }
        }
}

unsigned queue_count(const Queue *q) {
        return q->count;
}
