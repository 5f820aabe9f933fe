/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts the supervisor of a token's workers where no service manager does. */
#pragma once

#include <sys/types.h>

#include "common/macros.h"

/* Starts `program --config FILE` with the listening socket as descriptor 3, as sd_listen_fds(3) says; waits until it
 * has been executed. The child is killed when signetd ends. -errno when it could not be executed. */
int spawn_supervisor(const char *program, const char *config_file, int listen_fd, pid_t *ret_pid) _must_check_;

/* SIGTERM, and SIGKILL if it is still there after a second. */
void spawn_stop(pid_t pid);
