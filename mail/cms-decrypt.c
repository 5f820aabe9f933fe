/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the recipient that the caller is, gets the content key through its key, and decrypts into memory that no disk
 * sees. Fed with hostile mail: a sender may watch what comes back, so nothing here tells one bad ciphertext from
 * another. */
#include "cms-decrypt.h"

#include <openssl/err.h>
#include <string.h>

#include "cms-cut.h"
#include "mime-plausible.h"
#include "spool-bio.h"

/* Octets of a mac, RFC 5084 section 3.1. OpenSSL takes four, which a sender of many forgeries could guess. */
#define MAC_SIZE_MIN 12

/* A recipient in the mail, and the key of ours that it means. */
typedef struct Match {
        CMS_RecipientInfo *recipient;
        CMS_RecipientEncryptedKey *encrypted_key; /* of a key agreement; else NULL */
        const Decrypter *key;
} Match;

static bool same_key_id(const ASN1_OCTET_STRING *id, const Decrypter *key) {
        return id && ASN1_STRING_length(id) == (int) sizeof(key->key_id) &&
               memcmp(ASN1_STRING_get0_data(id), key->key_id, sizeof(key->key_id)) == 0;
}

static bool matches_transport(CMS_RecipientInfo *ri, const Decrypter *key) {
        ASN1_OCTET_STRING *id = NULL;

        for (int i = 0; i < sk_X509_num(key->certificates); i++)
                if (CMS_RecipientInfo_ktri_cert_cmp(ri, sk_X509_value(key->certificates, i)) == 0)
                        return true;
        return CMS_RecipientInfo_ktri_get0_signer_id(ri, &id, NULL, NULL) == 1 && same_key_id(id, key);
}

static bool matches_agreement(CMS_RecipientEncryptedKey *rek, const Decrypter *key) {
        ASN1_OCTET_STRING *id = NULL;

        for (int i = 0; i < sk_X509_num(key->certificates); i++)
                if (CMS_RecipientEncryptedKey_cert_cmp(rek, sk_X509_value(key->certificates, i)) == 0)
                        return true;
        return CMS_RecipientEncryptedKey_get0_id(rek, &id, NULL, NULL, NULL, NULL) == 1 && same_key_id(id, key);
}

static bool matches(CMS_RecipientInfo *ri, const Decrypter *key, CMS_RecipientEncryptedKey **ret_rek) {
        *ret_rek = NULL;
        if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_TRANS)
                return matches_transport(ri, key);
        if (CMS_RecipientInfo_type(ri) != CMS_RECIPINFO_AGREE)
                return false;

        STACK_OF(CMS_RecipientEncryptedKey) *reks = CMS_RecipientInfo_kari_get0_reks(ri);
        for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(reks); i++) {
                CMS_RecipientEncryptedKey *rek = sk_CMS_RecipientEncryptedKey_value(reks, i);
                if (matches_agreement(rek, key)) {
                        *ret_rek = rek;
                        return true;
                }
        }
        return false;
}

/* The error when a key could not be used for a reason that lies with the key or its holder and not with the ciphertext:
 * those are told. 0 when it worked, or when nothing is to be told. */
static int told_reason(Fault *f) {
        Fault why = { 0 };

        switch (keyring_provider_fault(&why, MAIL_E_DECRYPTION_FAILED, "")) {
        case MAIL_E_NOT_AUTHORIZED:
        case MAIL_E_UNAVAILABLE:
        case MAIL_E_NO_SUCH_KEY:
        case MAIL_E_NOT_SUPPORTED:
                return fault_set(f, why.error, "%s", why.text);
        default:
                return 0;
        }
}

/* Unwraps the content key into the structure. A failure that the ciphertext causes is no failure here: OpenSSL goes on
 * with a random content key when there is none, and the content then fails as it does for any other reason. */
static int use_key(CMS_ContentInfo *cms, const Match *m, Fault *f) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        bool done;
        int r;

        r = decrypter_key(m->key, &key, f);
        if (r != 0)
                return r;
        if (m->encrypted_key)
                done = CMS_RecipientInfo_kari_set0_pkey(m->recipient, key) == 1 &&
                       CMS_RecipientInfo_kari_decrypt(cms, m->recipient, m->encrypted_key) == 1;
        else
                done = CMS_RecipientInfo_set0_pkey(m->recipient, TAKE_PTR(key)) == 1 &&
                       CMS_RecipientInfo_decrypt(cms, m->recipient) == 1;
        return done ? 0 : told_reason(f);
}

