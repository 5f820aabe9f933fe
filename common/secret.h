/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that must not leak: PINs, content keys, shared secrets.
 *
 * The bytes live in a mapping of their own that is locked in memory, left out of core dumps and of forked
 * children, and wiped when the Secret goes. A Secret has no formatter: it cannot be logged by accident. */
#pragma once

#include "macros.h"

#define SECRET_MAX 4096 /* bytes */

typedef struct Secret Secret;

/* A secret with room for n bytes (1 to SECRET_MAX), zeroed, of size n. Locking is best effort: a process over
 * RLIMIT_MEMLOCK still gets its secret. -EINVAL for a bad n, -ENOMEM. */
int secret_new(size_t n, Secret **ret) _must_check_;

/* Wipes and frees; accepts and returns NULL. */
Secret *secret_free(Secret *s);
DEFINE_CLEANUP(Secret *, secret_free)

uint8_t *secret_bytes(Secret *s); /* borrowed until secret_free */
size_t secret_size(const Secret *s);
void secret_truncate(Secret *s, size_t n); /* n at most the size; what is cut off is wiped */

/* Reads a PIN from fd to its end, without one trailing newline. -EMSGSIZE when longer than max (at most
 * SECRET_MAX - 1), -ENODATA when empty, -ETIMEDOUT when nothing more came within timeout_ms. fd stays open. */
int secret_read_fd(int fd, size_t max, int timeout_ms, Secret **ret) _must_check_;

/* Overwrites n bytes in a way that the compiler keeps. */
void secret_wipe(void *p, size_t n);
