/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys by URI and by key file, and what OpenSSL's own formats do with them: CMS, requests, certificates. */
#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "provider-context.h"

DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free)

static const char *const labels[] = { "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519" };

/* A certificate of the fake's key, signed with itself by OpenSSL's own provider. */
static X509 *make_certificate(const char *label, OSSL_LIB_CTX *libctx) {
        X509 *x = X509_new_ex(libctx, NULL);
        EVP_PKEY *public = fake_public(label);
        X509_NAME *name = X509_get_subject_name(x);

        assert_int_equal(X509_set_version(x, 2), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) label, -1, -1, 0),
                         1);
        assert_int_equal(X509_set_issuer_name(x, name), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
        assert_int_equal(X509_set_pubkey(x, public), 1);
        assert_true(X509_sign(x, fake_key(label), strcmp(label, "ed25519") == 0 ? NULL : EVP_sha256()) > 0);
        EVP_PKEY_free(public);
        return x;
}

/* --- names -------------------------------------------------------------------------------------------- */

typedef struct Found {
        unsigned int private, public, certificates;
} Found;

static OSSL_STORE_CTX *store_open(Context *c, const char *uri) {
        return OSSL_STORE_open_ex(uri, c->libctx, NULL, NULL, NULL, NULL, NULL, NULL);
}

static Found store_read(Context *c, const char *uri, int expect, EVP_PKEY *same) {
        OSSL_STORE_CTX *store = store_open(c, uri);
        Found found = { 0 };

        assert_non_null(store);
        if (expect)
                assert_int_equal(OSSL_STORE_expect(store, expect), 1);
        while (!OSSL_STORE_eof(store)) {
                OSSL_STORE_INFO *info = OSSL_STORE_load(store);

                if (!info)
                        break;
                switch (OSSL_STORE_INFO_get_type(info)) {
                case OSSL_STORE_INFO_PKEY:
                        found.private ++;
                        if (same)
                                assert_int_equal(EVP_PKEY_eq(OSSL_STORE_INFO_get0_PKEY(info), same), 1);
                        break;
                case OSSL_STORE_INFO_PUBKEY:
                        found.public ++;
                        if (same)
                                assert_int_equal(EVP_PKEY_eq(OSSL_STORE_INFO_get0_PUBKEY(info), same), 1);
                        break;
                case OSSL_STORE_INFO_CERT:
                        found.certificates++;
                        if (same)
                                assert_int_equal(X509_check_private_key(OSSL_STORE_INFO_get0_CERT(info), same), 1);
                        break;
                }
                OSSL_STORE_INFO_free(info);
        }
        /* OpenSSL's own store for files always ends with an error. */
        if (strchr(uri, ':'))
                assert_int_equal(OSSL_STORE_error(store), 0);
        else
                ERR_clear_error();
        assert_int_equal(OSSL_STORE_close(store), 1);
        return found;
}

