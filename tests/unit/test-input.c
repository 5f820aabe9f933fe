/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller's bytes have to be, and what of them reaches a token: hashed here, or as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "der-build.h"
#include "input.h"
#include "make-certificate.h"
#include "spki.h"

#define NOW 1750000000 /* 2025-06-15 15:06:40 UTC */

static const SignOptions rsa_sha256 = { .padding = PADDING_PKCS1, .hash = HASH_SHA256 };
static const SignOptions ed25519 = {};

static void expect(int r, const Failure *f, const char *said, const char *what) {
        if (!said && r == 0)
                return;
        if (said && r == OUTCOME_INVALID_INPUT && strstr(f->text, said))
                return;
        fail_msg("%s: %d, \"%s\" instead of \"%s\"", what, r, r > 0 ? f->text : "", said ? said : "success");
}

/* SignedAttributes with contentType data and a messageDigest of n bytes. */
static void build_attributes(Build *ret, size_t n) {
        static const uint8_t content_type[] = { 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                0x0d, 0x01, 0x09, 0x03, 0x31, 0x0b, 0x06, 0x09, 0x2a,
                                                0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
        static const uint8_t message_digest[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04 };
        static const uint8_t zeros[64];
        Build value = {}, set = {}, attribute = {}, both = {};

        build_tlv(&value, 0x04, zeros, n);
        build_raw(&set, message_digest, sizeof(message_digest));
        build_wrap(&set, 0x31, &value);
        build_wrap(&attribute, 0x30, &set);
        build_raw(&both, content_type, sizeof(content_type));
        build_raw(&both, attribute.data, attribute.size);
        build_wrap(ret, 0x31, &both);
}

static void assert_hashed(const Input *i, const EVP_MD *md, const void *data, size_t n) {
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned size;

        assert_int_equal(EVP_Digest(data, n, digest, &size, md, NULL), 1);
        assert_int_equal(i->data.size, size);
        assert_memory_equal(i->data.data, digest, size);
}

static void test_smime_is_hashed(_unused_ void **state) {
        const Key rsa = { .type = KEY_TYPE_RSA, .bits = 2048 }, ed = { .type = KEY_TYPE_ED25519, .bits = 256 };
        Build sha256 = {}, sha512 = {};
        Failure f;

        build_attributes(&sha256, 32);
        build_attributes(&sha512, 64);
        _cleanup_(input_done) Input a = {}, b = {}, c = {}, d = {}, e = {};

        expect(input_for_sign(&a, &rsa, PURPOSE_SMIME, &rsa_sha256, (Blob){ sha256.data, sha256.size }, NOW, &f), &f,
               NULL, "SHA-256");
        assert_hashed(&a, EVP_sha256(), sha256.data, sha256.size);
        assert_memory_equal(a.audited, a.data.data, 32); /* here the audit's digest is the same */
        expect(input_for_sign(&b, &rsa, PURPOSE_SMIME, &rsa_sha256, (Blob){ sha512.data, sha512.size }, NOW, &f), &f,
               "not what purpose \"smime\" signs", "a messageDigest of another hash");
        /* RFC 8419: an Ed25519 key signs the attributes themselves, and their messageDigest is SHA-512. */
        expect(input_for_sign(&c, &ed, PURPOSE_SMIME, &ed25519, (Blob){ sha512.data, sha512.size }, NOW, &f), &f, NULL,
               "Ed25519");
        assert_ptr_equal(c.data.data, sha512.data);
        assert_int_equal(c.data.size, sha512.size);
        expect(input_for_sign(&d, &ed, PURPOSE_SMIME, &ed25519, (Blob){ sha256.data, sha256.size }, NOW, &f), &f,
               "not what purpose \"smime\" signs", "Ed25519 with SHA-256");
        expect(input_for_sign(&e, &rsa, PURPOSE_SMIME, &rsa_sha256, (Blob){}, NOW, &f), &f, "is empty", "nothing");
}

static void test_digest_sizes(_unused_ void **state) {
        static const uint8_t bytes[FRAME_DATA_MAX + 1];
        static const struct {
                Hash hash;
                size_t size;
                const char *said;
        } rows[] = {
                { HASH_SHA224, 28, NULL },
                { HASH_SHA256, 32, NULL },
                { HASH_SHA384, 48, NULL },
                { HASH_SHA512, 64, NULL },
                { HASH_SHA256, 31, "31 bytes and a sha256 digest has 32" },
                { HASH_SHA256, 33, "33 bytes" },
                { HASH_SHA256, 0, "0 bytes" },
                { HASH_SHA512, 32, "a sha512 digest has 64" },
                { HASH_SHA256, FRAME_DATA_MAX, "takes the digest" },
                { HASH_NONE, 0, NULL },
                { HASH_NONE, 1, NULL }, /* Ed25519: messages */
                { HASH_NONE, FRAME_DATA_MAX, NULL },
                { HASH_NONE, FRAME_DATA_MAX + 1, "at most 65536" },
        };
        const Key key = { .type = KEY_TYPE_RSA, .bits = 2048 };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const SignOptions o = { .hash = rows[i].hash };
                _cleanup_(input_done) Input input = {};
                Failure f;

                expect(input_for_sign(&input, &key, PURPOSE_DIGEST, &o,
                                      (Blob){ rows[i].size ? bytes : NULL, rows[i].size }, NOW, &f),
                       &f, rows[i].said, hash_to_string(rows[i].hash));
                if (!rows[i].said)
                        assert_int_equal(input.data.size, rows[i].size);
        }
}

