/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A walk over the outermost layers of a CMS structure (RFC 5652 sections 3, 5.1, 6.1; RFC 5083 section 2.1). Fed with
 * hostile mail. It decides nothing: it copies elements, checks that they nest, and leaves their meaning to OpenSSL. */
#include "cms-cut.h"

#include <string.h>

#define NESTING_MAX 32
#define WINDOW      16384

enum {
        TAG_END = 0x00,
        TAG_INTEGER = 0x02,
        TAG_OCTETS = 0x04,
        TAG_OCTETS_CONSTRUCTED = 0x24,
        TAG_OID = 0x06,
        TAG_SEQUENCE = 0x30,
        TAG_SET = 0x31,
        TAG_0 = 0x80,
        TAG_0_CONSTRUCTED = 0xa0,
};

typedef struct Element {
        uint8_t head[16]; /* tag and length as they stand */
        size_t head_size;
        uint8_t tag;
        bool indefinite;
        uint64_t size; /* of the contents, unless indefinite */
} Element;

/* One constructed element that the walk is in. */
typedef struct Level {
        bool indefinite;
        uint64_t end, outer_limit;
} Level;

typedef struct Walk {
        Slice ber;
        uint64_t position, limit; /* limit: where the innermost definite element ends */
        uint64_t window_start;
        size_t window_size;
        uint8_t window[WINDOW];
        unsigned char *envelope;
        size_t size, room;
        Spool *content;
        uint64_t mac_size;
        Fault *fault;
} Walk;

static int malformed(Walk *w) {
        return fault_set(w->fault, MAIL_E_INVALID_INPUT,
                         "the S/MIME data are damaged: not well-formed CMS at byte %llu",
                         (unsigned long long) w->position);
}

/* Makes up to n bytes at the position visible; *ret_have is less at the end. */
static int look(Walk *w, size_t n, const uint8_t **ret, size_t *ret_have) {
        uint64_t skip = w->position - w->window_start;

        if (w->position < w->window_start || skip + n > w->window_size) {
                ssize_t got = slice_read(w->ber, w->position, w->window, WINDOW);
                if (got < 0)
                        return fault_set_errno(w->fault, (int) got, "cannot read the S/MIME data");
                w->window_start = w->position;
                w->window_size = (size_t) got;
                skip = 0;
        }
        *ret = w->window + skip;
        *ret_have = MIN(w->window_size - (size_t) skip, w->limit - w->position);
        return 0;
}

static int emit(Walk *w, const void *data, size_t n) {
        if (n > CMS_ENVELOPE_MAX - w->size)
                return fault_set(w->fault, MAIL_E_INVALID_INPUT,
                                 "the S/MIME data have more than %zu bytes of recipients, certificates and signatures",
                                 CMS_ENVELOPE_MAX);
        if (w->size + n > w->room) {
                size_t room = MAX(w->room * 2, w->size + n + 4096);
                unsigned char *grown = realloc(w->envelope, room);
                if (!grown)
                        return fault_set_errno(w->fault, ENOMEM, "cannot read the S/MIME data");
                w->envelope = grown;
                w->room = room;
        }
        memcpy(w->envelope + w->size, data, n);
        w->size += n;
        return 0;
}

/* Reads tag and length. Tags above 30 do not occur at these layers. */
static int next(Walk *w, Element *ret) {
        const uint8_t *p = NULL;
        size_t have = 0;
        int r = look(w, 16, &p, &have);

        if (r != 0)
                return r;
        if (have < 2 || (p[0] & 0x1f) == 0x1f)
                return malformed(w);
        Element e = { .tag = p[0], .head_size = 2, .size = p[1] };
        if (p[1] == 0x80) {
                e.indefinite = true;
                e.size = 0;
                if (!(p[0] & 0x20))
                        return malformed(w);
        } else if (p[1] > 0x80) {
                size_t n = p[1] & 0x7f;
                if (n > 8 || have < 2 + n)
                        return malformed(w);
                e.size = 0;
                for (size_t i = 0; i < n; i++)
                        e.size = e.size << 8 | p[2 + i];
                e.head_size += n;
        }
        memcpy(e.head, p, e.head_size);
        if (!e.indefinite && e.size > w->limit - w->position - e.head_size)
                return malformed(w);
        w->position += e.head_size;
        *ret = e;
        return 0;
}

static void enter(Walk *w, const Element *e, Level *ret) {
        *ret = (Level){ e->indefinite, w->position + e->size, w->limit };
        if (!e->indefinite)
                w->limit = ret->end;
}

/* Is there another element at this level? */
static int more(Walk *w, const Level *l, bool *ret) {
        const uint8_t *p = NULL;
        size_t have = 0;
        int r;

        if (!l->indefinite) {
                *ret = w->position < l->end;
                return 0;
        }
        r = look(w, 2, &p, &have);
        if (r != 0)
                return r;
        if (have < 2)
                return malformed(w);
        *ret = p[0] != 0 || p[1] != 0;
        return 0;
}

