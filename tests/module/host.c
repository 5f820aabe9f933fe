/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host program of the tests: loading, finding, comparing. */
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"

Host host;
CK_FUNCTION_LIST *p11;
T3Functions *p11v3;

const CK_ULONG strange_handles[] = { 0, 0x7fff, 0x3fffffff, 0x40000001, 0xffffffff, 1UL << 40, (CK_ULONG) -1 };
const size_t n_strange_handles = ELEMENTSOF(strange_handles);
const CK_ULONG absurd_lengths[] = { (CK_ULONG) -1, (CK_ULONG) -16, 1UL << 63, 1UL << 40, 1UL << 31 };
const size_t n_absurd_lengths = ELEMENTSOF(absurd_lengths);

void host_load(const char *path) {
        CK_RV (*get_list)(CK_FUNCTION_LIST **);
        CK_RV (*get_interface)(const char *, CK_VERSION *, T3Interface **, CK_FLAGS);
        CK_VERSION v3 = { 3, 0 };
        T3Interface *i;

        host.path = path;
        host.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!host.library) {
                fprintf(stderr, "%s\n", dlerror());
                exit(2);
        }
        get_list = (CK_RV(*)(CK_FUNCTION_LIST **)) dlsym(host.library, "C_GetFunctionList");
        if (!get_list || get_list(&p11) != CKR_OK || !p11) {
                fprintf(stderr, "%s: C_GetFunctionList gives no list\n", path);
                exit(2);
        }
        get_interface =
                (CK_RV(*)(const char *, CK_VERSION *, T3Interface **, CK_FLAGS)) dlsym(host.library, "C_GetInterface");
        if (get_interface && get_interface("PKCS 11", &v3, &i, 0) == CKR_OK)
                p11v3 = i->functions;
}

int host_start(void **state _unused_) {
        CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
        CK_SLOT_ID slots[16];
        CK_ULONG n = ELEMENTSOF(slots);
        CK_TOKEN_INFO info;

        expect(p11->C_Initialize(&args), CKR_OK);
        expect(p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
        for (CK_ULONG i = 0; i < n; i++) {
                if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
                        continue;
                host.slot = slots[i];
                return 0;
        }
        fprintf(stderr, "%s has no token to test with\n", host.path);
        return -1;
}

int host_stop(void **state _unused_) {
        expect(p11->C_Finalize(NULL), CKR_OK, CKR_CRYPTOKI_NOT_INITIALIZED);
        return 0;
}

CK_SESSION_HANDLE host_open(void) {
        CK_SESSION_HANDLE s = 0;

        expect(p11->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
        if (host.pin)
                expect(p11->C_Login(s, CKU_USER, (CK_BYTE *) host.pin, strlen(host.pin)), CKR_OK,
                       CKR_USER_ALREADY_LOGGED_IN);
        return s;
}

void host_close(CK_SESSION_HANDLE session) {
        expect(p11->C_CloseSession(session), CKR_OK);
}

size_t host_find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret, size_t max) {
        CK_ULONG found = 0;

        expect(p11->C_FindObjectsInit(session, template, n), CKR_OK);
        expect(p11->C_FindObjects(session, ret, max, &found), CKR_OK);
        expect(p11->C_FindObjectsFinal(session), CKR_OK);
        assert_true(found <= max);
        return found;
}

CK_OBJECT_HANDLE host_key(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_KEY_TYPE type) {
        CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) } };
        CK_OBJECT_HANDLE found = 0;

        return host_find(session, template, 2, &found, 1) == 1 ? found : 0;
}

CK_OBJECT_HANDLE host_partner(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_OBJECT_CLASS class) {
        unsigned char id[256];
        ssize_t n = host_attribute(session, key, CKA_ID, id, sizeof(id));
        CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, id, (CK_ULONG) n } };
        CK_OBJECT_HANDLE found = 0;

        assert_true(n > 0);
        return host_find(session, template, 2, &found, 1) == 1 ? found : 0;
}

ssize_t host_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *buffer,
                       size_t size) {
        CK_ATTRIBUTE a = { type, buffer, size };
        CK_RV rv = p11->C_GetAttributeValue(session, object, &a, 1);

        return rv == CKR_OK ? (ssize_t) a.ulValueLen : -1;
}

CK_ULONG host_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
        CK_ULONG value = (CK_ULONG) -1;

        assert_int_equal(host_attribute(session, object, type, &value, sizeof(value)), sizeof(value));
        return value;
}

static EVP_PKEY *rsa_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public) {
        unsigned char modulus[1024], exponent[16];
        ssize_t n = host_attribute(session, public, CKA_MODULUS, modulus, sizeof(modulus));
        ssize_t e = host_attribute(session, public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        BIGNUM *bn = BN_bin2bn(modulus, (int) n, NULL), *be = BN_bin2bn(exponent, (int) e, NULL);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_PKEY *pkey = NULL;
        OSSL_PARAM *params;

        assert_true(n > 0 && e > 0);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be);
        params = OSSL_PARAM_BLD_to_param(build);
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(ctx);
        BN_free(bn);
        BN_free(be);
        return pkey;
}

/* CKA_EC_PARAMS is a curve's OBJECT IDENTIFIER, CKA_EC_POINT a DER OCTET STRING of the point; both short here. */
static EVP_PKEY *ec_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public) {
        unsigned char parameters[64], point[256];
        ssize_t n = host_attribute(session, public, CKA_EC_PARAMS, parameters, sizeof(parameters));
        ssize_t p = host_attribute(session, public, CKA_EC_POINT, point, sizeof(point));
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        const unsigned char *cursor = parameters;
        ASN1_OBJECT *curve = d2i_ASN1_OBJECT(NULL, &cursor, n);
        size_t header = p > 2 && point[1] == 0x81 ? 3 : 2;
        EVP_PKEY *pkey = NULL;
        OSSL_PARAM params[3];

        assert_true(n > 0 && p > 2 && curve);
        assert_int_equal(point[0], 0x04);
        assert_int_equal(point[header], 0x04);
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                     (char *) OBJ_nid2sn(OBJ_obj2nid(curve)), 0);
        params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point + header, (size_t) p - header);
        params[2] = OSSL_PARAM_construct_end();
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
        EVP_PKEY_CTX_free(ctx);
        ASN1_OBJECT_free(curve);
        return pkey;
}

static EVP_PKEY *edwards_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public) {
        unsigned char point[256];
        ssize_t p = host_attribute(session, public, CKA_EC_POINT, point, sizeof(point));

        /* 3.0 section 2.3.5: the octets themselves; older modules have them in an OCTET STRING. */
        assert_true(p == 32 || (p == 34 && point[0] == 0x04 && point[1] == 32));
        return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, point + p - 32, 32);
}

EVP_PKEY *host_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public) {
        switch (host_ulong(session, public, CKA_KEY_TYPE)) {
        case CKK_RSA:
                return rsa_public(session, public);
        case CKK_EC:
                return ec_public(session, public);
        default:
                return edwards_public(session, public);
        }
}

CK_RV expect_rv(const char *what, const char *file, int line, CK_RV rv, const CK_RV *allowed) {
        for (const CK_RV *a = allowed; *a != RV_END; a++)
                if (*a == rv)
                        return rv;
        print_error("%s\n  gives %s (0x%lx); allowed:", what, rv_name(rv), rv);
        for (const CK_RV *a = allowed; *a != RV_END; a++)
                print_error(" %s", rv_name(*a));
        print_error("\n");
        _fail(file, line);
        return rv;
}
