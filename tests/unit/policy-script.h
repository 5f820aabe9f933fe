/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the "#?" lines of the policies in tests/data/policy: somebody does something. Their words are in README.md
 * there. */
#pragma once

#include "policy/policy.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#define SCRIPT_WORDS_MAX 8

/* Words cut out of a line; they point into it. */
typedef struct Words {
        char *items[SCRIPT_WORDS_MAX];
        size_t n;
} Words;

typedef struct Script {
        enum { SCRIPT_DOES, SCRIPT_SEES, SCRIPT_MAY } verb;
        PolicyFacts facts;
        char *answer;

        /* What the facts point to. */
        PolicyInstance instances[SCRIPT_WORDS_MAX];
        Words groups, places, mail, domains, addresses;
} Script;

/* Understands what stands behind "#?"; `line` is changed and must outlive `ret`. Fails the test when it cannot. */
void script_parse(char *line, Script *ret);

/* The whole file, NUL-terminated; the caller's to free. Fails the test when it cannot be read. */
char *script_read_file(const char *path);

/* The path of NAME in the source. */
void script_data_path(const char *name, char *ret, size_t room);

/* Calls `check` for each file *.conf in DIRECTORY of the source; fails the test when there is none. */
void script_for_each(const char *directory, void (*check)(const char *path, void *userdata), void *userdata);
