/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing by the PKCS#11 module: its states, its inputs, the purposes that it asks for, each signature judged by
 * OpenSSL with the public half of the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "client/module/sign.h"
#include "common/digest.h"
#include "common/ossl.h"
#include "der-build.h"
#include "fake-session.h"

#define S 1 /* the session */

/* DER SignedAttributes: contentType data, messageDigest (SHA-256, 32 zeros). */
static const unsigned char attributes[] = {
        0x31, 0x4b, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03, 0x31,
        0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0x30, 0x2f, 0x06, 0x09,
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20, 0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
};
/* Has the form of a CertificationRequestInfo, and no more. */
static const unsigned char request[] = { 0x30, 0x09, 0x02, 0x01, 0x00, 0x30, 0x00, 0x30, 0x00, 0xa0, 0x00 };

typedef struct SignCase {
        const char *key;
        CK_MECHANISM_TYPE type;
        Hash hash; /* HASH_NONE: Ed25519 */
        size_t salt;
} SignCase;

static const SignCase cases[] = {
        { "rsa", CKM_SHA224_RSA_PKCS, HASH_SHA224, 0 },
        { "rsa", CKM_SHA256_RSA_PKCS, HASH_SHA256, 0 },
        { "rsa", CKM_SHA384_RSA_PKCS, HASH_SHA384, 0 },
        { "rsa", CKM_SHA512_RSA_PKCS, HASH_SHA512, 0 },
        { "rsa", CKM_SHA224_RSA_PKCS_PSS, HASH_SHA224, 28 },
        { "rsa", CKM_SHA256_RSA_PKCS_PSS, HASH_SHA256, 32 },
        { "rsa", CKM_SHA384_RSA_PKCS_PSS, HASH_SHA384, 20 },
        { "rsa", CKM_SHA512_RSA_PKCS_PSS, HASH_SHA512, 190 },
        { "ec-p256", CKM_ECDSA_SHA224, HASH_SHA224, 0 },
        { "ec-p256", CKM_ECDSA_SHA256, HASH_SHA256, 0 },
        { "ec-p384", CKM_ECDSA_SHA384, HASH_SHA384, 0 },
        { "ec-p521", CKM_ECDSA_SHA512, HASH_SHA512, 0 },
        { "ed25519", CKM_EDDSA, HASH_NONE, 0 },
        /* What is hashed already: */
        { "rsa", CKM_RSA_PKCS, HASH_SHA224, 0 },
        { "rsa", CKM_RSA_PKCS, HASH_SHA256, 0 },
        { "rsa", CKM_RSA_PKCS, HASH_SHA384, 0 },
        { "rsa", CKM_RSA_PKCS, HASH_SHA512, 0 },
        { "rsa", CKM_RSA_PKCS_PSS, HASH_SHA224, 28 },
        { "rsa", CKM_RSA_PKCS_PSS, HASH_SHA256, 32 },
        { "rsa", CKM_RSA_PKCS_PSS, HASH_SHA384, 48 },
        { "rsa", CKM_RSA_PKCS_PSS, HASH_SHA512, 64 },
        { "ec-p256", CKM_ECDSA, HASH_SHA224, 0 },
        { "ec-p256", CKM_ECDSA, HASH_SHA256, 0 },
        { "ec-p384", CKM_ECDSA, HASH_SHA384, 0 },
        { "ec-p521", CKM_ECDSA, HASH_SHA512, 0 },
        { "ec-p521", CKM_ECDSA, HASH_SHA256, 0 },
};

static bool is_raw(CK_MECHANISM_TYPE type) {
        return type == CKM_RSA_PKCS || type == CKM_RSA_PKCS_PSS || type == CKM_ECDSA;
}

/* --- helpers ------------------------------------------------------------------------------------------ */

static const struct {
        CK_MECHANISM_TYPE type;
        CK_RSA_PKCS_MGF_TYPE mgf;
} pss_hashes[_HASH_MAX] = {
        [HASH_SHA224] = { CKM_SHA224, CKG_MGF1_SHA224 },
        [HASH_SHA256] = { CKM_SHA256, CKG_MGF1_SHA256 },
        [HASH_SHA384] = { CKM_SHA384, CKG_MGF1_SHA384 },
        [HASH_SHA512] = { CKM_SHA512, CKG_MGF1_SHA512 },
};

