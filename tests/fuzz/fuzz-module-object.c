/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What signetd passes on from tokens: a certificate, a public key or a URI, by the first byte. An object made of it has
 * what OpenSSL reads there, where that reads it, too; a URI decodes to no more than it says. */
#include <openssl/err.h>
#include <string.h>

#include "client/module/key-uri.h"
#include "client/module/names.h"
#include "client/module/object.h"
#include "client/module/spki.h"
#include "common/ossl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static Names *names;

static void must(bool ok) {
        if (!ok)
                abort();
}

static bool has(const Object *o, CK_ATTRIBUTE_TYPE type, const void *value, size_t size) {
        return object_matches(o, &(CK_ATTRIBUTE){ type, (void *) value, size }, 1);
}

/* OpenSSL takes more than DER and tidies as it reads, so that only what it read without change is compared. */
static void compare(const Object *o, const uint8_t *data, size_t n) {
        const unsigned char *p = data, *name;
        _cleanup_(X509_freep) X509 *x = d2i_X509(NULL, &p, (long) n);
        unsigned char *again = NULL;
        size_t size;
        int k;

        ERR_clear_error();
        if (!x || p != data + n)
                return;
        k = i2d_X509(x, &again);
        if (k > 0 && (size_t) k == n && memcmp(again, data, n) == 0 &&
            X509_NAME_get0_der(X509_get_subject_name(x), &name, &size) == 1)
                must(has(o, CKA_SUBJECT, name, size));
        OPENSSL_free(again);
}

static void try_certificate(const uint8_t *data, size_t n) {
        ObjectPlace place = {
                .names = names, .slot = 1, .id = (const unsigned char *) "id", .id_size = 2, .label = "x"
        };

        for (CK_ULONG category = 1; category <= 2; category++) {
                _cleanup_(object_unrefp) Object *o = NULL;
                CK_RV rv = object_new_certificate(&place, data, n, category, &o);

                must(rv == CKR_OK || rv == CKR_GENERAL_ERROR);
                if (rv != CKR_OK)
                        continue;
                must(has(o, CKA_VALUE, data, n) && has(o, CKA_CERTIFICATE_CATEGORY, &category, sizeof(category)));
                compare(o, data, n);
        }
}

static void try_spki(const uint8_t *data, size_t n) {
        Spki s;

        if (!spki_parse((Blob){ data, n }, &s))
                return;
        must(s.bits.size > 0 && s.bits.size < n && (s.modulus.size > 0) == (s.exponent.size > 0) &&
             (s.modulus.size > 0) != (s.curve.size > 0));
        must(s.modulus.size == 0 || (s.modulus.data >= data && s.modulus.data + s.modulus.size <= data + n));
}

static void try_uri(const uint8_t *data, size_t n) {
        _cleanup_free_ char *text = malloc(n + 1);
        KeyUri u;

        if (!text)
                return;
        memcpy(text, data, n);
        text[n] = '\0';
        if (key_uri_parse(text, &u))
                must((!u.token.given || u.token.size <= n) && (!u.id.given || u.id.size <= n) &&
                     (!u.object.given || u.object.bytes[u.object.size] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        if (!names)
                names = names_new();
        if (n < 1 || n > 65536)
                return 0;
        switch (data[0] % 3) {
        case 0:
                try_certificate(data + 1, n - 1);
                break;
        case 1:
                try_spki(data + 1, n - 1);
                break;
        default:
                try_uri(data + 1, n - 1);
        }
        return 0;
}