static int leave(Walk *w, const Level *l) {
        bool left = false;
        int r = more(w, l, &left);

        if (r != 0)
                return r;
        if (left)
                return malformed(w);
        if (l->indefinite)
                w->position += 2;
        w->limit = l->outer_limit;
        return 0;
}

/* Hands n bytes from the position to the envelope or, with `to`, to a spool. */
static int transfer(Walk *w, uint64_t n, Spool *to) {
        while (n > 0) {
                const uint8_t *p = NULL;
                size_t have = 0;
                int r = look(w, (size_t) MIN(n, WINDOW), &p, &have);

                if (r != 0)
                        return r;
                have = (size_t) MIN(have, n);
                if (have == 0)
                        return malformed(w);
                if (!to)
                        r = emit(w, p, have);
                else if ((r = spool_append(to, p, have)) < 0)
                        r = fault_set_errno(w->fault, r, "cannot write a temporary file");
                if (r != 0)
                        return r;
                w->position += have;
                n -= have;
        }
        return 0;
}

static int copy_contents(Walk *w, const Element *e, unsigned depth);

static int copy_element(Walk *w, unsigned depth, Element *ret) {
        Element e;
        int r = next(w, &e);

        /* End-of-contents where a definite length is the end: the envelope, whose lengths are indefinite, would end
         * there. */
        if (r == 0 && e.tag == TAG_END)
                r = malformed(w);
        if (r == 0)
                r = emit(w, e.head, e.head_size);
        if (r == 0)
                *ret = e;
        return r == 0 ? copy_contents(w, &e, depth) : r;
}

static int copy_contents(Walk *w, const Element *e, unsigned depth) {
        Element inner;
        Level level;
        bool left = false;
        int r;

        if (!e->indefinite)
                return transfer(w, e->size, NULL);
        if (depth > NESTING_MAX)
                return malformed(w);
        enter(w, e, &level);
        while ((r = more(w, &level, &left)) == 0 && left) {
                r = copy_element(w, depth + 1, &inner);
                if (r != 0)
                        return r;
        }
        if (r == 0)
                r = leave(w, &level);
        return r == 0 ? emit(w, "\0", 2) : r;
}

/* Copies an element that must have this tag. */
static int copy_tagged(Walk *w, uint8_t tag) {
        Element e;
        int r = next(w, &e);

        if (r != 0)
                return r;
        if (e.tag != tag)
                return malformed(w);
        r = emit(w, e.head, e.head_size);
        return r == 0 ? copy_contents(w, &e, 0) : r;
}

/* Enters an element that must have this tag, and opens the same in the envelope with indefinite length: its size will
 * be another. */
static int open_tagged(Walk *w, uint8_t tag, Level *ret) {
        const uint8_t head[2] = { tag, 0x80 };
        Element e;
        int r = next(w, &e);

        if (r != 0)
                return r;
        if (e.tag != tag)
                return malformed(w);
        enter(w, &e, ret);
        return emit(w, head, 2);
}

static int close_level(Walk *w, const Level *l) {
        bool left = false;
        Element e;
        int r;

        while ((r = more(w, l, &left)) == 0 && left) {
                r = copy_element(w, 0, &e);
                if (r != 0)
                        return r;
                /* The only OCTET STRING behind a content is the mac of AuthEnvelopedData. */
                if (e.tag == TAG_OCTETS)
                        w->mac_size = e.size;
        }
        if (r == 0)
                r = leave(w, l);
        return r == 0 ? emit(w, "\0", 2) : r;
}

/* Appends the octets of an OCTET STRING, whatever pieces it comes in, to the content. */
static int take_octets(Walk *w, const Element *e, unsigned depth) {
        Level level;
        bool left = false;
        int r;

        if (!(e->tag & 0x20))
                return transfer(w, e->size, w->content);
        /* OpenSSL takes a constructed string without pieces for damage, unless its length is indefinite. */
        if (depth > NESTING_MAX || (!e->indefinite && e->size == 0))
                return malformed(w);
        enter(w, e, &level);
        while ((r = more(w, &level, &left)) == 0 && left) {
                Element piece;

                r = next(w, &piece);
                if (r == 0 && piece.tag != TAG_OCTETS && piece.tag != TAG_OCTETS_CONSTRUCTED)
                        r = malformed(w);
                if (r == 0)
                        r = take_octets(w, &piece, depth + 1);
                if (r != 0)
                        return r;
        }
        return r == 0 ? leave(w, &level) : r;
}

