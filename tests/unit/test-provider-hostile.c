/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that use OpenSSL's interfaces badly, and names that were made to do harm: nothing crashes, nothing is asked
 * of signetd in vain, every failure says why, and no error takes over a terminal or shows a PIN. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "provider-context.h"

/* --- parameters --------------------------------------------------------------------------------------- */

static const char *const parameter_names[] = {
        OSSL_PKEY_PARAM_DIGEST,           OSSL_PKEY_PARAM_PAD_MODE,       OSSL_PKEY_PARAM_MGF1_DIGEST,
        OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_EXCHANGE_PARAM_KDF_TYPE,   OSSL_EXCHANGE_PARAM_KDF_DIGEST,
        OSSL_EXCHANGE_PARAM_KDF_UKM,      OSSL_EXCHANGE_PARAM_KDF_OUTLEN, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
        PROVIDER_PARAM_PURPOSE,
};

/* A parameter of each type, empty and with less than its type needs. The memory behind it ends where it says. */
static void set_badly(EVP_PKEY_CTX *ctx, const char *name) {
        static const unsigned int types[] = { OSSL_PARAM_INTEGER,     OSSL_PARAM_UNSIGNED_INTEGER, OSSL_PARAM_REAL,
                                              OSSL_PARAM_UTF8_STRING, OSSL_PARAM_OCTET_STRING,     OSSL_PARAM_UTF8_PTR,
                                              OSSL_PARAM_OCTET_PTR };

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                bool pointer = types[i] == OSSL_PARAM_UTF8_PTR || types[i] == OSSL_PARAM_OCTET_PTR;
                void *nothing = NULL;
                char *exact = malloc(3);
                OSSL_PARAM params[2] = { { name, types[i], pointer ? &nothing : NULL, 0, 0 }, OSSL_PARAM_END };

                assert_non_null(exact);
                /* OpenSSL itself reads a number that is not there. */
                if (types[i] > OSSL_PARAM_REAL)
                        (void) EVP_PKEY_CTX_set_params(ctx, params);
                if (!pointer) {
                        memcpy(exact, "abc", 3);
                        params[0].data = exact;
                        params[0].data_size = 3;
                        (void) EVP_PKEY_CTX_set_params(ctx, params);
                }
                free(exact);
                ERR_clear_error();
        }
}

static void test_parameters(void **state) {
        static const struct {
                const char *label;
                int (*init)(EVP_PKEY_CTX *ctx);
        } cases[] = {
                { "rsa", EVP_PKEY_sign_init },      { "rsa", EVP_PKEY_decrypt_init },
                { "ec-p256", EVP_PKEY_sign_init },  { "ec-p256", EVP_PKEY_derive_init },
                { "x25519", EVP_PKEY_derive_init },
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = context_key(c, cases[i].label);
                EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL), *copy;

                assert_int_equal(cases[i].init(ctx), 1);
                for (size_t k = 0; k < ELEMENTSOF(parameter_names); k++)
                        set_badly(ctx, parameter_names[k]);
                copy = EVP_PKEY_CTX_dup(ctx);
                assert_non_null(copy);
                EVP_PKEY_CTX_free(copy);
                EVP_PKEY_CTX_free(ctx);
                EVP_PKEY_free(key);
        }
}

/* A string without its NUL is as long as it says. */
static void test_parameter_length(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL);
        char text[] = "digestion", mode[] = "psst", length[] = "32768";
        OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(PROVIDER_PARAM_PURPOSE, text, 6),
                                OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PAD_MODE, mode, 3),
                                OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, length, 2), OSSL_PARAM_END };
        unsigned char digest[32] = { 0 }, signature[256];
        size_t n = sizeof(signature);

        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0);
        assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
        assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, digest, sizeof(digest)), 1);
        assert_string_equal(fake.purpose, "digest");
        assert_string_equal(fake.options.padding, "pss");
        assert_int_equal(fake.options.salt_length, 32);
        assert_no_errors();
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(key);
}

/* What is refused says why. */
static void test_parameter_errors(void **state) {
        static const struct {
                const char *name, *value;
        } cases[] = {
                { OSSL_PKEY_PARAM_PAD_MODE, "none" },
                { OSSL_PKEY_PARAM_DIGEST, "no such hash" },
                { OSSL_SIGNATURE_PARAM_PSS_SALTLEN, "much" },
        };
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL);

        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                double wrong = 1;
                OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(cases[i].name, (char *) cases[i].value,
                                                               strlen(cases[i].value)),
                                        OSSL_PARAM_END };

                assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 0);
                assert_true(ERR_peek_error() != 0);
                ERR_clear_error();
                params[0] = OSSL_PARAM_construct_double(cases[i].name, &wrong);
                assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 0);
                assert_error(PROVIDER_R_UNSUPPORTED, cases[i].name);
        }
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(key);
}