/* The first recipient that means the key. */
static bool find_match(STACK_OF(CMS_RecipientInfo) *recipients, const Decrypter *key, Match *ret) {
        for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++) {
                Match m = { .recipient = sk_CMS_RecipientInfo_value(recipients, i), .key = key };

                if (matches(m.recipient, key, &m.encrypted_key)) {
                        *ret = m;
                        return true;
                }
        }
        return false;
}

/* Tries the keys that match, in their order, until one could be used: each once, however often the mail names it. */
static int unwrap(CMS_ContentInfo *cms, const Decrypters *keys, Fault *f) {
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
        Fault first = { 0 };

        for (size_t k = 0; k < keys->n; k++) {
                Match m;

                if (find_match(recipients, &keys->items[k], &m) && use_key(cms, &m, &first) == 0)
                        return 0;
        }
        ERR_clear_error();
        if (first.error != MAIL_OK)
                return fault_set(f, first.error, "%s", first.text);
        return fault_set(f, MAIL_E_NO_SUCH_KEY,
                         "the mail is encrypted for no key that you may decrypt with (%zu looked at); an old "
                         "certificate that is on no "
                         "token can be given with --cert",
                         keys->n);
}

/* Streams the content through the cipher. *ret_good is whether it ended as it should. */
static int decrypt_content(CMS_ContentInfo *cms, Spool *content, Spool *out, bool *ret_good, Fault *f) {
        BIO *in = content ? slice_bio_new(spool_slice(content), LINE_MODE_VERBATIM) : NULL;
        _cleanup_(BIO_free_allp) BIO *chain = in ? CMS_dataInit(cms, in) : NULL;
        _cleanup_(BIO_free_allp) BIO *sink = spool_bio_new(out, LINE_MODE_VERBATIM);
        BIO *cipher = chain ? BIO_find_type(chain, BIO_TYPE_CIPHER) : NULL;

        if (!content)
                return fault_set(f, MAIL_E_INVALID_INPUT, "the S/MIME data have no content");
        if (!in || !sink)
                return fault_set_errno(f, ENOMEM, "cannot decrypt");
        if (!cipher) {
                BIO_free(chain ? NULL : in);
                return fault_set_openssl(f, MAIL_E_NOT_SUPPORTED,
                                         "the mail is encrypted with a cipher that is not known here");
        }
        int r = bio_copy(chain, sink);
        *ret_good = r == 0 && BIO_get_cipher_status(cipher) == 1;
        ERR_clear_error();
        return 0;
}

int cms_decrypt(Slice ber, const Decrypters *keys, PlaintextCheck check, Spool **ret, Fault *f) {
        _cleanup_(cms_parts_done) CmsParts parts = { 0 };
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(spool_freep) Spool *plain = NULL;
        bool good = false, plausible = true;
        int r;

        r = cms_cut(ber, &parts, f);
        if (r != 0)
                return r;
        if (parts.type != CMS_TYPE_ENVELOPED && parts.type != CMS_TYPE_AUTH_ENVELOPED)
                return fault_set(f, MAIL_E_NOT_ENCRYPTED, "the S/MIME data are not encrypted%s",
                                 parts.type == CMS_TYPE_SIGNED ? "; they are signed: use verify" : "");
        if (parts.type == CMS_TYPE_AUTH_ENVELOPED && parts.mac_size < MAC_SIZE_MIN)
                return fault_set(f, MAIL_E_INVALID_INPUT,
                                 "the mail's authentication code has %llu bytes; %d are the least that protects",
                                 (unsigned long long) parts.mac_size, MAC_SIZE_MIN);
        r = cms_parse(&parts, &cms, f);
        if (r == 0)
                r = unwrap(cms, keys, f);
        if (r != 0)
                return r;
        r = spool_new(SPOOL_MEMORY, &plain);
        if (r < 0)
                return fault_set_errno(f, r, "cannot decrypt");
        r = decrypt_content(cms, parts.content, plain, &good, f);
        if (r != 0)
                return r;

        /* Looked at even when decrypting failed: the time that it takes must not tell why. */
        if (check == PLAINTEXT_MIME) {
                r = mime_is_plausible(spool_slice(plain), &plausible);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot decrypt");
        }
        if (!good || !plausible)
                return fault_set(f, MAIL_E_DECRYPTION_FAILED,
                                 "the mail could not be decrypted: it was damaged or changed on its way, or was not "
                                 "made for this key");
        *ret = TAKE_PTR(plain);
        return 0;
}
