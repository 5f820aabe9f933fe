/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Session objects of one process: which there are, in which slot, and which session's end is theirs. Any thread may
 * call. What session.h says of call_object() and its like is built on it. */
#pragma once

#include "session.h"

SessionObjects *session_objects_new(void); /* NULL: no memory */
SessionObjects *session_objects_free(SessionObjects *s);

/* Those that this session made are gone from now on; who holds a reference keeps it. */
void session_objects_drop(SessionObjects *s, CK_SESSION_HANDLE session);

/* The same for a slot's private ones (CKA_PRIVATE), at C_Logout. */
void session_objects_drop_private(SessionObjects *s, CK_SLOT_ID slot);
