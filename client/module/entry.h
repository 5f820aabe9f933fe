/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tables of functions need beside Cryptoki's own declarations. */
#pragma once

#include "pkcs11-3.h"

/* C_GetInfo of the 3.0 table. A host that came by C_GetFunctionList must not be told 3.0: it would look for functions
 * behind the end of its table. */
CK_RV info_3_0(CK_INFO *ret);
