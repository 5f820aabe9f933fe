/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads certificates. Fed by tokens with what anybody may have put there: a bad certificate is left out, never an error
 * for the others. */
#include "certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/ossl.h"
#include "spki.h"

static void string_stack_freep(STACK_OF(OPENSSL_STRING) **s) {
        if (*s)
                X509_email_free(*s);
}

static bool address_is_usable(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > CERTIFICATE_ADDRESS_MAX || !strchr(s, '@'))
                return false;
        for (size_t i = 0; i < n; i++)
                if (s[i] <= ' ' || s[i] >= 0x7f)
                        return false;
        return true;
}

static int read_addresses(Certificate *c) {
        _cleanup_(string_stack_freep) STACK_OF(OPENSSL_STRING) *found = X509_get1_email(c->x509);
        int n = found ? MIN(sk_OPENSSL_STRING_num(found), CERTIFICATE_ADDRESSES_MAX) : 0;

        if (n <= 0)
                return 0;
        c->addresses = calloc((size_t) n, sizeof(char *));
        if (!c->addresses)
                return -ENOMEM;
        for (int i = 0; i < n; i++) {
                const char *s = sk_OPENSSL_STRING_value(found, i);

                if (!address_is_usable(s))
                        continue;
                c->addresses[c->n_addresses] = strdup(s);
                if (!c->addresses[c->n_addresses])
                        return -ENOMEM;
                c->n_addresses++;
        }
        return 0;
}

static int read_time(const ASN1_TIME *t, int64_t *ret) {
        struct tm tm;

        if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
                return CERTIFICATE_E_MALFORMED;
        *ret = timegm(&tm);
        return 0;
}

static void read_uses(Certificate *c) {
        uint32_t usage = X509_get_key_usage(c->x509), extended = X509_get_extended_key_usage(c->x509);
        bool mail = (extended & (XKU_SMIME | XKU_ANYEKU)) != 0; /* both are all ones where the extension is absent */

        c->signs = mail && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION));
        c->decrypts = mail && (usage & (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT));
        c->issues = X509_check_ca(c->x509) > 0 && (usage & KU_KEY_CERT_SIGN);
}

static int read_key(Certificate *c) {
        _cleanup_(spki_info_done) SpkiInfo info = {};
        EVP_PKEY *pkey = X509_get0_pubkey(c->x509);
        int r;

        r = pkey ? spki_from_pkey(pkey, &info) : SPKI_E_MALFORMED;
        if (r == SPKI_E_MALFORMED) {
                ERR_clear_error();
                return CERTIFICATE_E_MALFORMED;
        }
        if (r == 0)
                c->key = info.id;
        return r;
}

int certificate_new(const uint8_t *der, size_t n, Certificate **ret) {
        _cleanup_(certificate_unrefp) Certificate *c = calloc(1, sizeof(*c));
        const uint8_t *p = der;
        int r;

        if (!c)
                return -ENOMEM;
        c->n_ref = 1;
        c->der = malloc(MAX(n, 1U));
        if (!c->der)
                return -ENOMEM;
        memcpy(c->der, der, n);
        c->size = n;

        c->x509 = d2i_X509(NULL, &p, (long) n);
        if (!c->x509 || p != der + n || X509_get_extension_flags(c->x509) & EXFLAG_INVALID) {
                ERR_clear_error();
                return CERTIFICATE_E_MALFORMED;
        }
        r = read_key(c);
        if (r == 0)
                r = read_time(X509_get0_notBefore(c->x509), &c->not_before);
        if (r == 0)
                r = read_time(X509_get0_notAfter(c->x509), &c->not_after);
        if (r == 0)
                r = read_addresses(c);
        if (r != 0)
                return r;
        read_uses(c);

        *ret = TAKE_PTR(c);
        return 0;
}

Certificate *certificate_ref(Certificate *c) {
        c->n_ref++;
        return c;
}

Certificate *certificate_unref(Certificate *c) {
        if (!c || --c->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < c->n_addresses; i++)
                free(c->addresses[i]);
        free(c->addresses);
        X509_free(c->x509);
        free(c->der);
        free(c);
        return NULL;
}

bool certificate_is_valid(const Certificate *c, int64_t now) {
        return c->not_before <= now && now <= c->not_after;
}

bool certificate_fits(const Certificate *c, Operation operation) {
        return operation == OPERATION_SIGN ? c->signs : operation == OPERATION_DECRYPT ? c->decrypts : true;
}

bool certificate_has_address(const Certificate *c, const char *address) {
        for (size_t i = 0; i < c->n_addresses; i++)
                if (strcasecmp(c->addresses[i], address) == 0)
                        return true;
        return false;
}

int certificate_compare(const Certificate *a, const Certificate *b, int64_t now) {
        int d;

        d = certificate_is_valid(b, now) - certificate_is_valid(a, now);
        if (d == 0)
                d = (b->signs || b->decrypts) - (a->signs || a->decrypts);
        if (d == 0)
                d = (b->not_before > a->not_before) - (b->not_before < a->not_before);
        return d;
}

bool certificate_issued(const Certificate *issuer, const Certificate *c) {
        EVP_PKEY *key = X509_get0_pubkey(issuer->x509);
        bool ok;

        ok = issuer->issues && key && X509_check_issued(issuer->x509, c->x509) == X509_V_OK &&
             X509_verify(c->x509, key) == 1;
        ERR_clear_error();
        return ok;
}
