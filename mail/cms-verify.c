/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verifies signatures one by one, so that a report can say which of them holds and why one does not. Fed with hostile
 * mail. */
#include "cms-verify.h"

#include <openssl/err.h>
#include <string.h>

#include "cms-cut.h"

void verify_result_done(VerifyResult *r) {
        for (size_t i = 0; i < r->n; i++) {
                X509_free(r->signatures[i].certificate);
                free(r->signatures[i].problem);
        }
        free(r->signatures);
        sk_X509_pop_free(r->certificates, X509_free);
        spool_free(r->content);
        *r = (VerifyResult){ 0 };
}

bool verify_result_valid(const VerifyResult *r) {
        bool good = r->n > 0;

        for (size_t i = 0; i < r->n; i++)
                good = good && r->signatures[i].valid;
        return good;
}

bool verify_result_trusted(const VerifyResult *r) {
        bool good = verify_result_valid(r);

        for (size_t i = 0; i < r->n; i++)
                good = good && r->signatures[i].trusted;
        return good;
}

static void set_problem(SignatureResult *s, const char *text) {
        if (!s->problem)
                s->problem = strdup(text);
}

static const char *digest_name(int nid) {
        switch (nid) {
        case NID_sha256:
                return "sha256";
        case NID_sha384:
                return "sha384";
        case NID_sha512:
                return "sha512";
        case NID_sha224:
                return "sha224";
        case NID_sha1:
                return "sha1";
        case NID_md5:
                return "md5";
        default:
                return "unknown";
        }
}

static void take_signing_time(CMS_SignerInfo *si, SignatureResult *s) {
        X509_ATTRIBUTE *a = NULL;
        int i = CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1);
        const ASN1_TYPE *value = i >= 0 && (a = CMS_signed_get_attr(si, i)) ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

        if (value && value->type == V_ASN1_UTCTIME)
                certificate_time(value->value.utctime, s->signing_time, sizeof(s->signing_time));
        else if (value && value->type == V_ASN1_GENERALIZEDTIME)
                certificate_time(value->value.generalizedtime, s->signing_time, sizeof(s->signing_time));
}

/* RFC 5652 section 11.1: the contentType attribute is the type of the content. OpenSSL does not compare them. */
static bool content_type_agrees(CMS_ContentInfo *cms, CMS_SignerInfo *si) {
        const ASN1_OBJECT *type =
                CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

        return type && OBJ_cmp(type, CMS_get0_eContentType(cms)) == 0;
}

static bool is_known_kind(EVP_PKEY *key) {
        return key && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS") || EVP_PKEY_is_a(key, "EC"));
}

/* Judges one signature. `chain` has digested the content; `first` is the content's first byte. */
static void judge(CMS_ContentInfo *cms, CMS_SignerInfo *si, BIO *chain, int first, SignatureResult *s) {
        X509 *signer = NULL;
        X509_ALGOR *digest = NULL;

        CMS_SignerInfo_get0_algs(si, NULL, &signer, &digest, NULL);
        s->digest = digest_name(digest ? OBJ_obj2nid(digest->algorithm) : NID_undef);
        take_signing_time(si, s);
        if (!signer) {
                set_problem(s, "the signer's certificate is not in the mail; give it with --cert");
                return;
        }
        X509_up_ref(signer);
        s->certificate = signer;

        bool attributes = CMS_signed_get_attr_count(si) >= 0;
        if (!is_known_kind(X509_get0_pubkey(signer)))
                set_problem(s, "its kind of key is not known to OpenSSL's CMS");
        else if (strcmp(s->digest, "sha1") == 0 || strcmp(s->digest, "md5") == 0 || strcmp(s->digest, "unknown") == 0)
                set_problem(s, "its digest is no longer safe, or not known");
        else if (attributes && !content_type_agrees(cms, si))
                set_problem(s, "its contentType attribute is missing or wrong");
        else if (!attributes && first == 0x31)
                /* Content that could itself be a set of attributes: a signature over another mail, with its attributes
                 * cut off. */
                set_problem(s, "it has no signed attributes, and the content looks like some");
        else if (attributes && CMS_SignerInfo_verify(si) != 1)
                set_problem(s, "it was not made by the key of its certificate");
        else if (CMS_SignerInfo_verify_content(si, chain) != 1)
                set_problem(s, "the content was changed after it was signed");
        else
                s->valid = true;
        ERR_clear_error();
}

static void check_chain(SignatureResult *s, STACK_OF(X509) *untrusted, const VerifyOptions *options) {
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        const char *purpose = options->purpose ?: "smimesign";
        int index = X509_PURPOSE_get_by_sname(purpose);

        if (!ctx || index < 0 || X509_STORE_CTX_init(ctx, options->trust, s->certificate, untrusted) != 1 ||
            X509_STORE_CTX_set_default(ctx, "smime_sign") != 1 ||
            X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(ctx),
                                          X509_PURPOSE_get_id(X509_PURPOSE_get0(index))) != 1)
                set_problem(s, "its certificate could not be checked");
        else if (X509_verify_cert(ctx) == 1)
                s->trusted = true;
        else
                set_problem(s, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
        X509_STORE_CTX_free(ctx);
        ERR_clear_error();
}

