/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes S/MIME mail apart. Fed with hostile mail. The signed part is found by its boundary lines and taken to the byte:
 * a parser that writes it anew would verify something else than what came. */
#include <string.h>

#include "mime-stream.h"
#include "smime.h"

void smime_mail_done(SmimeMail *m) {
        header_free(m->header);
        spool_free(m->cms);
        *m = (SmimeMail){ 0 };
}

static int broken(Fault *f, const char *what) {
        return fault_set(f, MAIL_E_INVALID_INPUT, "the signed mail is broken: %s", what);
}

int smime_decode(Slice encoded, const char *encoding, Spool **ret, Fault *f) {
        _cleanup_(gobject_unrefp) GMimeStream *raw = NULL, *decoded = NULL;
        _cleanup_(spool_freep) Spool *out = NULL;
        GMimeContentEncoding known = g_mime_content_encoding_from_string(encoding ?: "7bit");
        char buffer[16384];
        ssize_t n;
        int r;

        if (known == GMIME_CONTENT_ENCODING_DEFAULT || known == GMIME_CONTENT_ENCODING_UUENCODE)
                return fault_set(f, MAIL_E_INVALID_INPUT,
                                 "the S/MIME data come in a transfer encoding that is not known: %s", encoding ?: "");
        r = spool_new(SPOOL_DISK, &out);
        if (r == 0)
                r = mime_stream_read(encoded, &raw);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        decoded = g_mime_stream_filter_new(raw);
        if (known == GMIME_CONTENT_ENCODING_BASE64 || known == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
                GMimeFilter *filter = g_mime_filter_basic_new(known, FALSE);
                g_mime_stream_filter_add(GMIME_STREAM_FILTER(decoded), filter);
                g_object_unref(filter);
        }
        while ((n = mime_stream_next(decoded, buffer, sizeof(buffer))) > 0) {
                r = spool_append(out, buffer, (size_t) n);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot write a temporary file");
        }
        if (n < 0)
                return fault_set_errno(f, errno ?: EIO, "cannot read the mail");
        *ret = TAKE_PTR(out);
        return 0;
}

static int decode_body(Slice body, const Header *header, Spool **ret, Fault *f) {
        _cleanup_free_ char *name = NULL;
        int r = header_value(header, "Content-Transfer-Encoding", &name, f);

        return r == 0 ? smime_decode(body, name, ret, f) : r;
}

typedef enum Delimiter {
        DELIMITER_NONE,
        DELIMITER_PART,
        DELIMITER_CLOSE,
} Delimiter;

/* RFC 2046 section 5.1.1: "--", the boundary, perhaps "--", perhaps white space. */
static Delimiter delimiter_of(const Line *line, const char *boundary) {
        size_t n = strlen(boundary), text = line_text_size(line), used = 2 + n;
        bool close = false;

        if (!line->begins || text < used || memcmp(line->data, "--", 2) != 0 ||
            memcmp(line->data + 2, boundary, n) != 0)
                return DELIMITER_NONE;
        if (text >= used + 2 && memcmp(line->data + used, "--", 2) == 0) {
                close = true;
                used += 2;
        }
        while (used < text && (line->data[used] == ' ' || line->data[used] == '\t'))
                used++;
        if (used < text)
                return DELIMITER_NONE;
        return close ? DELIMITER_CLOSE : DELIMITER_PART;
}

/* Finds the two parts between the three delimiters. The line end before a delimiter belongs to the delimiter. */
static int find_parts(Slice body, const char *boundary, Slice *ret_first, Slice *ret_second, Fault *f) {
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        uint64_t begin[2] = { 0 }, end[2] = { 0 };
        size_t line_end = 0, n = 0;
        bool closed = false;
        Line line;
        int r;

        if (!lines)
                return fault_set_errno(f, ENOMEM, "cannot read the mail");
        lines_init(lines, body);
        while (!closed && (r = lines_next(lines, &line)) > 0) {
                Delimiter d = delimiter_of(&line, boundary);

                if (d != DELIMITER_NONE) {
                        if (n > 0)
                                end[n - 1] = MAX(begin[n - 1], line.offset - line_end);
                        if (d == DELIMITER_PART && n == 2)
                                return broken(f, "it has more than two parts");
                        if (d == DELIMITER_PART)
                                begin[n++] = line.offset + line.size;
                        closed = d == DELIMITER_CLOSE;
                }
                line_end = line.size - line_text_size(&line);
        }
        if (!closed && r < 0)
                return fault_set_errno(f, r, "cannot read the mail");
        if (n != 2 || !closed)
                return broken(f, n == 2 ? "its last boundary line is missing; it may have been cut off"
                                        : "it has not two parts");
        *ret_first = slice_range(body, begin[0], end[0]);
        *ret_second = slice_range(body, begin[1], end[1]);
        return 0;
}

static int read_multipart(Slice body, const ContentType *type, SmimeMail *m, Fault *f) {
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(content_type_done) ContentType part = { 0 };
        Slice second;
        int r;

        if (!type->boundary || !*type->boundary)
                return broken(f, "its Content-Type names no boundary");
        r = find_parts(body, type->boundary, &m->content, &second, f);
        if (r == 0)
                r = header_read(second, &header, f);
        if (r == 0)
                r = header_content_type(header, &part, f);
        if (r != 0)
                return r;
        if (strcmp(part.type, "application/pkcs7-signature") != 0 &&
            strcmp(part.type, "application/x-pkcs7-signature") != 0)
                return broken(f, "its second part is no S/MIME signature");
        r = decode_body(slice_from(second, header->body), header, &m->cms, f);
        if (r == 0)
                m->kind = SMIME_MULTIPART_SIGNED;
        return r;
}

static bool is_pkcs7(const ContentType *type) {
        return strcmp(type->type, "application/pkcs7-mime") == 0 || strcmp(type->type, "application/x-pkcs7-mime") == 0;
}

/* multipart/signed is PGP's as well: the protocol tells. */
static bool is_smime_signed(const ContentType *type) {
        return strcmp(type->type, "multipart/signed") == 0 &&
               (!type->protocol || strcmp(type->protocol, "application/pkcs7-signature") == 0 ||
                strcmp(type->protocol, "application/x-pkcs7-signature") == 0);
}

int smime_read(Slice mail, SmimeMail *ret, Fault *f) {
        _cleanup_(smime_mail_done) SmimeMail m = { 0 };
        _cleanup_(content_type_done) ContentType type = { 0 };
        int r;

        if (mail.size == 0)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the mail is empty");
        r = header_read(mail, &m.header, f);
        if (r == 0)
                r = header_content_type(m.header, &type, f);
        if (r != 0)
                return r;
        Slice body = slice_from(mail, m.header->body);
        if (is_smime_signed(&type))
                r = read_multipart(body, &type, &m, f);
        else if (is_pkcs7(&type)) {
                r = decode_body(body, m.header, &m.cms, f);
                m.kind = SMIME_PKCS7;
        }
        if (r != 0)
                return r;
        *ret = m;
        m = (SmimeMail){ 0 };
        return 0;
}
