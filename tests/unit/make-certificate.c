/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes certificates. A wish that cannot be fulfilled is a mistake in a test and ends it. */
#include "make-certificate.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400L

static void must(bool ok, const char *what) {
        if (ok)
                return;
        fprintf(stderr, "make-certificate: %s failed\n", what);
        abort();
}

EVP_PKEY *make_rsa(void) {
        EVP_PKEY *key = EVP_RSA_gen(2048);

        must(key != NULL, "EVP_RSA_gen");
        return key;
}

EVP_PKEY *make_ec(const char *group) {
        EVP_PKEY *key = EVP_EC_gen(group);

        must(key != NULL, group);
        return key;
}

EVP_PKEY *make_ed25519(void) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

        must(key != NULL, "EVP_PKEY_Q_keygen");
        return key;
}

static void set_name(X509_NAME *name, const char *text) {
        must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) text, -1, -1, 0) == 1,
             "a name");
}

static void add(X509 *x, X509V3_CTX *ctx, int nid, const char *value) {
        X509_EXTENSION *e;

        if (!value)
                return;
        e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
        must(e && X509_add_ext(x, e, -1) == 1, value);
        X509_EXTENSION_free(e);
}

uint8_t *make_certificate(const CertificateWish *w, size_t *ret_size) {
        _cleanup_(X509_freep) X509 *x = X509_new();
        bool usual = w->from_days == 0 && w->to_days == 0;
        EVP_PKEY *signer = w->issuer_key ?: w->key;
        static long serial = 1;
        unsigned char *der = NULL;
        X509V3_CTX ctx;
        int n;

        must(x && X509_set_version(x, X509_VERSION_3) == 1, "X509_new");
        must(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1, "a serial number");
        must(X509_gmtime_adj(X509_getm_notBefore(x), (usual ? -1 : w->from_days) * DAY) != NULL, "notBefore");
        must(X509_gmtime_adj(X509_getm_notAfter(x), (usual ? 365 : w->to_days) * DAY) != NULL, "notAfter");
        set_name(X509_get_subject_name(x), w->name);
        set_name(X509_get_issuer_name(x), w->issuer_name ?: w->name);
        must(X509_set_pubkey(x, w->key) == 1, "a public key");
        X509V3_set_ctx(&ctx, NULL, x, NULL, NULL, 0);
        add(x, &ctx, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
        add(x, &ctx, NID_key_usage, w->key_usage);
        add(x, &ctx, NID_ext_key_usage, w->extended);
        add(x, &ctx, NID_subject_alt_name, w->addresses);
        must(X509_sign(x, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) > 0, "signing");

        n = i2d_X509(x, &der);
        must(n > 0, "i2d_X509");
        *ret_size = (size_t) n;
        return der;
}

uint8_t *make_spki(const EVP_PKEY *key, size_t *ret_size) {
        unsigned char *der = NULL;
        int n = i2d_PUBKEY(key, &der);

        must(n > 0, "i2d_PUBKEY");
        *ret_size = (size_t) n;
        return der;
}
