/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMS structures, cut into envelope and content. Whatever OpenSSL reads whole must give the same content when it is
 * cut, and an envelope that OpenSSL reads as well. */
#include <openssl/err.h>
#include <string.h>

#include "mail/cms-cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void compare(const CmsParts *parts, CMS_ContentInfo *whole) {
        ASN1_OCTET_STRING **content = CMS_get0_content(whole);
        size_t size = content && *content ? (size_t) ASN1_STRING_length(*content) : 0;
        uint64_t cut = parts->content ? spool_size(parts->content) : 0;
        _cleanup_free_ uint8_t *bytes = malloc(cut + 1);

        if (cut != size)
                abort();
        if (cut > 0 && (slice_read(spool_slice(parts->content), 0, bytes, cut) != (ssize_t) cut ||
                        memcmp(bytes, ASN1_STRING_get0_data(*content), size) != 0))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(spool_freep) Spool *spool = NULL;
        _cleanup_(cms_parts_done) CmsParts parts = { 0 };
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL, *whole = NULL;
        const unsigned char *p = data;
        Fault f = { 0 };

        if (spool_new(SPOOL_MEMORY, &spool) < 0 || spool_append(spool, data, n) < 0)
                return 0;
        int r = cms_cut(spool_slice(spool), &parts, &f);
        if (r == 0 && parts.type != CMS_TYPE_OTHER)
                r = cms_parse(&parts, &cms, &f);
        whole = d2i_CMS_ContentInfo(NULL, &p, (long) n);
        if (whole && r == 0 && parts.type != CMS_TYPE_OTHER)
                compare(&parts, whole);
        ERR_clear_error();
        return 0;
}
