/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mail from anybody, through all that signet-smime does with it: taken apart, verified, decrypted, and brought into the
 * form that is signed. What is to be signed must be in 7 bits and whole; what is decrypted must have been encrypted for
 * the key. */
#include <gmime/gmime.h>
#include <openssl/err.h>

#include "mail-key.h"
#include "mail/canonical.h"
#include "mail/cms-decrypt.h"
#include "mail/cms-verify.h"
#include "mail/mime-check.h"
#include "mail/report.h"
#include "mail/smime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void verify(const SmimeMail *m) {
        _cleanup_(verify_result_done) VerifyResult result = { 0 };
        _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
        _cleanup_free_ char *text = NULL, *json = NULL;
        VerifyOptions options = { .trust = store };
        char **from = NULL;
        size_t n = 0;
        Fault f = { 0 };

        if (cms_verify(spool_slice(m->cms), m->kind == SMIME_MULTIPART_SIGNED ? &m->content : NULL, &options, &result,
                       &f) != 0)
                return;
        if (verify_result_trusted(&result))
                abort(); /* there is nobody to trust */
        if (header_addresses(m->header, "From", &from, &n, &f) == 0) {
                Report report = { &result, (const char *const *) from, n, NULL };
                if (report_text(&report, &text, &f) != 0 || report_json(&report, &json, &f) != 0 ||
                    report_good(&report))
                        abort();
        }
        addresses_free(from, n);
}

static void decrypt(const SmimeMail *m) {
        static Decrypter key;
        const unsigned char *k = mail_key, *c = mail_certificate;
        Spool *plain = NULL;
        Fault f = { 0 };

        if (!key.local) {
                key.local = d2i_AutoPrivateKey(NULL, &k, sizeof(mail_key));
                key.certificates = sk_X509_new_null();
                sk_X509_push(key.certificates, d2i_X509(NULL, &c, sizeof(mail_certificate)));
                key.name = (char *) "fuzz";
        }
        const Decrypters keys = { &key, 1 };
        int r = cms_decrypt(spool_slice(m->cms), &keys, PLAINTEXT_MIME, &plain, &f);
        if ((r == 0) != (plain != NULL) || (r != 0) != (f.error != MAIL_OK))
                abort();
        spool_free(plain);
}

static void canonicalise(Slice mail) {
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(spool_freep) Spool *entity = NULL, *copy = NULL;
        TextScan scan = { 0 };
        Fault f = { 0 };

        if (header_read(mail, &header, &f) != 0 || canonical_entity(mail, header, &entity, &f) != 0)
                return;
        if (spool_new(SPOOL_MEMORY, &copy) < 0 || canonical_copy(spool_slice(entity), copy, &scan) < 0)
                return;
        if (!text_scan_clean(&scan) || spool_size(copy) != spool_size(entity))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static bool started;
        _cleanup_(spool_freep) Spool *spool = NULL;
        _cleanup_(smime_mail_done) SmimeMail m = { 0 };
        Fault f = { 0 };

        if (!started)
                g_mime_init();
        started = true;
        if (spool_new(SPOOL_MEMORY, &spool) < 0 || spool_append(spool, data, n) < 0)
                return 0;
        if (smime_read(spool_slice(spool), &m, &f) == 0 && m.kind != SMIME_NONE) {
                verify(&m);
                if (m.kind == SMIME_PKCS7)
                        decrypt(&m);
        }
        canonicalise(spool_slice(spool));
        ERR_clear_error();
        return 0;
}
