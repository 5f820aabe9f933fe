/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words the result of a verification. Addresses, from mail and certificates alike, are anybody's text: cleaned before
 * a terminal sees them. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "header.h"

static bool signed_by(const VerifyResult *result, const char *address) {
        for (size_t i = 0; i < result->n; i++)
                if (result->signatures[i].valid && certificate_has_address(result->signatures[i].certificate, address))
                        return true;
        return false;
}

bool report_sender_matches(const Report *r) {
        bool all = r->n_senders > 0 && !r->sender_problem;

        for (size_t i = 0; i < r->n_senders; i++)
                all = all && signed_by(r->result, r->senders[i]);
        return all;
}

bool report_good(const Report *r) {
        return verify_result_trusted(r->result) && report_sender_matches(r);
}

static void print_list(FILE *f, const char *const *addresses, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *clean = text_clean(addresses[i]);

                if (clean)
                        text_squeeze_in_place(clean);
                fprintf(f, "%s%s", i ? ", " : "", clean ?: "?");
        }
}

static void print_addresses(FILE *f, X509 *certificate) {
        char **addresses = NULL;
        size_t n = 0;

        if (certificate_addresses(certificate, &addresses, &n) == 0)
                print_list(f, (const char *const *) addresses, n);
        if (n == 0)
                fputs("(no address)", f);
        addresses_free(addresses, n);
}

static void print_signature(FILE *f, const SignatureResult *s) {
        char name[256], until[64];

        fprintf(f, "signature:    %s%s%s\n", s->valid ? "good" : "BAD", s->valid ? "" : ": ", s->valid ? "" : s->problem ?: "unknown");
        if (s->certificate) {
                certificate_describe(s->certificate, name, sizeof(name));
                certificate_time(X509_get0_notAfter(s->certificate), until, sizeof(until));
                fputs("signer:       ", f);
                print_addresses(f, s->certificate);
                fprintf(f, "\ncertificate:  %s, valid until %s\n", name, until);
        }
        fprintf(f, "digest:       %s\n", s->digest);
        if (s->signing_time[0])
                fprintf(f, "signed:       %s (as the signer says)\n", s->signing_time);
        if (s->valid)
                fprintf(f, "chain:        %s%s\n", s->trusted ? "good" : "NOT TRUSTED: ", s->trusted ? "" : s->problem ?: "unknown");
}

static void print_sender(FILE *f, const Report *r) {
        fputs("from:         ", f);
        print_list(f, r->senders, r->n_senders);
        if (r->sender_problem)
                fprintf(f, "%s%s\n", r->n_senders ? ": " : "", r->sender_problem);
        else
                fputs(report_sender_matches(r) ? " is the signer\n" : " IS NOT THE SIGNER\n", f);
}

int report_text(const Report *r, char **ret, Fault *f) {
        char *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);

        if (!stream)
                return fault_set_errno(f, errno, "cannot write the report");
        for (size_t i = 0; i < r->result->n; i++)
                print_signature(stream, &r->result->signatures[i]);
        print_sender(stream, r);
        fprintf(stream, "verdict:      %s\n", report_good(r) ? "good" : "NOT GOOD");
        if (fclose(stream) != 0) {
                free(text);
                return fault_set_errno(f, ENOMEM, "cannot write the report");
        }
        *ret = text;
        return 0;
}
