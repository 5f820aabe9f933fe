/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings the parts of a MIME entity into 7 bits. */
#pragma once

#include "fault.h"
#include "spool.h"

/* A copy of the entity in which each part that is not in 7 bits, has NUL bytes, a stray CR or lines over 998 bytes is
 * encoded in quoted-printable (text) or base64, and 8-bit header fields of parts in RFC 2047 or 2231 words. Line ends
 * may be of either kind. */
int reencode_7bit(Slice entity, Spool **ret, Fault *f) _must_check_;