static void sign_init(const SignCase *c) {
        CK_RSA_PKCS_PSS_PARAMS pss = { pss_hashes[c->hash].type, pss_hashes[c->hash].mgf, c->salt };
        CK_MECHANISM m = { .mechanism = c->type };

        if (c->salt > 0) {
                m.pParameter = &pss;
                m.ulParameterLen = sizeof(pss);
        }
        assert_int_equal(C_SignInit(S, &m, fake_private(c->key)), CKR_OK);
}

static void digest_info(Hash hash, const unsigned char *digest, Build *ret) {
        static const uint8_t arcs[] = {
                [HASH_SHA1] = 0, [HASH_SHA224] = 4, [HASH_SHA256] = 1, [HASH_SHA384] = 2, [HASH_SHA512] = 3
        };
        const uint8_t nist[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arcs[hash] };
        const uint8_t sha1[] = { 0x2b, 0x0e, 0x03, 0x02, 0x1a };
        Build algorithm = {}, inner = {};

        build_tlv(&algorithm, 0x06, hash == HASH_SHA1 ? sha1 : nist, hash == HASH_SHA1 ? sizeof(sha1) : sizeof(nist));
        build_tlv(&algorithm, 0x05, NULL, 0);
        build_wrap(&inner, 0x30, &algorithm);
        build_tlv(&inner, 0x04, digest, hash_size(hash));
        build_wrap(ret, 0x30, &inner);
}

/* What a host gives to be signed when it wants the message signed. */
static void prepare(const SignCase *c, const void *message, size_t n, Build *ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];

        *ret = (Build){};
        if (!is_raw(c->type)) {
                build_raw(ret, message, n);
                return;
        }
        assert_int_equal(EVP_Digest(message, n, digest, NULL, hash_to_md(c->hash), NULL), 1);
        if (c->type == CKM_RSA_PKCS)
                digest_info(c->hash, digest, ret);
        else
                build_raw(ret, digest, hash_size(c->hash));
}

static size_t to_der(const unsigned char *rs, size_t n, unsigned char *ret) {
        Build inner = {}, whole = {};

        for (int i = 0; i < 2; i++) {
                const unsigned char *p = rs + (size_t) i * n / 2;
                size_t left = n / 2;
                unsigned char number[80] = { 0 };

                while (left > 1 && *p == 0) {
                        p++;
                        left--;
                }
                memcpy(number + 1, p, left);
                build_tlv(&inner, 0x02, p[0] & 0x80 ? number : number + 1, p[0] & 0x80 ? left + 1 : left);
        }
        build_wrap(&whole, 0x30, &inner);
        memcpy(ret, whole.data, whole.size);
        return whole.size;
}

static void judge(const SignCase *c, const void *message, size_t n, const unsigned char *signature, size_t size) {
        EVP_PKEY *key = fake_public(c->key);
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        unsigned char der[256];
        EVP_PKEY_CTX *ctx;

        if (strncmp(c->key, "ec-", 3) == 0) {
                assert_int_equal(size, (size_t) (EVP_PKEY_get_bits(key) + 7) / 8 * 2);
                size = to_der(signature, size, der);
                signature = der;
        }
        assert_int_equal(EVP_DigestVerifyInit(md, &ctx, hash_to_md(c->hash), NULL, key), 1);
        if (c->salt > 0) {
                assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int) c->salt) > 0);
        }
        assert_int_equal(EVP_DigestVerify(md, signature, size, message, n), 1);
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(key);
}

/* --- signatures --------------------------------------------------------------------------------------- */

static void test_sign(void **state _unused_) {
        Build input;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t n = 0; n < 2000; n += 999) {
                        unsigned char message[2000] = { 7 }, signature[512];
                        CK_ULONG size = sizeof(signature);

                        prepare(&cases[i], message, n, &input);
                        sign_init(&cases[i]);
                        if (C_Sign(S, input.data, input.size, signature, &size) != CKR_OK)
                                fail_msg("case %zu", i);
                        judge(&cases[i], message, n, signature, size);
                        assert_string_equal(fake.purpose, "digest");
                }
        assert_int_equal(ERR_peek_error(), 0);
}