/* --- contexts that are used again --------------------------------------------------------------------- */

static const unsigned char info256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                         0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

/* One EVP_PKEY_sign_init() is good for many signatures, of different hashes where none was named. */
static void test_sign_again(void **state) {
        Context *c = *state;
        EVP_PKEY *rsa = context_key(c, "rsa"), *ec = context_key(c, "ec-p256");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, rsa, NULL);
        unsigned char data[64] = { 0 }, signature[256];
        size_t n;

        memcpy(data, info256, sizeof(info256));
        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        for (int i = 0; i < 2; i++) {
                n = sizeof(signature);
                assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, data, sizeof(info256) + 32), 1);
                assert_string_equal(fake.options.hash, "sha256");
        }
        EVP_PKEY_CTX_free(ctx);

        ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, ec, NULL);
        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        n = sizeof(signature);
        assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, data, 32), 1);
        assert_string_equal(fake.options.hash, "sha256");
        n = sizeof(signature);
        assert_int_equal(EVP_PKEY_sign(ctx, signature, &n, data, 48), 1);
        assert_string_equal(fake.options.hash, "sha384");
        assert_no_errors();
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(ec);
        EVP_PKEY_free(rsa);
}

/* Ed25519 has no use for pieces, and OpenSSL 3.0 does not look whether a provider has. */
static void test_pieces(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "ed25519");
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        unsigned char signature[64];
        size_t n = sizeof(signature);

        assert_int_equal(EVP_DigestSignInit_ex(md, NULL, NULL, c->libctx, NULL, key, NULL), 1);
        assert_int_equal(EVP_DigestSignUpdate(md, "x", 1), 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "in one piece");
        assert_int_equal(EVP_DigestSignFinal(md, signature, &n), 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "in one piece");
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(key);
}

/* What a certificate or CMS cannot name is refused in words. */
static void test_unnamed_algorithm(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "ec-p256");
        X509 *certificate = X509_new_ex(c->libctx, NULL);

        assert_int_equal(X509_set_pubkey(certificate, key), 1);
        assert_true(X509_sign(certificate, key, EVP_md5()) <= 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "MD5");
        X509_free(certificate);
        EVP_PKEY_free(key);
}

/* A key that is a type and nothing else, as EVP_PKEY_copy_parameters() makes it where there are no parameters. */
static void test_empty_key(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "ed25519"), *empty = EVP_PKEY_new();
        EVP_MD_CTX *md = EVP_MD_CTX_new();

        if (EVP_PKEY_copy_parameters(empty, key) == 1) {
                (void) EVP_DigestSignInit_ex(md, NULL, NULL, c->libctx, NULL, empty, NULL);
                (void) EVP_DigestVerifyInit_ex(md, NULL, NULL, c->libctx, NULL, empty, NULL);
        }
        ERR_clear_error();
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(empty);
        EVP_PKEY_free(key);
}

/* --- buffers ------------------------------------------------------------------------------------------ */

/* OpenSSL's own keys refuse a buffer that may be too small before they sign. Here it would cost a rate and an audit
 * line. */
static void test_small_buffer(void **state) {
        static const char *const labels[] = { "rsa", "ec-p256", "ed25519" };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                EVP_PKEY *key = context_key(c, labels[i]);
                EVP_MD_CTX *md = EVP_MD_CTX_new();
                unsigned char signature[512];
                unsigned int before = fake.operations;
                size_t n = 0;

                assert_int_equal(EVP_DigestSignInit_ex(md, NULL, NULL, c->libctx, NULL, key, NULL), 1);
                assert_int_equal(EVP_DigestSign(md, NULL, &n, (const unsigned char *) "x", 1), 1);
                assert_in_range(n, 64, sizeof(signature));
                n--;
                assert_int_equal(EVP_DigestSign(md, signature, &n, (const unsigned char *) "x", 1), 0);
                assert_error(PROVIDER_R_SMALL_BUFFER, "bytes");
                assert_int_equal(fake.operations, before);
                EVP_MD_CTX_free(md);
                EVP_PKEY_free(key);
        }
}

