/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels of the service behind fake-signetd.h: none that signetd would give. */
#pragma once

#include "fake-signetd.h"

/* The caller's end of one that is as the mode says, to be passed on and closed. -ENOTSUP: the mode has none. */
int fake_channel_open(FakeMode mode, int *ret_fd);