/* Pieces of several sizes, also for mechanisms that the standard gives one part only. */
static void test_update(void **state _unused_) {
        Build input;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned char message[2000] = { 9 }, signature[512];
                CK_ULONG size = sizeof(signature);

                prepare(&cases[i], message, sizeof(message), &input);
                sign_init(&cases[i]);
                for (size_t at = 0, piece = 1; at < input.size; at += piece, piece = MIN(2 * piece, input.size - at))
                        assert_int_equal(C_SignUpdate(S, input.data + at, piece), CKR_OK);
                assert_int_equal(C_SignUpdate(S, NULL, 0), CKR_OK);
                assert_int_equal(C_SignFinal(S, signature, &size), CKR_OK);
                judge(&cases[i], message, sizeof(message), signature, size);
        }
}

/* More than is kept: hashed as it comes. Exactly as much: not. */
static void test_long(void **state _unused_) {
        static unsigned char message[3 * SIGN_KEEP_MAX] = { 3 };

        for (size_t n = SIGN_KEEP_MAX - 1; n <= SIGN_KEEP_MAX + 1; n++)
                for (size_t i = 1; i < 13; i += 4) {
                        unsigned char signature[512];
                        CK_ULONG size = sizeof(signature);

                        sign_init(&cases[i]);
                        assert_int_equal(C_SignUpdate(S, message, 100), CKR_OK);
                        assert_int_equal(C_SignUpdate(S, message + 100, n - 100), CKR_OK);
                        assert_int_equal(C_SignUpdate(S, message + n, SIGN_KEEP_MAX), CKR_OK);
                        assert_int_equal(C_SignFinal(S, signature, &size), CKR_OK);
                        judge(&cases[i], message, n + SIGN_KEEP_MAX, signature, size);
                }

        sign_init(&cases[12]);
        assert_int_equal(C_SignUpdate(S, message, SIGN_KEEP_MAX), CKR_OK);
        assert_int_equal(C_SignUpdate(S, message, 1), CKR_DATA_LEN_RANGE);
        assert_int_equal(C_SignUpdate(S, message, 1), CKR_OPERATION_NOT_INITIALIZED);
}

/* --- states ------------------------------------------------------------------------------------------- */

