/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes S/MIME mail (RFC 8551 section 3, RFC 1847). */
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "smime.h"
#include "spool-bio.h"

static int cannot_write(Fault *f, int r) {
        return fault_set_errno(f, r, "cannot write a temporary file");
}

/* Text with LF line ends in the format. */
static int append_text(Spool *out, LineEnd end, Fault *f, const char *format, ...) _printf_(4, 5);
static int append_text(Spool *out, LineEnd end, Fault *f, const char *format, ...) {
        char text[2048];
        va_list ap;
        int r = 0;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        for (const char *p = text; r == 0 && *p;) {
                size_t n = strcspn(p, "\n");
                r = spool_append(out, p, n);
                p += n;
                if (r == 0 && *p) {
                        r = spool_append_string(out, end == LINE_END_CRLF ? "\r\n" : "\n");
                        p++;
                }
        }
        return r < 0 ? cannot_write(f, r) : 0;
}

/* The bytes of a field with one kind of line end, the last included. */
static int append_field(Spool *out, const HeaderField *field, LineEnd end, Fault *f) {
        const char *p = field->raw, *stop = field->raw + field->size;
        int r = 0;

        while (r == 0 && p < stop) {
                const char *lf = memchr(p, '\n', (size_t) (stop - p));
                size_t n = (size_t) ((lf ?: stop) - p);

                r = spool_append(out, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
                if (r == 0)
                        r = spool_append_string(out, end == LINE_END_CRLF ? "\r\n" : "\n");
                p = lf ? lf + 1 : stop;
        }
        return r < 0 ? cannot_write(f, r) : 0;
}

int smime_write_outer(Spool *out, const Header *header, LineEnd end, Fault *f) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < header->n; i++)
                if (!header_field_begins(&header->fields[i], "Content-") &&
                    !header_field_is(&header->fields[i], "MIME-Version"))
                        r = append_field(out, &header->fields[i], end, f);
        return r == 0 ? append_text(out, end, f, "MIME-Version: 1.0\n") : r;
}

static BIO *base64_sink(Spool *out, LineEnd end) {
        BIO *encoder = BIO_new(BIO_f_base64());
        BIO *sink = spool_bio_new(out, end == LINE_END_CRLF ? LINE_MODE_CANONICAL : LINE_MODE_VERBATIM);

        if (!encoder || !sink) {
                BIO_free(encoder);
                BIO_free(sink);
                return NULL;
        }
        return BIO_push(encoder, sink);
}

int smime_write_base64(Spool *out, LineEnd end, Slice data, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *sink = base64_sink(out, end), *source = slice_bio_new(data, LINE_MODE_VERBATIM);

        return sink && source && bio_copy(source, sink) == 0 ? 0 : cannot_write(f, EIO);
}

/* RFC 8551 section 3.5.3.2 */
static const char *micalg_of(const char *digest) {
        return strcmp(digest, "sha256") == 0 ? "sha-256" : strcmp(digest, "sha384") == 0 ? "sha-384" : "sha-512";
}

int smime_write_signed(Spool *out, LineEnd end, Slice entity, Slice signature, const char *digest, Fault *f) {
        uint8_t random[16];
        char boundary[2 * sizeof(random) + 1];
        int r;

        if (RAND_bytes(random, sizeof(random)) != 1)
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot make a boundary");
        hex_encode(random, sizeof(random), boundary);

        r = append_text(out, end, f,
                        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\n"
                        " micalg=%s; boundary=\"signet-%s\"\n"
                        "\n"
                        "This is an S/MIME signed message.\n"
                        "\n"
                        "--signet-%s\n",
                        micalg_of(digest), boundary, boundary);
        if (r != 0)
                return r;
        r = spool_append_slice(out, entity, line_mode_for(end));
        if (r < 0)
                return cannot_write(f, r);
        r = append_text(out, end, f,
                        "\n--signet-%s\n"
                        "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\n"
                        "Content-Transfer-Encoding: base64\n"
                        "Content-Disposition: attachment; filename=\"smime.p7s\"\n"
                        "Content-Description: S/MIME signature\n"
                        "\n",
                        boundary);
        if (r == 0)
                r = smime_write_base64(out, end, signature, f);
        return r == 0 ? append_text(out, end, f, "\n--signet-%s--\n", boundary) : r;
}

int smime_write_pkcs7(Spool *out, LineEnd end, const char *type, BIO **ret_sink, Fault *f) {
        int r = append_text(out, end, f,
                            "Content-Type: application/pkcs7-mime; smime-type=%s; name=\"smime.p7m\"\n"
                            "Content-Transfer-Encoding: base64\n"
                            "Content-Disposition: attachment; filename=\"smime.p7m\"\n"
                            "Content-Description: S/MIME %s message\n"
                            "\n",
                            type, strcmp(type, "signed-data") == 0 ? "signed" : "encrypted");

        if (r != 0)
                return r;
        BIO *sink = base64_sink(out, end);
        if (!sink)
                return cannot_write(f, ENOMEM);
        *ret_sink = sink;
        return 0;
}
