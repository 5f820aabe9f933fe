/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Splits header blocks; meaning of addresses and parameters is GMime's to find. Fed with mail from anybody. */
#include "header.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <string.h>

Header *header_free(Header *h) {
        if (h) {
                free(h->text);
                free(h->fields);
                free(h);
        }
        return NULL;
}

/* Printable US-ASCII but the colon, RFC 5322 section 3.6.8. */
static size_t name_size(const uint8_t *line, size_t n) {
        size_t i = 0;

        while (i < n && line[i] > 32 && line[i] < 127 && line[i] != ':')
                i++;
        size_t name = i;
        while (i < n && (line[i] == ' ' || line[i] == '\t')) /* obs-optional */
                i++;
        return name > 0 && i < n && line[i] == ':' ? name : 0;
}

static bool is_envelope_line(const uint8_t *line, size_t n) {
        return (n > 5 && memcmp(line, "From ", 5) == 0) || (n > 6 && memcmp(line, ">From ", 6) == 0);
}

static int add_field(Header *h, size_t *room, char *raw, size_t size, size_t name, Fault *f) {
        if (h->n == HEADER_FIELDS_MAX)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the header has more than %d fields", HEADER_FIELDS_MAX);
        if (h->n == *room) {
                size_t more = *room ? *room * 2 : 32;
                HeaderField *grown = reallocarray(h->fields, more, sizeof(*grown));
                if (!grown)
                        return fault_set_errno(f, ENOMEM, "cannot read the header");
                h->fields = grown;
                *room = more;
        }
        h->fields[h->n++] = (HeaderField){ raw, size, name };
        return 0;
}

/* Copies the block line by line to h->text and notes where it ends. */
static int read_block(Slice slice, Header *h, size_t *ret_size, Fault *f) {
        _cleanup_free_ Lines *lines = malloc(sizeof(*lines));
        Line line;
        size_t size = 0;
        int r;

        if (!lines)
                return fault_set_errno(f, ENOMEM, "cannot read the header");
        h->text = calloc(1, 1);
        if (!h->text)
                return fault_set_errno(f, ENOMEM, "cannot read the header");
        lines_init(lines, slice);
        h->line_end = LINE_END_LF;
        while ((r = lines_next(lines, &line)) > 0) {
                size_t text = line_text_size(&line);

                if (line.offset == 0 && line.ends && line.size - text == 2)
                        h->line_end = LINE_END_CRLF;
                h->body = line.offset + line.size;
                if (line.begins && line.ends && text == 0) {
                        h->has_end = true;
                        break;
                }
                if (memchr(line.data, 0, line.size))
                        return fault_set(f, MAIL_E_INVALID_INPUT, "the header has a NUL byte in it");
                /* Some programs take a CR alone for a line end, and would show fields that nobody else sees. */
                if (memchr(line.data, '\r', text))
                        return fault_set(f, MAIL_E_INVALID_INPUT, "the header has a CR in it that ends no line");
                if (size + line.size > HEADER_MAX)
                        return fault_set(f, MAIL_E_INVALID_INPUT,
                                         "the header is larger than %zu bytes, or no empty line ends it", HEADER_MAX);
                char *grown = realloc(h->text, size + line.size + 1);
                if (!grown)
                        return fault_set_errno(f, ENOMEM, "cannot read the header");
                h->text = grown;
                memcpy(h->text + size, line.data, line.size);
                size += line.size;
        }
        if (r < 0)
                return fault_set_errno(f, r, "cannot read the header");
        *ret_size = size;
        return 0;
}

