/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Public keys. A point that is not on its curve gives a private key away bit by bit, so all go through OpenSSL's
 * checks. */
#include "spki.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>

#include "common/ossl.h"

DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free)

#define RSA_BITS_MIN  2048
#define RSA_BITS_MAX  4096
#define EDWARDS_BYTES 32

typedef struct Curve {
        KeyType type;
        Blob oid;            /* DER of the OBJECT IDENTIFIER */
        const char *name;    /* as PKCS #11 v3.0 writes it in a PrintableString; NULL where it has none */
        const char *openssl; /* group or key type */
        size_t field;
} Curve;

#define OID(...)                                                                                                       \
        { (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) }

static const Curve curves[] = {
        { KEY_TYPE_EC_P256, OID(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07), "secp256r1", "P-256", 32 },
        { KEY_TYPE_EC_P384, OID(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22), "secp384r1", "P-384", 48 },
        { KEY_TYPE_EC_P521, OID(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23), "secp521r1", "P-521", 66 },
        { KEY_TYPE_ED25519, OID(0x06, 0x03, 0x2b, 0x65, 0x70), "edwards25519", "ED25519", 0 },
        { KEY_TYPE_X25519, OID(0x06, 0x03, 0x2b, 0x65, 0x6e), "curve25519", "X25519", 0 },
};

static const Curve *find_curve(KeyType type) {
        for (size_t i = 0; i < ELEMENTSOF(curves); i++)
                if (curves[i].type == type)
                        return &curves[i];

        return NULL;
}

void bytes_done(Bytes *b) {
        free(b->data);
        *b = (Bytes){};
}

int bytes_copy(Blob from, Bytes *ret) {
        uint8_t *p;

        if (from.size == 0) {
                *ret = (Bytes){};
                return 0;
        }
        p = malloc(from.size);
        if (!p)
                return -ENOMEM;
        memcpy(p, from.data, from.size);
        *ret = (Bytes){ p, from.size };
        return 0;
}

int bytes_compare(const Bytes *a, const Bytes *b) {
        if (a->size != b->size)
                return a->size < b->size ? -1 : 1;
        return a->size > 0 ? memcmp(a->data, b->data, a->size) : 0;
}

size_t spki_field_size(KeyType type) {
        const Curve *c = find_curve(type);

        return c ? c->field : 0;
}

KeyType spki_type_of_params(Blob ec_params) {
        for (size_t i = 0; i < ELEMENTSOF(curves); i++) {
                const Curve *c = &curves[i];
                size_t n = strlen(c->name);

                if (ec_params.size == c->oid.size && memcmp(ec_params.data, c->oid.data, c->oid.size) == 0)
                        return c->type;
                if (ec_params.size == n + 2 && ec_params.data[0] == V_ASN1_PRINTABLESTRING && ec_params.data[1] == n &&
                    memcmp(ec_params.data + 2, c->name, n) == 0)
                        return c->type;
        }
        return KEY_TYPE_UNKNOWN;
}

static KeyType type_of_group(const EVP_PKEY *key) {
        static const struct {
                const char *name;
                KeyType type;
        } groups[] = {
                { "prime256v1", KEY_TYPE_EC_P256 },
                { "secp384r1", KEY_TYPE_EC_P384 },
                { "secp521r1", KEY_TYPE_EC_P521 },
        };
        char name[64];

        if (EVP_PKEY_get_group_name((EVP_PKEY *) key, name, sizeof(name), NULL) != 1)
                return KEY_TYPE_UNKNOWN;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strcmp(groups[i].name, name) == 0)
                        return groups[i].type;

        return KEY_TYPE_UNKNOWN;
}

KeyType spki_type_of_key(const EVP_PKEY *key) {
        int bits = EVP_PKEY_get_bits(key);

        if (EVP_PKEY_is_a(key, "RSA"))
                return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? KEY_TYPE_RSA : KEY_TYPE_UNKNOWN;
        if (EVP_PKEY_is_a(key, "ED25519"))
                return KEY_TYPE_ED25519;
        if (EVP_PKEY_is_a(key, "X25519"))
                return KEY_TYPE_X25519;
        return EVP_PKEY_is_a(key, "EC") ? type_of_group(key) : KEY_TYPE_UNKNOWN;
}

static int encode(const EVP_PKEY *key, Bytes *ret) {
        int n = i2d_PUBKEY(key, NULL);
        uint8_t *data, *p;

        if (n <= 0)
                return SPKI_E_UNUSABLE;
        data = p = malloc((size_t) n);
        if (!data)
                return -ENOMEM;
        *ret = (Bytes){ data, (size_t) i2d_PUBKEY(key, &p) };
        return 0;
}

static int key_from_params(const char *type, OSSL_PARAM_BLD *build, EVP_PKEY **ret) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        _cleanup_(OSSL_PARAM_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
        EVP_PKEY *key = NULL;

        if (!ctx || !params)
                return -ENOMEM;
        if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
                return SPKI_E_UNUSABLE;
        *ret = key;
        return 0;
}

