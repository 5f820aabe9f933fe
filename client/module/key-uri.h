/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a key lies, from signetd's URI for it (RFC 7512).
 *
 * By hand and not by libp11-kit: the module comes into programs that may have no p11-kit or another one, whose set-up
 * runs when it is loaded, and its parser holds labels of more than 32 bytes to be mistakes. */
#pragma once

#include "common/macros.h"

#define KEY_URI_VALUE_MAX 1024 /* bytes */

/* One attribute of the path, decoded. */
typedef struct KeyUriValue {
        bool given;
        size_t size;
        unsigned char bytes[KEY_URI_VALUE_MAX + 1]; /* a NUL follows */
} KeyUriValue;

typedef struct KeyUri {
        KeyUriValue token, serial, id, object;
} KeyUri;

/* false: no such URI, or one that this could misread. */
bool key_uri_parse(const char *uri, KeyUri *ret);

/* Whether the URI is of a token with this label and serial number. */
bool key_uri_is_of_token(const KeyUri *uri, const char *label, const char *serial);
