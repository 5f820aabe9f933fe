/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-smime verify. Fed with hostile mail; what it says is believed. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "report.h"
#include "smime.h"

/* Who is said to have sent the mail. */
typedef struct Senders {
        char **addresses;
        size_t n;
        const char *problem;
} Senders;

static void senders_done(Senders *s) {
        addresses_free(s->addresses, s->n);
}

static int find_senders(const Header *header, const char *from, Senders *ret, Fault *f) {
        int r;

        if (from) {
                ret->addresses = calloc(1, sizeof(*ret->addresses));
                if (!ret->addresses || !(ret->addresses[0] = strdup(from)))
                        return fault_set_errno(f, ENOMEM, "cannot verify");
                ret->n = 1;
                return 0;
        }
        Fault unclear = { 0 };
        r = header_addresses(header, "From", &ret->addresses, &ret->n, &unclear);
        if (r == MAIL_E_INVALID_INPUT) {
                ret->problem = "the From field can be read in more than one way";
                return 0;
        }
        if (r != 0)
                return fault_set(f, unclear.error, "%s", unclear.text);
        /* Programs show one of them, and not all the same one. */
        if (r == 0 && header_count(header, "From") > 1)
                ret->problem = "the mail has more than one From field";
        else if (r == 0 && ret->n == 0)
                ret->problem = "the mail has no From address to compare";
        return r;
}

static int not_signed(const SmimeMail *m, Fault *f) {
        _cleanup_(content_type_done) ContentType type = { 0 };
        Fault ignored = { 0 };
        bool pgp = header_content_type(m->header, &type, &ignored) == 0 && strcmp(type.type, "multipart/signed") == 0;

        return fault_set(
                f, MAIL_E_NOT_SIGNED, "the mail is not signed with S/MIME%s",
                pgp ? "; its signature is of another kind"
                    : " (a signed part inside of another mail is not looked for: what surrounds it is not signed)");
}

static int verify(const Options *o, const SmimeMail *m, VerifyResult *result, Fault *f) {
        _cleanup_(X509_STORE_freep) X509_STORE *store = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *extra = sk_X509_new_null();
        TrustOptions trust = { .files = o->ca_files.items,
                               .n_files = o->ca_files.n,
                               .directories = o->ca_dirs.items,
                               .n_directories = o->ca_dirs.n,
                               .crl_files = o->crl_files.items,
                               .n_crl_files = o->crl_files.n };
        int r = extra ? trust_store(&trust, &store, f) : fault_set_errno(f, ENOMEM, "cannot verify");

        for (size_t i = 0; r == 0 && i < o->certs.n; i++)
                r = certificates_load(o->certs.items[i], extra, f);
        VerifyOptions options = { .trust = store, .extra = extra };
        if (r == 0)
                r = cms_verify(spool_slice(m->cms), m->kind == SMIME_MULTIPART_SIGNED ? &m->content : NULL, &options,
                               result, f);
        return r;
}

static int print_report(const Report *report, bool json, Fault *f) {
        _cleanup_free_ char *text = NULL;
        int r = json ? report_json(report, &text, f) : report_text(report, &text, f);

        if (r == 0 && (fputs(text, stdout) < 0 || fflush(stdout) != 0))
                r = fault_set_errno(f, errno, "cannot write the report");
        return r;
}

/* The report has the details: this is the kind of it, and the next step where there is one. */
static const char *why_not_good(const VerifyResult *result) {
        if (!verify_result_valid(result))
                return "the signature is not good; see the report";
        if (!verify_result_trusted(result))
                return "the signature fits the mail, but its certificate is not trusted; see the report, and name an "
                       "authority that you trust with --ca-file FILE";
        return "the signature is good, but not the sender's; see the report";
}

static int verify_mail(const Options *o, Fault *f) {
        _cleanup_(spool_freep) Spool *mail = NULL;
        _cleanup_(smime_mail_done) SmimeMail m = { 0 };
        _cleanup_(verify_result_done) VerifyResult result = { 0 };
        _cleanup_(senders_done) Senders senders = { 0 };
        int r;

        r = input_read(o->in, &mail, f);
        if (r == 0)
                r = smime_read(spool_slice(mail), &m, f);
        if (r == 0 && m.kind == SMIME_NONE)
                r = not_signed(&m, f);
        if (r == 0)
                r = verify(o, &m, &result, f);
        if (r == 0)
                r = find_senders(m.header, o->from, &senders, f);
        if (r != 0)
                return r;

        Report report = { &result, (const char *const *) senders.addresses, senders.n, senders.problem };
        bool good = report_good(&report);
        if (good && o->out) {
                OutputPiece piece = { result.content ? spool_slice(result.content) : m.content, LINE_MODE_VERBATIM };
                r = output_write(&piece, 1, o->out, 0, f);
        }
        if (r == 0)
                r = print_report(&report, o->json, f);
        return r == 0 && !good ? fault_set(f, MAIL_E_BAD_SIGNATURE, "%s", why_not_good(&result)) : r;
}

int command_verify(const Options *o, Fault *f) {
        int r = verify_mail(o, f);

        if (o->json && r != 0 && r != MAIL_E_BAD_SIGNATURE) {
                _cleanup_free_ char *text = NULL;
                Fault ignored = { 0 };

                if (report_json_fault(f, &text, &ignored) == 0)
                        fputs(text, stdout);
        }
        return r;
}
