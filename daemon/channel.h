/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels: sockets on which callers send uses of keys without the bus in between (docs/PROTOCOL.md). A channel belongs
 * to the caller that opened it, and ends when its name leaves the bus: what it may do is decided like its calls there.
 */
#pragma once

#include "common/channel-frame.h"
#include "outcome.h"
#include "peer.h"

typedef struct Manager Manager;
typedef struct Channel Channel;

#define CHANNELS_MAX          1024 /* of all users; fewer where signetd may not have twice as many descriptors */
#define CHANNELS_PER_USER_MAX 128  /* and of one */

/* Opens one for `peer`. The descriptor is the caller's end, to be passed on and closed. OUTCOME_BUSY with *f when there
 * are too many, or -errno. */
int channel_open(Manager *m, Peer *peer, int *ret_fd, Failure *f) _must_check_;

/* Ends those of this caller, or (NULL) all. What they asked for is abandoned by dispatch_abandon(). */
void channel_close_all(Manager *m, const Peer *peer);

Channel *channel_ref(Channel *c);
void channel_unref(Channel *c); /* accepts NULL */

/* Sends an answer; nothing happens when the channel has ended. A caller that does not read its answers loses the
 * channel. */
void channel_answer(Channel *c, const ChannelResult *result);
