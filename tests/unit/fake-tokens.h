/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens behind signet.h, beside fake-signet.h's keys, for tests of the PKCS#11 module: they come, go, and are locked
 * as the test says. Any thread may use them. */
#pragma once

#include <stdbool.h>

#include "fake-signet.h"

#define FAKE_TOKENS_MAX 4

/* The keys of fake-signet.h are on the token labelled "fake". */
typedef struct FakeToken {
        const char *name, *label, *state; /* NULL as a name: there is no such token */
        int may_unlock;
} FakeToken;

typedef struct FakeTokens {
        FakeToken tokens[FAKE_TOKENS_MAX];
        bool keys_when_locked;
        const char *pin;    /* unlocks; another one is wrong */
        int answer;         /* of signet_find_all() and signet_watch_new(): 0, or a SIGNET_E_* */
        unsigned int finds; /* calls of signet_find_all() so far */
        unsigned int tries; /* PINs tried so far */
        unsigned int alive; /* signet_token and signet_watch objects, to find leaks of references */
} FakeTokens;
extern FakeTokens fake_tokens;

/* One token, "fake", ready. */
void fake_tokens_start(void);

/* What the test changed is to be noticed. */
void fake_tokens_changed(void);
