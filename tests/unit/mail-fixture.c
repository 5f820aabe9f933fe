/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, certificates and spools for the tests of mail/. */
#include "mail-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static EVP_PKEY *rsa, *authority_key;
static X509 *authority;

EVP_PKEY *fixture_key(const char *kind) {
        EVP_PKEY *key = NULL;

        if (strcmp(kind, "rsa") == 0) {
                if (!rsa)
                        rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);
                assert_non_null(rsa);
                EVP_PKEY_up_ref(rsa);
                return rsa;
        }
        if (strcmp(kind, "p256") == 0)
                key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        else if (strcmp(kind, "p384") == 0)
                key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
        else
                key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        assert_non_null(key);
        return key;
}

static void add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

        assert_non_null(e);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
}

X509 *fixture_certificate(const FixtureCertificate *c, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key) {
        static long serial = 1000;
        bool dated = c->from_days != 0 || c->to_days != 0;
        X509 *x = X509_new();
        X509_NAME *name = X509_get_subject_name(x);
        X509V3_CTX ctx;
        char value[256];

        assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), 1);
        assert_int_equal(
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) c->name, -1, -1, 0), 1);
        assert_int_equal(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 86400L * (dated ? c->from_days : -1)));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 86400L * (dated ? c->to_days : 1)));
        assert_int_equal(X509_set_pubkey(x, key), 1);

        X509V3_set_ctx(&ctx, issuer ?: x, x, NULL, NULL, 0);
        add_extension(x, &ctx, NID_basic_constraints, c->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
        add_extension(x, &ctx, NID_subject_key_identifier, "hash");
        if (c->key_usage)
                add_extension(x, &ctx, NID_key_usage, c->key_usage);
        if (!c->authority)
                add_extension(x, &ctx, NID_ext_key_usage, c->extended_key_usage ?: "emailProtection");
        if (c->address) {
                (void) snprintf(value, sizeof(value), "email:%s", c->address);
                add_extension(x, &ctx, NID_subject_alt_name, value);
        }
        assert_true(X509_sign(x, issuer ? issuer_key : key, EVP_sha256()) > 0);
        return x;
}

X509 *fixture_authority(void) {
        if (!authority) {
                FixtureCertificate c = { .name = "Test CA", .key_usage = "keyCertSign,cRLSign", .authority = true };

                authority_key = fixture_key("p256");
                authority = fixture_certificate(&c, authority_key, NULL, NULL);
        }
        return authority;
}

void fixture_done(void) {
        EVP_PKEY_free(rsa);
        EVP_PKEY_free(authority_key);
        X509_free(authority);
        rsa = authority_key = NULL;
        authority = NULL;
}

void fixture_person(FixturePerson *p, const char *kind, const char *address) {
        FixtureCertificate c = { .name = address, .address = address };
        ASN1_BIT_STRING *bits;

        *p = (FixturePerson){ .key = fixture_key(kind) };
        (void) fixture_authority();
        p->certificate = fixture_certificate(&c, p->key, authority, authority_key);
        p->list = sk_X509_new_null();
        sk_X509_push(p->list, p->certificate);
        p->signer = (Signer){ .key = p->key, .certificate = p->certificate, .name = (char *) "test" };
        p->decrypter = (Decrypter){ .certificates = p->list, .name = (char *) "test", .local = p->key };
        bits = X509_get0_pubkey_bitstr(p->certificate);
        assert_int_equal(EVP_Digest(bits->data, (size_t) bits->length, p->decrypter.key_id, NULL, EVP_sha1(), NULL), 1);
}

void fixture_person_done(FixturePerson *p) {
        EVP_PKEY_free(p->key);
        X509_free(p->certificate);
        sk_X509_free(p->list);
}

Spool *fixture_spool(const void *data, size_t n) {
        Spool *s = NULL;

        assert_int_equal(spool_new(SPOOL_MEMORY, &s), 0);
        assert_int_equal(spool_append(s, data, n), 0);
        return s;
}

Spool *fixture_text(const char *text) {
        return fixture_spool(text, strlen(text));
}

char *fixture_bytes(Slice s) {
        char *bytes = calloc(1, s.size + 1);

        assert_non_null(bytes);
        for (uint64_t done = 0; done < s.size;) {
                ssize_t n = slice_read(s, done, bytes + done, s.size - done);
                assert_true(n > 0);
                done += (uint64_t) n;
        }
        return bytes;
}
