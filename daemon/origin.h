/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a use of a key came from, and where its answer goes: a call on the bus, or a frame of a channel. It keeps the
 * caller's bytes, from which options and inputs borrow, and is answered at most once. */
#pragma once

#include <systemd/sd-bus.h>

#include "common/buffer.h"
#include "outcome.h"

typedef struct Channel Channel;

typedef struct Origin {
        sd_bus_message *message; /* a bus call, or */
        Channel *channel;        /* a channel, the frame of this id, */
        uint32_t id;
        uint8_t *packet; /* and its bytes */
} Origin;

/* Take a reference, and the packet (malloc'ed). */
Origin origin_from_message(sd_bus_message *message);
Origin origin_from_frame(Channel *channel, uint32_t id, uint8_t *packet);

/* Gives both back. An origin that was answered, or done with, is empty. */
void origin_done(Origin *o);
bool origin_is_open(const Origin *o);

/* What an answer carries: "ay", or "aay" for SignMany. A secret is wiped from what was written for it. */
typedef struct OriginResult {
        const Blob *outputs;
        unsigned n;
        bool many, secret;
} OriginResult;

/* Answer and end the origin. A negative `r` is an error of signetd's own, else *f says what it is. What cannot be sent
 * is logged: the caller is gone. */
void origin_fail(Origin *o, int r, const Failure *f);
void origin_succeed(Origin *o, const OriginResult *result);
