/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads certificates for show. Fed with what stands on tokens; what it breaks misnames a certificate. */
#include "ctl-certificate.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/ossl.h"

void certificate_done(Certificate *c) {
        free(c->subject);
        free(c->issuer);
        free(c->serial);
        *c = (Certificate){ 0 };
}

/* A copy of what the BIO holds. */
static char *bio_text(BIO *bio) {
        char *data;
        long n = BIO_get_mem_data(bio, &data);

        return n >= 0 ? strndup(data, (size_t) n) : NULL;
}

static char *name_text(const X509_NAME *name) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());

        if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
                return NULL;
        return bio_text(bio);
}

static char *serial_text(const ASN1_INTEGER *serial) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());

        if (!bio || i2a_ASN1_INTEGER(bio, serial) < 0)
                return NULL;
        return bio_text(bio);
}

static int read_time(const ASN1_TIME *time, int64_t *ret) {
        struct tm tm;

        if (ASN1_TIME_to_tm(time, &tm) != 1)
                return -EBADMSG;
        *ret = timegm(&tm);
        return 0;
}

int certificate_read(const unsigned char *der, size_t n, Certificate *ret) {
        _cleanup_(certificate_done) Certificate c = { 0 };
        _cleanup_(X509_freep) X509 *x509 = NULL;
        const unsigned char *p = der;

        x509 = d2i_X509(NULL, &p, (long) n);
        if (!x509 || p != der + n)
                return -EBADMSG;
        if (read_time(X509_get0_notBefore(x509), &c.not_before) < 0 ||
            read_time(X509_get0_notAfter(x509), &c.not_after) < 0)
                return -EBADMSG;
        c.subject = name_text(X509_get_subject_name(x509));
        c.issuer = name_text(X509_get_issuer_name(x509));
        c.serial = serial_text(X509_get0_serialNumber(x509));
        if (!c.subject || !c.issuer || !c.serial)
                return -ENOMEM;

        *ret = c;
        c = (Certificate){ 0 };
        return 0;
}

char *certificate_pem(const char *what, const unsigned char *der, size_t n) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());

        if (!bio || PEM_write_bio(bio, what, "", der, (long) n) <= 0)
                return NULL;
        return bio_text(bio);
}
