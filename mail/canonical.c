/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the bytes that get signed. Fed with the caller's own mail; a mistake here breaks signatures on the way, so
 * that what left the encoder is scanned once more. */
#include "canonical.h"

#include <string.h>

#include "common/buffer.h"
#include "mime-check.h"
#include "reencode.h"

void text_scan(TextScan *scan, const uint8_t *data, size_t n) {
        for (size_t i = 0; i < n; i++) {
                uint8_t c = data[i];

                if (scan->after_cr && c != '\n')
                        scan->bare_cr = true;
                scan->after_cr = c == '\r';
                if (c == '\n') {
                        scan->column = 0;
                        continue;
                }
                if (c == 0)
                        scan->nul = true;
                else if (c >= 0x80)
                        scan->eight_bit = true;
                if (scan->column < 5)
                        scan->from_matched = (char) c == "From "[scan->column] && scan->from_matched == scan->column
                                                     ? scan->column + 1
                                                     : 0;
                if (scan->column == 4 && scan->from_matched == 5)
                        scan->from_line = true;
                if (c != '\r' && ++scan->column > TEXT_LINE_MAX)
                        scan->long_line = true;
        }
}

void text_scan_end(TextScan *scan) {
        if (scan->after_cr)
                scan->bare_cr = true;
}

const char *text_scan_explain(const TextScan *scan) {
        if (scan->nul)
                return "NUL bytes";
        if (scan->eight_bit)
                return "8-bit bytes";
        if (scan->bare_cr)
                return "a CR that ends no line";
        return scan->long_line ? "a line of more than 998 bytes" : "";
}

int canonical_copy(Slice in, Spool *out, TextScan *scan) {
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        Line line;
        int r;

        if (!lines)
                return -ENOMEM;
        lines_init(lines, in);
        while ((r = lines_next(lines, &line)) > 0) {
                size_t text = line_text_size(&line);

                if (scan) {
                        text_scan(scan, line.data, line.size);
                        scan->not_utf8 = scan->not_utf8 || !utf8_is_valid(line.data, line.size);
                }
                r = spool_append(out, line.data, text);
                if (r == 0 && line.ends)
                        r = spool_append(out, "\r\n", 2);
                if (r < 0)
                        return r;
        }
        if (scan)
                text_scan_end(scan);
        return r;
}

/* The Content-* fields as they came; where there is no Content-Type, one that says what the body is. */
static int append_fields(Slice mail, const Header *header, Spool *out, Fault *f) {
        TextScan scan = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < header->n; i++)
                if (header_field_begins(&header->fields[i], "Content-")) {
                        r = spool_append(out, header->fields[i].raw, header->fields[i].size);
                        /* The very last line of a mail without a body may have no end. */
                        if (r == 0 && header->fields[i].raw[header->fields[i].size - 1] != '\n')
                                r = spool_append_string(out, "\n");
                }
        if (r == 0 && header_count(header, "Content-Type") == 0) {
                _cleanup_(spool_freep) Spool *body = NULL;

                r = spool_new(SPOOL_DISK, &body);
                if (r == 0)
                        r = canonical_copy(slice_from(mail, header->body), body, &scan);
                if (r == 0)
                        r = spool_append_string(out, !scan.eight_bit ? "Content-Type: text/plain; charset=us-ascii\r\n"
                                                     : !scan.not_utf8
                                                             ? "Content-Type: text/plain; charset=utf-8\r\n"
                                                             : "Content-Type: text/plain; charset=unknown-8bit\r\n");
        }
        if (r == 0)
                r = spool_append_string(out, "\r\n");
        return r == 0 ? 0 : fault_set_errno(f, r, "cannot write a temporary file");
}

static int append_slice(Spool *out, Slice in) {
        uint8_t buffer[65536];

        for (uint64_t done = 0; done < in.size;) {
                ssize_t n = slice_read(in, done, buffer, sizeof(buffer));
                if (n <= 0)
                        return n < 0 ? (int) n : -EIO;
                int r = spool_append(out, buffer, (size_t) n);
                if (r < 0)
                        return r;
                done += (uint64_t) n;
        }
        return 0;
}

/* The entity by way of GMime, which decodes and encodes what is not in 7 bits. */
static int encoded_entity(Slice mail, const Header *header, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *raw = NULL, *encoded = NULL, *out = NULL;
        TextScan scan = { 0 };
        int r;

        r = spool_new(SPOOL_DISK, &raw);
        if (r == 0)
                r = spool_new(SPOOL_DISK, &out);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = append_fields(mail, header, raw, f);
        if (r != 0)
                return r;
        r = append_slice(raw, slice_from(mail, header->body));
        if (r < 0)
                return fault_set_errno(f, r, "cannot write a temporary file");
        r = reencode_7bit(spool_slice(raw), &encoded, f);
        if (r != 0)
                return r;
        r = canonical_copy(spool_slice(encoded), out, &scan);
        if (r < 0)
                return fault_set_errno(f, r, "cannot write a temporary file");
        if (!text_scan_clean(&scan))
                return fault_set(
                        f, MAIL_E_INVALID_INPUT,
                        "the header of a MIME part, or what stands between parts, has %s in it: encode it first",
                        text_scan_explain(&scan));
        *ret = TAKE_PTR(out);
        return 0;
}

int canonical_entity(Slice mail, const Header *header, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *fields = NULL, *out = NULL;
        TextScan scan = { 0 };
        int r;

        r = spool_new(SPOOL_DISK, &fields);
        if (r == 0)
                r = spool_new(SPOOL_DISK, &out);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = append_fields(mail, header, fields, f);
        if (r != 0)
                return r;
        r = canonical_copy(spool_slice(fields), out, &scan);
        if (r == 0)
                r = canonical_copy(slice_from(mail, header->body), out, &scan);
        if (r < 0)
                return fault_set_errno(f, r, "cannot write a temporary file");

        r = mime_check(spool_slice(out), f);
        if (r != 0)
                return r;
        if (!text_scan_clean(&scan) || scan.from_line)
                return encoded_entity(mail, header, ret, f);
        *ret = TAKE_PTR(out);
        return 0;
}