static void test_derive_buffer(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "ec-p256"), *peer = fake_public("ec-p256");
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->libctx, key, NULL);
        unsigned int before = fake.operations;
        static unsigned char secret[100000];
        size_t n = 0;

        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
        assert_int_equal(EVP_PKEY_derive(ctx, NULL, &n), 1);
        assert_int_equal(n, 32);
        n = 31;
        assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 0);
        assert_error(PROVIDER_R_SMALL_BUFFER, "32 bytes");

        assert_true(EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) > 0);
        assert_true(EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, sizeof(secret)) > 0);
        n = sizeof(secret);
        assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 0);
        assert_error(PROVIDER_R_UNSUPPORTED, "100000");
        assert_int_equal(fake.operations, before);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(key);
}

/* --- what errors show --------------------------------------------------------------------------------- */

/* What the provider has put on the queue. OpenSSL's store of files, which is asked too, says what it likes. */
static char *error_text(void) {
        char *text = strdup("");
        const char *file, *data;
        unsigned long e;
        int flags;

        while ((e = ERR_get_error_all(&file, NULL, NULL, &data, &flags)) != 0) {
                _cleanup_free_ char *before = text;

                if (strstr(file, "provider-") && (flags & ERR_TXT_STRING))
                        assert_true(asprintf(&text, "%s%s\n", before, data) >= 0);
                else
                        text = strdup(before);
        }
        return text;
}

static void assert_harmless(const char *text) {
        assert_int_not_equal(*text, 0);
        assert_null(strchr(text, '\033'));
        assert_null(strchr(text, '\r'));
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strstr(text, "\u202e"));
        assert_null(strstr(text, "\xff"));
        assert_null(strstr(text, "271828"));
}

static const char *const hostile_names[] = {
        "signet:a\033]0;x\007@example.org?operation=x",
        "signet:\xc2\x9b[2J?operation=x",
        "signet:a\xff?operation=\xff",
        "signet:\u202e@example.org?operation=x",
        "pkcs11:object=\xc2\x9b[2J;type=x",
        "pkcs11:object=%n%s%n%s;type=x",
        "pkcs11:object=x;type=data?pin-value=271828",
        "pkcs11:object=x?pin-value=271828&operation=x",
        "pkcs11:object=\r\ny;type=x",
        "PKCS11:object=x?pin-value=271828",
        "pkcs11:object=rsa;pin-value=271828;type=x",
        "pkcs11:object=nobody;pin-value=271828",
};

static void test_error_texts(void **state) {
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(hostile_names); i++) {
                OSSL_STORE_CTX *store =
                        OSSL_STORE_open_ex(hostile_names[i], c->libctx, NULL, NULL, NULL, NULL, NULL, NULL);
                _cleanup_free_ char *text = error_text();

                assert_null(store);
                assert_harmless(text);
        }
}

static void test_key_file_texts(void **state) {
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(hostile_names); i++) {
                BIO *bio = BIO_new(BIO_s_mem());
                _cleanup_free_ char *text = NULL;

                assert_true(PEM_write_bio(bio, PROVIDER_KEYFILE_LABEL, "", (const unsigned char *) hostile_names[i],
                                          (long) strlen(hostile_names[i])) > 0);
                assert_null(PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, c->libctx, NULL));
                text = error_text();
                assert_harmless(text);
                BIO_free(bio);
        }
}

/* A key file that is written can be read, however long the labels on a token are. */
static void test_long_uri(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa"), *read;
        BIO *bio = BIO_new(BIO_s_mem());
        char uri[4096] = "pkcs11:token=fake;object=";

        memset(uri + strlen(uri), 'x', sizeof(uri) - strlen(uri) - 1);
        fake.uri = uri;
        assert_int_equal(PEM_write_bio_PrivateKey_ex(bio, key, NULL, NULL, 0, NULL, NULL, c->libctx, NULL), 1);
        fake.uri = NULL;
        read = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, c->libctx, NULL);
        assert_int_equal(EVP_PKEY_eq(read, key), 1);
        assert_no_errors();
        EVP_PKEY_free(read);
        EVP_PKEY_free(key);
        BIO_free(bio);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                EACH_ORDER(test_parameters),    EACH_ORDER(test_parameter_length), EACH_ORDER(test_parameter_errors),
                EACH_ORDER(test_sign_again),    EACH_ORDER(test_empty_key),        EACH_ORDER(test_small_buffer),
                EACH_ORDER(test_error_texts),   EACH_ORDER(test_key_file_texts),   EACH_ORDER(test_long_uri),
                EACH_ORDER(test_derive_buffer), EACH_ORDER(test_pieces),           EACH_ORDER(test_unnamed_algorithm),
        };
        int r;

        fake_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_stop();
        return r;
}
