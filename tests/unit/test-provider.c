/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The provider's operations, each judged by OpenSSL's own provider with the public half (or the software key) of the
 * same key. */
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <string.h>

#include "provider-context.h"

/* DER SignedAttributes: contentType data, messageDigest (SHA-256, 32 zeros). */
static const unsigned char attributes[] = {
        0x31, 0x4b, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03, 0x31,
        0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0x30, 0x2f, 0x06, 0x09,
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20, 0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
};

typedef struct SignCase {
        const char *label, *hash;
        int padding, salt; /* RSA */
        int expected_salt; /* that signetd is asked for */
} SignCase;

static const SignCase sign_cases[] = {
        { "rsa", "SHA256", 0, 0, 0 },
        { "rsa", "SHA512", 0, 0, 0 },
        { "rsa", NULL, 0, 0, 0 },
        { "rsa", "SHA256", RSA_PKCS1_PSS_PADDING, -99, 32 },
        { "rsa", "SHA384", RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST, 48 },
        { "rsa", "SHA256", RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_MAX, 222 },
        { "rsa", "SHA256", RSA_PKCS1_PSS_PADDING, 20, 20 },
        { "ec-p256", "SHA256", 0, 0, 0 },
        { "ec-p384", "SHA384", 0, 0, 0 },
        { "ec-p521", "SHA512", 0, 0, 0 },
        { "ed25519", NULL, 0, 0, 0 },
};

static void set_padding(EVP_PKEY_CTX *ctx, const SignCase *c, int salt) {
        if (c->padding == 0)
                return;
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, c->padding) > 0);
        if (salt != -99)
                assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0);
}

static void sign(Context *c, EVP_PKEY *key, const SignCase *test, const unsigned char *data, size_t size,
                 unsigned char *signature, size_t *n) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx;

        assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, test->hash, c->libctx, NULL, key, NULL), 1);
        set_padding(ctx, test, test->salt);
        assert_int_equal(EVP_DigestSign(md, signature, n, data, size), 1);
        EVP_MD_CTX_free(md);
}

static int verify(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const SignCase *test, const unsigned char *data, size_t size,
                  const unsigned char *signature, size_t n) {
        const char *hash = test->hash ? test->hash : strcmp(test->label, "ed25519") == 0 ? NULL : "SHA256";
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx;
        int ok;

        assert_int_equal(EVP_DigestVerifyInit_ex(md, &ctx, hash, libctx, NULL, key, NULL), 1);
        set_padding(ctx, test, test->expected_salt ? test->expected_salt : -99);
        ok = EVP_DigestVerify(md, signature, n, data, size);
        EVP_MD_CTX_free(md);
        return ok;
}

static void test_sign(void **state) {
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(sign_cases); i++) {
                const SignCase *test = &sign_cases[i];
                EVP_PKEY *key = context_key(c, test->label), *public = fake_public(test->label);
                unsigned char signature[1024];
                size_t n = sizeof(signature);

                sign(c, key, test, (const unsigned char *) "some words", 10, signature, &n);
                assert_string_equal(fake.purpose, "digest");
                assert_int_equal(fake.options.salt_length, test->expected_salt);
                assert_int_equal(verify(NULL, public, test, (const unsigned char *) "some words", 10, signature, n), 1);
                assert_int_equal(verify(NULL, public, test, (const unsigned char *) "some other", 10, signature, n), 0);
                ERR_clear_error();

                /* Our own key verifies too. */
                assert_int_equal(verify(c->libctx, key, test, (const unsigned char *) "some words", 10, signature, n),
                                 1);

                assert_int_equal(verify(c->libctx, key, test, (const unsigned char *) "some other", 10, signature, n),
                                 0);
                ERR_clear_error();

                n = sizeof(signature);
                sign(c, key, test, attributes, sizeof(attributes), signature, &n);
                if (!test->hash || strcmp(test->hash, "SHA256") == 0)
                        assert_string_equal(fake.purpose, strcmp(test->label, "ed25519") == 0 ? "digest" : "smime");
                assert_int_equal(verify(NULL, public, test, attributes, sizeof(attributes), signature, n), 1);

                assert_no_errors();
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

/* Piece by piece, and more than can go whole. */
static void test_sign_long(void **state) {
        Context *c = *state;
        static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1000000 };
        static const SignCase test = { "ec-p256", "SHA256", 0, 0, 0 };
        EVP_PKEY *key = context_key(c, "ec-p256"), *public = fake_public("ec-p256");
        unsigned char *data = calloc(1, 1000000), signature[256];

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                EVP_MD_CTX *md = EVP_MD_CTX_new();
                size_t n = sizeof(signature), again = sizeof(signature);

                assert_int_equal(EVP_DigestSignInit_ex(md, NULL, "SHA256", c->libctx, NULL, key, NULL), 1);
                for (size_t done = 0; done < sizes[i]; done += MIN(sizes[i] - done, 777U))
                        assert_int_equal(EVP_DigestSignUpdate(md, data + done, MIN(sizes[i] - done, 777U)), 1);
                assert_int_equal(EVP_DigestSignFinal(md, signature, &n), 1);
                assert_int_equal(fake.size, 32);
                assert_int_equal(verify(NULL, public, &test, data, sizes[i], signature, n), 1);

                /* Final leaves the context as it was. */
                assert_int_equal(EVP_DigestSignFinal(md, signature, &again), 1);
                assert_int_equal(verify(NULL, public, &test, data, sizes[i], signature, again), 1);
                EVP_MD_CTX_free(md);
        }

        free(data);
        EVP_PKEY_free(public);
        EVP_PKEY_free(key);
        assert_no_errors();
}

