/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hostile CMS through the cut that takes content out of it. OpenSSL, which reads the same bytes in one piece, is the
 * judge: what the cut accepts, OpenSSL accepts, with the same content and the same of everything else. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "mail/cms-cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool good) {
        if (!good)
                abort();
}

static void compare_content(Spool *content, const ASN1_OCTET_STRING *wanted) {
        expect(!content == !wanted);
        if (!content)
                return;
        size_t n = (size_t) spool_size(content);
        _cleanup_free_ unsigned char *bytes = malloc(n + 1);
        expect(bytes && n == (size_t) ASN1_STRING_length(wanted));
        expect(slice_read(spool_slice(content), 0, bytes, n) == (ssize_t) n);
        expect(memcmp(bytes, ASN1_STRING_get0_data(wanted), n) == 0);
}

/* Both without their content. What OpenSSL itself cannot write again is not compared. */
static void compare_rest(CMS_ContentInfo *cut, CMS_ContentInfo *whole) {
        unsigned char *a = NULL, *b = NULL;
        int n_a, n_b;

        expect(CMS_set_detached(whole, 1) == 1);
        n_a = i2d_CMS_ContentInfo(cut, &a);
        n_b = i2d_CMS_ContentInfo(whole, &b);
        expect(n_a == n_b && (n_a <= 0 || memcmp(a, b, (size_t) n_a) == 0));
        OPENSSL_free(a);
        OPENSSL_free(b);
}

static void compare(const uint8_t *data, size_t n, const CmsParts *parts) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cut = NULL, *whole = NULL;
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(data, (int) n);
        Fault f = { 0 };

        expect(bio);
        if (cms_parse(parts, &cut, &f) != 0)
                return;
        whole = d2i_CMS_bio(bio, NULL);
        expect(whole && CMS_get0_content(whole));
        compare_content(parts->content, *CMS_get0_content(whole));
        compare_rest(cut, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(spool_freep) Spool *spool = NULL;
        _cleanup_(cms_parts_done) CmsParts parts = { 0 };
        Fault f = { 0 };

        expect(spool_new(SPOOL_MEMORY, &spool) == 0 && spool_append(spool, data, n) == 0);
        int r = cms_cut(spool_slice(spool), &parts, &f);
        expect(r == (int) f.error);
        if (r == 0 && parts.type != CMS_TYPE_OTHER)
                compare(data, n, &parts);
        ERR_clear_error();
        return 0;
}
