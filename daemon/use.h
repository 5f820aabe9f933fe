/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A use of a key as its caller put it, decoded but not yet understood: the same from the bus and from a channel. */
#pragma once

#include "origin.h"
#include "request.h"

typedef struct Use {
        Manager *manager;
        Peer *peer;
        Key *key; /* that the caller may see */
        RequestKind kind;
        RequestReply reply;
        const char *purpose;
        Options options;
        const Blob *inputs;
        unsigned n_inputs; /* 1, or up to INPUT_MANY_MAX for REQUEST_REPLY_MANY */
} Use;

/* Checks what it says, makes a Request of it and hands that to policy; whatever comes of it, `origin` is answered in
 * time, and empty here afterwards. */
void use_submit(const Use *u, Origin *origin);