static void test_sign_hash(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa");
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx;

        assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, "SHA256", c->libctx, NULL, key, NULL), 1);
        assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0);
        assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha512()) <= 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "hashed with SHA2-256 already");
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(key);
}

/* EVP_PKEY_sign() of digests, with a named hash, a guessed one, and one in a DigestInfo. */
static void test_sign_digest(void **state) {
        static const unsigned char info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                              0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
        static const struct {
                const char *label, *hash;
                bool with_info;
        } cases[] = {
                { "rsa", "SHA256", false },
                { "rsa", NULL, true },
                { "ec-p256", "SHA256", false },
                { "ec-p384", NULL, false },
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = context_key(c, cases[i].label), *public = fake_public(cases[i].label);
                EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL);
                EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
                unsigned char data[64] = { 0 }, signature[1024];
                size_t n = sizeof(signature), size = 32;

                if (cases[i].with_info) {
                        memcpy(data, info, sizeof(info));
                        size += sizeof(info);
                }
                assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
                if (cases[i].hash)
                        assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(cases[i].hash)) > 0);
                assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, data, size), 1);
                assert_string_equal(fake.purpose, "digest");
                assert_string_equal(fake.options.hash, "sha256");
                assert_int_equal(fake.size, 32);

                assert_int_equal(EVP_PKEY_verify_init(check), 1);
                if (cases[i].hash)
                        assert_true(EVP_PKEY_CTX_set_signature_md(check, EVP_get_digestbyname(cases[i].hash)) > 0);
                assert_int_equal(EVP_PKEY_verify(check, signature, n, data, size), 1);
                assert_no_errors();

                EVP_PKEY_CTX_free(ctx);
                EVP_PKEY_CTX_free(check);
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

static int try_sign(Context *c, EVP_PKEY *key, const char *hash, const void *data, size_t size, const char *purpose) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        unsigned char signature[1024];
        size_t n = sizeof(signature);
        EVP_PKEY_CTX *ctx;
        int ok;

        assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, hash, c->libctx, NULL, key, NULL), 1);
        if (purpose)
                assert_true(EVP_PKEY_CTX_ctrl_str(ctx, "purpose", purpose) > 0);
        ok = EVP_DigestSign(md, signature, &n, data, size);
        EVP_MD_CTX_free(md);
        return ok;
}

