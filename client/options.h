/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet_options: what an application may say, and how it goes to signetd. */
#pragma once

#include <systemd/sd-bus.h>

#include "common/macros.h"
#include "signet.h"

/* What the options are for; each has members of its own. */
typedef enum OptionsUse { OPTIONS_SIGN = 1 << 0, OPTIONS_DECRYPT = 1 << 1, OPTIONS_DERIVE = 1 << 2 } OptionsUse;

/* Checks `options` (NULL: all defaults) and copies it to *ret; what it points to is still the application's.
 * SIGNET_E_INVALID_INPUT for a member that does not belong to this use, SIGNET_E_NOT_SUPPORTED for members that only a
 * newer library knows, -EINVAL for a bad size. */
int options_read(const signet_options *options, OptionsUse use, signet_options *ret) _must_check_;

/* Appends them as a{sv}; what is not set is left out. 0 or -errno. */
int options_write(const signet_options *options, OptionsUse use, sd_bus_message *m) _must_check_;
