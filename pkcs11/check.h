/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-worker --check: what a token's configuration leads to, for the person who writes it. */
#pragma once

#include "common/token-config.h"

/* Loads the module in this process, finds the token, and prints what it shows without a login: itself, what it can do,
 * public keys and certificates; and whether the PIN file can be used. The PIN is not tried. Returns an exit status. */
int check_token(const TokenConfig *config);
