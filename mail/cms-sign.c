/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signs content with a Signer's key. The signed attributes are contentType, messageDigest, signingTime (OpenSSL adds
 * these three), sMIMECapabilities and encrypKeyPref: what signetd's purpose "smime" lets pass. */
#include "cms-sign.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "cms-cut.h"

int cms_sign_digest(const Signer *signer, const SignOptions *options, const char **ret, Fault *f) {
        static const char *const digests[] = { "sha256", "sha384", "sha512" };
        size_t wanted = 0;

        /* ECDSA with a digest shorter than the curve would be the weaker of the two (RFC 5753 section 7.1 pairs them
         * so). */
        if (!options->digest && EVP_PKEY_is_a(signer->key, "EC"))
                wanted = EVP_PKEY_get_bits(signer->key) > 384 ? 2 : EVP_PKEY_get_bits(signer->key) > 256 ? 1 : 0;
        for (size_t i = 0; options->digest && i <= ELEMENTSOF(digests); i++) {
                if (i == ELEMENTSOF(digests))
                        return fault_set(f, MAIL_E_NOT_SUPPORTED,
                                         "mail is not signed with the digest %s: use sha256, sha384 or sha512",
                                         options->digest);
                if (strcasecmp(options->digest, digests[i]) == 0) {
                        wanted = i;
                        break;
                }
        }
        *ret = digests[wanted];
        return 0;
}

/* What the signer's programs can decrypt, best first. AES-GCM is left out on purpose: a sender would take it as leave
 * to use it, and the same key often serves programs that cannot read it. */
static int add_capabilities(CMS_SignerInfo *si) {
        STACK_OF(X509_ALGOR) *list = NULL;
        int ok = CMS_add_simple_smimecap(&list, NID_aes_256_cbc, -1) &&
                 CMS_add_simple_smimecap(&list, NID_aes_192_cbc, -1) &&
                 CMS_add_simple_smimecap(&list, NID_aes_128_cbc, -1) && CMS_add_smimecap(si, list);

        sk_X509_ALGOR_pop_free(list, X509_ALGOR_free);
        return ok;
}

/* SMIMEEncryptionKeyPreference, RFC 8551 section 2.5.3: issuerAndSerialNumber [0], whose content is that of the
 * SEQUENCE. */
static int add_preference(CMS_SignerInfo *si, X509 *certificate) {
        const X509_NAME *issuer = X509_get_issuer_name(certificate);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
        int issuer_size = i2d_X509_NAME(issuer, NULL), serial_size = i2d_ASN1_INTEGER(serial, NULL);
        int size = issuer_size + serial_size, ok = 0;

        if (issuer_size <= 0 || serial_size <= 0)
                return 0;
        unsigned char *der = OPENSSL_malloc((size_t) ASN1_object_size(1, size, 0)), *p = der;
        if (!der)
                return 0;
        ASN1_put_object(&p, 1, size, 0, V_ASN1_CONTEXT_SPECIFIC);
        i2d_X509_NAME(issuer, &p);
        i2d_ASN1_INTEGER(serial, &p);

        /* OpenSSL writes a value of type SEQUENCE as it is given, tag included; V_ASN1_OTHER it would take for a string
         * to convert. */
        ok = CMS_signed_add1_attr_by_NID(si, NID_id_smime_aa_encrypKeyPref, V_ASN1_SEQUENCE, der, (int) (p - der));
        OPENSSL_free(der);
        return ok;
}

static int add_certificates(CMS_ContentInfo *cms, const Signer *signer, const SignOptions *options) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();

        if (!all || (!options->no_certificates && certificates_add(all, signer->certificate) < 0))
                return 0;
        if (!options->no_certificates && signer->preferred && certificates_add(all, signer->preferred) < 0)
                return 0;
        for (int i = 0; !options->no_certificates && i < sk_X509_num(signer->chain); i++)
                if (certificates_add(all, sk_X509_value(signer->chain, i)) < 0)
                        return 0;
        for (int i = 0; i < sk_X509_num(options->extra); i++)
                if (certificates_add(all, sk_X509_value(options->extra, i)) < 0)
                        return 0;
        for (int i = 0; i < sk_X509_num(all); i++)
                if (CMS_add1_cert(cms, sk_X509_value(all, i)) != 1)
                        return 0;
        return 1;
}

/* OpenSSL writes the signature's algorithm when it signs. When the content streams, it encodes everything once before
 * that, to see where the content goes, and cannot without an algorithm: so there is one to be replaced. */
static int use_pss(CMS_SignerInfo *si) {
        EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);
        X509_ALGOR *algorithm = NULL;

        CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &algorithm);
        return ctx && algorithm && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss), V_ASN1_NULL, NULL) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static int prepare(const Signer *signer, const SignOptions *options, unsigned flags, CMS_ContentInfo **ret, Fault *f) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        const char *digest = NULL;
        int r;

        if (options->pss && !EVP_PKEY_is_a(signer->key, "RSA"))
                return fault_set(f, MAIL_E_NOT_SUPPORTED, "RSASSA-PSS is for RSA keys; the key %s is none",
                                 signer->name);
        r = cms_sign_digest(signer, options, &digest, f);
        if (r != 0)
                return r;

        cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL | CMS_STREAM);
        /* The certificates are added below, once each. */
        CMS_SignerInfo *si =
                cms ? CMS_add1_signer(cms, signer->certificate, signer->key, EVP_get_digestbyname(digest),
                                      flags | CMS_NOSMIMECAP | CMS_NOCERTS | (options->pss ? CMS_KEY_PARAM : 0))
                    : NULL;
        if (!si || (options->pss && !use_pss(si)) || !add_capabilities(si) ||
            !add_preference(si, signer->preferred ?: signer->certificate) || !add_certificates(cms, signer, options))
                return keyring_provider_fault(f, MAIL_E_FAILED, "cannot prepare the signature");
        *ret = TAKE_PTR(cms);
        return 0;
}

int cms_sign_detached(const Signer *signer, const SignOptions *options, Slice content, BIO *out, Fault *f) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(BIO_free_allp) BIO *in = slice_bio_new(content, LINE_MODE_VERBATIM);
        int r = prepare(signer, options, CMS_DETACHED | CMS_BINARY, &cms, f);

        if (r != 0)
                return r;
        if (!in || CMS_final(cms, in, NULL, CMS_DETACHED | CMS_BINARY) != 1 || i2d_CMS_bio(out, cms) != 1)
                return keyring_provider_fault(f, MAIL_E_FAILED, "signing failed");
        return 0;
}

int cms_sign_opaque(const Signer *signer, const SignOptions *options, Slice content, BIO *out, Fault *f) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(BIO_free_allp) BIO *in = slice_bio_new(content, LINE_MODE_VERBATIM);
        int r = prepare(signer, options, CMS_BINARY, &cms, f);

        if (r != 0)
                return r;
        if (!in || i2d_CMS_bio_stream(out, cms, in, CMS_STREAM | CMS_BINARY) != 1)
                return keyring_provider_fault(f, MAIL_E_FAILED, "signing failed");
        return 0;
}
