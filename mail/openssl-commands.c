/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of openssl smime that mail programs use, with keys from signetd. What is said on standard error, and
 * when nothing is, is what mutt looks for: nothing when signing, "Verification successful" as the first line when
 * verifying. */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "cms-decrypt.h"
#include "cms-verify.h"
#include "commands.h"
#include "openssl-form.h"
#include "output.h"
#include "smime-make.h"
#include "smime.h"

#define PASSPHRASE_MAX 1024

/* Reads the first line of standard input byte by byte: a mail may follow. */
static int read_passphrase(char *ret, size_t size, Fault *f) {
        size_t n = 0;
        ssize_t got;
        char c;

        while ((got = read(STDIN_FILENO, &c, 1)) > 0 && c != '\n')
                if (n + 1 < size)
                        ret[n++] = c;
        ret[n] = 0;
        return got < 0 ? fault_set_errno(f, errno, "cannot read the passphrase") : 0;
}

/* The mail or data that are signed or encrypted: line ends canonical, unless -binary. */
static int read_content(const OpensslOptions *o, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *in = NULL, *out = NULL;
        int r = input_read(o->in, &in, f);

        if (r == 0 && o->binary) {
                *ret = TAKE_PTR(in);
                return 0;
        }
        if (r == 0 && (r = spool_new(SPOOL_DISK, &out)) < 0)
                r = fault_set_errno(f, r, "cannot make a temporary file");
        if (r == 0 && (r = canonical_copy(spool_slice(in), out, NULL)) < 0)
                r = fault_set_errno(f, r, "cannot write a temporary file");
        if (r == 0)
                *ret = TAKE_PTR(out);
        return r;
}

static int load_all(const OptionList *files, STACK_OF(X509) **ret, Fault *f) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();
        int r = all ? 0 : fault_set_errno(f, ENOMEM, "cannot read certificates");

        for (size_t i = 0; r == 0 && i < files->n; i++)
                r = certificates_load(files->items[i], all, f);
        if (r == 0)
                *ret = TAKE_PTR(all);
        return r;
}

static int do_sign(const OpensslOptions *o, Keyring *keyring, Fault *f) {
        _cleanup_(spool_freep) Spool *content = NULL;
        _cleanup_(signer_freep) Signer *signer = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *certificates = sk_X509_new_null(), *extra = NULL;
        int r;

        if (!o->signer)
                return fault_set(f, MAIL_E_USAGE, "-sign wants the signer's certificate: -signer FILE");
        r = certificates ? certificates_load(o->signer, certificates, f) : fault_set_errno(f, ENOMEM, "cannot start");
        if (r == 0)
                r = load_all(&o->certfiles, &extra, f);
        SignerChoice choice = { .key = o->inkey, .certificate = sk_X509_value(certificates, 0) };
        if (r == 0)
                r = keyring_signer(keyring, &choice, &signer, f);
        if (r == 0)
                r = read_content(o, &content, f);
        if (r != 0)
                return r;
        SmimeJob job = { .signer = signer,
                         .sign = { .digest = o->md, .pss = o->pss, .no_certificates = o->nocerts, .extra = extra },
                         .opaque = o->nodetach };
        return openssl_form_write(o, spool_slice(content), &job, f);
}

static int do_encrypt(const OpensslOptions *o, Fault *f) {
        _cleanup_(spool_freep) Spool *content = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *recipients = NULL;
        int r = load_all(&o->recips, &recipients, f);

        if (r == 0 && sk_X509_num(recipients) == 0)
                r = fault_set(f, MAIL_E_USAGE, "-encrypt wants the recipients' certificates behind the options");
        for (int i = 0; r == 0 && i < sk_X509_num(recipients); i++)
                r = certificate_check(sk_X509_value(recipients, i), CERTIFICATE_ENCRYPT, f);
        if (r == 0)
                r = read_content(o, &content, f);
        if (r != 0)
                return r;
        SmimeJob job = { .recipients = recipients, .encrypt = { .cipher = o->cipher, .oaep = o->oaep } };
        return openssl_form_write(o, spool_slice(content), &job, f);
}

static int do_decrypt(const OpensslOptions *o, Keyring *keyring, Fault *f) {
        _cleanup_(openssl_input_done) OpensslInput input = { 0 };
        _cleanup_(decrypters_done) Decrypters keys = { 0 };
        _cleanup_(spool_freep) Spool *plain = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *more = NULL;
        int r = load_all(&o->recips, &more, f);

        if (r == 0)
                r = openssl_form_read(o, &input, f);
        if (r == 0)
                r = keyring_decrypters(keyring, o->inkey, more, &keys, f);
        if (r == 0)
                r = cms_decrypt(input.cms, &keys, o->binary ? PLAINTEXT_ANY : PLAINTEXT_MIME, &plain, f);
        return r == 0 ? output_write_spool(plain, o->out, OUTPUT_IN_PLACE, f) : r;
}

