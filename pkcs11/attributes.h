/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading attributes of token objects: many in one call, tolerant of objects and modules that lack some. */
#pragma once

#include "token.h"

#define ATTRIBUTES_MAX 12 /* in one read */

typedef struct Attribute {
        CK_ATTRIBUTE_TYPE type;
        size_t max;   /* a longer value counts as absent */
        bool present; /* set by attributes_read() */
        Blob value;   /* borrowed from the AttributeRoom */
} Attribute;

/* Memory for the values of one read; reused, so that 10,000 objects need no 10,000 allocations. */
typedef struct AttributeRoom {
        uint8_t *data;
        size_t size;
} AttributeRoom;
void attribute_room_done(AttributeRoom *room);

/* Reads n attributes of one object. Values stand in `room` until it is used again. What the object does not have or
 * would not show is absent. CKR_OK or the error that ended it (CKR_HOST_MEMORY when memory ran out here). */
CK_RV attributes_read(Token *t, CK_OBJECT_HANDLE object, Attribute *a, size_t n, AttributeRoom *room) _must_check_;

CK_ULONG attribute_ulong(const Attribute *a, CK_ULONG fallback);
bool attribute_bool(const Attribute *a); /* false when absent */
