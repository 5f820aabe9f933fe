/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes the forms of openssl smime. Fed with what mail programs save from mails, so with hostile mail. */
#include "openssl-form.h"

#include <string.h>

#include "output.h"

void openssl_input_done(OpensslInput *i) {
        spool_free(i->in);
        smime_mail_done(&i->mail);
        spool_free(i->decoded);
        *i = (OpensslInput){ 0 };
}

static bool line_begins(const Line *line, const char *with) {
        return line->begins && line->size >= strlen(with) && memcmp(line->data, with, strlen(with)) == 0;
}

/* What stands between the lines BEGIN and END. */
static int find_pem(Slice in, Slice *ret, Fault *f) {
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        uint64_t begin = 0;
        bool inside = false;
        Line line;
        int r;

        if (!lines)
                return fault_set_errno(f, ENOMEM, "cannot read the S/MIME data");
        lines_init(lines, in);
        while ((r = lines_next(lines, &line)) > 0)
                if (!inside && line_begins(&line, "-----BEGIN ")) {
                        inside = true;
                        begin = line.offset + line.size;
                } else if (inside && line_begins(&line, "-----END ")) {
                        *ret = slice_range(in, begin, line.offset);
                        return 0;
                }
        if (r < 0)
                return fault_set_errno(f, r, "cannot read the S/MIME data");
        return fault_set(f, MAIL_E_INVALID_INPUT, "the input is not PEM: it has no lines BEGIN and END");
}

static int read_smime(OpensslInput *i, Fault *f) {
        int r = smime_read(spool_slice(i->in), &i->mail, f);

        if (r == 0 && i->mail.kind == SMIME_NONE)
                r = fault_set(f, MAIL_E_INVALID_INPUT,
                              "the input is no S/MIME mail; -inform DER or PEM reads other forms");
        if (r != 0)
                return r;
        i->cms = spool_slice(i->mail.cms);
        if (i->mail.kind == SMIME_MULTIPART_SIGNED)
                i->content = i->mail.content;
        return 0;
}

static int read_pem(OpensslInput *i, Fault *f) {
        Slice base64;
        int r = find_pem(spool_slice(i->in), &base64, f);

        if (r == 0)
                r = smime_decode(base64, "base64", &i->decoded, f);
        if (r == 0)
                i->cms = spool_slice(i->decoded);
        return r;
}

int openssl_form_read(const OpensslOptions *o, OpensslInput *ret, Fault *f) {
        _cleanup_(openssl_input_done) OpensslInput i = { 0 };
        int r = input_read(o->in, &i.in, f);

        if (r == 0 && spool_size(i.in) == 0)
                r = fault_set(f, MAIL_E_INVALID_INPUT, "the input is empty");
        else if (r == 0 && o->inform == FORM_SMIME)
                r = read_smime(&i, f);
        else if (r == 0 && o->inform == FORM_PEM)
                r = read_pem(&i, f);
        else if (r == 0)
                i.cms = spool_slice(i.in);
        if (r != 0)
                return r;
        *ret = i;
        i = (OpensslInput){ 0 };
        return 0;
}

int openssl_form_pem(Slice cms, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *out = NULL;
        int r = spool_new(SPOOL_DISK, &out);

        if (r == 0)
                r = spool_append_string(out, "-----BEGIN PKCS7-----\n");
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = smime_write_base64(out, LINE_END_LF, cms, f);
        if (r == 0 && (r = spool_append_string(out, "-----END PKCS7-----\n")) < 0)
                r = fault_set_errno(f, r, "cannot write a temporary file");
        if (r == 0)
                *ret = TAKE_PTR(out);
        return r;
}

static int write_cms(Slice content, const SmimeJob *job, Spool *out, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        bool authenticated;

        if (!sink)
                return fault_set_errno(f, ENOMEM, "cannot write a temporary file");
        if (job->recipients)
                return cms_encrypt(job->recipients, &job->encrypt, content, sink, &authenticated, f);
        return job->opaque ? cms_sign_opaque(job->signer, &job->sign, content, sink, f)
                           : cms_sign_detached(job->signer, &job->sign, content, sink, f);
}

static int append_field(Spool *out, const char *name, const char *value, LineEnd end, Fault *f) {
        int r = 0;

        if (!value)
                return 0;
        if (strpbrk(value, "\r\n"))
                return fault_set(f, MAIL_E_USAGE, "the value of %s has a line end in it", name);
        r = spool_append_string(out, name);
        if (r == 0)
                r = spool_append_string(out, ": ");
        if (r == 0)
                r = spool_append_string(out, value);
        if (r == 0)
                r = spool_append_string(out, end == LINE_END_CRLF ? "\r\n" : "\n");
        return r < 0 ? fault_set_errno(f, r, "cannot write a temporary file") : 0;
}

static int write_smime(const OpensslOptions *o, Slice content, const SmimeJob *job, Spool *out, Fault *f) {
        LineEnd end = o->crlf ? LINE_END_CRLF : LINE_END_LF;
        int r;

        r = append_field(out, "To", o->to, end, f);
        if (r == 0)
                r = append_field(out, "From", o->from, end, f);
        if (r == 0)
                r = append_field(out, "Subject", o->subject, end, f);
        if (r == 0)
                r = append_field(out, "MIME-Version", "1.0", end, f);
        return r == 0 ? smime_make_entity(content, job, end, out, f) : r;
}

int openssl_form_write(const OpensslOptions *o, Slice content, const SmimeJob *job, Fault *f) {
        _cleanup_(spool_freep) Spool *out = NULL, *pem = NULL;
        int r = spool_new(SPOOL_DISK, &out);

        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = o->outform == FORM_SMIME ? write_smime(o, content, job, out, f) : write_cms(content, job, out, f);
        if (r == 0 && o->outform == FORM_PEM)
                r = openssl_form_pem(spool_slice(out), &pem, f);
        return r == 0 ? output_write_spool(pem ?: out, o->out, OUTPUT_IN_PLACE, f) : r;
}
