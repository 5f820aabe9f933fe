/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes a CMS structure apart without holding its content in memory: OpenSSL gets the envelope (recipients,
 * certificates, signatures), and the content waits in a spool to be streamed through it. */
#pragma once

#include <openssl/cms.h>

#include "common/ossl.h"
#include "fault.h"
#include "spool.h"

DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free)

#define CMS_ENVELOPE_MAX ((size_t) 8 << 20) /* bytes of all but the content */

typedef enum CmsType {
        CMS_TYPE_SIGNED,
        CMS_TYPE_ENVELOPED,
        CMS_TYPE_AUTH_ENVELOPED,
        CMS_TYPE_OTHER, /* compressed, digested...: valid, but of no use here; nothing else is set */
} CmsType;

typedef struct CmsParts {
        CmsType type;
        unsigned char *envelope; /* BER, without content: as if that were detached */
        size_t envelope_size;
        Spool *content;    /* its octets, joined; NULL when it was detached already */
        uint64_t mac_size; /* octets of the mac of AuthEnvelopedData; 0 when it comes in pieces */
} CmsParts;
void cms_parts_done(CmsParts *p);

/* Cuts BER or DER. MAIL_E_INVALID_INPUT when it is malformed or its envelope too large. */
int cms_cut(Slice ber, CmsParts *ret, Fault *f) _must_check_;

/* Parses the envelope; may be called again for a fresh structure. Free with CMS_ContentInfo_free(). */
int cms_parse(const CmsParts *parts, CMS_ContentInfo **ret, Fault *f) _must_check_;
