/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts canonical form, CMS and MIME together. Everything goes to a spool: a failure leaves nothing behind. */
#include "smime-make.h"

#include "canonical.h"
#include "smime.h"

static int write_multipart_signed(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) {
        _cleanup_(spool_freep) Spool *signature = NULL;
        _cleanup_(BIO_free_allp) BIO *sink = NULL;
        const char *digest = NULL;
        int r;

        r = spool_new(SPOOL_DISK, &signature);
        if (r < 0 || !(sink = spool_bio_new(signature, LINE_MODE_VERBATIM)))
                return fault_set_errno(f, r < 0 ? r : ENOMEM, "cannot make a temporary file");
        r = cms_sign_digest(job->signer, &job->sign, &digest, f);
        if (r == 0)
                r = cms_sign_detached(job->signer, &job->sign, entity, sink, f);
        return r == 0 ? smime_write_signed(out, end, entity, spool_slice(signature), digest, f) : r;
}

static int write_opaque(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *sink = NULL;
        int r = smime_write_pkcs7(out, end, "signed-data", &sink, f);

        if (r == 0)
                r = cms_sign_opaque(job->signer, &job->sign, entity, sink, f);
        if (r == 0 && BIO_flush(sink) != 1)
                r = fault_set_errno(f, EIO, "cannot write a temporary file");
        return r;
}

static int write_signed(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) {
        return job->opaque ? write_opaque(entity, job, end, out, f) : write_multipart_signed(entity, job, end, out, f);
}

static int write_encrypted(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *sink = NULL;
        const EVP_CIPHER *cipher;
        bool authenticated;
        int r;

        r = cms_encrypt_cipher(job->encrypt.cipher, &cipher, &authenticated, f);
        if (r == 0)
                r = smime_write_pkcs7(out, end, authenticated ? "authEnveloped-data" : "enveloped-data", &sink, f);
        if (r == 0)
                r = cms_encrypt(job->recipients, &job->encrypt, entity, sink, &authenticated, f);
        if (r == 0 && BIO_flush(sink) != 1)
                r = fault_set_errno(f, EIO, "cannot write a temporary file");
        return r;
}

int smime_make_entity(Slice entity, const SmimeJob *job, LineEnd end, Spool *out, Fault *f) {
        _cleanup_(spool_freep) Spool *inner = NULL;
        int r;

        if (!job->recipients)
                return write_signed(entity, job, end, out, f);
        if (!job->signer)
                return write_encrypted(entity, job, end, out, f);
        r = spool_new(SPOOL_DISK, &inner);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = write_signed(entity, job, LINE_END_CRLF, inner, f);
        return r == 0 ? write_encrypted(spool_slice(inner), job, end, out, f) : r;
}

int smime_make(Slice mail, const Header *header, const SmimeJob *job, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *entity = NULL, *out = NULL;
        int r;

        r = canonical_entity(mail, header, &entity, f);
        if (r != 0)
                return r;
        r = spool_new(SPOOL_DISK, &out);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file");
        r = smime_write_outer(out, header, header->line_end, f);
        if (r == 0)
                r = smime_make_entity(spool_slice(entity), job, header->line_end, out, f);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(out);
        return 0;
}
