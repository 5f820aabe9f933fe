/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is served next: one line for each user, users in turn, each line and all together bounded.
 *
 * An item is counted from queue_admit() until queue_release(); in between it stands in its user's line or not
 * (queue_enter(), queue_leave()), as often as its owner likes. The owner embeds the item and keeps its memory. */
#pragma once

#include <sys/types.h>

#include "common/macros.h"

typedef struct Queue Queue;
typedef struct QueueUser QueueUser;

typedef struct QueueItem {
        QueueUser *user; /* NULL unless admitted */
        unsigned weight; /* what it counts as */
        bool waiting;
        struct QueueItem *next, *previous;
} QueueItem;

int queue_new(unsigned per_user, unsigned total, Queue **ret) _must_check_;
Queue *queue_free(Queue *q); /* accepts and returns NULL; no item may be admitted any more */
DEFINE_CLEANUP(Queue *, queue_free)

enum { QUEUE_E_USER_FULL = 1, QUEUE_E_FULL };

/* Counts the item; nothing is counted when it does not fit. -ENOMEM. */
int queue_admit(Queue *q, QueueItem *item, uid_t uid, unsigned weight) _must_check_;
void queue_release(Queue *q, QueueItem *item); /* also takes it out of the line */

typedef enum QueueEnd { QUEUE_LAST, QUEUE_FIRST } QueueEnd;
void queue_enter(Queue *q, QueueItem *item, QueueEnd end);
void queue_leave(Queue *q, QueueItem *item);

/* The first item that `accepts` takes, users in turn: the user who is served goes to the end of the turn. Stays in its
 * line. NULL when none is taken. */
typedef bool (*QueueAccepts)(QueueItem *item, void *userdata);
QueueItem *queue_next(Queue *q, QueueAccepts accepts, void *userdata);

/* Calls `each` for every waiting item; it may release, leave or enter the one it is given, no other. */
typedef void (*QueueEach)(QueueItem *item, void *userdata);
void queue_for_each(Queue *q, QueueEach each, void *userdata);

unsigned queue_count(const Queue *q); /* weight of all that is admitted */
