/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does what came out of a decryption look like mail? */
#pragma once

#include "spool.h"

/* True for a MIME entity that is whole (mime_check()) and all of whose parts have the bytes that their transfer
 * encoding allows, and for text without a header: UTF-8 without control characters. Garbage of a wrong content key is
 * neither, and hardly ever a mail that somebody changed without knowing the key: CBC turns at least one block of it
 * into garbage. 0 or -errno. */
int mime_is_plausible(Slice plaintext, bool *ret) _must_check_;
