/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A compiled pattern, between glob-compile.c and glob-match.c. */
#pragma once

#include "glob.h"

typedef enum ItemType {
        ITEM_CHAR,
        ITEM_ANY,  /* ? */
        ITEM_STAR, /* * */
        ITEM_SET,  /* [...] */
        ITEM_USER, /* %u */
} ItemType;

typedef struct Range {
        uint32_t first, last; /* characters, both included */
} Range;

typedef struct Item {
        ItemType type;
        bool negated;    /* SET */
        uint32_t c;      /* CHAR */
        size_t range, n; /* SET: where its ranges begin in Glob.ranges, and how many they are */
} Item;

struct Glob {
        GlobSyntax syntax;
        Item *items;
        size_t n_items;
        Range *ranges;
        size_t n_ranges;
        bool needs_user; /* some item is ITEM_USER */
};

/* The character at p, of `left` bytes (at least one), and its size. A byte that begins no character counts as one that
 * only the same byte in a pattern names. */
uint32_t glob_character(const uint8_t *p, size_t left, bool bytes, size_t *ret_size);
