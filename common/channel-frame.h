/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channel: Sign, SignMany, Decrypt and Derive as packets between libsignet and signetd, without the bus in between
 * (docs/PROTOCOL.md). One SOCK_SEQPACKET packet is one frame: a header of 8 bytes (u8 version, u8 type, u16 zero, u32
 * id) and a body. Calls may be sent without waiting for answers; answers bear their call's id and may come in any
 * order.
 *
 * What the words mean is docs/DBUS.md's business: the same names of purposes, options and errors travel. Both sides
 * treat what they receive as hostile. Decoded structures borrow from the packet, strings included: they end in a NUL
 * there. */
#pragma once

#include "buffer.h"

#define CHANNEL_VERSION     1
#define CHANNEL_FRAME_MAX   131072 /* bytes in one packet; larger requests go over the bus */
#define CHANNEL_ID_SIZE     32     /* a key's id in bytes */
#define CHANNEL_WORD_MAX    80     /* bytes of a word, its NUL included */
#define CHANNEL_TEXT_MAX    4096   /* of a sentence */
#define CHANNEL_OPTIONS_MAX 16
#define CHANNEL_INPUTS_MAX  256

/* The one error that the bus does not have: the answer fits no packet, and the call has to go over the bus. Nothing was
 * done. */
#define CHANNEL_TOO_LARGE "TooLarge"

typedef enum ChannelType { CHANNEL_CALL = 1, CHANNEL_RESULT } ChannelType;

typedef enum ChannelMethod {
        CHANNEL_SIGN = 1,
        CHANNEL_SIGN_MANY,
        CHANNEL_DECRYPT,
        CHANNEL_DERIVE,
        _CHANNEL_METHOD_MAX,
} ChannelMethod;

typedef enum ChannelOptionType {
        CHANNEL_OPTION_STRING = 1,
        CHANNEL_OPTION_NUMBER,
        CHANNEL_OPTION_BYTES,
        _CHANNEL_OPTION_TYPE_MAX,
} ChannelOptionType;

typedef struct ChannelOption {
        const char *name;
        ChannelOptionType type;
        const char *string;
        uint32_t number;
        Blob bytes;
} ChannelOption;

typedef struct ChannelCall {
        uint32_t id;
        const uint8_t *key; /* CHANNEL_ID_SIZE bytes */
        ChannelMethod method;
        const char *purpose;
        ChannelOption options[CHANNEL_OPTIONS_MAX];
        unsigned n_options;
        Blob inputs[CHANNEL_INPUTS_MAX];
        unsigned n_inputs; /* 1 for all but CHANNEL_SIGN_MANY */
} ChannelCall;

typedef struct ChannelResult {
        uint32_t id;
        const char *error;   /* "" when it was done, else the last part of the D-Bus error's name: "Busy" */
        const char *message; /* its sentence */
        Blob outputs[CHANNEL_INPUTS_MAX];
        unsigned n_outputs;
} ChannelResult;

/* Write a whole frame into `ret` (CHANNEL_FRAME_MAX bytes) and return its size, or -EMSGSIZE. */
ssize_t channel_encode_call(const ChannelCall *c, uint8_t *ret) _must_check_;
ssize_t channel_encode_result(const ChannelResult *c, uint8_t *ret) _must_check_;

/* -EBADMSG for anything malformed, over a limit, of another version or type, or with bytes left over. */
int channel_decode_call(const void *packet, size_t n, ChannelCall *ret) _must_check_;
int channel_decode_result(const void *packet, size_t n, ChannelResult *ret) _must_check_;
