/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reading of what signetd answers.
 *
 * All readers return 0, SIGNET_E_PROTOCOL (another type or more than a limit allows) or -errno, with the sentence set;
 * `what` names the thing in it. Outputs are the caller's to free, and untouched on failure. */
#pragma once

#include <systemd/sd-bus.h>

#include "common/macros.h"

#define WIRE_STRING_MAX 4096  /* bytes */
#define WIRE_BYTES_MAX  65536 /* one public key, certificate, signature */
#define WIRE_LIST_MAX   1024  /* entries of one property */
#define WIRE_DICT_MAX   256   /* entries of one dictionary, unknown ones included */

typedef struct Bytes {
        unsigned char *data; /* never NULL once read, so that "empty" and "absent" differ */
        size_t size;
} Bytes;

typedef struct BytesList {
        Bytes *items;
        size_t n;
} BytesList;

typedef struct StringList {
        char **items;
        size_t n;
} StringList;

void bytes_done(Bytes *b); /* these free what the argument holds and leave it empty */
void bytes_list_done(BytesList *l);
void string_list_done(StringList *l);

typedef enum WireType {
        WIRE_STRING,     /* s into char * */
        WIRE_U32,        /* u into uint32_t */
        WIRE_U64,        /* t into uint64_t */
        WIRE_BOOL,       /* b into bool */
        WIRE_BYTES,      /* ay into Bytes */
        WIRE_BYTES_LIST, /* aay into BytesList */
        WIRE_STRINGS,    /* as into StringList */
        _WIRE_TYPE_MAX,
} WireType;

typedef enum WirePresence { WIRE_REQUIRED, WIRE_OPTIONAL } WirePresence;

/* One known entry of an a{sv} and its place in a structure. */
typedef struct WireField {
        const char *name;
        WireType type;
        WirePresence presence;
        size_t offset;
} WireField;

int wire_read_string(sd_bus_message *m, const char *what, char **ret) _must_check_;
int wire_read_bytes(sd_bus_message *m, const char *what, Bytes *ret) _must_check_;
int wire_read_secret(sd_bus_message *m, const char *what,
                     Bytes *ret) _must_check_; /* an answer's first argument; wipes the message's copy */
int wire_read_bytes_list(sd_bus_message *m, const char *what, size_t max, BytesList *ret) _must_check_;
int wire_read_paths(sd_bus_message *m, const char *what, size_t max, StringList *ret) _must_check_; /* ao */

/* Reads an a{sv} into the (zeroed) structure at `base`. Entries that `fields` does not list are passed over: a newer
 * signetd may have more. One that stands there twice or has another type, or a required one that is missing, is an
 * error. On failure part of the structure may be filled: its owner frees it as a whole. */
int wire_read_dict(sd_bus_message *m, const char *what, const WireField *fields, size_t n, void *base) _must_check_;

/* 0 when the whole message was read. */
int wire_finish(sd_bus_message *m, const char *what) _must_check_;

/* The errors behind all of the above, for readers elsewhere: of an sd-bus reading function, and of wrong content. */
int wire_failed(int r, const char *what);
int wire_unexpected(const char *what, const char *wanted, const char *found);
