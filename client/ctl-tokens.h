/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens as signetctl shows them. */
#pragma once

#include "ctl.h"

bool token_is_ready(const signet_token *token);
CtlColour token_colour(const signet_token *token); /* of its state */

/* Everything about the token; the reference is the caller's. */
struct json_object *token_json(const signet_token *token);

/* What is wrong and what to do, as a line behind `indent`; nothing when there is nothing. */
void token_print_message(const signet_token *token, const char *indent);
