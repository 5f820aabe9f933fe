/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thunderbird's profiles: the directories in which it keeps accounts, mail and certificates. */
#pragma once

#include "ctl-setup.h"

/* --profile, or the one that Thunderbird starts with; the path is the plan's. */
int profile_find(Setup *s, const char **ret) _must_check_;

/* Whether a Thunderbird has it open. */
bool profile_runs(const char *profile);
