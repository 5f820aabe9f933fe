/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller wants to have signed or decrypted: its size and, for typed purposes, its meaning are checked here, and
 * what is signed is hashed. Pure but for the time that is passed in.
 *
 * Every check returns 0, an Outcome with a sentence in *f, or -ENOMEM. */
#pragma once

#include "common/purpose.h"
#include "options.h"

#define INPUT_MANY_MAX       256           /* inputs of one SignMany */
#define INPUT_MANY_BYTES_MAX (1024 * 1024) /* all of them together */

/* One input, ready for a token. */
typedef struct Input {
        Blob data; /* for the token: points to the caller's bytes or to `digest` */
        uint8_t digest[64];
        PurposeCsr csr;       /* purpose csr: the addresses that the request asks for */
        const char **domains; /* purpose csr: theirs; borrowed from csr */
        size_t n_domains;
        uint8_t audited[32]; /* SHA-256 of the caller's bytes */
} Input;

void input_done(Input *i);

/* Fills *i, which must be zeroed and stay where it is. `bytes` is borrowed for as long as *i is used. */
int input_for_sign(Input *i, const Key *key, Purpose purpose, const SignOptions *o, Blob bytes, int64_t now,
                   Failure *f) _must_check_;
int input_for_decrypt(Input *i, const Key *key, Blob ciphertext, Failure *f) _must_check_;
int input_for_derive(Input *i, const Key *key, Purpose purpose, const DeriveOptions *o, Blob peer,
                     Failure *f) _must_check_;
