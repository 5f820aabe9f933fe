/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Templates from a host, in all functions of the PKCS#11 module that take one. A search finds what fits and no more,
 * nothing is written past a host's buffers, and what is made can be read again.
 *
 * An input: a byte for the function, then for each attribute its type's number in the list below, a kind, a length, and
 * that many bytes. */
#include <string.h>

#include "client/module/module.h"
#include "client/module/template.h"
#include "common/names.h"
#include "tests/unit/make-certificate.h"
#include "tests/unit/module-fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ATTRIBUTES_MAX 16

static const CK_ATTRIBUTE_TYPE types[] = {
        CKA_CLASS,
        CKA_TOKEN,
        CKA_PRIVATE,
        CKA_LABEL,
        CKA_VALUE,
        CKA_KEY_TYPE,
        CKA_ID,
        CKA_SENSITIVE,
        CKA_EXTRACTABLE,
        CKA_VALUE_LEN,
        CKA_ENCRYPT,
        CKA_DECRYPT,
        CKA_SIGN,
        CKA_UNWRAP,
        CKA_DERIVE,
        CKA_START_DATE,
        CKA_MODULUS,
        CKA_PRIVATE_EXPONENT,
        CKA_SUBJECT,
        CKA_WRAP_TEMPLATE,
        CKA_UNWRAP_TEMPLATE,
        CKA_ALLOWED_MECHANISMS,
        CKA_COPYABLE,
        CKA_DESTROYABLE,
        CKA_LOCAL,
        CKA_MODIFIABLE,
        CKA_CHECK_VALUE,
        CKA_CERTIFICATE_TYPE,
        CKA_EC_PARAMS,
        CKA_VENDOR_DEFINED,
        CKA_PUBLIC_KEY_INFO,
        CKA_SERIAL_NUMBER,
};

enum { KIND_BYTES, KIND_ULONG, KIND_NULL, KIND_LOST, KIND_UNAVAILABLE, KIND_HUGE, _KIND_MAX };
enum { DO_FIND, DO_GET, DO_CREATE, DO_SET, DO_COPY, _DO_MAX };

static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE objects[64];
static CK_ULONG n_objects;

static void must(bool ok) {
        if (!ok)
                abort();
}

static CK_ULONG find(CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret, CK_ULONG max) {
        CK_ULONG found = 0;

        if (C_FindObjectsInit(session, template, n) != CKR_OK)
                return 0;
        must(C_FindObjects(session, ret, max, &found) == CKR_OK);
        must(C_FindObjectsFinal(session) == CKR_OK);
        return found;
}

static void start(void) {
        CK_SLOT_ID slot = 0;
        EVP_PKEY *pkeys[] = { NULL, NULL };
        size_t size;

        if (session != 0)
                return;
        fake_begin();
        fake_add_token("one", "One", "1", false);
        pkeys[0] = make_rsa();
        pkeys[1] = make_ec("P-256");
        for (size_t i = 0; i < ELEMENTSOF(pkeys); i++) {
                signet_key *key = fake_add_key(i == 0 ? "rsa" : "ec-p256", pkeys[i], "alice");
                uint8_t *der = make_certificate(&(CertificateWish){ .name = "Alice", .key = pkeys[i] }, &size);

                fake_uri(key, i == 0 ? "pkcs11:token=One;id=%01" : "pkcs11:token=One;id=%02");
                fake_may(key, "sign:smime");
                fake_certificate(key, der, size);
                OPENSSL_free(der);
                EVP_PKEY_free(pkeys[i]);
        }
        must(C_Initialize(NULL) == CKR_OK);
        must(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK);
        n_objects = find(NULL, 0, objects, ELEMENTSOF(objects));
        must(n_objects == 6);
}

typedef struct Input {
        const uint8_t *data;
        size_t left;
} Input;

static uint8_t take(Input *i) {
        if (i->left == 0)
                return 0;
        i->left--;
        return *i->data++;
}

