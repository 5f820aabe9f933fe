/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What typed operations accept and refuse. OpenSSL makes the good inputs: our own code does not vouch for itself. */
#include "common/purpose.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/der.h"
#include "common/ossl.h"
#include "der-build.h"

#define NOW INT64_C(1795312984)

/* What each attribute of a case is made of. */
typedef enum Part {
        END,
        TYPE_DATA,   /* contentType id-data */
        TYPE_TST,    /* contentType id-ct-TSTInfo: a time stamp's */
        TYPE_STRING, /* contentType that is no OID */
        DIGEST32,    /* messageDigest of 32 bytes */
        DIGEST20,
        DIGEST_TWO,  /* messageDigest with two values */
        DIGEST_NONE, /* messageDigest with an empty set */
        TIME_NOW,
        TIME_OLD, /* an hour ago */
        TIME_BAD, /* a time without seconds */
        OTHER,    /* an attribute that we do not know, with two values */
} Part;

typedef struct SmimeCase {
        const char *name;
        Part parts[6];
        const char *why; /* a part of the sentence; NULL: good */
} SmimeCase;

static const SmimeCase smime_cases[] = {
        { "type and digest", { TYPE_DATA, DIGEST32 }, NULL },
        { "with a time", { TYPE_DATA, TIME_NOW, DIGEST32 }, NULL },
        { "with an unknown attribute", { TYPE_DATA, TIME_NOW, DIGEST32, OTHER }, NULL },
        { "no attribute", { END }, "contentType is missing" },
        { "no type", { TIME_NOW, DIGEST32 }, "contentType is missing" },
        { "no digest", { TYPE_DATA, TIME_NOW }, "messageDigest is missing" },
        { "type twice", { TYPE_DATA, TYPE_DATA, DIGEST32 }, "occurs twice" },
        { "digest twice", { TYPE_DATA, DIGEST32, DIGEST32 }, "occurs twice" },
        { "time twice", { TYPE_DATA, TIME_NOW, TIME_NOW, DIGEST32 }, "occurs twice" },
        { "unknown attribute twice", { TYPE_DATA, DIGEST32, OTHER, OTHER }, "occurs twice" },
        { "two digests in one attribute", { TYPE_DATA, DIGEST_TWO }, "has several" },
        { "an empty set of digests", { TYPE_DATA, DIGEST_NONE }, "non-empty" },
        { "digest of another hash", { TYPE_DATA, DIGEST20 }, "size of the hash" },
        { "a time stamp's content", { TYPE_TST, DIGEST32 }, "none that a mail has" },
        { "a content type that is no OID", { TYPE_STRING, DIGEST32 }, "none that a mail has" },
        { "an old time", { TYPE_DATA, TIME_OLD, DIGEST32 }, "15 minutes" },
        { "a malformed time", { TYPE_DATA, TIME_BAD, DIGEST32 }, "11.3" },
};

static const uint8_t pkcs9[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09 };

static void build_attribute(Build *b, uint8_t last_arc, const Build *values) {
        Build oid = {}, inner = {};

        build_raw(&oid, pkcs9, sizeof(pkcs9));
        build_raw(&oid, &last_arc, 1);
        build_wrap(&inner, DER_OID, &oid);
        build_wrap(&inner, DER_SET, values);
        build_wrap(b, DER_SEQUENCE, &inner);
}

static void build_part(Build *b, Part part) {
        static const uint8_t data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
        static const uint8_t tst[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04 };
        static const uint8_t zeros[32];
        Build v = {};

        switch (part) {
        case TYPE_DATA:
                build_tlv(&v, DER_OID, data, sizeof(data));
                build_attribute(b, 3, &v);
                break;
        case TYPE_TST:
                build_tlv(&v, DER_OID, tst, sizeof(tst));
                build_attribute(b, 3, &v);
                break;
        case TYPE_STRING:
                build_tlv(&v, DER_OCTET_STRING, data, sizeof(data));
                build_attribute(b, 3, &v);
                break;
        case DIGEST_TWO:
                build_tlv(&v, DER_OCTET_STRING, zeros, 32);
                /* fall through */
        case DIGEST32:
                build_tlv(&v, DER_OCTET_STRING, zeros, 32);
                /* fall through */
        case DIGEST_NONE:
                build_attribute(b, 4, &v);
                break;
        case DIGEST20:
                build_tlv(&v, DER_OCTET_STRING, zeros, 20);
                build_attribute(b, 4, &v);
                break;
        case TIME_NOW:
                build_tlv(&v, DER_UTC_TIME, "261122020304Z", 13);
                build_attribute(b, 5, &v);
                break;
        case TIME_OLD:
                build_tlv(&v, DER_UTC_TIME, "261122010304Z", 13);
                build_attribute(b, 5, &v);
                break;
        case TIME_BAD:
                build_tlv(&v, DER_UTC_TIME, "2611220203Z", 11);
                build_attribute(b, 5, &v);
                break;
        case OTHER:
                build_tlv(&v, DER_INTEGER, "\x01", 1);
                build_tlv(&v, DER_INTEGER, "\x02", 1);
                build_attribute(b, 99, &v);
                break;
        case END:
                break;
        }
}

