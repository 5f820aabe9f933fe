/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a CertificationRequestInfo asks for. Fed by clients through signetd: a request that passes may become a
 * certificate. */
#include "purpose.h"

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "der.h"
#include "ossl.h"

/* Makes OpenSSL read the info: a request needs a signature, so one that means nothing is put behind it. */
static int parse_request(const uint8_t *data, size_t n, X509_REQ **ret) {
        static const uint8_t tail[] = {
                0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, /* AlgorithmIdentifier */
                0x03, 0x01, 0x00,                         /* an empty BIT STRING */
        };
        _cleanup_free_ uint8_t *whole = NULL;
        size_t body = n + sizeof(tail);
        const uint8_t *p;

        whole = malloc(5 + body);
        if (!whole)
                return -ENOMEM;
        whole[0] = DER_SEQUENCE;
        whole[1] = 0x83; /* the length in three octets: OpenSSL reads BER too */
        whole[2] = (uint8_t) (body >> 16);
        whole[3] = (uint8_t) (body >> 8);
        whole[4] = (uint8_t) body;
        memcpy(whole + 5, data, n);
        memcpy(whole + 5 + n, tail, sizeof(tail));

        p = whole;
        *ret = d2i_X509_REQ(NULL, &p, (long) (5 + body));
        return *ret ? 0 : PURPOSE_E_INVALID;
}

static int add_address(PurposeCsr *csr, const ASN1_STRING *value, const char **ret_why) {
        unsigned char *text = NULL;
        int n;

        if (csr->n_addresses == PURPOSE_ADDRESSES_MAX) {
                *ret_why = "the request asks for more than 64 addresses";
                return PURPOSE_E_INVALID;
        }
        n = ASN1_STRING_to_UTF8(&text, value);
        if (n <= 0 || memchr(text, 0, (size_t) n) || !utf8_is_interchangeable(text, (size_t) n) ||
            !memchr(text, '@', (size_t) n)) {
                OPENSSL_free(text);
                *ret_why = "an address in the request is not a mail address";
                return PURPOSE_E_INVALID;
        }
        csr->addresses[csr->n_addresses] = strndup((char *) text, (size_t) n);
        OPENSSL_free(text);
        if (!csr->addresses[csr->n_addresses])
                return -ENOMEM;
        csr->n_addresses++;
        return 0;
}

static int collect_subject(X509_REQ *req, PurposeCsr *csr, const char **ret_why) {
        const X509_NAME *subject = X509_REQ_get_subject_name(req);

        for (int at = -1;;) {
                at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at);
                if (at < 0)
                        return 0;
                int r = add_address(csr, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), ret_why);
                if (r != 0)
                        return r;
        }
}