static void test_store(void **state) {
        static const struct {
                const char *uri;
                int expect;
                Found found;
        } cases[] = {
                { "pkcs11:token=fake;object=rsa", OSSL_STORE_INFO_PKEY, { 1, 0, 0 } },
                { "pkcs11:token=fake;object=rsa", OSSL_STORE_INFO_PUBKEY, { 0, 1, 0 } },
                { "pkcs11:token=fake;object=rsa", OSSL_STORE_INFO_CERT, { 0, 0, 1 } },
                { "pkcs11:token=fake;object=rsa", OSSL_STORE_INFO_CRL, { 0, 0, 0 } },
                { "pkcs11:token=fake;object=rsa", 0, { 1, 0, 1 } },
                { "pkcs11:token=fake;object=rsa;type=private", 0, { 1, 0, 0 } },
                { "pkcs11:type=public;token=fake;object=rsa", 0, { 0, 1, 0 } },
                { "pkcs11:token=fake;type=cert;object=rsa", 0, { 0, 0, 1 } },
                { "pkcs11:token=fake;object=rsa;type=cert", OSSL_STORE_INFO_PKEY, { 0, 0, 0 } },
                { "pkcs11:token=fake;object=rsa?pin-source=file:/nowhere", OSSL_STORE_INFO_PKEY, { 1, 0, 0 } },
                { "signet:rsa", OSSL_STORE_INFO_PKEY, { 1, 0, 0 } },
                { "signet:rsa?operation=decrypt", OSSL_STORE_INFO_PKEY, { 1, 0, 0 } },
        };
        Context *c = *state;
        EVP_PKEY *key = fake_public("rsa");
        X509 *certificate = make_certificate("rsa", NULL);
        unsigned char *der = NULL;
        int n = i2d_X509(certificate, &der);
        Found all;

        fake_set_certificate("rsa", der, (size_t) n);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Found found = store_read(c, cases[i].uri, cases[i].expect, key);

                assert_memory_equal(&found, &cases[i].found, sizeof(found));
                assert_no_errors();
        }

        all = store_read(c, "pkcs11:token=fake", 0, NULL);
        assert_int_equal(all.private, 6);
        assert_int_equal(store_read(c, "pkcs11:token=fake?operation=decrypt", 0, NULL).private, 5);
        assert_no_errors();

        OPENSSL_free(der);
        X509_free(certificate);
        EVP_PKEY_free(key);
}

static void test_store_errors(void **state) {
        static const struct {
                const char *uri;
                int reason;
                const char *words;
        } cases[] = {
                { "pkcs11:token=fake;object=nobody", SIGNET_E_NO_SUCH_KEY, "that you may use" },
                { "pkcs11:object=rsa;type=data", PROVIDER_R_BAD_NAME, "type is" },
                { "pkcs11:object=rsa;type=secret-key", PROVIDER_R_BAD_NAME, "type is" },
                { "signet:rsa?operation=verify", PROVIDER_R_BAD_NAME, "operation is" },
                { "signet:", PROVIDER_R_BAD_NAME, "names no key" },
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_null(store_open(c, cases[i].uri));
                assert_error(cases[i].reason, cases[i].words);
        }
}

/* --- key files ---------------------------------------------------------------------------------------- */

static EVP_PKEY *read_pem(Context *c, const char *text) {
        BIO *bio = BIO_new_mem_buf(text, -1);
        EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, c->libctx, NULL);

        BIO_free(bio);
        return key;
}

static char *write_pem(Context *c, EVP_PKEY *key, const EVP_CIPHER *cipher) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *data, *text = NULL;
        long n;

        if (PEM_write_bio_PrivateKey_ex(bio, key, cipher, (unsigned char *) "1234", 4, NULL, NULL, c->libctx, NULL) ==
            1) {
                n = BIO_get_mem_data(bio, &data);
                text = strndup(data, (size_t) n);
        }
        BIO_free(bio);
        return text;
}

