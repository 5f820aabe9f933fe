/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for things that outlive a snapshot: a token keeps its slot's number, an object its handle, as long as the
 * module is initialised, whether they go and come again or not. Numbers are never used for something else. Any thread
 * may call. */
#pragma once

#include "module.h"

#define NAMES_SESSION_OBJECT 0x40000000UL /* handles from here on are session objects' */

Names *names_new(void); /* NULL: no memory */
Names *names_free(Names *n);

/* The slot of the token that signetd calls `token`, from 0 on. CKR_HOST_MEMORY. */
CK_RV names_slot(Names *n, const char *token, CK_SLOT_ID *ret) _must_check_;

/* How many slots have a number: they are 0 to this less 1. */
CK_ULONG names_slot_count(Names *n);

/* The handle, from 1 on, of what these 32 bytes identify: a SHA-256 over slot, class and id. CKR_HOST_MEMORY. */
CK_RV names_object(Names *n, const unsigned char identity[static 32], CK_OBJECT_HANDLE *ret) _must_check_;

/* A handle for a new session object. */
CK_OBJECT_HANDLE names_session_object(Names *n);
