/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER of public keys and certificates. Fed with what tokens hold, by way of signetd; what it breaks shows hosts a
 * wrong key. */
#include "spki.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_x25519[] = { 0x2b, 0x65, 0x6e };
static const uint8_t oid_ed25519[] = { 0x2b, 0x65, 0x70 };
static const uint8_t oid_common_name[] = { 0x55, 0x04, 0x03 };
static const uint8_t oid_organisation[] = { 0x55, 0x04, 0x0a };

#define IS(blob, oid) blob_equals((blob), (oid), sizeof(oid))

/* An INTEGER that is not negative, without leading zeros. */
static bool expect_number(Der *d, Blob *ret) {
        DerItem item;

        if (!der_expect(d, DER_INTEGER, &item) || item.content.size == 0 || item.content.data[0] >= 0x80)
                return false;
        *ret = item.content;
        while (ret->size > 1 && ret->data[0] == 0) {
                ret->data++;
                ret->size--;
        }
        return true;
}

static bool parse_rsa(Blob bits, Spki *s) {
        Der d = der_of(bits), inner;
        DerItem sequence;

        if (!der_expect(&d, DER_SEQUENCE, &sequence) || d.left > 0)
                return false;
        inner = der_of(sequence.content);
        return expect_number(&inner, &s->modulus) && expect_number(&inner, &s->exponent) && inner.left == 0;
}

bool spki_parse(Blob der, Spki *ret) {
        DerItem whole, algorithm, oid, curve, bits;
        Der d = der_of(der), inner;
        Spki s = { 0 };

        if (!der_expect(&d, DER_SEQUENCE, &whole) || d.left > 0)
                return false;
        d = der_of(whole.content);
        if (!der_expect(&d, DER_SEQUENCE, &algorithm) || !der_expect(&d, DER_BIT_STRING, &bits) || d.left > 0 ||
            bits.content.size < 2 || bits.content.data[0] != 0)
                return false;
        s.bits = (Blob){ bits.content.data + 1, bits.content.size - 1 };

        inner = der_of(algorithm.content);
        if (!der_expect(&inner, DER_OID, &oid))
                return false;
        if (IS(oid.content, oid_rsa)) {
                if (!parse_rsa(s.bits, &s))
                        return false;
        } else if (IS(oid.content, oid_ec)) {
                if (!der_expect(&inner, DER_OID, &curve))
                        return false;
                s.curve = curve.whole;
        } else if (IS(oid.content, oid_ed25519) || IS(oid.content, oid_x25519))
                s.curve = oid.whole;
        else
                return false;

        *ret = s;
        return true;
}

/* --- certificates --- */

/* The day of a Time. Hosts get it "for reference only" (section 4.6.3): what is no Time stays empty. */
static void day_of(const DerItem *item, char ret[static 8]) {
        size_t digits = item->tag == DER_UTC_TIME ? 6 : 8;
        const uint8_t *p = item->content.data;
        char day[8];

        if ((item->tag != DER_UTC_TIME && item->tag != DER_GENERALIZED_TIME) || item->content.size < digits)
                return;
        if (digits == 6)
                memcpy(day, p[0] < '5' ? "20" : "19", 2);
        memcpy(day + 8 - digits, p, digits);
        for (size_t i = 0; i < sizeof(day); i++)
                if (day[i] < '0' || day[i] > '9')
                        return;
        memcpy(ret, day, sizeof(day));
}

static bool read_validity(Der *d, Certificate *c) {
        DerItem validity, from, to;
        Der inner;

        if (!der_expect(d, DER_SEQUENCE, &validity))
                return false;
        inner = der_of(validity.content);
        if (!der_next(&inner, &from) || !der_next(&inner, &to) || inner.left > 0)
                return false;
        day_of(&from, c->from);
        day_of(&to, c->to);
        return true;
}

bool certificate_parse(Blob der, Certificate *ret) {
        DerItem whole, tbs, serial, algorithm, issuer, subject, spki;
        Der d = der_of(der);
        Certificate c = { 0 };

        if (!der_expect(&d, DER_SEQUENCE, &whole) || d.left > 0)
                return false;
        d = der_of(whole.content);
        if (!der_expect(&d, DER_SEQUENCE, &tbs))
                return false;
        d = der_of(tbs.content);
        if (!der_next(&d, &serial) || (serial.tag == DER_CONTEXT_0 && !der_next(&d, &serial)) ||
            serial.tag != DER_INTEGER)
                return false;
        if (!der_expect(&d, DER_SEQUENCE, &algorithm) || !der_expect(&d, DER_SEQUENCE, &issuer) ||
            !read_validity(&d, &c) || !der_expect(&d, DER_SEQUENCE, &subject) || !der_expect(&d, DER_SEQUENCE, &spki))
                return false;

        c.serial = serial.whole;
        c.issuer = issuer.whole;
        c.subject = subject.whole;
        c.spki = spki.whole;
        *ret = c;
        return true;
}

/* --- names --- */

/* Adds a character of ISO 8859-1 or the basic multilingual plane; false when there is no room. */
static bool append_character(char *text, size_t *n, unsigned c) {
        size_t need = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;

        if (*n + need >= NAME_TEXT_SIZE)
                return false;
        if (need == 1)
                text[(*n)++] = (char) c;
        else {
                text[(*n)++] = (char) (need == 2 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
                if (need == 3)
                        text[(*n)++] = (char) (0x80 | (c >> 6 & 0x3f));
                text[(*n)++] = (char) (0x80 | (c & 0x3f));
        }
        return true;
}

/* A DirectoryString or IA5String. TeletexString is read as ISO 8859-1, as everybody does. */
static void string_text(const DerItem *item, char ret[static NAME_TEXT_SIZE]) {
        enum { UTF8_STRING = 0x0c, BMP_STRING = 0x1e };
        Blob b = item->content;
        size_t n = 0;

        switch (item->tag) {
        case UTF8_STRING:
                for (n = MIN(b.size, (size_t) NAME_TEXT_SIZE - 1); n < b.size && n > 0 && (b.data[n] & 0xc0) == 0x80;)
                        n--; /* not in the middle of a character */
                if (n > 0)
                        memcpy(ret, b.data, n);
                break;
        case BMP_STRING:
                for (size_t i = 0; i + 1 < b.size; i += 2)
                        if (!append_character(ret, &n, (unsigned) b.data[i] << 8 | b.data[i + 1]))
                                break;
                break;
        default:
                for (size_t i = 0; i < b.size; i++)
                        if (!append_character(ret, &n, b.data[i]))
                                break;
        }
        ret[n] = '\0';
        text_clean_in_place(ret);
}

/* The value of the last attribute of this type. */
static bool find_in_name(Blob name, const uint8_t oid[static 3], DerItem *ret) {
        DerItem whole, set, pair, type, value;
        Der d = der_of(name), parts, one;
        bool found = false;

        if (!der_expect(&d, DER_SEQUENCE, &whole))
                return false;
        for (d = der_of(whole.content); der_expect(&d, DER_SET, &set);)
                for (parts = der_of(set.content); der_expect(&parts, DER_SEQUENCE, &pair);) {
                        one = der_of(pair.content);
                        if (!der_expect(&one, DER_OID, &type) || !blob_equals(type.content, oid, 3) ||
                            !der_next(&one, &value))
                                continue;
                        *ret = value;
                        found = true;
                }
        return found;
}

void name_text(Blob name, char ret[static NAME_TEXT_SIZE]) {
        DerItem value;

        ret[0] = '\0';
        if (find_in_name(name, oid_common_name, &value) || find_in_name(name, oid_organisation, &value))
                string_text(&value, ret);
}