static int take_content(Walk *w, CmsType type, const Level *info) {
        Element e;
        Level explicit_tag;
        bool left = false;
        int r = more(w, info, &left);

        if (r != 0 || !left)
                return r;
        r = spool_new(SPOOL_DISK, &w->content);
        if (r < 0)
                return fault_set_errno(w->fault, r, "cannot make a temporary file");
        r = next(w, &e);
        if (r != 0)
                return r;
        /* encryptedContent is [0] IMPLICIT, eContent is [0] EXPLICIT. */
        if (type != CMS_TYPE_SIGNED)
                return e.tag == TAG_0 || e.tag == TAG_0_CONSTRUCTED ? take_octets(w, &e, 0) : malformed(w);
        if (e.tag != TAG_0_CONSTRUCTED)
                return malformed(w);
        enter(w, &e, &explicit_tag);
        r = next(w, &e);
        if (r == 0 && e.tag != TAG_OCTETS && e.tag != TAG_OCTETS_CONSTRUCTED)
                r = malformed(w);
        if (r == 0)
                r = take_octets(w, &e, 0);
        return r == 0 ? leave(w, &explicit_tag) : r;
}

static int read_type(Walk *w, CmsType *ret) {
        /* 1.2.840.113549.1.7.2 and .3, 1.2.840.113549.1.9.16.1.23 */
        static const uint8_t pkcs7[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
        static const uint8_t auth[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17 };
        size_t start = w->size;
        int r = copy_tagged(w, TAG_OID);

        if (r != 0)
                return r;
        const unsigned char *oid = w->envelope + start;
        size_t n = w->size - start;
        *ret = CMS_TYPE_OTHER;
        if (n == sizeof(pkcs7) + 1 && memcmp(oid, pkcs7, sizeof(pkcs7)) == 0 && (oid[n - 1] == 2 || oid[n - 1] == 3))
                *ret = oid[n - 1] == 2 ? CMS_TYPE_SIGNED : CMS_TYPE_ENVELOPED;
        else if (n == sizeof(auth) && memcmp(oid, auth, n) == 0)
                *ret = CMS_TYPE_AUTH_ENVELOPED;
        return 0;
}

/* What stands before the content: version and digestAlgorithms, or version, originatorInfo and recipientInfos. */
static int copy_front(Walk *w, CmsType type) {
        const uint8_t *p = NULL;
        size_t have = 0;
        int r = copy_tagged(w, TAG_INTEGER);

        if (r == 0)
                r = look(w, 1, &p, &have);
        if (r == 0 && type != CMS_TYPE_SIGNED && have > 0 && p[0] == TAG_0_CONSTRUCTED)
                r = copy_tagged(w, TAG_0_CONSTRUCTED);
        return r == 0 ? copy_tagged(w, TAG_SET) : r;
}

static int walk(Walk *w, CmsType *ret_type) {
        Level outer, tagged, data, info;
        CmsType type = CMS_TYPE_OTHER;
        int r;

        r = open_tagged(w, TAG_SEQUENCE, &outer);
        if (r == 0)
                r = read_type(w, &type);
        if (r != 0)
                return r;
        *ret_type = type;
        if (type == CMS_TYPE_OTHER)
                return 0;
        r = open_tagged(w, TAG_0_CONSTRUCTED, &tagged);
        if (r == 0)
                r = open_tagged(w, TAG_SEQUENCE, &data);
        if (r == 0)
                r = copy_front(w, type);
        if (r == 0)
                r = open_tagged(w, TAG_SEQUENCE, &info);
        if (r == 0)
                r = copy_tagged(w, TAG_OID);
        if (r == 0 && type != CMS_TYPE_SIGNED)
                r = copy_tagged(w, TAG_SEQUENCE);
        if (r == 0)
                r = take_content(w, type, &info);
        if (r == 0)
                r = leave(w, &info);
        if (r == 0)
                r = emit(w, "\0", 2);
        if (r == 0)
                r = close_level(w, &data);
        if (r == 0)
                r = close_level(w, &tagged);
        return r == 0 ? close_level(w, &outer) : r;
}

int cms_cut(Slice ber, CmsParts *ret, Fault *f) {
        _cleanup_free_ Walk *w = calloc(1, sizeof(*w));
        CmsType type;

        if (!w)
                return fault_set_errno(f, ENOMEM, "cannot read the S/MIME data");
        w->ber = ber;
        w->limit = ber.size;
        w->fault = f;
        int r = walk(w, &type);
        CmsParts parts = { type, w->envelope, w->size, w->content, w->mac_size };
        if (r != 0)
                cms_parts_done(&parts);
        else
                *ret = parts;
        return r;
}

void cms_parts_done(CmsParts *p) {
        free(p->envelope);
        spool_free(p->content);
        *p = (CmsParts){ 0 };
}

int cms_parse(const CmsParts *parts, CMS_ContentInfo **ret, Fault *f) {
        const unsigned char *p = parts->envelope;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long) parts->envelope_size);

        if (!cms)
                return fault_set_openssl(f, MAIL_E_INVALID_INPUT, "the S/MIME data are damaged");
        *ret = cms;
        return 0;
}
