/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making tokens. Runs in the test's own process, before a worker opens the token. */
#include "token-maker.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "common/ossl.h"

#define ATTRIBUTES_ROOM 24
#define NUMBER_MAX      1024

static _noreturn_ void fail(const char *what, unsigned long rv) {
        (void) fprintf(stderr, "token-maker: %s failed: 0x%lx\n", what, rv);
        abort();
}

static void expect(CK_RV rv, const char *what) {
        if (rv != CKR_OK)
                fail(what, rv);
}

const char *maker_module(void) {
        static const char *const paths[] = {
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                if (access(paths[i], R_OK) == 0)
                        return paths[i];

        return NULL;
}

void maker_store(const char *directory) {
        char path[512];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/softhsm.conf", directory);
        f = fopen(path, "we");
        if (!f ||
            fprintf(f, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", directory) < 0 ||
            fclose(f) != 0 || setenv("SOFTHSM2_CONF", path, 1) < 0)
                fail(path, 0);
}

static void load(TokenMaker *m) {
        CK_C_GetFunctionList get_list = NULL;

        m->library = dlopen(maker_module(), RTLD_NOW | RTLD_LOCAL);
        if (m->library)
                *(void **) &get_list = dlsym(m->library, "C_GetFunctionList");
        if (!get_list)
                fail("loading SoftHSM", 0);
        expect(get_list(&m->p11), "C_GetFunctionList");
        expect(m->p11->C_Initialize(NULL), "C_Initialize");
}

/* The slot of a token by its label; NULL: of the first that is not initialised. */
static CK_SLOT_ID find_slot(TokenMaker *m, const char *label) {
        CK_SLOT_ID slots[64];
        CK_ULONG n = ELEMENTSOF(slots);

        expect(m->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
        for (CK_ULONG i = 0; i < n; i++) {
                CK_TOKEN_INFO info;
                size_t k = sizeof(info.label);

                expect(m->p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
                while (k > 0 && info.label[k - 1] == ' ')
                        k--;
                if (!label && !(info.flags & CKF_TOKEN_INITIALIZED))
                        return slots[i];
                if (label && (info.flags & CKF_TOKEN_INITIALIZED) && k == strlen(label) &&
                    memcmp(info.label, label, k) == 0)
                        return slots[i];
        }
        fail("finding a slot", 0);
}

static void login(TokenMaker *m, CK_SLOT_ID slot, CK_USER_TYPE user, const char *pin) {
        expect(m->p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &m->session),
               "C_OpenSession");
        expect(m->p11->C_Login(m->session, user, (CK_BYTE *) pin, strlen(pin)), "C_Login");
}

void maker_begin(TokenMaker *m, const char *label) {
        CK_UTF8CHAR padded[32];
        CK_SLOT_ID slot;

        load(m);
        memset(padded, ' ', sizeof(padded));
        memcpy(padded, label, strlen(label));
        slot = find_slot(m, NULL);
        expect(m->p11->C_InitToken(slot, (CK_BYTE *) MAKER_SO_PIN, strlen(MAKER_SO_PIN), padded), "C_InitToken");
        login(m, slot, CKU_SO, MAKER_SO_PIN);
        expect(m->p11->C_InitPIN(m->session, (CK_BYTE *) MAKER_PIN, strlen(MAKER_PIN)), "C_InitPIN");
        maker_end(m);
        maker_reopen(m, label);
}

void maker_reopen(TokenMaker *m, const char *label) {
        load(m);
        login(m, find_slot(m, label), CKU_USER, MAKER_PIN);
}

void maker_end(TokenMaker *m) {
        expect(m->p11->C_Finalize(NULL), "C_Finalize");
        dlclose(m->library);
        *m = (TokenMaker){};
}

/* --- templates --- */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A template that grows; numbers of a key stand in `numbers`. */
typedef struct Template {
        CK_ATTRIBUTE a[ATTRIBUTES_ROOM];
        CK_ULONG n;
        uint8_t numbers[10][NUMBER_MAX];
        size_t n_numbers;
} Template;

static void add(Template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t n) {
        if (t->n == ATTRIBUTES_ROOM)
                fail("making a template", t->n);
        t->a[t->n++] = (CK_ATTRIBUTE){ type, (void *) value, n };
}

static void add_bool(Template *t, CK_ATTRIBUTE_TYPE type, bool value) {
        add(t, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

static void add_number(Template *t, CK_ATTRIBUTE_TYPE type, const EVP_PKEY *key, const char *name) {
        _cleanup_(BN_clear_freep) BIGNUM *bn = NULL;
        uint8_t *p = t->numbers[t->n_numbers++];

        if (EVP_PKEY_get_bn_param(key, name, &bn) != 1)
                fail(name, 0);
        add(t, type, p, (size_t) BN_bn2bin(bn, p));
}

static void add_common(Template *t, const CK_OBJECT_CLASS *class, const char *label, const uint8_t *id) {
        add(t, CKA_CLASS, class, sizeof(*class));
        add_bool(t, CKA_TOKEN, true);
        add_bool(t, CKA_PRIVATE, *class == CKO_PRIVATE_KEY);
        add(t, CKA_LABEL, label, strlen(label));
        if (*id != 0)
                add(t, CKA_ID, id, 1);
}

static void create(TokenMaker *m, Template *t, const char *label) {
        CK_OBJECT_HANDLE object;
        CK_RV rv = m->p11->C_CreateObject(m->session, t->a, t->n, &object);

        expect(rv, label);
}

/* DER of the group's OID, from the SubjectPublicKeyInfo's AlgorithmIdentifier. */
static size_t ec_params(const EVP_PKEY *key, uint8_t *ret) {
        char name[64];
        ASN1_OBJECT *o;
        uint8_t *p = ret;
        int n;

        if (EVP_PKEY_get_group_name((EVP_PKEY *) key, name, sizeof(name), NULL) != 1)
                fail("reading a group", 0);
        o = OBJ_txt2obj(name, 0);
        n = i2d_ASN1_OBJECT(o, &p);
        ASN1_OBJECT_free(o);
        if (n <= 0)
                fail("encoding a group", 0);
        return (size_t) n;
}

/* CKA_EC_POINT: the point in an OCTET STRING. */
static size_t ec_point(const EVP_PKEY *key, uint8_t *ret) {
        uint8_t point[200];
        size_t n, head;

        if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n) != 1)
                fail("reading a point", 0);
        head = n < 0x80 ? 2 : 3;
        ret[0] = V_ASN1_OCTET_STRING;
        ret[1] = 0x81;
        ret[head - 1] = (uint8_t) n;
        memcpy(ret + head, point, n);
        return head + n;
}

static void make_private(TokenMaker *m, EVP_PKEY *key, const char *label, const uint8_t *id, unsigned what) {
        static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        bool rsa = EVP_PKEY_is_a(key, "RSA");
        CK_KEY_TYPE type = rsa ? CKK_RSA : CKK_EC;
        uint8_t params[64];
        Template t = {};

        add_common(&t, &class, label, id);
        add(&t, CKA_KEY_TYPE, &type, sizeof(type));
        add_bool(&t, CKA_SENSITIVE, true);
        add_bool(&t, CKA_EXTRACTABLE, false);
        add_bool(&t, CKA_SIGN, !(what & MAKE_NO_SIGN));
        add_bool(&t, rsa ? CKA_DECRYPT : CKA_DERIVE, !(what & MAKE_NO_DECRYPT));
        if (rsa)
                add_bool(&t, CKA_UNWRAP, false);
        add_bool(&t, CKA_ALWAYS_AUTHENTICATE, what & MAKE_ALWAYS_AUTHENTICATE);
        if (rsa) {
                add_number(&t, CKA_MODULUS, key, OSSL_PKEY_PARAM_RSA_N);
                add_number(&t, CKA_PUBLIC_EXPONENT, key, OSSL_PKEY_PARAM_RSA_E);
                add_number(&t, CKA_PRIVATE_EXPONENT, key, OSSL_PKEY_PARAM_RSA_D);
                add_number(&t, CKA_PRIME_1, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
                add_number(&t, CKA_PRIME_2, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
                add_number(&t, CKA_EXPONENT_1, key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
                add_number(&t, CKA_EXPONENT_2, key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
                add_number(&t, CKA_COEFFICIENT, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
        } else {
                add(&t, CKA_EC_PARAMS, params, ec_params(key, params));
                add_number(&t, CKA_VALUE, key, OSSL_PKEY_PARAM_PRIV_KEY);
        }
        create(m, &t, label);
        OPENSSL_cleanse(&t, sizeof(t));
}

static void make_public(TokenMaker *m, EVP_PKEY *key, const char *label, const uint8_t *id, unsigned what) {
        static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
        bool rsa = EVP_PKEY_is_a(key, "RSA");
        CK_KEY_TYPE type = rsa ? CKK_RSA : CKK_EC;
        uint8_t params[64], point[256];
        Template t = {};

        add_common(&t, &class, label, id);
        add(&t, CKA_KEY_TYPE, &type, sizeof(type));
        add_bool(&t, CKA_VERIFY, !(what & MAKE_NO_SIGN));
        if (rsa) {
                add_bool(&t, CKA_ENCRYPT, !(what & MAKE_NO_DECRYPT));
                add_number(&t, CKA_MODULUS, key, OSSL_PKEY_PARAM_RSA_N);
                add_number(&t, CKA_PUBLIC_EXPONENT, key, OSSL_PKEY_PARAM_RSA_E);
        } else {
                add_bool(&t, CKA_DERIVE, !(what & MAKE_NO_DECRYPT));
                add(&t, CKA_EC_PARAMS, params, ec_params(key, params));
                add(&t, CKA_EC_POINT, point, ec_point(key, point));
        }
        create(m, &t, label);
}

static void make_x509(TokenMaker *m, EVP_PKEY *key, const char *label, const uint8_t *id) {
        static const CK_OBJECT_CLASS class = CKO_CERTIFICATE;
        static const CK_CERTIFICATE_TYPE type = CKC_X_509;
        _cleanup_(X509_freep) X509 *x = make_certificate(key, label, false);
        uint8_t *der = NULL, *subject = NULL;
        int n = i2d_X509(x, &der), subject_n = i2d_X509_NAME(X509_get_subject_name(x), &subject);
        Template t = {};

        if (n <= 0 || subject_n <= 0)
                fail("encoding a certificate", 0);
        add_common(&t, &class, label, id);
        add(&t, CKA_CERTIFICATE_TYPE, &type, sizeof(type));
        add(&t, CKA_SUBJECT, subject, (size_t) subject_n);
        add(&t, CKA_VALUE, der, (size_t) n);
        create(m, &t, label);
        OPENSSL_free(der);
        OPENSSL_free(subject);
}

void maker_import(TokenMaker *m, EVP_PKEY *key, const char *label, uint8_t id, unsigned what) {
        if (what & MAKE_PRIVATE)
                make_private(m, key, label, &id, what);
        if (what & MAKE_PUBLIC)
                make_public(m, key, label, &id, what);
        if (what & MAKE_CERTIFICATE)
                make_x509(m, key, label, &id);
}

void maker_generate_edwards(TokenMaker *m, const uint8_t *params, size_t n, const char *label, uint8_t id) {
        CK_MECHANISM mechanism = { .mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN };
        CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, (void *) params, n },
                                  { CKA_TOKEN, &yes, sizeof(yes) },
                                  { CKA_LABEL, (void *) label, strlen(label) },
                                  { CKA_ID, &id, 1 } };
        CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof(yes) },
                                   { CKA_PRIVATE, &yes, sizeof(yes) },
                                   { CKA_SIGN, &yes, sizeof(yes) },
                                   { CKA_DERIVE, &yes, sizeof(yes) },
                                   { CKA_SENSITIVE, &yes, sizeof(yes) },
                                   { CKA_LABEL, (void *) label, strlen(label) },
                                   { CKA_ID, &id, 1 } };
        CK_OBJECT_HANDLE a, b;

        expect(m->p11->C_GenerateKeyPair(m->session, &mechanism, public, ELEMENTSOF(public), private,
                                         ELEMENTSOF(private), &a, &b),
               label);
}

void maker_oddities(TokenMaker *m) {
        static const CK_OBJECT_CLASS secret = CKO_SECRET_KEY, data = CKO_DATA;
        static const CK_KEY_TYPE aes = CKK_AES;
        static const uint8_t value[16] = { 1, 2, 3 }, id = 0x70;
        Template a = {}, b = {};

        add_common(&a, &secret, "odd-aes", &id);
        add(&a, CKA_KEY_TYPE, &aes, sizeof(aes));
        add(&a, CKA_VALUE, value, sizeof(value));
        create(m, &a, "odd-aes");

        add(&b, CKA_CLASS, &data, sizeof(data));
        add_bool(&b, CKA_TOKEN, true);
        add_bool(&b, CKA_PRIVATE, false);
        add(&b, CKA_VALUE, value, sizeof(value));
        create(m, &b, "odd-data");
}

/* --- OpenSSL --- */

EVP_PKEY *make_rsa(unsigned bits) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) bits) ?: (fail("making an RSA key", bits), NULL);
}

EVP_PKEY *make_ec(const char *group) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", group) ?: (fail(group, 0), NULL);
}

X509 *make_certificate(EVP_PKEY *key, const char *name, bool ca) {
        X509 *x = X509_new();
        X509_EXTENSION *e =
                X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");

        if (!x || !e || X509_set_version(x, X509_VERSION_3) != 1 ||
            ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1 || !X509_gmtime_adj(X509_getm_notBefore(x), 0) ||
            !X509_gmtime_adj(X509_getm_notAfter(x), 86400) ||
            X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *) name, -1, -1,
                                       0) != 1 ||
            X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 || X509_set_pubkey(x, key) != 1 ||
            X509_add_ext(x, e, -1) != 1 || X509_sign(x, key, EVP_sha256()) == 0)
                fail("making a certificate", 0);
        X509_EXTENSION_free(e);
        return x;
}
