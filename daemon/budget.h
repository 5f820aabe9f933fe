/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many decryptions may fail for a user: who sends many ciphertexts that don't decrypt is probing for an oracle. */
#pragma once

#include <sys/types.h>

#include "common/macros.h"

#define BUDGET_USERS_MAX 4096

typedef struct Budget Budget;

/* A user may fail `per_hour` times at once, and again as time goes by. */
int budget_new(unsigned per_hour, Budget **ret) _must_check_;
Budget *budget_free(Budget *b); /* accepts and returns NULL */
DEFINE_CLEANUP(Budget *, budget_free)

/* 0 while something is left for the user, else the seconds until there is. monotonic_us as of CLOCK_MONOTONIC. */
unsigned budget_wait(const Budget *b, uid_t uid, uint64_t monotonic_us);

/* Takes one failure. When BUDGET_USERS_MAX users have failures, the one with the fewest is forgotten. */
void budget_take(Budget *b, uid_t uid, uint64_t monotonic_us);
