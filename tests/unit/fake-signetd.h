/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private bus and a service on it that bears signetd's name and answers as a test tells it to, wrongly above all: the
 * one seam where libsignet's tests replace something. Both are processes of their own, so that they can be killed. */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "common/key-id.h"
#include "common/macros.h"

/* How the service answers; what a mode does not name is answered as it should be. */
typedef enum FakeMode {
        FAKE_GOOD,
        FAKE_ERROR,             /* every call: the error in error_name and error_text */
        FAKE_DIE,               /* the process ends without answering */
        FAKE_DIE_ONCE,          /* the same; the mode becomes FAKE_GOOD first, so that its successor answers */
        FAKE_SLOW,              /* each answer after 100 ms */
        FAKE_SILENT,            /* no answer */
        FAKE_EMPTY,             /* an answer without arguments */
        FAKE_STRING,            /* a string where something else belongs */
        FAKE_TRAILING,          /* the right answer and a string after it */
        FAKE_WRONG_TYPE,        /* Bits, Workers, Pending and line are strings */
        FAKE_MISSING,           /* the same are left out */
        FAKE_TWICE,             /* the same stand there twice */
        FAKE_UNKNOWN,           /* there are properties, interfaces and objects that nobody knows */
        FAKE_FOREIGN_KEY,       /* PublicKey is that of another key */
        FAKE_FOREIGN_ID,        /* Id is another than the path's */
        FAKE_MANY_CERTIFICATES, /* 2,000 of them */
        FAKE_USUAL_CERTIFICATE, /* of the size that they have: 1,500 bytes */
        FAKE_LARGE_CERTIFICATE, /* one of 100 kB */
        FAKE_LONG_LABEL,        /* one of 8 kB */
        FAKE_MANY_PATHS,        /* FindKeys gives 70,000 paths */
        FAKE_BAD_PATH,          /* FindKeys gives the path of a token */
        FAKE_REPEATED,          /* GetManagedObjects gives everything twice */
        FAKE_GONE,              /* FindKeys gives keys whose properties nobody can get any more */
        FAKE_SHORT,             /* signatures and secrets lack a byte; SignMany lacks a signature */
        FAKE_LARGE,             /* signatures and secrets of 100 kB */
        FAKE_NOTHING,           /* signatures and secrets of no bytes */
        FAKE_CHANNEL_MUTE,      /* OpenChannel, which else is not there, gives a socket that blocks; nobody answers */
        FAKE_CHANNEL_CHATTERS,  /* one on which other calls are answered without end */
        FAKE_CHANNEL_TOO_LARGE, /* one on which no answer fits a packet */
        FAKE_CHANNEL_STREAM,    /* a socket of another type */
} FakeMode;

#define FAKE_KEYS_MAX 1200

/* Shared with the service. */
typedef struct FakeState {
        _Atomic FakeMode mode;
        atomic_uint keys;    /* that FindKeys finds */
        atomic_uint calls;   /* method calls so far */
        atomic_uint senders; /* connections that called */
        atomic_uint signals; /* that ReloadPolicy sends to each of them before it answers */
        atomic_uint unlocks;
        char error_name[128];
        char error_text[4096];
        KeyId ids[FAKE_KEYS_MAX];
} FakeState;

typedef struct Fake {
        FakeState *state;
        pid_t bus, nursery; /* the nursery forks services */
        int nursery_fd;
        char directory[64];
        char address[128];
} Fake;

int fake_start(Fake *f);
void fake_stop(Fake *f);

void fake_bus_start(Fake *f);
void fake_bus_kill(Fake *f);
void fake_service_start(Fake *f); /* returns when it owns the name */
void fake_service_kill(Fake *f);
void fake_service_reap(Fake *f); /* waits for one that ends by itself */

/* For tests of one answer: good, with `keys` keys and counters at 0. */
void fake_reset(Fake *f, unsigned keys);

/* The public key of key number i, and the signature that it makes of data: 256 bytes, the SHA-256 of the data first. */
#define FAKE_PUBLIC_SIZE    8
#define FAKE_SIGNATURE_SIZE 256
void fake_public_key(unsigned i, unsigned char ret[FAKE_PUBLIC_SIZE]);