static void test_states(void **state _unused_) {
        static const SignCase *const c = &cases[1];
        unsigned char message[] = "words", signature[512];
        CK_MECHANISM m = { .mechanism = c->type };
        CK_OBJECT_HANDLE key = fake_private(c->key);
        CK_ULONG size = sizeof(signature);

        assert_int_equal(C_Sign(S, message, 5, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignUpdate(S, message, 5), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignFinal(S, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignInit(99, &m, key), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_SignInit(S, NULL, key), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_SignInit(S, &m, 999), CKR_KEY_HANDLE_INVALID);

        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_SignInit(S, &m, key), CKR_OPERATION_ACTIVE);
        assert_int_equal(C_SignInit(S, NULL, 0), CKR_OK); /* cancelled */
        assert_int_equal(C_SignFinal(S, signature, &size), CKR_OPERATION_NOT_INITIALIZED);

        /* Another session is another matter. */
        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_SignFinal(2, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignInit(2, &m, key), CKR_OK);
        assert_int_equal(C_SignInit(2, NULL, 0), CKR_OK);

        /* One part cannot end what came in pieces, and does not. */
        assert_int_equal(C_SignUpdate(S, message, 5), CKR_OK);
        assert_int_equal(C_Sign(S, message, 5, signature, &size), CKR_OPERATION_ACTIVE);
        assert_int_equal(C_SignFinal(S, signature, &size), CKR_OK);
        judge(c, message, 5, signature, size);

        /* Wrong arguments end it. */
        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_Sign(S, message, 5, signature, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_Sign(S, message, 5, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_Sign(S, NULL, 5, signature, &size), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_SignUpdate(S, message, 5), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_SignUpdate(S, NULL, 5), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_SignFinal(S, signature, NULL), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SignInit(S, &m, key), CKR_OK);
        assert_int_equal(C_SignFinal(S, signature, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_SignFinal(S, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

/* Neither a question for the size nor too little room costs a signature or the operation. */
static void test_room(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned int before = fake.operations;
                unsigned char signature[512];
                CK_ULONG size = 77, full;
                Build input;

                prepare(&cases[i], "words", 5, &input);
                sign_init(&cases[i]);
                assert_int_equal(C_Sign(S, input.data, input.size, NULL, &size), CKR_OK);
                full = size;
                assert_int_equal(full, strcmp(cases[i].key, "rsa") == 0 ? 256 : full);
                assert_int_equal(C_Sign(S, input.data, input.size, signature, &size), CKR_OK);
                assert_int_equal(size, full);
                judge(&cases[i], "words", 5, signature, size);
                assert_int_equal(fake.operations, before + 1);

                sign_init(&cases[i]);
                size = full - 1;
                assert_int_equal(C_Sign(S, input.data, input.size, signature, &size), CKR_BUFFER_TOO_SMALL);
                assert_int_equal(size, full);
                assert_int_equal(C_SignUpdate(S, input.data, input.size), CKR_OK);
                size = 0;
                assert_int_equal(C_SignFinal(S, signature, &size), CKR_BUFFER_TOO_SMALL);
                size = 0;
                assert_int_equal(C_SignFinal(S, NULL, &size), CKR_OK);
                assert_int_equal(size, full);
                assert_int_equal(C_SignFinal(S, signature, &size), CKR_OK);
                judge(&cases[i], "words", 5, signature, size);
                assert_int_equal(fake.operations, before + 2);
                assert_int_equal(C_SignFinal(S, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        }
}

static void test_refused(void **state _unused_) {
        unsigned char signature[512];
        CK_ULONG size = sizeof(signature);

        /* Policy changed since the key was found: the other right may do. */
        fake.denied = "sign:smime";
        sign_init(&cases[1]);
        assert_int_equal(C_Sign(S, (CK_BYTE *) attributes, sizeof(attributes), signature, &size), CKR_OK);
        assert_string_equal(fake.purpose, "digest");
        judge(&cases[1], attributes, sizeof(attributes), signature, size);
        fake.denied = NULL;

        size = sizeof(signature);
        fake.refused = "sign:digest";
        sign_init(&cases[1]);
        assert_int_equal(C_Sign(S, (CK_BYTE *) "words", 5, signature, &size), CKR_KEY_FUNCTION_NOT_PERMITTED);
        assert_int_equal(C_Sign(S, (CK_BYTE *) "words", 5, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(size, sizeof(signature));
        fake.refused = NULL;
}

/* --- purposes ----------------------------------------------------------------------------------------- */

typedef struct PurposeCase {
        size_t sign_case;
        const unsigned char *data;
        size_t size;
        const char *refused, *expected;
        unsigned int asked;
        CK_RV rv;
} PurposeCase;

static void test_purposes(void **state _unused_) {
        static const PurposeCase purposes[] = {
                { 1, attributes, sizeof(attributes), NULL, "smime", 1, CKR_OK },
                { 1, attributes, sizeof(attributes), "sign:digest", "smime", 1, CKR_OK },
                { 1, attributes, sizeof(attributes), "sign:smime", "digest", 1, CKR_OK },
                { 5, attributes, sizeof(attributes), NULL, "smime", 1, CKR_OK },
                { 9, attributes, sizeof(attributes), NULL, "smime", 1, CKR_OK },
                /* messageDigest is of another hash, which signetd refuses: */
                { 3, attributes, sizeof(attributes), NULL, "digest", 2, CKR_OK },
                { 3, attributes, sizeof(attributes), "sign:digest", "smime", 1, CKR_DATA_INVALID },
                { 12, attributes, sizeof(attributes), NULL, "digest", 2, CKR_OK },
                { 1, request, sizeof(request), NULL, "csr", 1, CKR_OK },
                { 12, request, sizeof(request), NULL, "csr", 1, CKR_OK },
                { 1, request, sizeof(request), "sign:csr", "digest", 1, CKR_OK },
                { 1, attributes, sizeof(attributes) - 1, NULL, "digest", 1, CKR_OK },
                { 1, attributes, sizeof(attributes) - 1, "sign:digest", "digest", 1, CKR_KEY_FUNCTION_NOT_PERMITTED },
        };

        for (size_t i = 0; i < ELEMENTSOF(purposes); i++)
                for (int pieces = 0; pieces < 2; pieces++) {
                        const PurposeCase *p = &purposes[i];
                        unsigned int before = fake.operations;
                        unsigned char signature[512];
                        CK_ULONG size = sizeof(signature);
                        CK_RV rv;

                        fake.refused = p->refused;
                        sign_init(&cases[p->sign_case]);
                        if (pieces) {
                                assert_int_equal(C_SignUpdate(S, (CK_BYTE *) p->data, 7), CKR_OK);
                                assert_int_equal(C_SignUpdate(S, (CK_BYTE *) p->data + 7, p->size - 7), CKR_OK);
                                rv = C_SignFinal(S, signature, &size);
                        } else
                                rv = C_Sign(S, (CK_BYTE *) p->data, p->size, signature, &size);
                        fake.refused = NULL;
                        if (rv != p->rv || strcmp(fake.purpose, p->expected) != 0 ||
                            fake.operations - before != p->asked)
                                fail_msg("case %zu: rv %lx, purpose %s, asked %u times", i, rv, fake.purpose,
                                         fake.operations - before);
                        if (rv == CKR_OK)
                                judge(&cases[p->sign_case], p->data, p->size, signature, size);
                }
}

/* --- DigestInfo --------------------------------------------------------------------------------------- */

static CK_RV sign_raw(const char *key, CK_MECHANISM_TYPE type, const void *data, size_t n) {
        SignCase c = { key, type, HASH_SHA256, type == CKM_RSA_PKCS_PSS ? 32 : 0 };
        unsigned char signature[512];
        CK_ULONG size = sizeof(signature);

        sign_init(&c);
        return C_Sign(S, (CK_BYTE *) data, n, signature, &size);
}

static void test_digest_info(void **state _unused_) {
        static const unsigned char digest[64] = { 1, 2, 3 };
        unsigned char wrong[128];
        Build good, other;
        Blob found;

        for (Hash h = HASH_SHA224; h <= HASH_SHA512; h++) {
                good = (Build){};
                digest_info(h, digest, &good);
                assert_int_equal(sign_digest_info(good.data, good.size, &found), h);
                assert_ptr_equal(found.data, good.data + good.size - hash_size(h));
                assert_int_equal(found.size, hash_size(h));

                /* Every octet before the digest counts, and so does the length. */
                for (size_t at = 0; at < good.size - hash_size(h); at++)
                        for (unsigned int bit = 1; bit < 0x100; bit <<= 1) {
                                memcpy(wrong, good.data, good.size);
                                wrong[at] ^= (unsigned char) bit;
                                assert_int_equal(sign_digest_info(wrong, good.size, &found), HASH_NONE);
                        }
                for (size_t n = 0; n < sizeof(wrong); n++)
                        if (n != good.size)
                                assert_int_equal(sign_digest_info(good.data, n, &found), HASH_NONE);
        }

        good = (Build){};
        digest_info(HASH_SHA1, digest, &good);
        assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, good.data, good.size), CKR_DATA_INVALID);

        /* Without the NULL after the OID; with a long form of length. */
        static const unsigned char no_null[] = { 0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                                 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20 };
        other = (Build){};
        build_raw(&other, no_null, sizeof(no_null));
        build_raw(&other, digest, 32);
        assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, other.data, other.size), CKR_DATA_INVALID);
        static const unsigned char long_form[] = { 0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                                   0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
        other = (Build){};
        build_raw(&other, long_form, sizeof(long_form));
        build_raw(&other, digest, 32);
        assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, other.data, other.size), CKR_DATA_INVALID);
}

/* Sizes that are none of a digest. */
static void test_raw_sizes(void **state _unused_) {
        static const unsigned char data[600] = { 0 };

        for (size_t n = 0; n <= 128; n++) {
                bool digest = n == 28 || n == 32 || n == 48 || n == 64;

                assert_int_equal(sign_raw("ec-p384", CKM_ECDSA, data, n), digest ? CKR_OK : CKR_DATA_LEN_RANGE);
                assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS_PSS, data, n), n == 32 ? CKR_OK : CKR_DATA_LEN_RANGE);
                assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, data, n), CKR_DATA_INVALID);
        }
        assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, data, 245), CKR_DATA_INVALID);
        assert_int_equal(sign_raw("rsa", CKM_RSA_PKCS, data, 246), CKR_DATA_LEN_RANGE);
}

