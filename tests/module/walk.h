/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every function that takes a slot or a session, called with plausible arguments (`fit`) and with NULL for every
 * pointer (`bare`): a table over which test-walk.c goes in all the states a module can be in. */
#pragma once

#include "host.h"

typedef enum WalkKind {
        WALK_GENERAL, /* neither slot nor session */
        WALK_SLOT,
        WALK_SESSION,
        WALK_PARALLEL, /* C_GetFunctionStatus and C_CancelFunction: CKR_FUNCTION_NOT_PARALLEL (section 5.16) */
} WalkKind;

typedef struct Walk {
        const char *name;
        WalkKind kind;
        CK_RV (*fit)(CK_ULONG handle);  /* of the slot or session */
        CK_RV (*bare)(CK_ULONG handle); /* NULL: has no pointers that may not be NULL */
        CK_RV also;                     /* what `bare` may give besides CKR_ARGUMENTS_BAD */
} Walk;

extern const Walk walk_table[];
extern const size_t n_walk;

/* Those of the 3.0 list. */
extern const Walk walk_table_3[];
extern const size_t n_walk_3;