/* The request of that key, asking for the addresses. */
static uint8_t *make_request(EVP_PKEY *key, const char *addresses, size_t *ret_n) {
        _cleanup_(X509_REQ_freep) X509_REQ *request = X509_REQ_new();
        STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
        unsigned char *der = NULL;
        int n;

        assert_true(request && extensions);
        assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
        assert_true(sk_X509_EXTENSION_push(extensions,
                                           X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, addresses)) > 0);
        assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        n = i2d_re_X509_REQ_tbs(request, &der);
        assert_true(n > 0);
        *ret_n = (size_t) n;
        return der;
}

/* What the request asks for is what policy decides by, not what the key's certificates say. */
static void test_csr_tells_addresses(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = make_ec("P-256"), *other = make_ec("P-256");
        const SignOptions o = { .hash = HASH_SHA256 };
        _cleanup_(spki_info_done) SpkiInfo info = {};
        _cleanup_(input_done) Input good = {}, wrong = {};
        _cleanup_(openssl_freep) uint8_t *mine = NULL, *theirs = NULL;
        Key key = { .type = KEY_TYPE_EC_P256, .bits = 256 };
        size_t n, n_theirs;
        Failure f;

        assert_int_equal(spki_from_pkey(pkey, &info), 0);
        key.spki = info.der;
        key.spki_size = info.size;
        mine = make_request(pkey, "email:alice@example.org,email:info@mail.example.com", &n);
        theirs = make_request(other, "email:alice@example.org", &n_theirs);

        expect(input_for_sign(&good, &key, PURPOSE_CSR, &o, (Blob){ mine, n }, NOW, &f), &f, NULL, "a request");
        assert_hashed(&good, EVP_sha256(), mine, n);
        assert_int_equal(good.csr.n_addresses, 2);
        assert_int_equal(good.n_domains, 2);
        assert_string_equal(good.domains[0], "example.org");
        assert_string_equal(good.domains[1], "mail.example.com");
        expect(input_for_sign(&wrong, &key, PURPOSE_CSR, &o, (Blob){ theirs, n_theirs }, NOW, &f), &f,
               "not what purpose \"csr\" signs", "another key's request");
}

static void test_ciphertext_sizes(_unused_ void **state) {
        static const uint8_t bytes[4096];
        static const struct {
                unsigned bits;
                size_t size;
                const char *said;
        } rows[] = {
                { 2048, 256, NULL }, { 2048, 255, NULL },   { 2048, 257, "at most 256" },    { 2048, 0, "is empty" },
                { 4096, 512, NULL }, { 16384, 2048, NULL }, { 32768, 2049, "at most 2048" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const Key key = { .type = KEY_TYPE_RSA, .bits = rows[i].bits };
                _cleanup_(input_done) Input input = {};
                Failure f;

                expect(input_for_decrypt(&input, &key, (Blob){ rows[i].size ? bytes : NULL, rows[i].size }, &f), &f,
                       rows[i].said, "a ciphertext");
        }
}

static void test_peers(_unused_ void **state) {
        static const struct {
                KeyType type;
                unsigned bits;
                uint8_t first;
                size_t size;
                const char *said;
        } rows[] = {
                { KEY_TYPE_EC_P256, 256, 4, 65, NULL },
                { KEY_TYPE_EC_P256, 256, 2, 33, NULL },
                { KEY_TYPE_EC_P256, 256, 3, 33, NULL },
                { KEY_TYPE_EC_P521, 521, 4, 133, NULL },
                { KEY_TYPE_EC_P256, 256, 4, 64, "no point of ec-p256" },
                { KEY_TYPE_EC_P256, 256, 4, 97, "no point of ec-p256" },
                { KEY_TYPE_EC_P256, 256, 4, 33, "no point of ec-p256" },
                { KEY_TYPE_EC_P256, 256, 6, 65, "no point of ec-p256" }, /* hybrid form */
                { KEY_TYPE_EC_P256, 256, 0, 1, "no point of ec-p256" },  /* the point at infinity */
                { KEY_TYPE_EC_P384, 384, 4, 0, "no point of ec-p384" },
                { KEY_TYPE_X25519, 253, 9, 32, NULL },
                { KEY_TYPE_X25519, 253, 9, 33, "has 32" },
        };
        const DeriveOptions o = { .kdf = KDF_X963, .hash = HASH_SHA256, .length = 16 };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const Key key = { .type = rows[i].type, .bits = rows[i].bits };
                uint8_t bytes[140] = { rows[i].first };
                _cleanup_(input_done) Input input = {};
                Failure f;

                expect(input_for_derive(&input, &key, PURPOSE_RAW, &o,
                                        (Blob){ rows[i].size ? bytes : NULL, rows[i].size }, &f),
                       &f, rows[i].said, key_type_to_string(rows[i].type));
        }
}

static void test_cms_wants_shared_info(_unused_ void **state) {
        static const uint8_t point[65] = { 4 }, nonsense[] = { 0x30, 0x00 };
        const Key key = { .type = KEY_TYPE_EC_P256, .bits = 256 };
        DeriveOptions o = { .kdf = KDF_X963, .hash = HASH_SHA256, .length = 16 };
        _cleanup_(input_done) Input a = {}, b = {};
        Failure f;

        expect(input_for_derive(&a, &key, PURPOSE_CMS, &o, (Blob){ point, sizeof(point) }, &f), &f,
               "\"shared-info\" is missing", "none");
        o.shared_info = (Blob){ nonsense, sizeof(nonsense) };
        expect(input_for_derive(&b, &key, PURPOSE_CMS, &o, (Blob){ point, sizeof(point) }, &f), &f,
               "option \"shared-info\"", "nonsense");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_smime_is_hashed),
                cmocka_unit_test(test_digest_sizes),
                cmocka_unit_test(test_csr_tells_addresses),
                cmocka_unit_test(test_ciphertext_sizes),
                cmocka_unit_test(test_peers),
                cmocka_unit_test(test_cms_wants_shared_info),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
