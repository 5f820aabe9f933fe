/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of its own for each test, gone with it: cmocka_unit_test_setup_teardown(test, scratch_make,
 * scratch_remove); *state is then its path. */
#pragma once

#include <sys/types.h>

int scratch_make(void **state);
int scratch_remove(void **state); /* with what is in it, one level deep */

/* Writes n bytes into a file there. Returns its path, good until the next call. */
const char *scratch_write(const char *directory, const char *name, const char *text, size_t n, mode_t mode);
