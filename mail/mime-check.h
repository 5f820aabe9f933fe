/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is this a MIME entity that every reader will take apart in the same way? */
#pragma once

#include "fault.h"
#include "mime-stream.h"

/* MAIL_E_INVALID_INPUT names what is broken: header lines that are none, a multipart without boundary, without a part
 * or without its end, contradictory header fields, nesting without end. */
int mime_check(Slice entity, Fault *f) _must_check_;

/* Parses the entity and leaves a sentence in *ret_issue, or NULL when nothing is broken. *ret_object, the parsed
 * entity, may be NULL when there is an issue; it reads from the slice's spool as long as it lives. 0 or -errno. */
int mime_find_issue(Slice entity, GMimeObject **ret_object, const char **ret_issue) _must_check_;
