/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verify says: who signed, whether to believe it, whether it was the sender. */
#pragma once

#include "cms-verify.h"

typedef struct Report {
        const VerifyResult *result;
        const char *const *senders; /* the addresses that must have signed: the mail's From */
        size_t n_senders;
        const char *sender_problem; /* why no sender can be compared ("the mail has two From fields"); NULL */
} Report;

/* Does each sender's address stand in the certificate of a good signature? */
bool report_sender_matches(const Report *r);
bool report_good(const Report *r); /* valid, trusted and from the sender */

int report_text(const Report *r, char **ret, Fault *f) _must_check_; /* lines for people; free it */
int report_json(const Report *r, char **ret, Fault *f) _must_check_; /* one JSON object and a newline; free it */
int report_json_fault(const Fault *why, char **ret,
                      Fault *f) _must_check_; /* the same for a mail that could not be verified */
