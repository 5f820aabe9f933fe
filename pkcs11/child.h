/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker child: opens one token, says what is on it, and serves one connection until it ends. */
#pragma once

#include "common/macros.h"

/* How a child ends; the supervisor says so in its log. */
enum {
        CHILD_EXIT_OK = 0,        /* hung up, or everything was said */
        CHILD_EXIT_DEADLINE = 80, /* a call into the module took too long */
        CHILD_EXIT_PROTOCOL = 81, /* signetd sent what is no frame */
        CHILD_EXIT_DEVICE = 82,   /* the token failed; said so before */
        CHILD_EXIT_FAILED = 83,   /* memory, descriptors */
};

const char *child_exit_to_string(int status); /* NULL for CHILD_EXIT_OK and unknown numbers */

/* The whole life of a child, on the descriptors of spawn.h. Ends by _exit(): the module is never torn down. */
_noreturn_ void child_run(void);
