/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host that calls the whole PKCS#11 module in any order, with handles that live, lived or never did, templates,
 * parameters and buffers of any size, over software keys. What it is told must be a return value of Cryptoki and no
 * CKR_GENERAL_ERROR; nothing may be written past a buffer (each has just the size that the host says), and at the end
 * nothing may be left.
 *
 * An octet chooses the function, the ones after it the arguments. */
#include <p11-kit/pkcs11.h>
#include <string.h>

#include "common/macros.h"
#include "tests/unit/fake-tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CALLS_MAX   64
#define HANDLES_MAX 16

static struct {
        const uint8_t *data;
        size_t n;
} input;

static CK_ULONG sessions[HANDLES_MAX], objects[HANDLES_MAX];

static void must(bool condition) {
        if (!condition)
                abort();
}

static void told(CK_RV rv) {
        must(rv != CKR_GENERAL_ERROR && rv != CKR_HOST_MEMORY && rv < 0x300);
}

/* --- what the input says ------------------------------------------------------------------------------ */

static uint8_t octet(void) {
        if (input.n == 0)
                return 0;
        input.n--;
        return *input.data++;
}

/* Memory of just this size, freed by release(). */
static void *blocks[128];
static size_t n_blocks;

static void *block(size_t size) {
        must(n_blocks < ELEMENTSOF(blocks));
        blocks[n_blocks] = calloc(1, size > 0 ? size : 1);
        must(blocks[n_blocks]);
        return blocks[n_blocks++];
}

static void release(void) {
        while (n_blocks > 0)
                free(blocks[--n_blocks]);
}

static void *bytes(CK_ULONG *ret_n) {
        uint8_t kind = octet();
        size_t n = MIN((size_t) (kind & 0x7f), input.n);
        void *p;

        if (kind == 0xff) { /* what no memory has */
                *ret_n = octet() & 1 ? (CK_ULONG) -1 : 1UL << 40;
                return (void *) 16;
        }
        if (kind == 0xfe) {
                *ret_n = octet();
                return NULL;
        }
        p = block(n);
        memcpy(p, input.data, n);
        input.data += n;
        input.n -= n;
        *ret_n = n;
        return p;
}

/* A place for output and how much room it has; NULL asks for the size. */
static CK_BYTE *room(CK_ULONG **ret_n) {
        uint8_t kind = octet();

        *ret_n = kind == 0xff ? NULL : block(sizeof(CK_ULONG));
        if (*ret_n)
                **ret_n = (CK_ULONG) (kind & 0x7f) * 4;
        return kind & 0x80 ? NULL : block((size_t) (kind & 0x7f) * 4);
}

static CK_ULONG session(void) {
        uint8_t i = octet();

        return i < 0xf0 ? sessions[i % HANDLES_MAX] : i;
}

static CK_ULONG object(void) {
        uint8_t i = octet();

        return i < 0xf0 ? objects[i % HANDLES_MAX] : i;
}

static void keep(CK_ULONG *handles, CK_ULONG handle) {
        handles[octet() % HANDLES_MAX] = handle;
}

static const CK_ATTRIBUTE_TYPE attribute_types[] = {
        CKA_CLASS,     CKA_TOKEN,     CKA_LABEL,   CKA_ID,       CKA_KEY_TYPE,         CKA_VALUE,
        CKA_VALUE_LEN, CKA_SENSITIVE, CKA_MODULUS, CKA_EC_POINT, CKA_UNWRAP_TEMPLATE,  CKA_EXTRACTABLE,
        CKA_SUBJECT,   CKA_EC_PARAMS, CKA_PRIVATE, CKA_DERIVE,   CKA_PRIVATE_EXPONENT, CKA_ALLOWED_MECHANISMS,
};

static CK_ATTRIBUTE *template(CK_ULONG *ret_n) {
        uint8_t count = octet() % 6;
        CK_ATTRIBUTE *a = block(count * sizeof(*a));

        for (uint8_t i = 0; i < count; i++) {
                a[i].type = attribute_types[octet() % ELEMENTSOF(attribute_types)];
                a[i].pValue = bytes(&a[i].ulValueLen);
        }
        *ret_n = count;
        return a;
}

static const CK_MECHANISM_TYPE mechanism_types[] = {
        CKM_RSA_PKCS,         CKM_SHA256_RSA_PKCS,
        CKM_RSA_PKCS_PSS,     CKM_SHA256_RSA_PKCS_PSS,
        CKM_RSA_PKCS_OAEP,    CKM_ECDSA,
        CKM_ECDSA_SHA256,     CKM_EDDSA,
        CKM_ECDH1_DERIVE,     CKM_SHA256,
        CKM_SHA512,           CKM_AES_KEY_WRAP,
        CKM_AES_KEY_WRAP_PAD, 0xffff,
};

static void *parameter(CK_MECHANISM_TYPE type, CK_ULONG *ret_n) {
        CK_ECDH1_DERIVE_PARAMS *ecdh;
        CK_RSA_PKCS_PSS_PARAMS *pss;

        switch (octet() % 4) {
        case 0:
                return bytes(ret_n);
        case 1:
                if (type == CKM_ECDH1_DERIVE) {
                        *ret_n = sizeof(*ecdh);
                        ecdh = block(sizeof(*ecdh));
                        ecdh->kdf = octet() % 10;
                        ecdh->pSharedData = bytes(&ecdh->ulSharedDataLen);
                        ecdh->pPublicData = bytes(&ecdh->ulPublicDataLen);
                        return ecdh;
                }
                *ret_n = sizeof(*pss);
                pss = block(sizeof(*pss));
                *pss = (CK_RSA_PKCS_PSS_PARAMS){ octet() & 1 ? CKM_SHA256 : CKM_SHA384, octet() % 6, octet() };
                return pss;
        default:
                *ret_n = 0;
                return NULL;
        }
}

