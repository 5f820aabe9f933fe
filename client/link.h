/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to the bus. Used by one thread at a time and only in the process that opened it. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "common/macros.h"

#define SIGNET_BUS_NAME "org.signetd.Signet1"

/* See channel.h. */
typedef struct ChannelEnd {
        int fd;
        dev_t device; /* of what fd is */
        ino_t inode;
        uint32_t id;   /* of the last call */
        uint8_t *room; /* one frame; NULL: no channel */
        size_t used;   /* bytes of it that were written */
} ChannelEnd;

typedef struct Link {
        sd_bus *bus; /* NULL: not open */
        int fd;      /* the bus's socket, for link_abandon() */
        dev_t device;
        ino_t inode;
        uid_t euid; /* whom the bus takes us for: who we were when it was opened */
        ChannelEnd channel;
        bool used, channel_refused; /* see channel_ready() */
} Link;

/* Whether to wait for a bus whose socket is gone (it restarts) or to give up at once. */
typedef enum LinkPatience { LINK_NOW, LINK_AWAIT_BUS } LinkPatience;

/* Connects a closed link, handshake included. SIGNET_E_UNAVAILABLE or -ENOMEM, with the sentence set. */
int link_open(Link *l, const char *address, LinkPatience patience, uint64_t deadline) _must_check_;

/* Handles what came unasked since the last call, at most `max` messages, without waiting. 1 when there may be more, 0
 * when there is not, -ENOTCONN for a link that is closed: it was, or it has to be, because the bus hung up, the
 * descriptor became something else, or the process another user. */
int link_drain(Link *l, unsigned max) _must_check_;

/* The same for a link on which nothing is expected to come: closes one that has much to say. */
void link_refresh(Link *l);

/* Sends a request and waits for its answer, which may be an error. -ETIMEDOUT when there was none before the deadline;
 * any other -errno means that the link is broken. Sets no sentence. */
int link_call(Link *l, sd_bus_message *m, uint64_t deadline, sd_bus_message **ret_reply) _must_check_;

/* From the bus: somebody owns signetd's name now, or nobody does any more (arguments of the signal: sss, the new
 * owner last). */
#define LINK_OWNER_MATCH                                                                                               \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',interface='org.freedesktop.DBus',"   \
        "member='NameOwnerChanged',arg0='" SIGNET_BUS_NAME "'"

/* Waits until somebody owns signetd's name. SIGNET_E_UNAVAILABLE when nobody did before the deadline. */
int link_await_service(Link *l, uint64_t deadline) _must_check_;

/* A closed link stays so. What sd-bus holds is lost when its descriptor is not the socket any more. */
void link_close(Link *l);

/* For the child of a fork: closes the child's copy of the socket, so that the parent's connection ends with the parent.
 * What sd-bus holds in memory is lost: it refuses to be touched in another process. */
void link_abandon(Link *l);