/* Each value is memory of its own, so that a sanitizer sees a byte too many. */
static CK_ATTRIBUTE take_attribute(Input *i) {
        uint8_t kind, size;
        CK_ATTRIBUTE a;

        a.type = types[take(i) % ELEMENTSOF(types)];
        kind = take(i) % _KIND_MAX;
        size = take(i);
        size = (uint8_t) MIN((size_t) size, i->left);
        a.ulValueLen = kind == KIND_ULONG ? sizeof(CK_ULONG) : size;
        a.pValue = calloc(1, a.ulValueLen + 1);
        must(a.pValue != NULL);
        void *exact = realloc(a.pValue, MAX(a.ulValueLen, 1U));
        a.pValue = exact ? exact : a.pValue;
        if (kind == KIND_ULONG)
                *(unsigned char *) a.pValue = take(i);
        else {
                memcpy(a.pValue, i->data, size);
                i->data += size;
                i->left -= size;
        }
        if (kind == KIND_NULL || kind == KIND_LOST) {
                free(a.pValue);
                a.pValue = NULL;
        }
        if (kind == KIND_NULL)
                a.ulValueLen = 0;
        if (kind == KIND_UNAVAILABLE)
                a.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        if (kind == KIND_HUGE)
                a.ulValueLen = TEMPLATE_VALUE_MAX + 1;
        return a;
}

/* For answers: lengths that are lies about the host's own memory are not ours to survive. */
static void make_honest(CK_ATTRIBUTE *t, CK_ULONG n, const CK_ULONG *rooms) {
        for (CK_ULONG i = 0; i < n; i++)
                if (t[i].pValue)
                        t[i].ulValueLen = rooms[i];
}

static void try_get(CK_ATTRIBUTE *t, CK_ULONG n, const CK_ULONG *rooms) {
        for (CK_ULONG k = 0; k < n_objects; k++) {
                bool failed = false;
                CK_RV rv;

                make_honest(t, n, rooms);
                rv = C_GetAttributeValue(session, objects[k], t, n);
                for (CK_ULONG i = 0; i < n; i++) {
                        failed = failed || t[i].ulValueLen == CK_UNAVAILABLE_INFORMATION;
                        must(!t[i].pValue || t[i].ulValueLen == CK_UNAVAILABLE_INFORMATION ||
                             t[i].ulValueLen <= rooms[i]);
                }
                must(n == 0 || failed == (rv != CKR_OK));
        }
}

static void try_create(CK_ATTRIBUTE *t, CK_ULONG n) {
        CK_OBJECT_HANDLE key = 0, found[8];
        CK_ULONG k = 0;

        if (C_CreateObject(session, t, n, &key) != CKR_OK)
                return;
        k = find(t, n, found, ELEMENTSOF(found));
        /* What was asked for is what is there, unless it is a value that nobody may see. */
        must(k == 0 || (k == 1 && found[0] == key));
        if (C_DestroyObject(session, key) == CKR_OK)
                return;
        must(C_CloseSession(session) == CKR_OK && C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        CK_ATTRIBUTE template[ATTRIBUTES_MAX];
        CK_ULONG rooms[ATTRIBUTES_MAX], count = 0;
        CK_OBJECT_HANDLE found[64];
        Input i = { data, n };
        uint8_t what;

        start();
        what = take(&i) % _DO_MAX;
        for (; i.left > 0 && count < ATTRIBUTES_MAX; count++) {
                template[count] = take_attribute(&i);
                rooms[count] = template[count].ulValueLen > 256 ? 1 : template[count].ulValueLen;
        }
        switch (what) {
        case DO_FIND:
                must(find(template, count, found, ELEMENTSOF(found)) <= n_objects);
                break;
        case DO_GET:
                try_get(template, count, rooms);
                break;
        case DO_CREATE:
                try_create(template, count);
                break;
        case DO_SET:
                must(C_SetAttributeValue(session, objects[0], template, count) != CKR_OK);
                break;
        default:
                must(C_CopyObject(session, objects[0], template, count, found) != CKR_OK);
        }
        for (CK_ULONG k = 0; k < count; k++)
                free(template[k].pValue);
        return 0;
}
