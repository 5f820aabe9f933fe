/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The faulty module's control file: README.md says what stands in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum Action {
        ACTION_NONE,
        ACTION_HANG,
        ACTION_HANG_DEAF,
        ACTION_CRASH,
        ACTION_ABORT,
        ACTION_EXIT,
        ACTION_DELAY,
        ACTION_ERROR,
        ACTION_GARBAGE,
        ACTION_SHORT,
        ACTION_FLAGS,
        ACTION_WITHOUT,
        _ACTION_MAX,
} Action;

typedef struct Fault {
        Action action;
        unsigned long argument; /* EXIT, ERROR */
        unsigned long delay_ms; /* all fitting lines' together */
        unsigned long flags;    /* the same */
} Fault;

/* What the file says about the n-th call of `call`, one of `calls` (n_calls of them). Ends the process when the file
 * has a mistake. */
Fault control_look_up(const char *path, const char *call, unsigned long n, const char *const *calls, size_t n_calls);

/* Whether the file takes this mechanism away. */
bool control_without(const char *path, unsigned long mechanism);
