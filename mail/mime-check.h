/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is this a MIME entity that every reader will take apart in the same way? */
#pragma once

#include "fault.h"
#include "spool.h"

/* MAIL_E_INVALID_INPUT names what is broken: header lines that are none, a multipart without boundary, without a part
 * or without its end, contradictory header fields, nesting without end. */
int mime_check(Slice entity, Fault *f) _must_check_;

/* The same for what came out of a decryption: an entity, or text without a header (UTF-8 without control characters).
 * True if it is either. Garbage of a wrong content key or of patched ciphertext is neither. */
int mime_is_plausible(Slice plaintext, bool *ret) _must_check_; /* 0 or -errno */
