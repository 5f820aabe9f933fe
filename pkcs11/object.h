/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One private key, public key or certificate as a token shows it. */
#pragma once

#include "attributes.h"
#include "spki.h"

typedef enum ObjectKind {
        OBJECT_OTHER, /* neither a key pair's half nor an X.509 certificate: left alone */
        OBJECT_PRIVATE,
        OBJECT_PUBLIC,
        OBJECT_CERTIFICATE,
} ObjectKind;

typedef struct Object {
        ObjectKind kind;
        CK_OBJECT_HANDLE handle;
        KeyType type;  /* of the key; a certificate's: of its subject's */
        uint8_t flags; /* FRAME_KEY_* */
        bool ca;       /* a certificate that says so */
        Bytes spki;    /* empty when unknown, and for most private EC keys */
        Bytes der;     /* of a certificate */
        Bytes label;   /* CKA_LABEL */
        Bytes ckaid;   /* CKA_ID */
} Object;

void object_done(Object *o); /* frees what o holds */

/* Reads an object in two calls: what it is, and what belongs to that kind. CKR_OK, also for objects that make no sense,
 * or the error that ended it. */
CK_RV object_read(Token *t, CK_OBJECT_HANDLE handle, AttributeRoom *room, Object *ret) _must_check_;
