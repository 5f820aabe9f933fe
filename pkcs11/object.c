/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From attributes to an Object. A strange object must never hide the others: what cannot be understood becomes
 * KEY_TYPE_UNKNOWN or OBJECT_OTHER, and only a failing token is an error. */
#include "object.h"

#include <openssl/x509v3.h>

#define MODULUS_MAX   1024 /* bytes; larger keys count as unknown */
#define EC_PARAMS_MAX 1024
#define POINT_MAX     1024

#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL /* PKCS #11 v3.0 */
#endif

void object_done(Object *o) {
        bytes_done(&o->spki);
        bytes_done(&o->der);
        bytes_done(&o->label);
        bytes_done(&o->ckaid);
        *o = (Object){};
}

/* -ENOMEM as a CK_RV; SPKI_E_UNUSABLE leaves the object unknown. */
static CK_RV spki_result(Object *o, int r) {
        if (r < 0)
                return CKR_HOST_MEMORY;
        if (r != 0)
                o->type = KEY_TYPE_UNKNOWN;
        return CKR_OK;
}

static CK_RV read_rsa(Token *t, AttributeRoom *room, Object *o) {
        enum { MODULUS, EXPONENT, SIGN, DECRYPT, UNWRAP, ALWAYS, _N };
        bool private = o->kind == OBJECT_PRIVATE;
        Attribute a[_N] = {
                [MODULUS] = { .type = CKA_MODULUS, .max = MODULUS_MAX },
                [EXPONENT] = { .type = CKA_PUBLIC_EXPONENT, .max = MODULUS_MAX },
                [SIGN] = { .type = private ? CKA_SIGN : CKA_VERIFY, .max = 1 },
                [DECRYPT] = { .type = private ? CKA_DECRYPT : CKA_ENCRYPT, .max = 1 },
                [UNWRAP] = { .type = private ? CKA_UNWRAP : CKA_WRAP, .max = 1 },
                [ALWAYS] = { .type = CKA_ALWAYS_AUTHENTICATE, .max = 1 },
        };
        CK_RV rv = attributes_read(t, o->handle, a, private ? _N : ALWAYS, room);

        if (rv != CKR_OK)
                return rv;
        o->flags |= (uint8_t) ((attribute_bool(&a[SIGN]) ? FRAME_KEY_SIGN : 0) |
                               (attribute_bool(&a[DECRYPT]) || attribute_bool(&a[UNWRAP]) ? FRAME_KEY_DECRYPT : 0) |
                               (attribute_bool(&a[ALWAYS]) ? FRAME_KEY_ALWAYS_AUTHENTICATE : 0));
        o->type = KEY_TYPE_RSA;

        /* CKA_PUBLIC_EXPONENT is optional on a private key: the public object has it then. Sizes are checked here all
         * the same. */
        if (!a[MODULUS].present || !a[EXPONENT].present)
                return CKR_OK;
        return spki_result(o, spki_from_rsa(a[MODULUS].value, a[EXPONENT].value, &o->spki));
}

/* EC, Edwards and Montgomery keys. */
static CK_RV read_ec(Token *t, AttributeRoom *room, Object *o) {
        enum { PARAMS, POINT, INFO, SIGN, DERIVE, ALWAYS, _N };
        bool private = o->kind == OBJECT_PRIVATE;
        Attribute a[_N] = {
                [PARAMS] = { .type = CKA_EC_PARAMS, .max = EC_PARAMS_MAX },
                [POINT] = { .type = CKA_EC_POINT,
                            .max = POINT_MAX }, /* not a private key's by the standard; many show it */
                [INFO] = { .type = CKA_PUBLIC_KEY_INFO, .max = FRAME_DER_MAX },
                [SIGN] = { .type = private ? CKA_SIGN : CKA_VERIFY, .max = 1 },
                [DERIVE] = { .type = CKA_DERIVE, .max = 1 },
                [ALWAYS] = { .type = CKA_ALWAYS_AUTHENTICATE, .max = 1 },
        };
        CK_RV rv = attributes_read(t, o->handle, a, private ? _N : ALWAYS, room);

        if (rv != CKR_OK)
                return rv;
        o->flags |= (uint8_t) ((attribute_bool(&a[SIGN]) ? FRAME_KEY_SIGN : 0) |
                               (attribute_bool(&a[DERIVE]) ? FRAME_KEY_DERIVE : 0) |
                               (attribute_bool(&a[ALWAYS]) ? FRAME_KEY_ALWAYS_AUTHENTICATE : 0));
        o->type = spki_type_of_params(a[PARAMS].value);
        if (o->type == KEY_TYPE_UNKNOWN)
                return CKR_OK;
        if (o->type == KEY_TYPE_ED25519)
                o->flags &= (uint8_t) ~FRAME_KEY_DERIVE;
        if (o->type == KEY_TYPE_X25519) /* SoftHSM keeps it as an Edwards key, and says that it signs */
                o->flags &= (uint8_t) ~FRAME_KEY_SIGN;
        if (a[POINT].present && a[POINT].value.size > 0)
                return spki_result(o, spki_from_point(o->type, a[POINT].value, &o->spki));
        if (a[INFO].present && a[INFO].value.size > 0)
                return spki_result(o, spki_from_info(o->type, a[INFO].value, &o->spki));
        return private ? CKR_OK : spki_result(o, SPKI_E_UNUSABLE);
}

