/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link's channel: a socket to signetd itself, for uses of keys without the bus in between (docs/PROTOCOL.md). Opened
 * by the link's second use, so that a program that signs once pays nothing for it. Used by one thread at a time, as the
 * link is. */
#pragma once

#include "common/channel-frame.h"
#include "link.h"

/* Whether the link has a channel now, opening one where it is due. False also for what is not to be had: the bus then
 * carries the request. */
bool channel_ready(Link *l, uint64_t deadline);

/* Sends `call` (whose id is set here) and waits for its answer, which borrows from the channel until channel_read(). 0;
 * -EMSGSIZE or -EPIPE when it was not sent; -ETIMEDOUT, -ENOMEM, or another -errno when it was lost. On any of them but
 * -EMSGSIZE the channel is closed. */
int channel_call(Link *l, ChannelCall *call, uint64_t deadline, ChannelResult *ret) _must_check_;

/* What the last answer lent is not needed any more: wiped, for it may be a content key. */
void channel_read(Link *l);

/* A closed channel stays so. */
void channel_close(Link *l);