static int compare_builds(const void *a, const void *b) {
        const Build *x = a, *y = b;
        int c = memcmp(x->data, y->data, MIN(x->size, y->size));

        return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

/* SET OF the case's attributes, in DER's order. */
static void build_attributes(const Part *parts, Build *ret) {
        static Build each[6];
        Build all = {};
        size_t n = 0;

        for (; parts[n] != END; n++) {
                each[n] = (Build){};
                build_part(&each[n], parts[n]);
        }
        qsort(each, n, sizeof(each[0]), compare_builds);
        for (size_t i = 0; i < n; i++)
                build_raw(&all, each[i].data, each[i].size);
        *ret = (Build){};
        build_wrap(ret, DER_SET, &all);
}

/* `r` comes from a call that sets *why: store it first, arguments are evaluated in any order. */
static void expect(const char *name, int r, const char *why, const char *expected) {
        if (!expected && r != 0)
                fail_msg("%s: refused: %s", name, why);
        if (expected && (r != PURPOSE_E_INVALID || !strstr(why, expected)))
                fail_msg("%s: expected \"%s\", got %d \"%s\"", name, expected, r, why);
}

/* For a call that leaves its sentence in the local variable `why`. */
#define EXPECT(name, call, expected)                                                                                   \
        do {                                                                                                           \
                int r_ = (call);                                                                                       \
                expect((name), r_, why, expected);                                                                     \
        } while (0)

static void test_smime(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(smime_cases); i++) {
                const char *why = "";
                Build b;

                build_attributes(smime_cases[i].parts, &b);
                int r = purpose_check_smime(b.data, b.size, HASH_SHA256, NOW, &why);
                expect(smime_cases[i].name, r, why, smime_cases[i].why);
        }
}

static void test_smime_form(void **state) {
        const char *why = "";
        Build good, b = {};

        (void) state;
        build_attributes((Part[]){ TYPE_DATA, DIGEST32, END }, &good);
        for (size_t n = 0; n < good.size; n++)
                EXPECT("cut off", purpose_check_smime(good.data, n, HASH_SHA256, NOW, &why), "well-formed DER");

        b = good;
        build_raw(&b, "\0", 1);
        EXPECT("a byte more", purpose_check_smime(b.data, b.size, HASH_SHA256, NOW, &why), "well-formed DER");

        b = good;
        b.data[0] = 0xa0; /* the tag it has inside SignerInfo */
        EXPECT("implicit tag", purpose_check_smime(b.data, b.size, HASH_SHA256, NOW, &why), "SET OF");

        uint8_t *large = calloc(1, PURPOSE_SMIME_MAX + 1);
        assert_non_null(large);
        EXPECT("too large", purpose_check_smime(large, PURPOSE_SMIME_MAX + 1, HASH_SHA256, NOW, &why), "64 KiB");
        free(large);
}

/* --- requests ------------------------------------------------------------------------------------------ */

typedef struct CsrCase {
        const char *name;
        const char *subject_address; /* NULL: none */
        const char *alternative, *basic, *usage;
        const char *why;
        const char *addresses[4];
} CsrCase;

static const CsrCase csr_cases[] = {
        { "address in subjectAltName", NULL, "email:alice@example.org", NULL, NULL, NULL, { "alice@example.org" } },
        { "addresses in both",
          "a@example.org",
          "email:b@example.org,email:c@example.org",
          NULL,
          NULL,
          NULL,
          { "a@example.org", "b@example.org", "c@example.org" } },
        { "no address", NULL, NULL, NULL, "digitalSignature", NULL, { NULL } },
        { "an end entity says so",
          NULL,
          "email:a@example.org",
          "CA:FALSE",
          "digitalSignature,nonRepudiation",
          NULL,
          { "a@example.org" } },
        { "a CA", NULL, "email:a@example.org", "CA:TRUE", NULL, "no CA", { NULL } },
        { "keyCertSign", NULL, "email:a@example.org", NULL, "digitalSignature,keyCertSign", "no CA", { NULL } },
        { "cRLSign", NULL, NULL, NULL, "cRLSign", "no CA", { NULL } },
        { "a host", NULL, "DNS:mail.example.org", NULL, NULL, "something else", { NULL } },
        { "an IP address beside", NULL, "email:a@example.org,IP:192.0.2.1", NULL, NULL, "something else", { NULL } },
        { "no mail address", "alice", NULL, NULL, NULL, "not a mail address", { NULL } },
};

static void push_extension(STACK_OF(X509_EXTENSION) *list, int nid, const char *value) {
        if (!value)
                return;
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        assert_non_null(e);
        assert_true(sk_X509_EXTENSION_push(list, e) > 0);
}

