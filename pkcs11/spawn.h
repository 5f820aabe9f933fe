/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that a supervisor starts: children that open the token, and readers that wait for a PIN. */
#pragma once

#include "start.h"

/* The descriptors that a child is born with; nothing else of the supervisor's is open in it. */
enum {
        CHILD_FD_LINK = 3,   /* the connection to signetd; not in a probe */
        CHILD_FD_START = 4,  /* start_read() */
        CHILD_FD_REPORT = 5, /* SOCK_SEQPACKET; takes FRAME_STATUS */
};

/* The id of a FRAME_STATUS on CHILD_FD_REPORT: whether the token was shown the PIN, or its flags alone decided. */
enum {
        REPORT_PIN_UNTRIED,
        REPORT_PIN_TRIED,
};

/* Starts a child, this same program in a new process, which the kernel kills when the supervisor ends. link_fd is -1
 * for a probe. The child reports on *ret_report how its login went and later that a PIN was refused. 0 or -errno. */
int spawn_child(const TokenConfig *config, int link_fd, Secret *shared, Secret *pin, const Reason *refusal,
                pid_t *ret_pid, int *ret_report) _must_check_;

/* Starts a process that reads a PIN from `fd`, for at most timeout_ms, and hands it over on *ret_result. The descriptor
 * came from outside: it may never end, or block in ways that poll() does not foresee. 0 or -errno. */
int spawn_pin_reader(int fd, int timeout_ms, pid_t *ret_pid, int *ret_result) _must_check_;

/* Once *ret_result can be read: 0 with the PIN, or what secret_read_fd() said (-ECONNRESET when the reader died). */
int pin_reader_take(int result, Secret **ret) _must_check_;