static void test_key_file(void **state) {
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                EVP_PKEY *key = context_key(c, labels[i]), *public = fake_public(labels[i]), *read;
                _cleanup_free_ char *text = write_pem(c, key, NULL);
                char path[] = "/tmp/test-provider.XXXXXX";
                int fd = mkstemp(path);
                Found found;

                assert_non_null(text);
                assert_memory_equal(text, "-----BEGIN SIGNET KEY-----\n", 27);
                read = read_pem(c, text);
                assert_int_equal(EVP_PKEY_eq(read, public), 1);
                assert_string_equal(EVP_PKEY_get0_type_name(read), EVP_PKEY_get0_type_name(key));
                EVP_PKEY_free(read);

                assert_int_equal(write(fd, text, strlen(text)), strlen(text));
                close(fd);
                found = store_read(c, path, OSSL_STORE_INFO_PKEY, public);
                assert_int_equal(found.private, 1);
                unlink(path);

                assert_no_errors();
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

/* What people write by hand: after a certificate, with echo's newline, a name that is no URI of a token. */
static void test_key_file_by_hand(void **state) {
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa"), *read;
        X509 *certificate = make_certificate("rsa", NULL);
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
        assert_true(PEM_write_bio(bio, "SIGNET KEY", "", (const unsigned char *) "signet:rsa\n", 11) > 0);
        BIO_write(bio, "", 1);
        BIO_get_mem_data(bio, &text);
        read = read_pem(c, text);
        assert_int_equal(EVP_PKEY_eq(read, key), 1);
        assert_no_errors();

        EVP_PKEY_free(read);
        BIO_free(bio);
        X509_free(certificate);
        EVP_PKEY_free(key);
}

static void test_key_file_errors(void **state) {
        static const struct {
                const char *content;
                int reason;
                const char *words;
        } cases[] = {
                { "pkcs11:token=fake;object=nobody", SIGNET_E_NO_SUCH_KEY, "nobody" },
                { "pkcs11:token=fake", SIGNET_E_AMBIGUOUS, "fits 6 keys" },
                { "file:/etc/passwd", PROVIDER_R_BAD_NAME, "names no key" },
                { "two words", PROVIDER_R_BAD_NAME, "no URI" },
                { "\n", PROVIDER_R_BAD_NAME, "no URI" },
        };
        Context *c = *state;
        EVP_PKEY *key = context_key(c, "rsa");
        EVP_CIPHER *cipher;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                BIO *bio = BIO_new(BIO_s_mem());
                char *text;

                assert_true(PEM_write_bio(bio, "SIGNET KEY", "", (const unsigned char *) cases[i].content,
                                          (long) strlen(cases[i].content)) > 0);
                BIO_write(bio, "", 1);
                BIO_get_mem_data(bio, &text);
                assert_null(read_pem(c, text));
                assert_error(cases[i].reason, cases[i].words);
                BIO_free(bio);
        }

        cipher = EVP_CIPHER_fetch(c->libctx, "AES-128-CBC", NULL);
        assert_null(write_pem(c, key, cipher));
        assert_error(PROVIDER_R_UNSUPPORTED, "holds no secret");
        EVP_CIPHER_free(cipher);
        EVP_PKEY_free(key);
}

/* --- formats ------------------------------------------------------------------------------------------ */

static int verify_cms(const CMS_ContentInfo *cms) {
        unsigned char *der = NULL;
        int n = i2d_CMS_ContentInfo(cms, &der), ok;
        const unsigned char *p = der;
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *copy = d2i_CMS_ContentInfo(NULL, &p, n);

        ok = CMS_verify(copy, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY);
        OPENSSL_free(der);
        return ok;
}

static void test_cms_sign(void **state) {
        static const struct {
                const char *label, *hash;
                bool pss;
                unsigned int flags;
                const char *purpose;
        } cases[] = {
                { "rsa", "SHA256", false, 0, "smime" },
                { "rsa", "SHA512", false, 0, "smime" },
                { "rsa", "SHA256", true, 0, "smime" },
                { "ec-p256", "SHA256", false, 0, "smime" },
                { "ec-p384", "SHA384", false, 0, "smime" },
                { "ec-p521", "SHA512", false, 0, "smime" },
                { "rsa", "SHA256", false, CMS_NOATTR, "digest" },
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = context_key(c, cases[i].label);
                X509 *certificate = make_certificate(cases[i].label, c->libctx);
                BIO *in = BIO_new_mem_buf("some words", 10);
                _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
                CMS_SignerInfo *si;

                cms = CMS_sign_ex(NULL, NULL, NULL, in, CMS_PARTIAL | CMS_BINARY, c->libctx, NULL);
                si = CMS_add1_signer(cms, certificate, key, EVP_get_digestbyname(cases[i].hash),
                                     cases[i].flags | CMS_BINARY | (cases[i].pss ? CMS_KEY_PARAM : 0));
                assert_non_null(si);
                if (cases[i].pss)
                        assert_true(EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(si),
                                                                 RSA_PKCS1_PSS_PADDING) > 0);
                assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY | cases[i].flags), 1);
                assert_string_equal(fake.purpose, cases[i].purpose);
                assert_int_equal(verify_cms(cms), 1);
                assert_no_errors();

                BIO_free(in);
                X509_free(certificate);
                EVP_PKEY_free(key);
        }
}

