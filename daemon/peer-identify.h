/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who somebody is: from the bus driver, the user database and /proc. For peer.c. */
#pragma once

#include "peer.h"

/* Fills in everything about the peer of that bus name. PEER_E_UNKNOWN when the bus or the user database does not tell:
 * rules that deny by a name must not be passed by because the name could not be found out. */
int peer_identify(Peer *p, sd_bus *bus) _must_check_;
