/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One use of a key as the application put it, and how it travels on a channel. */
#pragma once

#include "call.h"
#include "common/buffer.h"
#include "options.h"

typedef struct Use {
        const char *purpose;
        Blob *inputs;
        size_t n;
        OptionsUse kind;
        signet_options options;
} Use;

/* For Call: call->input is a Use, call->path a key's. */
void use_frame(const Call *call, ChannelCall *ret);

/* For Call: the one output into Bytes, or all of them into BytesList. */
int use_read_frame(const ChannelResult *result, void *output) _must_check_;
int use_read_frames(const ChannelResult *result, void *output) _must_check_;
