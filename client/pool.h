/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connections of one client in one process: at most POOL_SIZE, each held by one thread at a time. */
#pragma once

#include "link.h"

#define POOL_SIZE 8

typedef struct Pool Pool;

int pool_new(Pool **ret) _must_check_; /* 0 or -errno */

bool pool_is_inherited(const Pool *p); /* made by another process, that is: by the parent, before a fork */

/* For the child of a fork: link_abandon() for each connection of the parent's pool, which p owns from now on. Other
 * threads may still look whether `inherited` is. */
void pool_replace(Pool *p, Pool *inherited);

/* Closes all connections; none may be lent. An inherited pool's are abandoned. Accepts and returns NULL. */
Pool *pool_free(Pool *p);
DEFINE_CLEANUP(Pool *, pool_free)

/* Lends a link, an open one when there is one. -ETIMEDOUT when all were busy until the deadline. Give it back with
 * pool_give(), open or closed. */
int pool_take(Pool *p, uint64_t deadline, Link **ret) _must_check_;
void pool_give(Pool *p, Link *l);