/* What a key could be used for, as far as its certificate tells. */
static uint8_t flags_of_usage(KeyType type, uint32_t usage) {
        bool rsa = type == KEY_TYPE_RSA, agrees = key_type_is_ec(type) || type == KEY_TYPE_X25519;
        uint8_t flags = 0;

        if (type != KEY_TYPE_X25519 && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0)
                flags |= FRAME_KEY_SIGN;
        if (rsa && (usage & (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT)) != 0)
                flags |= FRAME_KEY_DECRYPT;
        if (agrees && (usage & KU_KEY_AGREEMENT) != 0)
                flags |= FRAME_KEY_DERIVE;
        return flags;
}

static CK_RV read_certificate(Token *t, AttributeRoom *room, Object *o) {
        Attribute a[] = { { .type = CKA_VALUE, .max = FRAME_DER_MAX } };
        CK_RV rv = attributes_read(t, o->handle, a, ELEMENTSOF(a), room);
        SpkiCertificate c = {};
        int r;

        if (rv != CKR_OK)
                return rv;
        r = spki_from_certificate(a[0].value, &c);
        if (r < 0)
                return CKR_HOST_MEMORY;
        if (r != 0) {
                o->kind = OBJECT_OTHER;
                return CKR_OK;
        }
        o->spki = c.spki;
        o->type = c.type;
        o->ca = c.ca;
        o->flags = flags_of_usage(c.type, c.usage);
        return bytes_copy((Blob){ a[0].value.data, c.size }, &o->der) < 0 ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV read_details(Token *t, AttributeRoom *room, CK_ULONG key_type, Object *o) {
        if (o->kind == OBJECT_OTHER)
                return CKR_OK;
        if (o->kind == OBJECT_CERTIFICATE)
                return read_certificate(t, room, o);
        if (o->kind == OBJECT_PRIVATE)
                o->flags |= FRAME_KEY_PRIVATE;

        switch (key_type) {
        case CKK_RSA:
                return read_rsa(t, room, o);
        case CKK_EC:
        case CKK_EC_EDWARDS:
        case CKK_EC_MONTGOMERY:
                return read_ec(t, room, o);
        default:
                return CKR_OK;
        }
}

static ObjectKind kind_of(CK_ULONG class, CK_ULONG certificate_type) {
        switch (class) {
        case CKO_PRIVATE_KEY:
                return OBJECT_PRIVATE;
        case CKO_PUBLIC_KEY:
                return OBJECT_PUBLIC;
        case CKO_CERTIFICATE:
                return certificate_type == CKC_X_509 ? OBJECT_CERTIFICATE : OBJECT_OTHER;
        default:
                return OBJECT_OTHER;
        }
}

CK_RV object_read(Token *t, CK_OBJECT_HANDLE handle, AttributeRoom *room, Object *ret) {
        enum { CLASS, KEY_TYPE, CERT_TYPE, LABEL, ID, _N };
        Attribute a[_N] = {
                [CLASS] = { .type = CKA_CLASS, .max = sizeof(CK_ULONG) },
                [KEY_TYPE] = { .type = CKA_KEY_TYPE, .max = sizeof(CK_ULONG) },
                [CERT_TYPE] = { .type = CKA_CERTIFICATE_TYPE, .max = sizeof(CK_ULONG) },
                [LABEL] = { .type = CKA_LABEL, .max = FRAME_STRING_MAX },
                [ID] = { .type = CKA_ID, .max = FRAME_STRING_MAX },
        };
        _cleanup_(object_done) Object o = { .handle = handle };
        CK_RV rv;

        rv = attributes_read(t, handle, a, _N, room);
        if (rv != CKR_OK)
                return rv;
        o.kind = kind_of(attribute_ulong(&a[CLASS], CK_UNAVAILABLE_INFORMATION),
                         attribute_ulong(&a[CERT_TYPE], CKC_X_509));
        if (bytes_copy(a[LABEL].value, &o.label) < 0 || bytes_copy(a[ID].value, &o.ckaid) < 0)
                return CKR_HOST_MEMORY;

        rv = read_details(t, room, attribute_ulong(&a[KEY_TYPE], CK_UNAVAILABLE_INFORMATION), &o);
        if (rv != CKR_OK)
                return rv;
        *ret = o;
        o = (Object){};
        return CKR_OK;
}