static int write_signers(const VerifyResult *result, const char *path, Fault *f) {
        _cleanup_(spool_freep) Spool *out = NULL;
        _cleanup_(BIO_free_allp) BIO *sink = NULL;
        int r = spool_new(SPOOL_DISK, &out);

        if (r < 0 || !(sink = spool_bio_new(out, LINE_MODE_VERBATIM)))
                return fault_set_errno(f, r < 0 ? r : ENOMEM, "cannot make a temporary file");
        for (size_t i = 0; i < result->n; i++)
                if (PEM_write_bio_X509(sink, result->signatures[i].certificate) != 1)
                        return fault_set_openssl(f, MAIL_E_FAILED, "cannot write the signer's certificate");
        return output_write_spool(out, path, OUTPUT_IN_PLACE, f);
}

static int verify(const OpensslOptions *o, const OpensslInput *input, VerifyResult *result, Fault *f) {
        _cleanup_(spool_freep) Spool *beside = NULL;
        _cleanup_(X509_STORE_freep) X509_STORE *store = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *extra = NULL;
        TrustOptions trust = { .files = o->ca_files.items,
                               .n_files = o->ca_files.n,
                               .directories = o->ca_dirs.items,
                               .n_directories = o->ca_dirs.n,
                               .no_default = o->no_default_ca,
                               .with_default = true };
        Slice content = input->content;
        int r = load_all(&o->certfiles, &extra, f);

        if (r == 0 && !o->noverify)
                r = trust_store(&trust, &store, f);
        if (r == 0 && o->content) {
                r = input_read(o->content, &beside, f);
                if (r == 0)
                        content = spool_slice(beside);
        }
        VerifyOptions options = { .trust = store, .extra = extra, .purpose = o->purpose, .verbatim = o->binary };
        if (r == 0)
                r = cms_verify(input->cms, content.spool ? &content : NULL, &options, result, f);
        if (r != 0 || (o->noverify ? verify_result_valid(result) : verify_result_trusted(result))) {
                if (r == 0 && !result->content && content.spool) {
                        OutputPiece piece = { content, LINE_MODE_VERBATIM };
                        r = output_write(&piece, 1, o->out, OUTPUT_IN_PLACE | OUTPUT_MAY_BREAK, f);
                }
                return r;
        }
        for (size_t i = 0; i < result->n; i++)
                if (result->signatures[i].problem)
                        return fault_set(f, MAIL_E_BAD_SIGNATURE, "%s", result->signatures[i].problem);
        return fault_set(f, MAIL_E_BAD_SIGNATURE, "the signature is not good");
}

static int do_verify(const OpensslOptions *o, Fault *f) {
        _cleanup_(openssl_input_done) OpensslInput input = { 0 };
        _cleanup_(verify_result_done) VerifyResult result = { 0 };
        int r = openssl_form_read(o, &input, f);

        if (r == 0)
                r = verify(o, &input, &result, f);
        if (r == 0 && result.content) {
                OutputPiece piece = { spool_slice(result.content), LINE_MODE_VERBATIM };
                r = output_write(&piece, 1, o->out, OUTPUT_IN_PLACE | OUTPUT_MAY_BREAK, f);
        }
        if (r == 0 && o->signer)
                r = write_signers(&result, o->signer, f);
        fputs(r == 0 ? "Verification successful\n" : "Verification failure\n", stderr);
        return r;
}

static int do_pk7out(const OpensslOptions *o, Fault *f) {
        _cleanup_(openssl_input_done) OpensslInput input = { 0 };
        _cleanup_(spool_freep) Spool *out = NULL;
        int r = openssl_form_read(o, &input, f);

        if (r == 0)
                r = openssl_form_pem(input.cms, &out, f);
        return r == 0 ? output_write_spool(out, o->out, OUTPUT_IN_PLACE, f) : r;
}

int openssl_command(const OpensslOptions *o, Fault *f) {
        _cleanup_(keyring_freep) Keyring *keyring = NULL;
        char passphrase[PASSPHRASE_MAX] = "";
        int r = 0;

        if (o->passphrase_first)
                r = read_passphrase(passphrase, sizeof(passphrase), f);
        if (r == 0 && (o->operation == OPENSSL_SIGN || o->operation == OPENSSL_DECRYPT))
                r = keyring_new(o->bus, passphrase, &keyring, f);
        if (r == 0)
                switch (o->operation) {
                case OPENSSL_SIGN:
                        r = do_sign(o, keyring, f);
                        break;
                case OPENSSL_ENCRYPT:
                        r = do_encrypt(o, f);
                        break;
                case OPENSSL_DECRYPT:
                        r = do_decrypt(o, keyring, f);
                        break;
                case OPENSSL_VERIFY:
                        r = do_verify(o, f);
                        break;
                default:
                        r = do_pk7out(o, f);
                }
        explicit_bzero(passphrase, sizeof(passphrase));
        return r;
}
