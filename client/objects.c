/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties of one object or of all. Fed by signetd's answers, which may hold interfaces and objects that this library
 * does not know: they are passed over. */
#include <string.h>

#include "call.h"
#include "error.h"
#include "objects.h"
#include "wire.h"

typedef struct OneObject {
        const char *path;
        const ObjectReader *reader;
} OneObject;

static int get_all_write(sd_bus_message *m, const void *input) {
        return sd_bus_message_append(m, "s", (const char *) input);
}

static int get_all_read(sd_bus_message *reply, void *output) {
        const OneObject *o = output;
        int r;

        r = o->reader->read(o->path, reply, o->reader->userdata);
        return r != 0 ? r : wire_finish(reply, "the properties");
}

int object_fetch(signet_client *client, const char *path, const ObjectReader *reader, uint64_t deadline) {
        OneObject output = { path, reader };
        Call call = { .path = path,
                      .interface = "org.freedesktop.DBus.Properties",
                      .member = "GetAll",
                      .write = get_all_write,
                      .input = reader->interface,
                      .read = get_all_read,
                      .output = &output };

        return call_run(client, &call, deadline);
}

typedef struct AllObjects {
        const ObjectReader *readers;
        size_t n;
} AllObjects;

static const ObjectReader *reader_of(const AllObjects *all, const char *path, const char *interface) {
        for (size_t i = 0; i < all->n; i++) {
                const ObjectReader *reader = &all->readers[i];

                if (strcmp(interface, reader->interface) == 0 &&
                    (!reader->wants || reader->wants(path, reader->userdata)))
                        return reader;
        }
        return NULL;
}

/* One {sa{sv}} of the object at `path`. */
static int read_interface(sd_bus_message *m, const char *path, const AllObjects *all) {
        const ObjectReader *reader;
        const char *interface;
        int r;

        r = sd_bus_message_read_basic(m, 's', &interface);
        if (r <= 0)
                return wire_failed(r, "an interface");
        reader = reader_of(all, path, interface);
        if (reader)
                return reader->read(path, m, reader->userdata);
        r = sd_bus_message_skip(m, "a{sv}");
        return r < 0 ? wire_failed(r, "an interface") : 0;
}

/* One {oa{sa{sv}}}. */
static int read_object(sd_bus_message *m, const AllObjects *all) {
        const char *path;
        int r;

        r = sd_bus_message_read_basic(m, 'o', &path);
        if (r <= 0)
                return wire_failed(r, "an object");
        r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        if (r <= 0)
                return wire_failed(r, "an object");
        while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                r = read_interface(m, path, all);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? wire_failed(r, "an object") : 0;
}

static int managed_read(sd_bus_message *reply, void *output) {
        const AllObjects *all = output;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}");
        if (r <= 0)
                return wire_failed(r, "the list of objects");
        while ((r = sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}")) > 0) {
                r = read_object(reply, all);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? wire_failed(r, "the list of objects") : wire_finish(reply, "the list of objects");
}

int objects_fetch(signet_client *client, const ObjectReader *readers, size_t n, uint64_t deadline) {
        AllObjects all = { readers, n };
        Call call = { .path = SIGNET_PATH,
                      .interface = "org.freedesktop.DBus.ObjectManager",
                      .member = "GetManagedObjects",
                      .read = managed_read,
                      .output = &all };

        return call_run(client, &call, deadline);
}