/* Which purpose is asked for, as rights differ, and what a refusal looks like. */
static void test_rights(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa");
        unsigned int before;

        fake.refused = "sign:digest";
        assert_int_equal(try_sign(c, key, "SHA256", "words", 5, NULL), 0);
        assert_error(SIGNET_E_NOT_AUTHORIZED, "no rule allows sign:digest");
        assert_int_equal(try_sign(c, key, "SHA256", attributes, sizeof(attributes), NULL), 1);
        assert_string_equal(fake.purpose, "smime");
        assert_no_errors();

        /* The content does not fit the hash: refused for its form, and no other right helps. */
        assert_int_equal(try_sign(c, key, "SHA512", attributes, sizeof(attributes), NULL), 0);
        assert_error(SIGNET_E_INVALID_INPUT, "");
        fake.refused = NULL;
        assert_int_equal(try_sign(c, key, "SHA512", attributes, sizeof(attributes), NULL), 1);
        assert_string_equal(fake.purpose, "digest");
        assert_no_errors();

        /* Without the typed right the primitive one does, at once. */
        fake.refused = "sign:smime";
        before = fake.operations;
        assert_int_equal(try_sign(c, key, "SHA256", attributes, sizeof(attributes), NULL), 1);
        assert_int_equal(fake.operations, before + 1);
        assert_string_equal(fake.purpose, "digest");
        fake.refused = NULL;

        assert_int_equal(try_sign(c, key, "SHA256", attributes, sizeof(attributes), "digest"), 1);
        assert_string_equal(fake.purpose, "digest");

        assert_int_equal(try_sign(c, key, "MD5", "words", 5, NULL), 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "MD5");
        EVP_PKEY_free(key);
}

/* --- decrypting and deriving -------------------------------------------------------------------------- */

typedef struct DecryptCase {
        int padding;
        const char *hash, *mgf_hash, *label;
} DecryptCase;

static void set_oaep(EVP_PKEY_CTX *ctx, const DecryptCase *test) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, test->padding) > 0);
        if (test->hash)
                assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, test->hash, NULL) > 0);
        if (test->mgf_hash)
                assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, test->mgf_hash, NULL) > 0);
        if (test->label)
                assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(test->label),
                                                             (int) strlen(test->label)) > 0);
}

static void test_decrypt(void **state) {
        static const DecryptCase cases[] = {
                { RSA_PKCS1_PADDING, NULL, NULL, NULL },
                { RSA_PKCS1_OAEP_PADDING, NULL, NULL, NULL },
                { RSA_PKCS1_OAEP_PADDING, "SHA256", NULL, NULL },
                { RSA_PKCS1_OAEP_PADDING, "SHA512", "SHA1", "a label" },
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = context_key(c, "rsa");
                /* Encrypted with our key in the second round: it works for public operations as well. */
                for (int own = 0; own < 2; own++) {
                        EVP_PKEY *public = own ? context_key(c, "rsa") : fake_public("rsa");
                        EVP_PKEY_CTX *enc = EVP_PKEY_CTX_new_from_pkey(own ? c->libctx : NULL, public, NULL);
                        EVP_PKEY_CTX *dec = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL);
                        unsigned char secret[32] = { 1, 2, 3 }, ciphertext[512], plain[512];
                        size_t n = sizeof(ciphertext), size = sizeof(plain);

                        assert_int_equal(EVP_PKEY_encrypt_init(enc), 1);
                        set_oaep(enc, &cases[i]);
                        assert_int_equal(EVP_PKEY_encrypt(enc, ciphertext, &n, secret, sizeof(secret)), 1);

                        assert_int_equal(EVP_PKEY_decrypt_init(dec), 1);
                        set_oaep(dec, &cases[i]);
                        assert_int_equal(EVP_PKEY_decrypt(dec, plain, &size, ciphertext, n), 1);
                        assert_int_equal(size, sizeof(secret));
                        assert_memory_equal(plain, secret, size);
                        assert_string_equal(fake.purpose, "cms");

                        fake.refused = "decrypt:cms";
                        size = sizeof(plain);
                        assert_int_equal(EVP_PKEY_decrypt(dec, plain, &size, ciphertext, n), 1);
                        assert_string_equal(fake.purpose, "raw");
                        fake.refused = NULL;
                        assert_no_errors();

                        EVP_PKEY_CTX_free(enc);
                        EVP_PKEY_CTX_free(dec);
                        EVP_PKEY_free(public);
                }
                EVP_PKEY_free(key);
        }
}

