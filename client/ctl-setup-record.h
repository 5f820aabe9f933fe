/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a set-up changed and how it was before, so that it can be undone: a JSON file for each program in the caller's
 * state directory, ~/.local/state/signet/setup, that nobody else can read. */
#pragma once

#include "ctl-setup-plan.h"

/* Where the record of the program is. The string is the caller's to free. */
int record_path(SetupPlan *p, const char *program, char **ret) _must_check_;

/* Carries out the plan, with a record that is written first, so that an interrupted set-up can be undone as well. A
 * record that is there already is added to: undoing goes back to before the first set-up. */
int record_apply(SetupPlan *p, const char *program) _must_check_;

/* Plans going back. Refuses when a file is no longer as it was left, CTL_NO when there is nothing to undo.
 * *ret_left: how many lines that were changed in shared files are not there any more. */
int record_plan_undo(SetupPlan *p, const char *program, size_t *ret_left) _must_check_;

/* Carries out what record_plan_undo() planned, and forgets the record. */
int record_undo(SetupPlan *p, const char *program) _must_check_;
