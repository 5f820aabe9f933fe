/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of columns for people. */
#pragma once

#include "ctl.h"

#define TABLE_COLUMNS_MAX 8

typedef struct Table Table;

/* `headings` are borrowed, `n` of them. `shrink` (a set of bits) says which columns may be cut when the terminal is too
 * narrow. */
int table_new(const char *const *headings, size_t n, unsigned shrink, Table **ret) _must_check_;
Table *table_free(Table *t); /* accepts and returns NULL */
DEFINE_CLEANUP(Table *, table_free)

/* The next cell, row by row; the text is copied and made safe to print. NULL and "" show as "-". Failure is remembered
 * until table_print(). */
void table_add(Table *t, const char *text);
void table_add_coloured(Table *t, CtlColour colour, const char *text);

/* Whether it can be printed without cutting anything. */
bool table_fits(const Table *t, const Ctl *ctl);

/* Prints headings and rows, no wider than the terminal if that can be. 0 or -ENOMEM. */
int table_print(const Table *t, const Ctl *ctl, FILE *f) _must_check_;