static size_t derive(OSSL_LIB_CTX *libctx, EVP_PKEY *key, EVP_PKEY *peer, const char *purpose, bool x963,
                     unsigned char secret[66]) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
        size_t n = 66;

        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        if (x963) {
                assert_true(EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) > 0);
                assert_true(EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha384()) > 0);
                assert_true(EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, 24) > 0);
                assert_true(EVP_PKEY_CTX_set0_ecdh_kdf_ukm(ctx, (unsigned char *) OPENSSL_strdup("info"), 4) > 0);
        }
        if (purpose)
                assert_true(EVP_PKEY_CTX_ctrl_str(ctx, "purpose", purpose) > 0);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
        assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 1);
        EVP_PKEY_CTX_free(ctx);
        return n;
}

static void test_derive(void **state) {
        static const char *const labels[] = { "ec-p256", "ec-p384", "ec-p521", "x25519" };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                for (int x963 = 0; x963 < (strcmp(labels[i], "x25519") == 0 ? 1 : 2); x963++) {
                        EVP_PKEY *key = context_key(c, labels[i]), *public = fake_public(labels[i]);
                        EVP_PKEY_CTX *gen = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
                        unsigned char ours[66], theirs[66];
                        EVP_PKEY *peer = NULL;
                        size_t n;

                        assert_int_equal(EVP_PKEY_keygen_init(gen), 1);
                        assert_int_equal(EVP_PKEY_keygen(gen, &peer), 1);
                        n = derive(c->libctx, key, peer, x963 ? "raw" : NULL, x963, ours);
                        assert_string_equal(fake.purpose, "raw");
                        assert_int_equal(derive(NULL, peer, public, NULL, x963, theirs), n);
                        assert_memory_equal(ours, theirs, n);
                        assert_no_errors();

                        EVP_PKEY_CTX_free(gen);
                        EVP_PKEY_free(peer);
                        EVP_PKEY_free(public);
                        EVP_PKEY_free(key);
                }
}

/* --- keys --------------------------------------------------------------------------------------------- */

static void test_key(void **state) {
        static const char *const labels[] = { "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519", "x25519" };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                EVP_PKEY *key = context_key(c, labels[i]), *public = fake_public(labels[i]), *copy = EVP_PKEY_dup(key);
                OSSL_PARAM *params = NULL;
                unsigned char *der = NULL, *expected = NULL;
                char digest[32], expected_digest[32];
                int n;

                assert_int_equal(EVP_PKEY_get_bits(key), EVP_PKEY_get_bits(public));
                assert_int_equal(EVP_PKEY_get_size(key), EVP_PKEY_get_size(public));
                assert_int_equal(EVP_PKEY_get_security_bits(key), EVP_PKEY_get_security_bits(public));
                assert_int_equal(EVP_PKEY_get_default_digest_name(key, digest, sizeof(digest)),
                                 EVP_PKEY_get_default_digest_name(public, expected_digest, sizeof(expected_digest)));
                assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_get_base_id(public));
                assert_int_equal(EVP_PKEY_eq(key, public), 1);
                assert_int_equal(EVP_PKEY_eq(public, key), 1);
                assert_int_equal(EVP_PKEY_eq(key, copy), 1);

                n = i2d_PUBKEY(public, &expected);
                assert_int_equal(i2d_PUBKEY(key, &der), n);
                assert_memory_equal(der, expected, n);
                assert_no_errors();

                /* No way to the private part. */
                assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 0);
                OPENSSL_free(der);
                der = NULL;
                assert_true(i2d_PrivateKey(key, &der) <= 0);
                ERR_clear_error();

                OPENSSL_free(der);
                OPENSSL_free(expected);
                EVP_PKEY_free(copy);
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

/* How CMS and TLS build a peer's key: the parameters of one's own, then the point; from a key of ours and from a
 * software key. */
