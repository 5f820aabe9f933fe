/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last look at a plaintext before it is given out (EFAIL). Fed with whatever came out of a decryption. What it lets
 * pass is what mail programs write, sloppy ones included: UTF-8 is good wherever text is, declared or not. */
#include "mime-plausible.h"

#include <string.h>

#include "common/buffer.h"
#include "header.h"
#include "mime-check.h"

/* Which bytes there may be. */
typedef enum Alphabet {
        ALPHABET_ANY,
        ALPHABET_TEXT,  /* no control characters but those of text */
        ALPHABET_UTF8,  /* and UTF-8 */
        ALPHABET_ASCII, /* and 7 bits */
} Alphabet;

/* ESC begins the shifts of ISO-2022-JP. */
static bool is_text(const uint8_t *p, size_t n, Alphabet alphabet) {
        for (size_t i = 0; i < n; i++)
                if ((p[i] < ' ' && !memchr("\t\n\f\r\033", p[i], 5)) || p[i] == 0x7f ||
                    (p[i] >= 0x80 && alphabet == ALPHABET_ASCII))
                        return false;
        return alphabet != ALPHABET_UTF8 || utf8_is_valid(p, n);
}

/* Reads a stream from its beginning. A sequence of UTF-8 that the buffer cuts is carried over to the next piece. */
static bool stream_fits(GMimeStream *stream, Alphabet alphabet) {
        uint8_t buffer[16384 + 4];
        size_t kept = 0;
        ssize_t n;

        g_mime_stream_reset(stream);
        while ((n = mime_stream_next(stream, buffer + kept, sizeof(buffer) - 4)) > 0) {
                size_t have = kept + (size_t) n, whole = have;

                for (size_t back = 1; alphabet == ALPHABET_UTF8 && back <= 3 && back <= have; back++)
                        if (buffer[have - back] >= 0xc0) {
                                whole = have - back;
                                break;
                        }
                if (!is_text(buffer, whole, alphabet))
                        return false;
                kept = have - whole;
                memmove(buffer, buffer + whole, kept);
        }
        return n == 0 && is_text(buffer, kept, alphabet);
}

static bool leaf_is_plausible(GMimePart *part) {
        GMimeDataWrapper *content = g_mime_part_get_content(part);

        if (!content)
                return true;
        switch (g_mime_data_wrapper_get_encoding(content)) {
        case GMIME_CONTENT_ENCODING_BINARY:
                return true;
        case GMIME_CONTENT_ENCODING_8BIT:
                return stream_fits(g_mime_data_wrapper_get_stream(content), ALPHABET_TEXT);
        case GMIME_CONTENT_ENCODING_BASE64:
        case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        case GMIME_CONTENT_ENCODING_UUENCODE:
                return stream_fits(g_mime_data_wrapper_get_stream(content), ALPHABET_ASCII);
        default:
                return stream_fits(g_mime_data_wrapper_get_stream(content), ALPHABET_UTF8);
        }
}

static bool words_are_plausible(const char *s) {
        return !s || is_text((const uint8_t *) s, strlen(s), ALPHABET_UTF8);
}

static bool header_is_plausible(GMimeObject *object) {
        GMimeHeaderList *headers = g_mime_object_get_header_list(object);

        for (int i = 0; i < g_mime_header_list_get_count(headers); i++)
                if (!words_are_plausible(g_mime_header_get_raw_value(g_mime_header_list_get_header_at(headers, i))))
                        return false;
        return true;
}

/* As deep as GMime's parser allows. */
static bool object_is_plausible(GMimeObject *object) {
        if (!header_is_plausible(object))
                return false;
        if (GMIME_IS_MULTIPART(object)) {
                GMimeMultipart *multipart = GMIME_MULTIPART(object);

                for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
                        if (!object_is_plausible(g_mime_multipart_get_part(multipart, i)))
                                return false;
                return words_are_plausible(g_mime_multipart_get_prologue(multipart)) &&
                       words_are_plausible(g_mime_multipart_get_epilogue(multipart));
        }
        if (GMIME_IS_MESSAGE_PART(object)) {
                GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
                GMimeObject *top = message ? g_mime_message_get_mime_part(message) : NULL;

                return !message || (header_is_plausible(GMIME_OBJECT(message)) && (!top || object_is_plausible(top)));
        }
        return !GMIME_IS_PART(object) || leaf_is_plausible(GMIME_PART(object));
}

static int text_is_plausible(Slice text, bool *ret) {
        _cleanup_(gobject_unrefp) GMimeStream *stream = NULL;
        int r = mime_stream_read(text, &stream);

        if (r == 0)
                *ret = stream_fits(stream, ALPHABET_UTF8);
        return r;
}

int mime_is_plausible(Slice plaintext, bool *ret) {
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(gobject_unrefp) GMimeObject *object = NULL;
        const char *issue = NULL;
        Fault ignored = { 0 };

        if (header_read(plaintext, &header, &ignored) != 0 ||
            (header->n > 0 && header_count(header, "Content-Type") != 1))
                return text_is_plausible(plaintext, ret);
        int r = mime_find_issue(plaintext, &object, &issue);
        if (r < 0)
                return r;
        *ret = !issue && object_is_plausible(object);
        return 0;
}
