/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks of what typed operations carry: SignedAttributes and ECC-CMS-SharedInfo. Fed by clients through signetd; what
 * passes here gets signed. */
#include "purpose.h"

#include <string.h>

#include "der.h"

#define ATTRIBUTES_MAX 64

#define PKCS7(n)    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, n /* 1.2.840.113549.1.7.n */
#define PKCS9(n)    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, n /* 1.2.840.113549.1.9.n */
#define SMIME_CT(n) PKCS9(16), 0x01, n                                /* 1.2.840.113549.1.9.16.1.n */
#define SMIME_AA(n) PKCS9(16), 0x02, n                                /* 1.2.840.113549.1.9.16.2.n */

static const uint8_t oid_content_type[] = { PKCS9(3) };
static const uint8_t oid_message_digest[] = { PKCS9(4) };
static const uint8_t oid_signing_time[] = { PKCS9(5) };

typedef struct Oid {
        const uint8_t *data;
        size_t size;
} Oid;
#define OID(...)                                                                                                       \
        { (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) }

/* What a mail's signature may cover. Time stamps, signed code and the like have content types of their own and stay
 * out. */
static const Oid mail_content_types[] = {
        OID(PKCS7(1)),     /* data */
        OID(PKCS7(2)),     /* signedData */
        OID(PKCS7(3)),     /* envelopedData */
        OID(SMIME_CT(1)),  /* receipt, RFC 2634 */
        OID(SMIME_CT(9)),  /* compressedData, RFC 3274 */
        OID(SMIME_CT(23)), /* authEnvelopedData, RFC 5083 */
};

/* Attributes that their standards give exactly one value; others have at least one. */
static const Oid single_valued[] = {
        OID(PKCS9(3)),     OID(PKCS9(4)), OID(PKCS9(5)), OID(PKCS9(15)), /* SMIMECapabilities, RFC 8551 section 2.5.2 */
        OID(SMIME_AA(11)), /* SMIMEEncryptionKeyPreference, RFC 8551 section 2.5.3 */
        OID(SMIME_AA(12)), /* signingCertificate, RFC 2634 */
        OID(SMIME_AA(47)), /* signingCertificateV2, RFC 5035 */
        OID(PKCS9(52)),    /* CMSAlgorithmProtection, RFC 6211 */
};

typedef struct Attribute {
        Blob type; /* the OID's content */
        DerItem first;
        size_t n_values;
} Attribute;

static bool among(Blob oid, const Oid *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (blob_equals(oid, list[i].data, list[i].size))
                        return true;
        return false;
}

/* Takes apart Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY }. */
static bool parse_attribute(Der *d, Attribute *ret) {
        DerItem item, type, values, value;
        Der inside, set;

        if (!der_expect(d, DER_SEQUENCE, &item))
                return false;
        inside = der_of(item.content);
        if (!der_expect(&inside, DER_OID, &type) || !der_expect(&inside, DER_SET, &values) || inside.left > 0)
                return false;

        *ret = (Attribute){ .type = type.content };
        set = der_of(values.content);
        while (der_next(&set, &value))
                if (ret->n_values++ == 0)
                        ret->first = value;
        return ret->n_values > 0;
}

/* Reads SET OF Attribute; NULL when it is one, else what is wrong. */
static const char *parse_attributes(const uint8_t *data, size_t n, Attribute *ret, size_t *ret_n) {
        Der d = { .p = data, .left = n };
        size_t count = 0;
        DerItem set;

        if (n > PURPOSE_SMIME_MAX)
                return "SignedAttributes are larger than 64 KiB";
        if (!der_check(data, n))
                return "SignedAttributes are not well-formed DER (RFC 5652 section 5.4 asks for DER)";
        if (!der_expect(&d, DER_SET, &set))
                return "the data is not a SET OF Attribute: sign SignedAttributes with their SET OF tag, RFC 5652 "
                       "section 5.4";

        d = der_of(set.content);
        while (d.left > 0) {
                if (count == ATTRIBUTES_MAX)
                        return "there are more than 64 signed attributes";
                if (!parse_attribute(&d, &ret[count]))
                        return "a signed attribute is not a type and a non-empty set of values";
                for (size_t i = 0; i < count; i++)
                        if (blob_equals(ret[i].type, ret[count].type.data, ret[count].type.size))
                                return "a signed attribute occurs twice";
                if (ret[count].n_values != 1 && among(ret[count].type, single_valued, ELEMENTSOF(single_valued)))
                        return "a signed attribute that may have one value has several";
                count++;
        }
        *ret_n = count;
        return NULL;
}

static const Attribute *find(const Attribute *attributes, size_t n, const uint8_t *oid, size_t size) {
        for (size_t i = 0; i < n; i++)
                if (blob_equals(attributes[i].type, oid, size))
                        return &attributes[i];
        return NULL;
}

static const char *check_signing_time(const Attribute *a, int64_t now) {
        int64_t t;

        if (!der_time(&a->first, &t))
                return "signingTime is not a time in the form that RFC 5652 section 11.3 demands";
        if (t < now - PURPOSE_TIME_SLACK || t > now + PURPOSE_TIME_SLACK)
                return "signingTime is more than 15 minutes away from now: check the clock of this machine and of the "
                       "client";
        return NULL;
}