static void test_peer_key(void **state) {
        static const char *const labels[] = { "ec-p256", "ec-p521", "x25519" };
        Context *c = *state;

        for (size_t i = 0; i < 2 * ELEMENTSOF(labels); i++) {
                const char *label = labels[i / 2];
                EVP_PKEY *public = fake_public(label), *peer = EVP_PKEY_new(), *key, *copy;
                unsigned char *point = NULL;
                size_t n;

                if (i % 2 == 0)
                        key = context_key(c, label);
                else if (strcmp(label, "x25519") == 0)
                        key = EVP_PKEY_Q_keygen(c->libctx, NULL, "X25519");
                else
                        key = EVP_PKEY_Q_keygen(c->libctx, NULL, "EC",
                                                strcmp(label, "ec-p256") == 0 ? "P-256" : "P-521");

                n = EVP_PKEY_get1_encoded_public_key(public, &point);
                assert_int_equal(EVP_PKEY_copy_parameters(peer, key), 1);
                assert_int_equal(EVP_PKEY_parameters_eq(peer, key), 1);
                assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, n), 1);
                assert_int_equal(EVP_PKEY_eq(peer, public), 1);
                copy = EVP_PKEY_dup(peer);
                assert_int_equal(EVP_PKEY_eq(copy, public), 1);
                assert_no_errors();

                OPENSSL_free(point);
                EVP_PKEY_free(copy);
                EVP_PKEY_free(peer);
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

/* The usual things with software keys go on working, whoever comes first. */
static void test_software_keys(void **state) {
        Context *c = *state;
        static const SignCase test = { "rsa", "SHA256", 0, 0, 0 };
        EVP_PKEY *remote = context_key(c, "ec-p256"), *made[4];
        unsigned int before = fake.operations;

        made[0] = EVP_PKEY_Q_keygen(c->libctx, NULL, "RSA", (size_t) 2048);
        made[1] = EVP_PKEY_Q_keygen(c->libctx, NULL, "EC", "P-256");
        made[2] = EVP_PKEY_Q_keygen(c->libctx, NULL, "ED25519");
        made[3] = EVP_PKEY_Q_keygen(c->libctx, NULL, "X25519");
        for (size_t i = 0; i < ELEMENTSOF(made); i++) {
                unsigned char signature[1024];
                size_t n = sizeof(signature);
                SignCase own = test;

                assert_non_null(made[i]);
                if (i == 3)
                        continue;
                if (i == 2) {
                        own.hash = NULL;
                        own.label = "ed25519";
                }
                sign(c, made[i], &own, (const unsigned char *) "words", 5, signature, &n);
                assert_int_equal(verify(c->libctx, made[i], &own, (const unsigned char *) "words", 5, signature, n), 1);
        }
        {
                unsigned char a[66], b[66];
                EVP_PKEY *other = EVP_PKEY_Q_keygen(c->libctx, NULL, "EC", "P-256");

                assert_int_equal(derive(c->libctx, made[1], other, NULL, true, a), 24);
                assert_int_equal(derive(c->libctx, other, made[1], NULL, true, b), 24);
                assert_memory_equal(a, b, 24);
                EVP_PKEY_free(other);
        }
        assert_int_equal(fake.operations, before);
        assert_no_errors();

        for (size_t i = 0; i < ELEMENTSOF(made); i++) {
                /* Written as before, and never in clear where a cipher was asked for. */
                BIO *bio = BIO_new(BIO_s_mem());
                EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->libctx, "AES-128-CBC", NULL);
                EVP_PKEY *read;
                char *text;

                assert_int_equal(PEM_write_bio_PrivateKey_ex(bio, made[i], cipher, (unsigned char *) "1234", 4, NULL,
                                                             NULL, c->libctx, NULL),
                                 1);
                assert_true(BIO_get_mem_data(bio, &text) > 0);
                assert_memory_equal(text, "-----BEGIN ENCRYPTED PRIVATE KEY", 32);
                read = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, (void *) "1234", c->libctx, NULL);
                assert_int_equal(EVP_PKEY_eq(read, made[i]), 1);
                EVP_PKEY_free(read);
                EVP_CIPHER_free(cipher);
                BIO_free(bio);
                EVP_PKEY_free(made[i]);
        }
        assert_no_errors();
        EVP_PKEY_free(remote);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                EACH_ORDER(test_sign),          EACH_ORDER(test_sign_long), EACH_ORDER(test_sign_hash),
                EACH_ORDER(test_sign_digest),   EACH_ORDER(test_rights),    EACH_ORDER(test_decrypt),
                EACH_ORDER(test_derive),        EACH_ORDER(test_key),       EACH_ORDER(test_peer_key),
                EACH_ORDER(test_software_keys),
        };
        int r;

        fake_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_stop();
        return r;
}
