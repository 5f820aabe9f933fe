/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of signetd's objects: of one, or of all that the caller may see in one round trip. */
#pragma once

#include "client.h"

/* What to do with the objects of an interface. read() finds the message at the a{sv} of the interface's properties and
 * consumes it; it returns 0 or a status with the sentence set. */
typedef struct ObjectReader {
        const char *interface;
        bool (*wants)(const char *path, void *userdata); /* NULL: every object with this interface */
        int (*read)(const char *path, sd_bus_message *m, void *userdata);
        void *userdata;
} ObjectReader;

/* Properties.GetAll of the object at `path`. */
int object_fetch(signet_client *client, const char *path, const ObjectReader *reader, uint64_t deadline) _must_check_;

/* ObjectManager.GetManagedObjects, with a reader for each interface that is wanted. */
int objects_fetch(signet_client *client, const ObjectReader *readers, size_t n, uint64_t deadline) _must_check_;