static int split_block(Header *h, size_t size, Fault *f) {
        size_t room = 0, number = 0;
        int r;

        for (char *p = h->text, *end = h->text + size; p < end;) {
                char *lf = memchr(p, '\n', (size_t) (end - p));
                size_t n = lf ? (size_t) (lf - p) + 1 : (size_t) (end - p);
                size_t name = name_size((const uint8_t *) p, n);

                number++;
                if ((*p == ' ' || *p == '\t') && h->n > 0)
                        h->fields[h->n - 1].size += n;
                else if (name > 0) {
                        r = add_field(h, &room, p, n, name, f);
                        if (r != 0)
                                return r;
                } else if (number > 1 || !is_envelope_line((const uint8_t *) p, n))
                        return fault_set(f, MAIL_E_INVALID_INPUT,
                                         "line %zu is neither a header field nor the empty line that ends a header",
                                         number);
                p += n;
        }
        return 0;
}

int header_read(Slice slice, Header **ret, Fault *f) {
        _cleanup_(header_freep) Header *h = calloc(1, sizeof(*h));
        size_t size = 0;
        int r;

        if (!h)
                return fault_set_errno(f, ENOMEM, "cannot read the header");
        r = read_block(slice, h, &size, f);
        if (r == 0)
                r = split_block(h, size, f);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

bool header_field_is(const HeaderField *field, const char *name) {
        return field->name_size == strlen(name) && strncasecmp(field->raw, name, field->name_size) == 0;
}

bool header_field_begins(const HeaderField *field, const char *prefix) {
        return field->name_size >= strlen(prefix) && strncasecmp(field->raw, prefix, strlen(prefix)) == 0;
}

size_t header_count(const Header *h, const char *name) {
        size_t n = 0;

        for (size_t i = 0; i < h->n; i++)
                n += header_field_is(&h->fields[i], name);
        return n;
}

/* Unfolds as RFC 5322 section 2.2.3 says: line ends go, the white space behind them stays. */
static char *unfold(const HeaderField *field) {
        const char *colon = memchr(field->raw, ':', field->size), *p = colon + 1, *end = field->raw + field->size;
        char *value = malloc((size_t) (end - p) + 1), *q = value;

        if (!value)
                return NULL;
        for (; p < end; p++)
                if (*p != '\r' && *p != '\n' && (q > value || !isspace((unsigned char) *p)))
                        *q++ = *p;
        while (q > value && isspace((unsigned char) q[-1]))
                q--;
        *q = 0;
        return value;
}

int header_value(const Header *h, const char *name, char **ret, Fault *f) {
        for (size_t i = 0; i < h->n; i++)
                if (header_field_is(&h->fields[i], name)) {
                        char *value = unfold(&h->fields[i]);
                        if (!value)
                                return fault_set_errno(f, ENOMEM, "cannot read the header");
                        *ret = value;
                        return 0;
                }
        *ret = NULL;
        return 0;
}

void addresses_free(char **addresses, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(addresses[i]);
        free(addresses);
}

static int collect(InternetAddressList *list, char ***addresses, size_t *n) {
        for (int i = 0; i < internet_address_list_length(list); i++) {
                InternetAddress *a = internet_address_list_get_address(list, i);
                int r = 0;

                if (INTERNET_ADDRESS_IS_GROUP(a))
                        r = collect(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)), addresses, n);
                else if (INTERNET_ADDRESS_IS_MAILBOX(a)) {
                        const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
                        if (!addr || !*addr)
                                continue;
                        char **grown = reallocarray(*addresses, *n + 1, sizeof(*grown));
                        if (!grown)
                                return -ENOMEM;
                        *addresses = grown;
                        grown[*n] = strdup(addr);
                        if (!grown[*n])
                                return -ENOMEM;
                        (*n)++;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The length of a quoted string, comment or domain literal at p, and at least 1. */
static size_t closed_size(const char *p) {
        const char closing = *p == '"' ? '"' : *p == '(' ? ')' : ']';
        size_t i = 0, depth = 0;

        if (*p != '"' && *p != '(' && *p != '[')
                return 1;
        for (; p[i]; i++)
                if (p[i] == '\\' && p[i + 1])
                        i++;
                else if (p[i] == '(' && closing == ')')
                        depth++;
                else if (i > 0 && p[i] == closing && (closing != ')' || --depth == 0))
                        return i + 1;
        return i;
}

/* Is the word, which has an @ in it, one of the addresses? A quoted local part stands before its word. */
static bool is_among(const char *word, size_t n, char *const *addresses, size_t n_addresses) {
        for (size_t i = 0; i < n_addresses; i++) {
                size_t size = strlen(addresses[i]);
                const char *end = size >= n ? addresses[i] + size - n : NULL;

                if (end && (end == addresses[i] || *word == '@') && strncasecmp(end, word, n) == 0)
                        return true;
        }
        return false;
}

/* Looks for an address that GMime passed over: behind a semicolon or a backslash, or where a display name belongs.
 * Other programs might show that one. *ret_size 0: there is none. */
static const char *find_overlooked(const char *value, char *const *addresses, size_t n, size_t *ret_size) {
        static const char separators[] = " \t,;:<>()\"[]\\";

        for (const char *p = value; *p;) {
                size_t size = strcspn(p, separators);

                if (size > 0 && memchr(p, '@', size) && p[size] != '[' && !is_among(p, size, addresses, n)) {
                        *ret_size = size;
                        return p;
                }
                p += size > 0 ? size : closed_size(p);
        }
        *ret_size = 0;
        return NULL;
}

int header_addresses(const Header *h, const char *name, char ***ret, size_t *ret_n, Fault *f) {
        char **addresses = NULL;
        size_t n = 0;

        for (size_t i = 0; i < h->n; i++) {
                if (!header_field_is(&h->fields[i], name))
                        continue;
                _cleanup_free_ char *value = unfold(&h->fields[i]);
                InternetAddressList *list = value ? internet_address_list_parse(NULL, value) : NULL;
                int r = value ? 0 : -ENOMEM;
                if (list) {
                        r = collect(list, &addresses, &n);
                        g_object_unref(list);
                }
                size_t size = 0;
                const char *overlooked = r == 0 ? find_overlooked(value, addresses, n, &size) : NULL;
                if (r < 0 || overlooked) {
                        addresses_free(addresses, n);
                        if (r < 0)
                                return fault_set_errno(f, r, "cannot read the %s field", name);
                        return fault_set(f, MAIL_E_INVALID_INPUT,
                                         "the %s field can be read in more than one way: %.*s may be an address or not",
                                         name, (int) MIN(size, (size_t) 200), overlooked);
                }
        }
        *ret = addresses;
        *ret_n = n;
        return 0;
}

static char *lower_copy(const char *s) {
        char *copy = s ? strdup(s) : NULL;

        for (char *p = copy; p && *p; p++)
                *p = (char) tolower((unsigned char) *p);
        return copy;
}

int header_content_type(const Header *h, ContentType *ret, Fault *f) {
        _cleanup_free_ char *value = NULL;
        int r;

        if (header_count(h, "Content-Type") > 1)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the header has more than one Content-Type field");
        r = header_value(h, "Content-Type", &value, f);
        if (r != 0)
                return r;

        GMimeContentType *type = g_mime_content_type_parse(NULL, value ?: "text/plain");
        char *mime = g_mime_content_type_get_mime_type(type);
        const char *boundary = g_mime_content_type_get_parameter(type, "boundary");
        *ret = (ContentType){
                .type = lower_copy(mime),
                .boundary = boundary ? strdup(boundary) : NULL,
                .protocol = lower_copy(g_mime_content_type_get_parameter(type, "protocol")),
                .smime_type = lower_copy(g_mime_content_type_get_parameter(type, "smime-type")),
                .micalg = lower_copy(g_mime_content_type_get_parameter(type, "micalg")),
                .present = value != NULL,
        };
        g_free(mime);
        g_object_unref(type);
        return ret->type ? 0 : fault_set_errno(f, ENOMEM, "cannot read the header");
}

void content_type_done(ContentType *t) {
        free(t->type);
        free(t->boundary);
        free(t->protocol);
        free(t->smime_type);
        free(t->micalg);
        *t = (ContentType){ 0 };
}