static int collect_alternative(const GENERAL_NAMES *names, PurposeCsr *csr, const char **ret_why) {
        for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
                const ASN1_STRING *address = NULL;

                if (name->type == GEN_EMAIL)
                        address = name->d.rfc822Name;
                else if (name->type == GEN_OTHERNAME &&
                         OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
                         name->d.otherName->value->type == V_ASN1_UTF8STRING)
                        address = name->d.otherName->value->value.utf8string;
                else if (name->type == GEN_DIRNAME)
                        continue;
                if (!address) {
                        *ret_why = "the request names something else than mail addresses (a host, an IP address, a "
                                   "URI): a mail key's certificate does not";
                        return PURPOSE_E_INVALID;
                }
                int r = add_address(csr, address, ret_why);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* One extension of the request. Those not named here are the CA's to judge. */
static int check_extension(X509_EXTENSION *extension, PurposeCsr *csr, const char **ret_why) {
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        int r = 0;

        if (nid != NID_basic_constraints && nid != NID_key_usage && nid != NID_subject_alt_name)
                return 0;

        void *value = X509V3_EXT_d2i(extension);
        *ret_why = "an extension in the request cannot be read";
        if (!value)
                return PURPOSE_E_INVALID;
        if (nid == NID_basic_constraints) {
                *ret_why = "the request asks for a CA certificate: a mail key makes no CA";
                r = ((BASIC_CONSTRAINTS *) value)->ca ? PURPOSE_E_INVALID : 0;
                BASIC_CONSTRAINTS_free(value);
        } else if (nid == NID_key_usage) {
                *ret_why = "the request asks for keyCertSign or cRLSign: a mail key makes no CA";
                r = ASN1_BIT_STRING_get_bit(value, 5) || ASN1_BIT_STRING_get_bit(value, 6) ? PURPOSE_E_INVALID : 0;
                ASN1_BIT_STRING_free(value);
        } else {
                r = collect_alternative(value, csr, ret_why);
                GENERAL_NAMES_free(value);
        }
        return r;
}

static int check_extensions(X509_REQ *req, PurposeCsr *csr, const char **ret_why) {
        STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
        int r = 0;

        for (int i = 0; r == 0 && i < sk_X509_EXTENSION_num(extensions); i++)
                r = check_extension(sk_X509_EXTENSION_value(extensions, i), csr, ret_why);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        return r;
}

/* A second extension request would be read by some CAs and not by us. */
static bool one_extension_request(X509_REQ *req) {
        unsigned n = 0;

        for (int i = 0; i < X509_REQ_get_attr_count(req); i++) {
                int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(X509_REQ_get_attr(req, i)));
                if (nid == NID_ext_req || nid == NID_ms_ext_req)
                        n += (unsigned) X509_ATTRIBUTE_count(X509_REQ_get_attr(req, i));
        }
        return n <= 1;
}

/* Whether the third member, subjectPKInfo, is this key's to the byte. data has passed der_check(). */
static bool key_is(const uint8_t *data, size_t n, const uint8_t *spki, size_t spki_n) {
        Der d = { .p = data, .left = n };
        DerItem item;

        if (!der_expect(&d, DER_SEQUENCE, &item))
                return false;
        d = der_of(item.content);
        return der_expect(&d, DER_INTEGER, &item) && der_expect(&d, DER_SEQUENCE, &item) &&
               der_expect(&d, DER_SEQUENCE, &item) && blob_equals(item.whole, spki, spki_n);
}

void purpose_csr_done(PurposeCsr *csr) {
        for (size_t i = 0; i < csr->n_addresses; i++)
                free(csr->addresses[i]);
        free(csr->addresses);
        *csr = (PurposeCsr){};
}

static int check_request(X509_REQ *req, PurposeCsr *csr, const char **ret_why) {
        int r;

        if (!one_extension_request(req)) {
                *ret_why = "the request has more than one extension request";
                return PURPOSE_E_INVALID;
        }
        r = collect_subject(req, csr, ret_why);
        if (r != 0)
                return r;
        return check_extensions(req, csr, ret_why);
}

int purpose_check_csr(const uint8_t *data, size_t n, const uint8_t *spki, size_t spki_n, PurposeCsr *ret,
                      const char **ret_why) {
        _cleanup_(X509_REQ_freep) X509_REQ *req = NULL;
        PurposeCsr csr = {};
        int r;

        if (n > PURPOSE_CSR_MAX || !der_check(data, n)) {
                *ret_why = "the data is not a DER CertificationRequestInfo of at most 64 KiB (RFC 2986 section 4.1)";
                return PURPOSE_E_INVALID;
        }
        if (!key_is(data, n, spki, spki_n)) {
                *ret_why = "the request is for another key: its subjectPKInfo must be this key's public key";
                return PURPOSE_E_INVALID;
        }
        *ret_why = "the data is not a DER CertificationRequestInfo (RFC 2986 section 4.1)";
        r = parse_request(data, n, &req);
        if (r != 0)
                return r;

        csr.addresses = calloc(PURPOSE_ADDRESSES_MAX, sizeof(char *));
        if (!csr.addresses)
                return -ENOMEM;
        r = check_request(req, &csr, ret_why);
        if (r != 0) {
                purpose_csr_done(&csr);
                return r;
        }
        *ret = csr;
        return 0;
}