static CK_MECHANISM *mechanism(void) {
        uint8_t kind = octet();
        CK_MECHANISM *m;

        if (kind == 0xff)
                return NULL;
        m = block(sizeof(*m));
        m->mechanism = mechanism_types[kind % ELEMENTSOF(mechanism_types)];
        m->pParameter = parameter(m->mechanism, &m->ulParameterLen);
        return m;
}

/* --- calls -------------------------------------------------------------------------------------------- */

static void call_general(uint8_t function) {
        CK_SLOT_ID slots[4];
        CK_ULONG n = octet() % 5, s;
        CK_TOKEN_INFO token_info;
        CK_SLOT_INFO slot_info;

        switch (function) {
        case 0:
                told(C_Initialize(NULL));
                break;
        case 1:
                told(C_Finalize(NULL));
                break;
        case 2:
                told(C_GetSlotList(CK_TRUE, n == 4 ? slots : NULL, &n));
                break;
        case 3:
                told(C_GetTokenInfo(octet() % 3, &token_info));
                told(C_GetSlotInfo(octet() % 3, &slot_info));
                break;
        case 4:
                fake_tokens.tokens[0].state = n & 1 ? "locked" : "ready";
                fake_tokens.answer = n == 4 ? SIGNET_E_UNAVAILABLE : 0;
                fake_tokens_changed();
                break;
        case 5:
        case 6:
        case 7:
                if (C_OpenSession(n == 4 ? octet() : 0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK)
                        keep(sessions, s);
                break;
        default:
                told(n == 4 ? C_CloseAllSessions(0) : C_CloseSession(session()));
                break;
        }
}

static void call_objects(uint8_t function) {
        CK_ULONG s = session(), n, found = 0, some[8], handle = 0, wrapped_n;
        CK_ATTRIBUTE *a;
        void *wrapped;
        CK_MECHANISM *m;

        switch (function) {
        case 0:
                a = template(&n);
                told(C_FindObjectsInit(s, a, n));
                break;
        case 1:
                if (C_FindObjects(s, some, octet() % 9, &found) == CKR_OK)
                        for (CK_ULONG i = 0; i < found; i++)
                                keep(objects, some[i]);
                break;
        case 2:
                told(C_FindObjectsFinal(s));
                break;
        case 3: /* what is given is room here: lengths that lie may not be had */
                a = template(&n);
                for (CK_ULONG i = 0; i < n; i++)
                        if (a[i].pValue == (void *) 16)
                                a[i] = (CK_ATTRIBUTE){ a[i].type, NULL, 0 };
                told(C_GetAttributeValue(s, object(), a, n));
                break;
        case 4:
                m = mechanism();
                a = template(&n);
                if (C_DeriveKey(s, m, object(), a, n, &handle) == CKR_OK)
                        keep(objects, handle);
                break;
        case 5:
                m = mechanism();
                a = template(&n);
                wrapped = bytes(&wrapped_n);
                if (C_UnwrapKey(s, m, object(), wrapped, wrapped_n, a, n, &handle) == CKR_OK)
                        keep(objects, handle);
                break;
        case 6:
                a = template(&n);
                told(C_CreateObject(s, a, n, &handle));
                told(C_CopyObject(s, object(), a, n, &handle));
                told(C_SetAttributeValue(s, object(), a, n));
                break;
        default:
                told(C_DestroyObject(s, object()));
                break;
        }
}

static void call_operation(uint8_t function) {
        CK_ULONG s = session(), n, *out_n;
        CK_BYTE *in, *out;
        CK_MECHANISM *m;

        if (function < 3) {
                m = mechanism();
                told(function == 0   ? C_SignInit(s, m, object())
                     : function == 1 ? C_DecryptInit(s, m, object())
                                     : C_DigestInit(s, m));
                return;
        }
        if (function < 5) {
                in = bytes(&n);
                told(function == 3 ? C_SignUpdate(s, in, n) : C_DigestUpdate(s, in, n));
                return;
        }
        in = bytes(&n);
        out = room(&out_n);
        switch (function) {
        case 5:
                told(C_Sign(s, in, n, out, out_n));
                break;
        case 6:
                told(C_SignFinal(s, out, out_n));
                break;
        case 7:
                told(C_Digest(s, in, n, out, out_n));
                break;
        case 8:
                told(C_DigestFinal(s, out, out_n));
                break;
        case 9:
                told(C_Decrypt(s, in, n, out, out_n));
                break;
        case 10:
                told(C_DigestKey(s, object()));
                break;
        default:
                if (in == (void *) 16)
                        in = NULL; /* a PIN is read to its end */
                told(octet() & 1 ? C_Logout(s) : C_Login(s, octet() % 4, in, in ? n : 0));
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static bool started;

        if (!started) {
                fake_start();
                started = true;
        }
        fake_tokens_start();
        fake_tokens.pin = "1234";
        fake_tokens.keys_when_locked = true;
        input.data = data;
        input.n = n;
        memset(sessions, 0, sizeof(sessions));
        memset(objects, 0, sizeof(objects));

        (void) C_Initialize(NULL);
        for (int i = 0; i < CALLS_MAX && input.n > 0; i++) {
                uint8_t function = octet();

                if (function < 0x40)
                        call_general(function % 9);
                else if (function < 0x90)
                        call_objects(function % 8);
                else
                        call_operation(function % 12);
                release();
        }
        (void) C_Finalize(NULL);
        must(fake.keys_alive == 0 && fake_tokens.alive == 0);
        return 0;
}
