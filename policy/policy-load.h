/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading from memory, for the fuzzer and tests: no file is looked at. */
#pragma once

#include "policy.h"

/* `n` bytes of text, as if they stood in a file called `name`. Otherwise like policy_load_file(). */
int policy_load_text(const char *name, const char *text, size_t n, Problems *problems, Policy **ret) _must_check_;