/* The CertificationRequestInfo that OpenSSL makes for the case. Free with OPENSSL_free(). */
static int make_csr(EVP_PKEY *key, const CsrCase *c, unsigned char **ret) {
        STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
        _cleanup_(X509_REQ_freep) X509_REQ *req = X509_REQ_new();
        X509_NAME *subject = X509_NAME_new();

        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *) "Alice", -1, -1, 0);
        if (c->subject_address)
                X509_NAME_add_entry_by_txt(subject, "emailAddress", MBSTRING_ASC,
                                           (const unsigned char *) c->subject_address, -1, -1, 0);
        assert_int_equal(X509_REQ_set_subject_name(req, subject), 1);
        X509_NAME_free(subject);
        push_extension(list, NID_subject_alt_name, c->alternative);
        push_extension(list, NID_basic_constraints, c->basic);
        push_extension(list, NID_key_usage, c->usage);
        if (sk_X509_EXTENSION_num(list) > 0)
                assert_int_equal(X509_REQ_add_extensions(req, list), 1);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
        assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
        *ret = NULL;
        return i2d_re_X509_REQ_tbs(req, ret);
}

static void check_csr_case(EVP_PKEY *key, const uint8_t *spki, size_t spki_n, const CsrCase *c) {
        _cleanup_(openssl_freep) unsigned char *info = NULL;
        const char *why = "";
        PurposeCsr csr = {};
        int n, r;

        n = make_csr(key, c, &info);
        assert_true(n > 0);
        assert_int_equal(purpose_guess(info, (size_t) n), PURPOSE_CSR);
        r = purpose_check_csr(info, (size_t) n, spki, spki_n, &csr, &why);
        expect(c->name, r, why, c->why);
        for (size_t i = 0; r == 0 && c->addresses[i]; i++) {
                assert_true(i < csr.n_addresses);
                assert_string_equal(csr.addresses[i], c->addresses[i]);
        }
        purpose_csr_done(&csr);
}

static void test_csr(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
        _cleanup_(openssl_freep) unsigned char *spki = NULL, *info = NULL;
        const char *why = "";
        PurposeCsr csr = {};
        int n, k;

        (void) state;
        n = i2d_PUBKEY(key, &spki);
        assert_true(n > 0);
        for (size_t i = 0; i < ELEMENTSOF(csr_cases); i++)
                check_csr_case(key, spki, (size_t) n, &csr_cases[i]);

        k = make_csr(other, &csr_cases[0], &info);
        EXPECT("another key", purpose_check_csr(info, (size_t) k, spki, (size_t) n, &csr, &why), "another key");
        for (int cut = 0; cut < k; cut++)
                EXPECT("cut off", purpose_check_csr(info, (size_t) cut, spki, (size_t) n, &csr, &why), "64 KiB");
}

/* --- ECC-CMS-SharedInfo and guessing ------------------------------------------------------------------- */

static void build_shared_info(uint8_t bits, bool ukm, Build *ret) {
        static const uint8_t aes128_wrap[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x05 };
        uint8_t length[4] = { 0, 0, 0, bits };
        Build oid = {}, inner = {}, octets = {}, ukm_octets = {};

        build_tlv(&oid, DER_OID, aes128_wrap, sizeof(aes128_wrap));
        build_wrap(&inner, DER_SEQUENCE, &oid);
        build_tlv(&ukm_octets, DER_OCTET_STRING, "user key material", 17);
        if (ukm)
                build_wrap(&inner, DER_CONTEXT_0, &ukm_octets);
        build_tlv(&octets, DER_OCTET_STRING, length, 4);
        build_wrap(&inner, DER_CONTEXT_2, &octets);
        *ret = (Build){};
        build_wrap(ret, DER_SEQUENCE, &inner);
}

static void test_shared_info(void **state) {
        const char *why = "";
        Build b;

        (void) state;
        build_shared_info(128, false, &b);
        EXPECT("plain", purpose_check_shared_info(b.data, b.size, 16, &why), NULL);
        EXPECT("other length", purpose_check_shared_info(b.data, b.size, 32, &why), "suppPubInfo");
        build_shared_info(128, true, &b);
        EXPECT("with ukm", purpose_check_shared_info(b.data, b.size, 16, &why), NULL);
        for (size_t n = 0; n < b.size; n++)
                EXPECT("cut off", purpose_check_shared_info(b.data, n, 16, &why), "RFC 5753");
}

static void test_guess(void **state) {
        uint8_t digest[32];
        Build b;

        (void) state;
        assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
        assert_int_equal(purpose_guess(digest, sizeof(digest)), PURPOSE_DIGEST);
        assert_int_equal(purpose_guess(NULL, 0), PURPOSE_DIGEST);
        build_attributes((Part[]){ TYPE_DATA, TIME_OLD, DIGEST20, END }, &b);
        assert_int_equal(purpose_guess(b.data, b.size), PURPOSE_SMIME);
        build_attributes((Part[]){ TYPE_DATA, END }, &b);
        assert_int_equal(purpose_guess(b.data, b.size), PURPOSE_DIGEST);
        build_shared_info(128, false, &b);
        assert_int_equal(purpose_guess(b.data, b.size), PURPOSE_DIGEST);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_smime),       cmocka_unit_test(test_smime_form), cmocka_unit_test(test_csr),
                cmocka_unit_test(test_shared_info), cmocka_unit_test(test_guess),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
