/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates from the host: arrays of attributes whose pointers and lengths may be anything. */
#pragma once

#include "module.h"

#define TEMPLATE_MAX       256   /* attributes in one template */
#define TEMPLATE_VALUE_MAX 65536 /* bytes in one value */

/* CKR_OK when every entry may be read: CKR_ARGUMENTS_BAD for NULL with a number, too many, or a NULL value with a
 * length (where `values` are wanted); CKR_ATTRIBUTE_VALUE_INVALID for absurd lengths. Attributes nested in one another
 * (CKA_WRAP_TEMPLATE...) are never followed. */
CK_RV template_check(const CK_ATTRIBUTE *template, CK_ULONG n, bool values) _must_check_;

/* The entry of this type, or NULL. */
const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type);

/* Scalars: false unless the entry exists and has exactly this size. */
bool template_ulong(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret);
bool template_bool(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_BBOOL *ret);
