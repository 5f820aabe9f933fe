/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two halves of a key pair are separate objects on a token, tied by CKA_ID, and a certificate may stand for one. */
#pragma once

#include "object.h"

/* Gives each private key that has no SubjectPublicKeyInfo the one of its public half, and each key that has no label
 * its certificate's. A private key without any public half becomes KEY_TYPE_UNKNOWN, and the log says so. 0 or -ENOMEM.
 */
int object_match(const char *token, Object *objects, size_t n) _must_check_;
