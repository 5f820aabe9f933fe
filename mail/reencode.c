/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Re-encodes MIME parts with GMime, streaming. Fed with the caller's own mail. Parts that need nothing keep their
 * bytes. */
#include "reencode.h"

#include <string.h>

#include "canonical.h"
#include "mime-stream.h"

static bool is_clean(const char *s) {
        TextScan scan = { 0 };

        if (s)
                text_scan(&scan, (const uint8_t *) s, strlen(s));
        return text_scan_clean(&scan);
}

/* Setting a parameter makes GMime write the field anew, in RFC 2231 form. */
static void rewrite_parameters(GMimeParamList *parameters) {
        for (int i = 0; i < g_mime_param_list_length(parameters); i++) {
                GMimeParam *p = g_mime_param_list_get_parameter_at(parameters, i);
                char *value = g_strdup(g_mime_param_get_value(p));

                g_mime_param_set_value(p, "");
                g_mime_param_set_value(p, value);
                g_free(value);
        }
}

static void rewrite_header(GMimeObject *object) {
        GMimeHeaderList *headers = g_mime_object_get_header_list(object);

        for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
                GMimeHeader *h = g_mime_header_list_get_header_at(headers, i);
                const char *name = g_mime_header_get_name(h);

                if (is_clean(g_mime_header_get_raw_value(h)))
                        continue;
                if (g_ascii_strcasecmp(name, "Content-Type") == 0)
                        rewrite_parameters(g_mime_content_type_get_parameters(g_mime_object_get_content_type(object)));
                else if (g_ascii_strcasecmp(name, "Content-Disposition") == 0 &&
                         g_mime_object_get_content_disposition(object))
                        rewrite_parameters(g_mime_content_disposition_get_parameters(
                                g_mime_object_get_content_disposition(object)));
                else {
                        char *value = g_strdup(g_mime_header_get_value(h));
                        g_mime_header_set_value(h, NULL, value, "utf-8");
                        g_free(value);
                }
        }
}

/* A composite that calls itself 8bit or binary is in 7 bits when its parts are. */
static void relabel_composite(GMimeObject *object) {
        const char *encoding = g_mime_object_get_header(object, "Content-Transfer-Encoding");

        if (encoding && g_ascii_strcasecmp(encoding, "7bit") != 0)
                g_mime_object_set_header(object, "Content-Transfer-Encoding", "7bit", NULL);
}

static void scan_stream(GMimeStream *stream, TextScan *scan) {
        char buffer[16384];
        ssize_t n;

        g_mime_stream_reset(stream);
        while ((n = mime_stream_next(stream, buffer, sizeof(buffer))) > 0)
                text_scan(scan, (const uint8_t *) buffer, (size_t) n);
        text_scan_end(scan);
        g_mime_stream_reset(stream);
}

/* Replaces the part's content by the same bytes read through the filters, which leave it in `encoding`. */
static void replace_content(GMimePart *part, GMimeStream *raw, GMimeFilter *const *filters, size_t n,
                            GMimeContentEncoding encoding) {
        GMimeStream *filtered = g_mime_stream_filter_new(raw);

        for (size_t i = 0; i < n; i++)
                if (filters[i]) {
                        g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), filters[i]);
                        g_object_unref(filters[i]);
                }
        GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(filtered, encoding);
        g_mime_part_set_content(part, content);
        g_object_unref(content);
        g_object_unref(filtered);
}

static void encode_leaf(GMimePart *part) {
        GMimeDataWrapper *content = g_mime_part_get_content(part);
        GMimeStream *raw = content ? g_mime_data_wrapper_get_stream(content) : NULL;
        TextScan scan = { 0 };

        if (!raw)
                return;
        scan_stream(raw, &scan);
        if (text_scan_clean(&scan) && !scan.from_line)
                return;

        GMimeContentEncoding from = g_mime_data_wrapper_get_encoding(content);
        bool encoded = from == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE || from == GMIME_CONTENT_ENCODING_BASE64 ||
                       from == GMIME_CONTENT_ENCODING_UUENCODE;
        GMimeFilter *decoder = encoded ? g_mime_filter_basic_new(from, FALSE) : NULL;

        if (GMIME_IS_TEXT_PART(part) && !scan.nul && (!encoded || from == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)) {
                /* Mailbox files write ">From " for "From " at the beginning of a line: the F is encoded, too. */
                GMimeFilter *filters[] = { decoder,
                                           g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, TRUE),
                                           g_mime_filter_from_new(GMIME_FILTER_FROM_MODE_ARMOR) };
                replace_content(part, raw, filters, ELEMENTSOF(filters), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
                g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
        } else {
                replace_content(part, raw, &decoder, 1, GMIME_CONTENT_ENCODING_BINARY);
                g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
        }
}

/* As deep as mime_check() allowed. */
static void encode_object(GMimeObject *object) {
        rewrite_header(object);
        if (GMIME_IS_MULTIPART(object)) {
                GMimeMultipart *multipart = GMIME_MULTIPART(object);

                for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
                        encode_object(g_mime_multipart_get_part(multipart, i));
                /* What stands around the parts is for nobody to see. */
                if (!is_clean(g_mime_multipart_get_prologue(multipart)))
                        g_mime_multipart_set_prologue(multipart, NULL);
                if (!is_clean(g_mime_multipart_get_epilogue(multipart)))
                        g_mime_multipart_set_epilogue(multipart, NULL);
                relabel_composite(object);
        } else if (GMIME_IS_MESSAGE_PART(object)) {
                GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
                GMimeObject *top = message ? g_mime_message_get_mime_part(message) : NULL;

                if (message)
                        rewrite_header(GMIME_OBJECT(message));
                if (top)
                        encode_object(top);
                relabel_composite(object);
        } else if (GMIME_IS_PART(object))
                encode_leaf(GMIME_PART(object));
}

static int write_object(GMimeObject *object, Spool *out, Fault *f) {
        _cleanup_(gobject_unrefp) GMimeStream *stream = NULL;
        int r;

        r = mime_stream_write(out, &stream);
        if (r < 0)
                return fault_set_errno(f, r, "cannot write a temporary file");
        if (g_mime_object_write_to_stream(object, NULL, stream) < 0 || g_mime_stream_flush(stream) < 0)
                return fault_set_errno(f, errno ?: EIO, "cannot write a temporary file");
        r = spool_refresh(out);
        return r == 0 ? 0 : fault_set_errno(f, r, "cannot write a temporary file");
}

int reencode_7bit(Slice entity, Spool **ret, Fault *f) {
        _cleanup_(gobject_unrefp) GMimeStream *stream = NULL;
        _cleanup_(gobject_unrefp) GMimeParser *parser = NULL;
        _cleanup_(gobject_unrefp) GMimeObject *object = NULL;
        _cleanup_(spool_freep) Spool *out = NULL;
        int r;

        r = mime_stream_read(entity, &stream);
        if (r == 0)
                r = spool_new(SPOOL_DISK, &out);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        parser = g_mime_parser_new_with_stream(stream);
        object = g_mime_parser_construct_part(parser, NULL);
        if (!object)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the mail's MIME structure is broken: it has none");
        encode_object(object);
        r = write_object(object, out, f);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(out);
        return 0;
}
