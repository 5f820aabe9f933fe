/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An Unlock or Lock on its way to a token's supervisor. The descriptor with the PIN is passed on unread. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/frame.h"
#include "peer.h"

typedef struct Control Control;
typedef struct Token Token;

/* Sends FRAME_UNLOCK with pin_fd, or FRAME_LOCK (pin_fd -EBADF), and will answer `message` and write the audit line.
 * The Control belongs to the token until control_free(). `rule` (may be NULL) is what allowed it. */
int control_start(Token *t, FrameType type, int pin_fd, Peer *peer, sd_bus_message *message,
                  const char *rule) _must_check_;

/* The token has settled after an unlock: answers what came of it. */
void control_settled(Control *c);

/* Answers that it was broken off, unless it has been answered. Accepts and returns NULL. */
Control *control_free(Control *c);
DEFINE_CLEANUP(Control *, control_free)

bool control_is_for(const Control *c, const Peer *peer);
