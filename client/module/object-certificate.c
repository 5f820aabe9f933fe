/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates as objects (PKCS#11 2.40 section 4.6). Fed with what tokens hold, by way of signetd: a certificate that
 * cannot be read is left out, and hides no other. */
#include <string.h>

#include "object-draft.h"
#include "spki.h"

#define SHA1_SIZE 20

enum { CATEGORY_AUTHORITY = 2 };

/* What hosts find certificates by without reading them. */
static CK_RV draft_digests(Draft *d, const ObjectPlace *place, Blob der, const Certificate *c,
                           unsigned char whole[static SHA1_SIZE], unsigned char key[static SHA1_SIZE]) {
        Spki spki;
        CK_RV rv;

        rv = draft_digest(place, "SHA1", der, whole);
        if (rv != CKR_OK)
                return rv;
        draft_bytes(d, CKA_CHECK_VALUE, whole, 3);

        if (spki_parse(c->spki, &spki)) {
                rv = draft_digest(place, "SHA1", spki.bits, key);
                if (rv != CKR_OK)
                        return rv;
                draft_bytes(d, CKA_HASH_OF_SUBJECT_PUBLIC_KEY, key, SHA1_SIZE);
        } else
                draft_bytes(d, CKA_HASH_OF_SUBJECT_PUBLIC_KEY, NULL, 0);
        draft_bytes(d, CKA_HASH_OF_ISSUER_PUBLIC_KEY, NULL, 0);
        draft_ulong(d, CKA_NAME_HASH_ALGORITHM, CKM_SHA_1);
        return CKR_OK;
}

static void draft_date(Draft *d, CK_ATTRIBUTE_TYPE type, const char day[static 8]) {
        draft_bytes(d, type, day, day[0] ? sizeof(CK_DATE) : 0);
}

CK_RV object_new_certificate(const ObjectPlace *place, const unsigned char *der, size_t size, CK_ULONG category,
                             Object **ret) {
        unsigned char id[DRAFT_DIGEST_SIZE], key_id[DRAFT_DIGEST_SIZE], whole_sha1[SHA1_SIZE], key_sha1[SHA1_SIZE];
        _cleanup_(object_unrefp) Object *o = NULL;
        bool authority = category == CATEGORY_AUTHORITY;
        char name[NAME_TEXT_SIZE];
        Blob blob = { der, size };
        Certificate c;
        Draft d = { 0 };
        CK_RV rv;

        if (!certificate_parse(blob, &c))
                return CKR_GENERAL_ERROR;
        rv = draft_digest(place, "SHA256", blob, id);
        if (rv != CKR_OK)
                return rv;

        draft_token_object(&d, CKO_CERTIFICATE);
        draft_ulong(&d, CKA_CERTIFICATE_TYPE, CKC_X_509);
        draft_ulong(&d, CKA_CERTIFICATE_CATEGORY, category);
        draft_bool(&d, CKA_TRUSTED, false);
        draft_blob(&d, CKA_VALUE, blob);
        draft_blob(&d, CKA_SUBJECT, c.subject);
        draft_blob(&d, CKA_ISSUER, c.issuer);
        draft_blob(&d, CKA_SERIAL_NUMBER, c.serial);
        draft_blob(&d, CKA_PUBLIC_KEY_INFO, c.spki);
        draft_date(&d, CKA_START_DATE, c.from);
        draft_date(&d, CKA_END_DATE, c.to);
        draft_bytes(&d, CKA_URL, NULL, 0);
        draft_ulong(&d, CKA_JAVA_MIDP_SECURITY_DOMAIN, 0);
        rv = draft_digests(&d, place, blob, &c, whole_sha1, key_sha1);
        if (rv != CKR_OK)
                return rv;

        if (authority) {
                /* No key of this id may be there: hosts pair keys and certificates by it. A digest of the authority's
                 * public key is the id only of that key, where it has no other. */
                rv = draft_digest(place, "SHA256", c.spki, key_id);
                if (rv != CKR_OK)
                        return rv;
                name_text(c.subject, name);
                draft_bytes(&d, CKA_ID, key_id, sizeof(key_id));
                draft_text(&d, CKA_LABEL, name);
        } else {
                draft_bytes(&d, CKA_ID, place->id, place->id_size);
                draft_text(&d, CKA_LABEL, place->label);
        }

        rv = draft_finish(&d, CKO_CERTIFICATE, &o);
        if (rv != CKR_OK)
                return rv;
        rv = draft_handle(place, CKO_CERTIFICATE, id, &o->handle);
        if (rv != CKR_OK)
                return rv;
        *ret = TAKE_PTR(o);
        return CKR_OK;
}
