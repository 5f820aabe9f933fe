/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a PIN comes from, and how it is passed on. */
#pragma once

#include "ctl.h"

/* Reads the PIN for `token` from `file`, from the descriptor whose number `descriptor` spells, or, both NULL, from
 * standard input when that is no terminal, else from the terminal without echo. *ret_fd gets the reading end of a pipe
 * with the PIN in it, the writing end closed; nothing of it stays in this process's memory. A CtlExit. */
int ctl_pin_open(Ctl *ctl, const char *token, const char *file, const char *descriptor, int *ret_fd) _must_check_;