/* The size of a key is signetd's word: whoever has its name on a bus may say anything. */
static void test_absurd_key(void **state _unused_) {
        const size_t size = 4 * SIGN_KEEP_MAX;
        uint8_t *data = calloc(1, size);
        SignInput input = { 0 };

        assert_non_null(data);
        assert_int_equal(sign_input_init(&input, NULL, mechanism_find(CKM_RSA_PKCS), HASH_NONE, 2 * size), CKR_OK);
        assert_int_equal(sign_input_add(&input, data, 1000), CKR_OK);
        assert_int_equal(sign_input_add(&input, data, size), CKR_DATA_LEN_RANGE);
        assert_in_range(input.size, 0, input.room);
        sign_input_done(&input);
        free(data);
}

/* --- ECDSA -------------------------------------------------------------------------------------------- */

static void test_ecdsa_output(void **state _unused_) {
        static const struct {
                KeyType type;
                size_t octets;
        } curves[] = { { KEY_TYPE_EC_P256, 32 }, { KEY_TYPE_EC_P384, 48 }, { KEY_TYPE_EC_P521, 66 } };
        unsigned char rs[132], der[256], out[132];

        for (size_t i = 0; i < ELEMENTSOF(curves); i++) {
                size_t octets = curves[i].octets, n;

                assert_int_equal(sign_output_size(curves[i].type, octets), 2 * octets);
                /* r shrinks from the left; s begins with a set bit, which DER pads, or without. */
                for (size_t zeros = 0; zeros < octets; zeros++) {
                        memset(rs, 0x55, sizeof(rs));
                        memset(rs, 0, zeros);
                        rs[octets] = zeros % 2 ? 0xaa : 0x55;
                        n = to_der(rs, 2 * octets, der);
                        memset(out, 0xee, sizeof(out));
                        assert_int_equal(sign_output(curves[i].type, octets, der, n, out), CKR_OK);
                        assert_memory_equal(out, rs, 2 * octets);
                        /* One octet short, or one too many. */
                        assert_int_equal(sign_output(curves[i].type, octets, der, n - 1, out), CKR_DEVICE_ERROR);
                        der[n] = 0;
                        assert_int_equal(sign_output(curves[i].type, octets, der, n + 1, out), CKR_DEVICE_ERROR);
                        if (zeros == 0)
                                assert_int_equal(sign_output(curves[i].type, octets - 1, der, n, out),
                                                 CKR_DEVICE_ERROR);
                }
        }

        static const unsigned char bad[][10] = {
                { 0x30, 6, 2, 1, 0x80, 2, 1, 1 },    /* r below 0 */
                { 0x30, 7, 2, 2, 0, 1, 2, 1, 1 },    /* r not minimal */
                { 0x30, 3, 2, 1, 1 },                /* no s */
                { 0x30, 8, 2, 1, 1, 2, 1, 1, 5, 0 }, /* more after s */
                { 0x31, 6, 2, 1, 1, 2, 1, 1 },
                { 0x30, 6, 2, 1, 1, 4, 1, 1 },
                { 0x30, 5, 2, 0, 2, 1, 1 },
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(sign_output(KEY_TYPE_EC_P256, 32, bad[i], bad[i][1] + 2U, out), CKR_DEVICE_ERROR);
        assert_int_equal(sign_output(KEY_TYPE_EC_P256, 32, bad[0], 0, out), CKR_DEVICE_ERROR);
        assert_int_equal(sign_output(KEY_TYPE_RSA, 256, der, 255, out), CKR_DEVICE_ERROR);
        assert_int_equal(sign_output(KEY_TYPE_ED25519, 32, der, 63, out), CKR_DEVICE_ERROR);
        assert_int_equal(sign_output_size(KEY_TYPE_X25519, 32), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sign),       cmocka_unit_test(test_update),
                cmocka_unit_test(test_long),       cmocka_unit_test(test_states),
                cmocka_unit_test(test_room),       cmocka_unit_test(test_refused),
                cmocka_unit_test(test_purposes),   cmocka_unit_test(test_digest_info),
                cmocka_unit_test(test_raw_sizes),  cmocka_unit_test(test_ecdsa_output),
                cmocka_unit_test(test_absurd_key),
        };
        int r;

        fake_start();
        fake_session_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_session_stop();
        fake_stop();
        return r;
}
