/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of Sign, Decrypt and Derive: what they may be for a kind of key, and what they are when left out. Pure.
 *
 * Every function returns 0 or OUTCOME_INVALID_INPUT or OUTCOME_NOT_SUPPORTED with a sentence in *f. */
#pragma once

#include "common/buffer.h"
#include "key.h"
#include "outcome.h"

typedef enum OptionType { OPTION_STRING, OPTION_NUMBER, OPTION_BYTES } OptionType;

typedef enum OptionName {
        OPTION_HASH,
        OPTION_PADDING,
        OPTION_SALT_LENGTH,
        OPTION_MGF_HASH,
        OPTION_LABEL,
        OPTION_KEY_LENGTH,
        OPTION_KDF,
        OPTION_SHARED_INFO,
        OPTION_LENGTH,
        _OPTION_MAX,
} OptionName;

const char *option_to_string(OptionName n); /* "hash", "salt-length"... */
OptionType option_type(OptionName n);

/* What a caller gave: filled by bus-options.c, channel.c, or a test. Borrowed. */
typedef struct Options {
        bool set[_OPTION_MAX];
        const char *string[_OPTION_MAX];
        uint32_t number[_OPTION_MAX];
        Blob bytes[_OPTION_MAX];
} Options;

/* The option that `word` names, for the first time: one that is set in *o already, or unknown, is refused. */
int options_find(const Options *o, const char *word, OptionName *ret, Failure *f) _must_check_;

typedef struct SignOptions {
        Padding padding; /* RSA, else PADDING_NONE */
        Hash hash;       /* HASH_NONE for Ed25519 */
        uint16_t salt_length;
} SignOptions;

typedef struct DecryptOptions {
        Padding padding;
        Hash hash, mgf_hash; /* OAEP */
        uint16_t key_length; /* purpose cms; 0: any */
        Blob label;
} DecryptOptions;

typedef struct DeriveOptions {
        Kdf kdf;
        Hash hash;
        uint16_t length;
        Blob shared_info;
} DeriveOptions;

/* The purpose that `word` names, if it is one of `operation`. */
int purpose_parse(const char *word, Operation operation, Purpose *ret, Failure *f) _must_check_;

int sign_options_parse(const Options *o, KeyType type, size_t octets, SignOptions *ret, Failure *f) _must_check_;
int decrypt_options_parse(const Options *o, KeyType type, Purpose purpose, DecryptOptions *ret,
                          Failure *f) _must_check_;
int derive_options_parse(const Options *o, KeyType type, Purpose purpose, DeriveOptions *ret, Failure *f) _must_check_;