int spki_from_rsa(Blob modulus, Blob exponent, Bytes *ret) {
        _cleanup_(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        _cleanup_(BN_clear_freep) BIGNUM *n = BN_bin2bn(modulus.data, (int) modulus.size, NULL);
        _cleanup_(BN_clear_freep) BIGNUM *e = BN_bin2bn(exponent.data, (int) exponent.size, NULL);
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r;

        if (!build || !n || !e)
                return -ENOMEM;
        if (!BN_is_odd(n) || !BN_is_odd(e) || BN_num_bits(n) < RSA_BITS_MIN || BN_num_bits(n) > RSA_BITS_MAX)
                return SPKI_E_UNUSABLE;
        if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1)
                return -ENOMEM;
        r = key_from_params("RSA", build, &key);
        return r != 0 ? r : encode(key, ret);
}

static int ec_key_from_point(const Curve *c, Blob point, EVP_PKEY **ret) {
        _cleanup_(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *check = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        bool whole = point.size == 1 + 2 * c->field && point.data[0] == 0x04;
        bool compressed = point.size == 1 + c->field && (point.data[0] == 0x02 || point.data[0] == 0x03);
        int r;

        if (!whole && !compressed)
                return SPKI_E_UNUSABLE;
        if (!build || OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, c->openssl, 0) != 1 ||
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size) != 1)
                return -ENOMEM;
        r = key_from_params("EC", build, &key);
        if (r != 0)
                return r;

        check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        if (!check || EVP_PKEY_public_check_quick(check) != 1)
                return SPKI_E_UNUSABLE;

        /* One key has one SubjectPublicKeyInfo here, however its point was written. */
        if (compressed &&
            EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1)
                return SPKI_E_UNUSABLE;
        *ret = TAKE_PTR(key);
        return 0;
}

int spki_key_from_point(KeyType type, Blob point, EVP_PKEY **ret) {
        const Curve *c = find_curve(type);
        EVP_PKEY *key;

        if (!c)
                return SPKI_E_UNUSABLE;
        if (key_type_is_ec(type))
                return ec_key_from_point(c, point, ret);
        if (point.size != EDWARDS_BYTES)
                return SPKI_E_UNUSABLE;
        key = EVP_PKEY_new_raw_public_key_ex(NULL, c->openssl, NULL, point.data, point.size);
        if (!key)
                return SPKI_E_UNUSABLE;
        *ret = key;
        return 0;
}

/* What is inside a DER OCTET STRING that fills `b`; {} for anything else. */
static Blob unwrap_octets(Blob b) {
        const uint8_t *p = b.data;
        long n;
        int tag, class;

        if (b.size == 0 || (ASN1_get_object(&p, &n, &tag, &class, (long) b.size) & 0x81) != 0 ||
            tag != V_ASN1_OCTET_STRING || class != V_ASN1_UNIVERSAL || p + n != b.data + b.size)
                return (Blob){};
        return (Blob){ n > 0 ? p : NULL, (size_t) n };
}

/* The standard wants the point wrapped; some tokens give it bare. Only its length tells: 04 starts both. */
static bool is_bare(const Curve *c, Blob point) {
        if (c->field == 0)
                return point.size == EDWARDS_BYTES;
        return point.size == 1 + 2 * c->field || point.size == 1 + c->field;
}

int spki_from_point(KeyType type, Blob point, Bytes *ret) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        const Curve *c = find_curve(type);
        int r;

        if (!c)
                return SPKI_E_UNUSABLE;
        r = spki_key_from_point(type, is_bare(c, point) ? point : unwrap_octets(point), &key);
        return r != 0 ? r : encode(key, ret);
}

int spki_from_info(KeyType type, Blob info, Bytes *ret) {
        const uint8_t *p = info.data;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = info.size > 0 ? d2i_PUBKEY(NULL, &p, (long) info.size) : NULL;

        if (!key || spki_type_of_key(key) != type)
                return SPKI_E_UNUSABLE;
        return encode(key, ret);
}

int spki_from_certificate(Blob der, SpkiCertificate *ret) {
        const uint8_t *p = der.data;
        _cleanup_(X509_freep) X509 *x = der.size > 0 ? d2i_X509(NULL, &p, (long) der.size) : NULL;
        SpkiCertificate c = {};
        EVP_PKEY *key;
        int r;

        if (!x)
                return SPKI_E_UNUSABLE;
        key = X509_get0_pubkey(x); /* NULL when OpenSSL does not know the algorithm */
        c.type = key ? spki_type_of_key(key) : KEY_TYPE_UNKNOWN;
        if (c.type != KEY_TYPE_UNKNOWN) {
                r = encode(key, &c.spki);
                if (r != 0)
                        return r;
        }
        c.size = (size_t) (p - der.data);
        c.usage = X509_get_key_usage(x);
        c.ca = (X509_get_extension_flags(x) & EXFLAG_CA) != 0;
        *ret = c;
        return 0;
}