static const char *check_attributes(const Attribute *attributes, size_t n, Hash hash, int64_t now) {
        const Attribute *type = find(attributes, n, oid_content_type, sizeof(oid_content_type));
        const Attribute *digest = find(attributes, n, oid_message_digest, sizeof(oid_message_digest));
        const Attribute *time = find(attributes, n, oid_signing_time, sizeof(oid_signing_time));

        if (!type)
                return "the signed attribute contentType is missing";
        if (type->first.tag != DER_OID ||
            !among(type->first.content, mail_content_types, ELEMENTSOF(mail_content_types)))
                return "contentType is none that a mail has: data, signedData, envelopedData, authEnvelopedData, "
                       "compressedData or receipt";
        if (!digest)
                return "the signed attribute messageDigest is missing";
        if (digest->first.tag != DER_OCTET_STRING)
                return "messageDigest is not an OCTET STRING";
        if (digest->first.content.size != hash_size(hash))
                return "messageDigest does not have the size of the hash that was named";
        return time ? check_signing_time(time, now) : NULL;
}

int purpose_check_smime(const uint8_t *data, size_t n, Hash hash, int64_t now, const char **ret_why) {
        Attribute attributes[ATTRIBUTES_MAX];
        size_t count = 0;
        const char *why;

        why = parse_attributes(data, n, attributes, &count);
        if (!why)
                why = check_attributes(attributes, count, hash, now);
        if (why) {
                *ret_why = why;
                return PURPOSE_E_INVALID;
        }
        return 0;
}

/* [tag] EXPLICIT OCTET STRING */
static bool explicit_octets(const DerItem *item, Blob *ret) {
        Der d = der_of(item->content);
        DerItem octets;

        if (!der_expect(&d, DER_OCTET_STRING, &octets) || d.left > 0)
                return false;
        *ret = octets.content;
        return true;
}

int purpose_check_shared_info(const uint8_t *data, size_t n, size_t length, const char **ret_why) {
        Der d = { .p = data, .left = n };
        DerItem sequence, algorithm, item;
        Blob info = {};

        *ret_why = "shared-info is no DER ECC-CMS-SharedInfo (RFC 5753 section 7.2), which purpose cms demands";
        if (!der_check(data, n) || !der_expect(&d, DER_SEQUENCE, &sequence))
                return PURPOSE_E_INVALID;
        d = der_of(sequence.content);
        if (!der_expect(&d, DER_SEQUENCE, &algorithm) || !der_next(&d, &item))
                return PURPOSE_E_INVALID;
        if (item.tag == DER_CONTEXT_0 && (!explicit_octets(&item, &info) || !der_next(&d, &item)))
                return PURPOSE_E_INVALID;
        if (item.tag != DER_CONTEXT_2 || !explicit_octets(&item, &info) || d.left > 0)
                return PURPOSE_E_INVALID;

        size_t bits = length * 8;
        const uint8_t expected[4] = { (uint8_t) (bits >> 24), (uint8_t) (bits >> 16), (uint8_t) (bits >> 8),
                                      (uint8_t) bits };
        if (!blob_equals(info, expected, sizeof(expected))) {
                *ret_why = "suppPubInfo in shared-info does not say the length of key that was asked for";
                return PURPOSE_E_INVALID;
        }
        return 0;
}

/* CertificationRequestInfo ::= SEQUENCE { version INTEGER (0), subject Name, subjectPKInfo SEQUENCE, attributes [0] }
 */
static bool looks_like_csr(const uint8_t *data, size_t n) {
        static const uint8_t zero = 0;
        Der d = { .p = data, .left = n };
        DerItem sequence, version, item;

        if (!der_expect(&d, DER_SEQUENCE, &sequence))
                return false;
        d = der_of(sequence.content);
        return der_expect(&d, DER_INTEGER, &version) && blob_equals(version.content, &zero, 1) &&
               der_expect(&d, DER_SEQUENCE, &item) && der_expect(&d, DER_SEQUENCE, &item) &&
               der_expect(&d, DER_CONTEXT_0, &item) && d.left == 0;
}

Purpose purpose_guess(const uint8_t *data, size_t n) {
        Attribute attributes[ATTRIBUTES_MAX];
        size_t count = 0;

        if (n == 0 || n > PURPOSE_SMIME_MAX || (data[0] != DER_SET && data[0] != DER_SEQUENCE))
                return PURPOSE_DIGEST;
        if (data[0] == DER_SET)
                return !parse_attributes(data, n, attributes, &count) &&
                                       find(attributes, count, oid_content_type, sizeof(oid_content_type)) &&
                                       find(attributes, count, oid_message_digest, sizeof(oid_message_digest))
                               ? PURPOSE_SMIME
                               : PURPOSE_DIGEST;
        return der_check(data, n) && looks_like_csr(data, n) ? PURPOSE_CSR : PURPOSE_DIGEST;
}
