/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How requests end: replies, retries and audit lines. For request.c. */
#pragma once

#include "request.h"

/* Writes down that `job` was not done and why, and answers the whole request with that. */
void request_refuse(Request *r, Job *job, const Failure *f);
