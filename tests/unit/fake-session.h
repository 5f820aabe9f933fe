/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions of the PKCS#11 module without its core, over the keys of fake-signet: for tests of its operations alone. The
 * objects are the module's own. */
#pragma once

#include "client/module/session.h"
#include "fake-signet.h"

#define FAKE_SESSIONS 2 /* handles 1 and 2 */

/* After fake_start(), before fake_stop(). */
void fake_session_start(void);
void fake_session_stop(void);

/* The private key of this label, as an object; its uses are as fake.refused was at that time. */
CK_OBJECT_HANDLE fake_private(const char *label);
CK_OBJECT_HANDLE fake_public_object(const char *label);

/* The object of this handle, borrowed. */
Object *fake_object(CK_OBJECT_HANDLE handle);

Session *fake_session(CK_SESSION_HANDLE handle);
