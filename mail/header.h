/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header block at the beginning of a mail or of a MIME part, field by field, bytes untouched. */
#pragma once

#include "fault.h"
#include "spool.h"

#define HEADER_MAX        ((size_t) 1 << 20) /* bytes of one header block */
#define HEADER_FIELDS_MAX 10000

typedef enum LineEnd {
        LINE_END_LF,
        LINE_END_CRLF,
} LineEnd;

typedef struct HeaderField {
        const char *raw; /* name, colon, value and line ends as they came; not NUL-terminated */
        size_t size;
        size_t name_size;
} HeaderField;

typedef struct Header {
        char *text; /* what the fields point into */
        HeaderField *fields;
        size_t n;
        uint64_t body;    /* where the body begins, counted from where the header began */
        bool has_end;     /* an empty line was there; without one the body is empty */
        LineEnd line_end; /* of the first line */
} Header;

/* Reads the header block at the beginning of `slice`. MAIL_E_INVALID_INPUT for NUL bytes, a line that is neither field
 * nor continuation, or a block over the limits. A "From " line of a mailbox file before the first field is passed over.
 */
int header_read(Slice slice, Header **ret, Fault *f) _must_check_;
Header *header_free(Header *h); /* accepts and returns NULL */
DEFINE_CLEANUP(Header *, header_free)

bool header_field_is(const HeaderField *field, const char *name);       /* case does not matter */
bool header_field_begins(const HeaderField *field, const char *prefix); /* the same for the beginning of a name */
size_t header_count(const Header *h, const char *name);

/* The first field's value, unfolded, without white space around it. Free it. NULL in *ret when there is no such field.
 */
int header_value(const Header *h, const char *name, char **ret, Fault *f) _must_check_;

/* The mailboxes (addr-spec only) of all fields of that name; each and the array are the caller's to free.
 * MAIL_E_INVALID_INPUT when a field has an address in it that some programs would take for one and others not. */
int header_addresses(const Header *h, const char *name, char ***ret, size_t *ret_n, Fault *f) _must_check_;
void addresses_free(char **addresses, size_t n);

/* What Content-Type says, or text/plain where there is none. */
typedef struct ContentType {
        char *type;                           /* "multipart/signed", in lower case */
        char *boundary;                       /* NULL when absent, as all below */
        char *protocol, *smime_type, *micalg; /* in lower case */
        bool present;
} ContentType;

int header_content_type(const Header *h, ContentType *ret, Fault *f) _must_check_;
void content_type_done(ContentType *t);
