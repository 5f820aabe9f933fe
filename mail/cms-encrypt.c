/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encrypts content for certificates, streaming. Fed with certificates that the user chose. */
#include "cms-encrypt.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "cms-cut.h"

int cms_encrypt_cipher(const char *name, const EVP_CIPHER **ret, bool *ret_authenticated, Fault *f) {
        static const struct {
                const char *name, *short_name;
                const EVP_CIPHER *(*cipher)(void);
                bool authenticated;
        } ciphers[] = {
                { "aes-256-cbc", "aes256", EVP_aes_256_cbc, false },
                { "aes-192-cbc", "aes192", EVP_aes_192_cbc, false },
                { "aes-128-cbc", "aes128", EVP_aes_128_cbc, false },
                { "aes-256-gcm", "id-aes256-GCM", EVP_aes_256_gcm, true },
                { "aes-192-gcm", "id-aes192-GCM", EVP_aes_192_gcm, true },
                { "aes-128-gcm", "id-aes128-GCM", EVP_aes_128_gcm, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(ciphers); i++)
                if (!name || strcasecmp(name, ciphers[i].name) == 0 || strcasecmp(name, ciphers[i].short_name) == 0) {
                        *ret = ciphers[i].cipher();
                        *ret_authenticated = ciphers[i].authenticated;
                        return 0;
                }
        return fault_set(f, MAIL_E_NOT_SUPPORTED,
                         "mail is not encrypted with %s: use aes-256-cbc, aes-128-cbc, aes-256-gcm or aes-128-gcm",
                         name);
}

/* What OpenSSL would not choose by itself: it hashes with SHA-1 in both OAEP and the KDF. (It sets the kind of KDF,
 * X9.63, and wants to find none set.) */
static int set_parameters(CMS_RecipientInfo *ri, bool oaep) {
        EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

        if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_AGREE)
                return ctx && EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) > 0;
        if (!oaep)
                return 1;
        return ctx && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0;
}

static int add_recipient(CMS_ContentInfo *cms, X509 *certificate, bool oaep, Fault *f) {
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        char name[256];

        certificate_describe(certificate, name, sizeof(name));
        if (!key || (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC"))) {
                ERR_clear_error();
                return fault_set(f, MAIL_E_NOT_SUPPORTED,
                                 "mail cannot be encrypted for the kind of key of %s (RSA and EC keys are known)",
                                 name);
        }
        CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
        if (!ri || !set_parameters(ri, oaep))
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot encrypt for %s", name);
        return 0;
}

int cms_encrypt(STACK_OF(X509) *recipients, const EncryptOptions *options, Slice content, BIO *out,
                bool *ret_authenticated, Fault *f) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(BIO_free_allp) BIO *in = slice_bio_new(content, LINE_MODE_VERBATIM);
        const EVP_CIPHER *cipher;
        bool authenticated;
        int r;

        r = cms_encrypt_cipher(options->cipher, &cipher, &authenticated, f);
        if (r != 0)
                return r;
        cms = in ? CMS_encrypt(NULL, NULL, cipher, CMS_STREAM | CMS_PARTIAL | CMS_BINARY) : NULL;
        if (!cms)
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot prepare the encryption");
        for (int i = 0; i < sk_X509_num(recipients); i++) {
                r = add_recipient(cms, sk_X509_value(recipients, i), options->oaep, f);
                if (r != 0)
                        return r;
        }
        if (i2d_CMS_bio_stream(out, cms, in, CMS_STREAM | CMS_BINARY) != 1)
                return fault_set_openssl(f, MAIL_E_FAILED, "encrypting failed");
        *ret_authenticated = authenticated;
        return 0;
}
