/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PIN that a supervisor holds for its children, and what is known about it.
 *
 * It comes from the token's pin-file or from someone who unlocks. One that the token refused is forgotten and stays
 * refused until the file changes or someone unlocks: no program may spend a card's last tries. */
#pragma once

#include <sys/stat.h>

#include "start.h"

typedef enum PinState {
        PIN_NONE,      /* none known; the file, if there is one, will be looked at */
        PIN_FROM_FILE, /* held */
        PIN_GIVEN,     /* held, from someone who unlocked */
        PIN_REFUSED,   /* the token refused it, or the file cannot be used; `refusal` says why */
        PIN_FORGOTTEN, /* someone locked the token: the file is not looked at either */
} PinState;

typedef struct Pin {
        const TokenConfig *config; /* borrowed */
        PinState state;
        Secret *secret;      /* in PIN_FROM_FILE and PIN_GIVEN */
        Reason refusal;      /* its code is WORKER_OK when there is nothing to say */
        struct stat seen;    /* the file as it was when it was last read; st_ino 0: never */
        unsigned generation; /* changes whenever what is known changes: news about an older PIN is no news */
} Pin;

void pin_init(Pin *pin, const TokenConfig *config);
void pin_done(Pin *pin);
const char *pin_state_to_string(PinState s);

/* Looks at the file again, where that may help. Call before a child starts. */
void pin_refresh(Pin *pin);

void pin_give(Pin *pin, Secret *secret); /* takes the secret; the token has accepted it */
void pin_refuse(Pin *pin, WorkerCode code, const char *text);
void pin_forget(Pin *pin);

/* Reads the PIN from a file: regular, owned by root or the caller, without access for others. *ret_stat is filled in as
 * far as the file could be looked at (st_ino 0 if not). 0, WORKER_LOCKED with a sentence, or -ENOMEM. */
int pin_read_file(const char *token, const char *path, struct stat *ret_stat, Reason *reason,
                  Secret **ret) _must_check_;