static CMS_ContentInfo *encrypt(X509 *certificate, bool oaep) {
        BIO *in = BIO_new_mem_buf("some words", 10);
        CMS_ContentInfo *cms = CMS_encrypt(NULL, in, EVP_aes_128_cbc(), CMS_PARTIAL | CMS_BINARY);
        CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, certificate, oaep ? CMS_KEY_PARAM : 0);

        assert_non_null(ri);
        if (oaep) {
                EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

                assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
                assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0);
        }
        assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
        BIO_free(in);
        return cms;
}

static void test_cms_decrypt(void **state) {
        static const struct {
                const char *label;
                bool oaep;
        } cases[] = {
                { "rsa", false }, { "rsa", true }, { "ec-p256", false }, { "ec-p384", false }, { "ec-p521", false }
        };
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EVP_PKEY *key = context_key(c, cases[i].label);
                X509 *certificate = make_certificate(cases[i].label, NULL);
                _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = encrypt(certificate, cases[i].oaep);
                _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *received = CMS_ContentInfo_new_ex(c->libctx, NULL);
                BIO *out = BIO_new(BIO_s_mem());
                unsigned char *der = NULL;
                int n = i2d_CMS_ContentInfo(cms, &der);
                const unsigned char *p = der;
                char *text;

                assert_non_null(d2i_CMS_ContentInfo(&received, &p, n));
                assert_int_equal(CMS_decrypt(received, key, certificate, NULL, out, CMS_BINARY), 1);
                assert_string_equal(fake.purpose, "cms");
                assert_int_equal(BIO_get_mem_data(out, &text), 10);
                assert_memory_equal(text, "some words", 10);
                assert_no_errors();

                OPENSSL_free(der);
                BIO_free(out);
                X509_free(certificate);
                EVP_PKEY_free(key);
        }
}

static void test_request(void **state) {
        Context *c = *state;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                const EVP_MD *md = strcmp(labels[i], "ed25519") == 0 ? NULL : EVP_sha256();
                EVP_PKEY *key = context_key(c, labels[i]), *public = fake_public(labels[i]);
                X509_REQ *request = X509_REQ_new_ex(c->libctx, NULL), *copy;
                X509 *certificate = make_certificate(labels[i], c->libctx);
                const unsigned char *p;
                unsigned char *der = NULL;
                int n;

                assert_int_equal(X509_check_private_key(certificate, key), 1);
                assert_int_equal(X509_REQ_set_version(request, X509_REQ_VERSION_1), 1);
                assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
                assert_true(X509_REQ_sign(request, key, md) > 0);
                assert_string_equal(fake.purpose, "csr");
                assert_int_equal(X509_REQ_verify_ex(request, key, c->libctx, NULL), 1);

                n = i2d_X509_REQ(request, &der);
                p = der;
                copy = d2i_X509_REQ(NULL, &p, n);
                assert_int_equal(X509_REQ_verify(copy, public), 1);

                /* A certificate is a digest like any other: not what a right to sign mail is for. */
                assert_true(X509_sign(certificate, key, md) > 0);
                assert_string_equal(fake.purpose, "digest");
                assert_int_equal(X509_verify(certificate, key), 1);
                assert_no_errors();

                OPENSSL_free(der);
                X509_REQ_free(copy);
                X509_REQ_free(request);
                X509_free(certificate);
                EVP_PKEY_free(public);
                EVP_PKEY_free(key);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                EACH_ORDER(test_store),           EACH_ORDER(test_store_errors),
                EACH_ORDER(test_key_file),        EACH_ORDER(test_key_file_by_hand),
                EACH_ORDER(test_key_file_errors), EACH_ORDER(test_cms_sign),
                EACH_ORDER(test_cms_decrypt),     EACH_ORDER(test_request),
        };
        int r;

        fake_start();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        fake_stop();
        return r;
}
