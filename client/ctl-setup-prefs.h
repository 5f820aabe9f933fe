/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thunderbird's own files, as texts: preferences (prefs.js, user.js), NSS's list of modules (pkcs11.txt), and the list
 * of profiles. Pure. */
#pragma once

#include "common/macros.h"

/* The text value of a preference, the last one if it stands there more than once. Free it; NULL: there is none. */
char *prefs_get(const char *text, const char *name);

/* The text with the preference set to this value: its line is replaced, or one is added. Free it; NULL: out of memory.
 */
char *prefs_set(const char *text, const char *name, const char *value);

/* Calls `found` for each preference whose name begins with `prefix`, with the rest of its name and, if its value is
 * text, that; stops when it returns something else than 0, and returns that. */
int prefs_each(const char *text, const char *prefix, int (*found)(const char *rest, const char *value, void *data),
               void *data) _must_check_;

/* pkcs11.txt with a module of this name and library, instead of an earlier one of the name. Free it; NULL: out of
 * memory. */
char *modules_set(const char *text, const char *name, const char *library);

/* The directory of the profile that Thunderbird starts with, absolute or below that of profiles.ini. 0; -ENOENT: none;
 * -EEXIST: several, and none of them is the one; -ENOMEM. Free *ret. */
int profiles_default(const char *ini, char **ret) _must_check_;
