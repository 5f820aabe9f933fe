/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What token.c and token-start.c have between them. */
#pragma once

#include "token.h"

/* In a row, before requests are refused instead of waiting: of workers that were up, and of workers that never were. */
#define TOKEN_FAILURES_MAX       4
#define TOKEN_START_FAILURES_MAX 2

/* Says how the token is, to the log, the manager and whoever waits for an unlock. `text`: why, unless it is ready. */
void token_set_state(Token *t, TokenState state, const char *text);

/* Starts the next worker, unless one is on its way or all are there. One at a time: parallel logins fail on some
 * tokens. */
void token_attach_next(Token *t);

/* The same after a while, which grows with the failures in a row. */
void token_retry_later(Token *t);
int token_on_retry(sd_event_source *s, uint64_t usec, void *userdata); /* of the timer that waits */
