/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The canonical form that S/MIME signs and encrypts (RFC 8551 section 3.1): a MIME entity with CRLF line ends and
 * nothing that a mail server would change on the way. */
#pragma once

#include "header.h"

#define TEXT_LINE_MAX 998 /* bytes without the line end, RFC 5322 section 2.1.1 */

/* What stands in the way of sending text through any mail server unchanged. */
typedef struct TextScan {
        bool eight_bit, nul, bare_cr, long_line;
        bool from_line; /* a line begins with "From ": not unclean, but mailbox files would change it */
        bool not_utf8;
        size_t column; /* of the current line so far; this and the next are the scanner's own */
        size_t from_matched;
        bool after_cr;
} TextScan;

static inline bool text_scan_clean(const TextScan *scan) {
        return !scan->eight_bit && !scan->nul && !scan->bare_cr && !scan->long_line;
}

/* Takes note of what is in the bytes; a text may come in pieces. text_scan_end() after the last. */
void text_scan(TextScan *scan, const uint8_t *data, size_t n);
void text_scan_end(TextScan *scan);
const char *text_scan_explain(const TextScan *scan); /* the worst thing found, or "" */

/* Appends the slice with every LF and CRLF written as CRLF, and scans it on the way (scan may be NULL). 0 or -errno. */
int canonical_copy(Slice in, Spool *out, TextScan *scan) _must_check_;

/* The entity inside a mail: its Content-* fields and its body, canonical and in 7 bits. Parts that are not in 7 bits
 * are encoded in quoted-printable or base64; all other bytes stay as they came, but for line ends. MAIL_E_INVALID_INPUT
 * for broken MIME (see mime_check()) and for what cannot be brought into that form. */
int canonical_entity(Slice mail, const Header *header, Spool **ret, Fault *f) _must_check_;
