/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for broken MIME with GMime's parser. Fed with the caller's own mail before signing and with whatever came out
 * of a decryption: nothing here may depend on what the mail means. */
#include "mime-check.h"

#include "header.h"
#include "mime-stream.h"

static const char *issue_text(GMimeParserWarning issue) {
        switch ((int) issue) {
        case GMIME_WARN_MALFORMED_MULTIPART:
                return "a multipart has no part in it";
        case GMIME_WARN_TRUNCATED_MESSAGE:
                return "a multipart is not closed by its last boundary line";
        case GMIME_CRIT_INVALID_HEADER_NAME:
                return "the header of a part has a line that is no header field";
        case GMIME_CRIT_CONFLICTING_HEADER:
                return "a part has two different header fields where one is allowed";
        case GMIME_CRIT_CONFLICTING_PARAMETER:
                return "a header field has two different values for one parameter";
        case GMIME_CRIT_MULTIPART_WITHOUT_BOUNDARY:
                return "a multipart has no boundary parameter";
        case GMIME_CRIT_NESTING_OVERFLOW:
                return "parts are nested too deeply";
        default:
                return NULL;
        }
}

/* GMime's callback: the first serious issue stays. */
static void on_issue(gint64 offset, GMimeParserWarning issue, const gchar *item, gpointer user) {
        const char **found = user;

        (void) offset;
        (void) item;
        if (!*found)
                *found = issue_text(issue);
}

/* GMime does not warn of these. */
static bool has_empty_multipart(GMimeObject *object) {
        if (GMIME_IS_MULTIPART(object)) {
                int n = g_mime_multipart_get_count(GMIME_MULTIPART(object));

                for (int i = 0; i < n; i++)
                        if (has_empty_multipart(g_mime_multipart_get_part(GMIME_MULTIPART(object), i)))
                                return true;
                return n == 0;
        }
        if (!GMIME_IS_MESSAGE_PART(object))
                return false;
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        GMimeObject *top = message ? g_mime_message_get_mime_part(message) : NULL;
        return top && has_empty_multipart(top);
}

int mime_find_issue(Slice entity, GMimeObject **ret_object, const char **ret_issue) {
        _cleanup_(gobject_unrefp) GMimeStream *stream = NULL;
        const char *found = NULL;
        int r;

        r = mime_stream_read(entity, &stream);
        if (r < 0)
                return r;
        GMimeParserOptions *options = g_mime_parser_options_new();
        g_mime_parser_options_set_warning_callback(options, on_issue, &found);
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);
        GMimeObject *object = g_mime_parser_construct_part(parser, options);
        if (!object && !found)
                found = "it has no MIME structure";
        else if (!found && has_empty_multipart(object))
                found = issue_text(GMIME_WARN_MALFORMED_MULTIPART);
        g_object_unref(parser);
        g_mime_parser_options_free(options);
        *ret_object = object;
        *ret_issue = found;
        return 0;
}

int mime_check(Slice entity, Fault *f) {
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(gobject_unrefp) GMimeObject *object = NULL;
        const char *issue = NULL;
        int r;

        r = header_read(entity, &header, f);
        if (r != 0)
                return r;
        r = mime_find_issue(entity, &object, &issue);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read the mail");
        return issue ? fault_set(f, MAIL_E_INVALID_INPUT, "the mail's MIME structure is broken: %s", issue) : 0;
}
