/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is sent to be signed for purpose "digest". */
#pragma once

#include "ctl.h"

/* Hashes the input, of any size, with `hash` ("sha256"...). A CtlExit; free with signet_free(). */
int digest_make(Ctl *ctl, const char *path, const char *hash, unsigned char **ret, size_t *ret_size) _must_check_;

/* Reads a digest made with `hash`: its octets, or their hex digits and a newline if you like. A CtlExit; free with
 * signet_free(). */
int digest_read(Ctl *ctl, const char *path, const char *hash, unsigned char **ret, size_t *ret_size) _must_check_;
