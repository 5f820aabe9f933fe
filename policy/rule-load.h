/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a group in a policy file to a rule. Private to policy/: rule-load.c reads the settings, rule-check.c judges them
 * together. */
#pragma once

#include <libconfig.h>

#include "rule.h"

/* Fills `rule`, which is zeroed, with everything but its name and place. Mistakes go to `problems`, and the rule is
 * then good for nothing but rule_done(). 0 or -ENOMEM. */
int rule_load(const config_setting_t *group, PolicyRule *rule, Problems *problems) _must_check_;

/* Reports what does not go together. The rule's conditions have been read, some of them perhaps in vain. */
void rule_check(const PolicyRule *rule, const config_setting_t *group, Problems *problems);

/* The uses that operation and purpose (or their absence) stand for. */
unsigned rule_uses(const PolicyRule *rule);
