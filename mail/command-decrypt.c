/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-smime decrypt. Fed with hostile mail; what it writes is a mail that was decrypted whole, or nothing. */
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "cms-decrypt.h"
#include "commands.h"
#include "output.h"
#include "smime.h"
#include "spool-bio.h"

/* The plaintext's line ends become the mail's, unless that could change more than line ends. */
static int choose_mode(Slice plain, LineEnd end, LineMode *ret) {
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        TextScan scan = { 0 };
        bool all_crlf = true;
        Line line;
        int r;

        if (!lines)
                return -ENOMEM;
        lines_init(lines, plain);
        while ((r = lines_next(lines, &line)) > 0) {
                text_scan(&scan, line.data, line.size);
                all_crlf = all_crlf && (!line.ends || line.size - line_text_size(&line) == 2);
        }
        text_scan_end(&scan);
        *ret = end == LINE_END_LF && all_crlf && !scan.nul && !scan.bare_cr ? LINE_MODE_UNIX : LINE_MODE_VERBATIM;
        return r;
}

static bool is_binary(const Header *h) {
        _cleanup_free_ char *encoding = NULL;
        Fault ignored = { 0 };

        return header_value(h, "Content-Transfer-Encoding", &encoding, &ignored) == 0 && encoding &&
               strcasecmp(encoding, "binary") == 0;
}

/* A field of the entity that the mail shows: what describes the content, and what the mail does not say outside. */
static bool is_kept(const HeaderField *field, const Header *outer) {
        char name[128];

        if (header_field_begins(field, "Content-"))
                return true;
        if (field->name_size >= sizeof(name) || header_field_is(field, "MIME-Version"))
                return false;
        (void) snprintf(name, sizeof(name), "%.*s", (int) field->name_size, field->raw);
        return header_count(outer, name) == 0;
}

/* Appends the entity's fields (with `all` every one) behind the outer ones, and the empty line. What is left to write
 * is *ret_body: the entity's body, or text that had no header. */
static int append_header(Spool *out, Slice plain, const Header *outer, bool all, OutputPiece *ret_body, Fault *f) {
        _cleanup_(header_freep) Header *h = NULL;
        Fault none = { 0 };
        LineEnd end = outer->line_end;
        LineMode mode;
        int r;

        r = choose_mode(plain, end, &mode);
        bool entity =
                header_read(plain, &h, &none) == 0 && (h->n == 0 ? h->has_end : header_count(h, "Content-Type") == 1);
        if (r == 0 && entity && is_binary(h))
                mode = LINE_MODE_VERBATIM;
        for (size_t i = 0; r == 0 && entity && i < h->n; i++)
                if (all || is_kept(&h->fields[i], outer)) {
                        uint64_t begin = (uint64_t) (h->fields[i].raw - h->text);
                        r = spool_append_slice(out, slice_range(plain, begin, begin + h->fields[i].size),
                                               line_mode_for(end));
                }
        if (r == 0)
                r = spool_append_string(out, end == LINE_END_CRLF ? "\r\n" : "\n");
        if (r < 0)
                return fault_set_errno(f, r, "cannot write the decrypted mail");
        *ret_body = (OutputPiece){ entity ? slice_from(plain, h->body) : plain, mode };
        return 0;
}

/* Does the outside say nothing but what kind of mail it is? Then a mail inside is the mail. */
static bool is_bare(const Header *outer) {
        for (size_t i = 0; i < outer->n; i++)
                if (!header_field_begins(&outer->fields[i], "Content-") &&
                    !header_field_is(&outer->fields[i], "MIME-Version"))
                        return false;
        return true;
}

/* The mail's outer fields around the plaintext. */
static int write_mail(const Options *o, const Header *outer, Spool *plain, Fault *f) {
        _cleanup_(spool_freep) Spool *header = NULL;
        _cleanup_(header_freep) Header *inner = NULL;
        OutputPiece pieces[2];
        Fault none = { 0 };
        int r;

        r = spool_new(SPOOL_MEMORY, &header);
        if (r < 0)
                return fault_set_errno(f, r, "cannot write the decrypted mail");
        bool whole = is_bare(outer) && header_read(spool_slice(plain), &inner, &none) == 0 &&
                     header_count(inner, "From") > 0;
        r = whole ? 0 : smime_write_outer(header, outer, outer->line_end, f);
        if (r == 0)
                r = append_header(header, spool_slice(plain), outer, whole, &pieces[1], f);
        if (r != 0)
                return r;
        pieces[0] = (OutputPiece){ spool_slice(header), LINE_MODE_VERBATIM };
        return output_write(pieces, 2, o->out, 0, f);
}

static int load_old_certificates(const Options *o, STACK_OF(X509) **ret, Fault *f) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();
        int r = all ? 0 : fault_set_errno(f, ENOMEM, "cannot read certificates");

        for (size_t i = 0; r == 0 && i < o->certs.n; i++)
                r = certificates_load(o->certs.items[i], all, f);
        if (r == 0)
                *ret = TAKE_PTR(all);
        return r;
}

static int not_encrypted(const SmimeMail *m, Fault *f) {
        return fault_set(f, MAIL_E_NOT_ENCRYPTED, "the mail is not encrypted%s",
                         m->kind == SMIME_MULTIPART_SIGNED ? "; it is signed: use verify"
                                                           : " (an encrypted part inside of another mail is not looked "
                                                             "for: what surrounds it could carry it away)");
}

int command_decrypt(const Options *o, Fault *f) {
        _cleanup_(spool_freep) Spool *mail = NULL, *plain = NULL;
        _cleanup_(smime_mail_done) SmimeMail m = { 0 };
        _cleanup_(x509_stack_freep) STACK_OF(X509) *more = NULL;
        _cleanup_(keyring_freep) Keyring *keyring = NULL;
        _cleanup_(decrypters_done) Decrypters keys = { 0 };
        int r;

        r = input_read(o->in, &mail, f);
        if (r == 0)
                r = smime_read(spool_slice(mail), &m, f);
        if (r == 0 && m.kind != SMIME_PKCS7)
                r = not_encrypted(&m, f);
        if (r == 0)
                r = load_old_certificates(o, &more, f);
        if (r == 0)
                r = keyring_new(o->bus, NULL, &keyring, f);
        if (r == 0)
                r = keyring_decrypters(keyring, o->key, more, &keys, f);
        if (r == 0)
                r = cms_decrypt(spool_slice(m.cms), &keys, o->any ? PLAINTEXT_ANY : PLAINTEXT_MIME, &plain, f);
        return r == 0 ? write_mail(o, m.header, plain, f) : r;
}
