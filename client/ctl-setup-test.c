/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging the signatures of set-ups by OpenSSL. Fed with what the programs wrote; what it breaks calls a set-up good
 * that does not work. */
#include "ctl-setup-test.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/text.h"
#include "ctl-setup-run.h"

#define SAID_MAX 400 /* bytes of what a program said */

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)

int test_scratch(Setup *s, char **ret) {
        _cleanup_free_ char *path = NULL;
        int r = scratch_new(ret);

        if (r < 0)
                return ctl_error_errno(s->ctl, r, "a directory for the self-test");
        path = scratch_file(*ret, "text", TEST_TEXT);
        if (path)
                return CTL_DONE;
        scratch_remove(*ret);
        free(*ret);
        return ctl_error_errno(s->ctl, errno, "a file for the self-test");
}

char *test_certificate(const signet_key *key) {
        size_t n;
        const unsigned char *der = signet_key_certificate(key, 0, &n);

        return der ? certificate_pem("CERTIFICATE", der, n) : NULL;
}

static int refuse_signature(Setup *s, const char *why) {
        ERR_clear_error();
        return ctl_error(s->ctl, CTL_NO, "the self-test's signature is not good: %s", why);
}

static CMS_ContentInfo *read_cms(const char *path) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_file(path, "r");

        return bio ? d2i_CMS_bio(bio, NULL) : NULL;
}

int test_verify(Setup *s, const char *path, const signet_key *key) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = read_cms(path);
        _cleanup_(BIO_free_allp) BIO *text = BIO_new_mem_buf(TEST_TEXT, -1), *out = BIO_new(BIO_s_mem());
        _cleanup_(X509_freep) X509 *wanted = NULL;
        STACK_OF(X509) *signers;
        bool right;
        size_t n;
        const unsigned char *der = signet_key_certificate(key, 0, &n);

        if (!cms || !text || !out)
                return refuse_signature(s, "there is none that OpenSSL can read");
        if (CMS_verify(cms, NULL, NULL, CMS_is_detached(cms) == 1 ? text : NULL, out,
                       CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) != 1)
                return refuse_signature(s, ERR_reason_error_string(ERR_peek_last_error()) ?: "it does not verify");
        wanted = d2i_X509(NULL, &der, (long) n);
        signers = CMS_get0_signers(cms);
        right = wanted && sk_X509_num(signers) == 1 && X509_cmp(sk_X509_value(signers, 0), wanted) == 0;
        sk_X509_free(signers);
        return right ? CTL_DONE
                     : refuse_signature(s, "it was made with another certificate than that of the key which setup "
                                           "chooses; if that is what you want, name its key with --key");
}

bool test_is_long(const char *path, const signet_key *key) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = read_cms(path);
        STACK_OF(CMS_SignerInfo) *signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
        const ASN1_OCTET_STRING *value;

        if (!signers || sk_CMS_SignerInfo_num(signers) != 1)
                return false;
        value = CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(signers, 0));
        return (unsigned) ASN1_STRING_length(value) == signet_key_bits(key) / 8 + 1 &&
               ASN1_STRING_get0_data(value)[0] == 0;
}

/* What a program said, in one line of bearable length: the end of it, which says what went wrong. */
static char *in_one_line(const char *output) {
        size_t n = strlen(output);
        char *text = strdup(n > SAID_MAX ? output + n - SAID_MAX : output);

        for (char *c = text; c && *c; c++)
                if (*c == '\n' || *c == '\t')
                        *c = ' ';
        if (text)
                text_clean_in_place(text);
        return text;
}

int test_failed(Setup *s, const char *program, int status, const char *output) {
        _cleanup_free_ char *line = NULL;

        if (status < 0)
                return ctl_error(s->ctl, CTL_NO, "self-test: %s: %s", program,
                                 status == -ETIME ? "no end within a minute"
                                                  : strerrordesc_np(-status) ?: "cannot be run");
        line = in_one_line(output ?: "");
        return ctl_error(s->ctl, CTL_NO, "self-test: %s failed with status %d: %s", program, status, line ?: "");
}

/* The signature of a mail, which policy grants more readily than that of any digest. */
static int sign_cms(Setup *s, signet_key *key) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *private = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(BIO_free_allp) BIO *text = BIO_new_mem_buf(TEST_TEXT, -1), *again = BIO_new_mem_buf(TEST_TEXT, -1);
        size_t n;
        const unsigned char *der = signet_key_certificate(key, 0, &n);
        int r = signet_key_evp_pkey(key, NULL, &private);

        if (r != 0)
                return ctl_error_signet(s->ctl, r);
        certificate = d2i_X509(NULL, &der, (long) n);
        if (!certificate || !text || !again)
                return ctl_error(s->ctl, CTL_FAILURE, "the certificate of key %s cannot be read",
                                 signet_key_label(key));
        cms = CMS_sign(certificate, private, NULL, text, CMS_BINARY | CMS_DETACHED);
        if (!cms)
                return refuse_signature(s, ERR_reason_error_string(ERR_peek_error()) ?: "it was not made");
        if (CMS_verify(cms, NULL, NULL, again, NULL, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) != 1)
                return refuse_signature(s, ERR_reason_error_string(ERR_peek_last_error()) ?: "it does not verify");
        return CTL_DONE;
}

int test_may_digest(Setup *s, const signet_key *key, const char *who) {
        if (signet_key_may(key, "sign:digest"))
                return CTL_DONE;
        return ctl_error(
                s->ctl, CTL_NOT_AUTHORIZED,
                "%s has digests signed, and policy gives you no purpose \"digest\" with key %s: it will see the key, "
                "but cannot sign with it until a rule allows that",
                who, signet_key_label(key));
}

static int sign_digest(Setup *s, signet_key *key) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *public = NULL;
        unsigned char digest[EVP_MAX_MD_SIZE], *signature;
        unsigned n = 0;
        size_t size, public_size;
        const unsigned char *der = signet_key_public(key, &public_size);
        bool ed25519 = strcmp(signet_key_algorithm(key), "ed25519") == 0;
        int r;

        if (!md || !EVP_Digest(TEST_TEXT, strlen(TEST_TEXT), digest, &n, EVP_sha256(), NULL))
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        r = ed25519 ? signet_sign(key, "digest", (const unsigned char *) TEST_TEXT, strlen(TEST_TEXT), NULL, &signature,
                                  &size)
                    : signet_sign(key, "digest", digest, n, NULL, &signature, &size);
        if (r != 0)
                return ctl_error_signet(s->ctl, r);
        public = d2i_PUBKEY(NULL, &der, (long) public_size);
        r = public && EVP_DigestVerifyInit(md, NULL, ed25519 ? NULL : EVP_sha256(), NULL, public) == 1 &&
            EVP_DigestVerify(md, signature, size, (const unsigned char *) TEST_TEXT, strlen(TEST_TEXT)) == 1;
        signet_free(signature, size);
        return r ? CTL_DONE : refuse_signature(s, "it does not verify");
}

int test_by_library(Setup *s, signet_key *key) {
        bool mail = signet_key_certificate_count(key) > 0 && strcmp(signet_key_algorithm(key), "ed25519") != 0;

        return mail ? sign_cms(s, key) : sign_digest(s, key);
}
