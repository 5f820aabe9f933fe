/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of Cryptoki that the module does not have. Each needs a body: hosts call through a table without
 * looking. */
#include "pkcs11-3.h"
#include "session.h"
#include "slot.h"

/* The right mistake comes first: a host may have none but that. */
static CK_RV refuse(CK_SESSION_HANDLE session, CK_RV rv, const char *why) {
        _cleanup_(call_end) Call c = {};
        CK_RV r;

        r = call_begin(session, &c);
        return r == CKR_OK ? module_refuse(rv, why) : r;
}

#define UNSUPPORTED(name, ...)                                                                                         \
        CK_RV name(CK_SESSION_HANDLE session, ##__VA_ARGS__) {                                                         \
                return refuse(session, CKR_FUNCTION_NOT_SUPPORTED, #name " is not done");                              \
        }

/* Parameters after the session, by shape. */
#define MECHANISM     CK_MECHANISM *mechanism _unused_
#define MECHANISM_KEY MECHANISM, CK_OBJECT_HANDLE key _unused_
#define IN            CK_BYTE *in _unused_, CK_ULONG in_size _unused_
#define MORE          CK_BYTE *more _unused_, CK_ULONG more_size _unused_
#define OUT           CK_BYTE *out _unused_, CK_ULONG *out_size _unused_
#define PARAMETER     void *parameter _unused_, CK_ULONG parameter_size _unused_
#define TEMPLATE      CK_ATTRIBUTE *template _unused_, CK_ULONG n _unused_
#define MORE_TEMPLATE CK_ATTRIBUTE *more _unused_, CK_ULONG n_more _unused_
#define HANDLE        CK_OBJECT_HANDLE *handle _unused_
#define MORE_HANDLE   CK_OBJECT_HANDLE *more_handle _unused_
#define FLAGS         CK_FLAGS flags _unused_

/* Only with the public key, which every host can do by itself and better than by a call to another process. */
UNSUPPORTED(C_EncryptInit, MECHANISM_KEY)
UNSUPPORTED(C_Encrypt, IN, OUT)
UNSUPPORTED(C_EncryptUpdate, IN, OUT)
UNSUPPORTED(C_EncryptFinal, OUT)
UNSUPPORTED(C_VerifyInit, MECHANISM_KEY)
UNSUPPORTED(C_Verify, IN, MORE)
UNSUPPORTED(C_VerifyUpdate, IN)
UNSUPPORTED(C_VerifyFinal, IN)
UNSUPPORTED(C_VerifyRecoverInit, MECHANISM_KEY)
UNSUPPORTED(C_VerifyRecover, IN, OUT)

/* Raw RSA, which signetd gives nobody. */
UNSUPPORTED(C_SignRecoverInit, MECHANISM_KEY)
UNSUPPORTED(C_SignRecover, IN, OUT)

/* Two operations in one call, and operations that move between sessions. */
UNSUPPORTED(C_DigestEncryptUpdate, IN, OUT)
UNSUPPORTED(C_DecryptDigestUpdate, IN, OUT)
UNSUPPORTED(C_SignEncryptUpdate, IN, OUT)
UNSUPPORTED(C_DecryptVerifyUpdate, IN, OUT)
UNSUPPORTED(C_GetOperationState, OUT)
UNSUPPORTED(C_SetOperationState, IN, CK_OBJECT_HANDLE encryption _unused_, CK_OBJECT_HANDLE authentication _unused_)

/* Keys are made with their token's own tools, and do not leave it. */
UNSUPPORTED(C_GenerateKey, MECHANISM, TEMPLATE, HANDLE)
UNSUPPORTED(C_GenerateKeyPair, MECHANISM, TEMPLATE, MORE_TEMPLATE, HANDLE, MORE_HANDLE)
UNSUPPORTED(C_WrapKey, MECHANISM_KEY, CK_OBJECT_HANDLE wrapped _unused_, OUT)

/* Messages (3.0 section 5.7 on) are for ciphers with associated data. */
UNSUPPORTED(C_MessageEncryptInit, MECHANISM_KEY)
UNSUPPORTED(C_EncryptMessage, PARAMETER, IN, MORE, OUT)
UNSUPPORTED(C_EncryptMessageBegin, PARAMETER, IN)
UNSUPPORTED(C_EncryptMessageNext, PARAMETER, IN, OUT, FLAGS)
UNSUPPORTED(C_MessageEncryptFinal)
UNSUPPORTED(C_MessageDecryptInit, MECHANISM_KEY)
UNSUPPORTED(C_DecryptMessage, PARAMETER, IN, MORE, OUT)
UNSUPPORTED(C_DecryptMessageBegin, PARAMETER, IN)
UNSUPPORTED(C_DecryptMessageNext, PARAMETER, IN, OUT, FLAGS)
UNSUPPORTED(C_MessageDecryptFinal)
UNSUPPORTED(C_MessageSignInit, MECHANISM_KEY)
UNSUPPORTED(C_SignMessage, PARAMETER, IN, OUT)
UNSUPPORTED(C_SignMessageBegin, PARAMETER)
UNSUPPORTED(C_SignMessageNext, PARAMETER, IN, OUT)
UNSUPPORTED(C_MessageSignFinal)
UNSUPPORTED(C_MessageVerifyInit, MECHANISM_KEY)
UNSUPPORTED(C_VerifyMessage, PARAMETER, IN, MORE)
UNSUPPORTED(C_VerifyMessageBegin, PARAMETER)
UNSUPPORTED(C_VerifyMessageNext, PARAMETER, IN, MORE)
UNSUPPORTED(C_MessageVerifyFinal)

/* Left from before 2.0; their answer is fixed (2.40 section 5.15). */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session) {
        return refuse(session, CKR_FUNCTION_NOT_PARALLEL, "C_GetFunctionStatus: nothing runs in parallel");
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session) {
        return refuse(session, CKR_FUNCTION_NOT_PARALLEL, "C_CancelFunction: nothing runs in parallel");
}

/* Tokens and PINs are changed with the token's own tools. */
CK_RV C_InitPIN(CK_SESSION_HANDLE session, IN) {
        return refuse(session, CKR_TOKEN_WRITE_PROTECTED, "C_InitPIN: tokens are not changed through signetd");
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, IN, MORE) {
        return refuse(session, CKR_TOKEN_WRITE_PROTECTED, "C_SetPIN: tokens are not changed through signetd");
}

CK_RV C_InitToken(CK_SLOT_ID slot, IN, CK_UTF8CHAR *label _unused_) {
        _cleanup_(module_leavep) Module *m = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv == CKR_OK)
                rv = slot_check(m, slot);
        return rv == CKR_OK
                       ? module_refuse(CKR_TOKEN_WRITE_PROTECTED, "C_InitToken: tokens are not changed through signetd")
                       : rv;
}