/* Runs the content through the digests and judges all signatures. */
static int judge_all(CMS_ContentInfo *cms, Slice content, LineMode mode, const VerifyOptions *options,
                     VerifyResult *result, Fault *f) {
        STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
        BIO *in = slice_bio_new(content, mode);
        _cleanup_(BIO_free_allp) BIO *null = BIO_new(BIO_s_null());
        _cleanup_(BIO_free_allp) BIO *chain = in && null ? CMS_dataInit(cms, in) : NULL;
        uint8_t first = 0;

        if (!chain) {
                BIO_free(in);
                return fault_set_openssl(f, MAIL_E_NOT_SUPPORTED, "the signature's digest is not known here");
        }
        if (slice_read(content, 0, &first, 1) < 0 || bio_copy(chain, null) < 0)
                return fault_set_openssl(f, MAIL_E_FAILED, "cannot read the signed content");

        result->n = (size_t) sk_CMS_SignerInfo_num(signers);
        result->signatures = calloc(result->n, sizeof(*result->signatures));
        if (!result->signatures) {
                result->n = 0;
                return fault_set_errno(f, ENOMEM, "cannot verify");
        }
        (void) CMS_set1_signers_certs(cms, options->extra, 0);
        for (size_t i = 0; i < result->n; i++)
                judge(cms, sk_CMS_SignerInfo_value(signers, (int) i), chain, first, &result->signatures[i]);
        return 0;
}

static int collect_certificates(CMS_ContentInfo *cms, STACK_OF(X509) *extra, STACK_OF(X509) **ret, Fault *f) {
        STACK_OF(X509) *all = CMS_get1_certs(cms);

        if (!all)
                all = sk_X509_new_null();
        for (int i = 0; all && i < sk_X509_num(extra); i++)
                if (certificates_add(all, sk_X509_value(extra, i)) < 0) {
                        sk_X509_pop_free(all, X509_free);
                        all = NULL;
                }
        ERR_clear_error();
        if (!all)
                return fault_set_errno(f, ENOMEM, "cannot verify");
        *ret = all;
        return 0;
}

static int cut_signed(Slice ber, CmsParts *parts, Fault *f) {
        int r = cms_cut(ber, parts, f);

        if (r != 0 || parts->type == CMS_TYPE_SIGNED)
                return r;
        return fault_set(f, MAIL_E_NOT_SIGNED, "the S/MIME data are not signed%s",
                         parts->type == CMS_TYPE_OTHER ? "" : "; they are encrypted: decrypt them first");
}

/* One try with fresh structures: verifying leaves traces in them. */
static int verify_as(const CmsParts *parts, Slice content, LineMode mode, const VerifyOptions *options,
                     VerifyResult *ret, Fault *f) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(verify_result_done) VerifyResult result = { 0 };
        int r;

        r = cms_parse(parts, &cms, f);
        if (r != 0)
                return r;
        int n = sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms));
        if (n > CMS_SIGNERS_MAX)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the mail has %d signatures; %d are the most", n,
                                 CMS_SIGNERS_MAX);
        if (n <= 0)
                return fault_set(f, MAIL_E_NOT_SIGNED, "nobody signed: the S/MIME data hold certificates only");
        r = collect_certificates(cms, options->extra, &result.certificates, f);
        if (r == 0)
                r = judge_all(cms, content, mode, options, &result, f);
        if (r != 0)
                return r;
        for (size_t i = 0; options->trust && i < result.n; i++)
                if (result.signatures[i].certificate)
                        check_chain(&result.signatures[i], result.certificates, options);
        *ret = result;
        result = (VerifyResult){ 0 };
        return 0;
}

int cms_verify(Slice ber, const Slice *detached, const VerifyOptions *options, VerifyResult *ret, Fault *f) {
        _cleanup_(cms_parts_done) CmsParts parts = { 0 };
        int r;

        r = cut_signed(ber, &parts, f);
        if (r != 0)
                return r;
        /* A content inside is the signed one; one beside it would be taken for it. */
        if (parts.content && detached)
                return fault_set(f, MAIL_E_INVALID_INPUT,
                                 "the signature brings its own content along, and there is another beside it");
        if (!parts.content && !detached)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the signature is detached, and its content is missing");
        if (parts.content) {
                r = verify_as(&parts, spool_slice(parts.content), LINE_MODE_VERBATIM, options, ret, f);
                if (r == 0)
                        ret->content = TAKE_PTR(parts.content);
                return r;
        }

        /* Mail on a Unix disk has LF where CRLF was signed. Content that was signed with stray LFs in it is taken to
         * the byte. */
        r = verify_as(&parts, *detached, options->verbatim ? LINE_MODE_VERBATIM : LINE_MODE_CANONICAL, options, ret, f);
        if (r == 0 && !options->verbatim && !verify_result_valid(ret)) {
                VerifyResult again = { 0 };

                r = verify_as(&parts, *detached, LINE_MODE_VERBATIM, options, &again, f);
                if (r == 0 && verify_result_valid(&again)) {
                        verify_result_done(ret);
                        *ret = again;
                } else
                        verify_result_done(&again);
        }
        return r;
}

int cms_certificates(Slice ber, STACK_OF(X509) *to, Fault *f) {
        _cleanup_(cms_parts_done) CmsParts parts = { 0 };
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = NULL;
        int r;

        r = cut_signed(ber, &parts, f);
        if (r == 0)
                r = cms_parse(&parts, &cms, f);
        if (r == 0)
                r = collect_certificates(cms, NULL, &all, f);
        for (int i = 0; r == 0 && i < sk_X509_num(all); i++)
                if (certificates_add(to, sk_X509_value(all, i)) < 0)
                        r = fault_set_errno(f, ENOMEM, "cannot read certificates");
        return r;
}
