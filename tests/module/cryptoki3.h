/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PKCS#11 3.0 has beyond the 2.40 of <p11-kit/pkcs11.h>, written down from the specification for the tests alone,
 * so that a mistake in the module's own declarations shows. */
#pragma once

#include <p11-kit/pkcs11.h>

#define T3_OPERATION_CANCEL_FAILED 0x202UL /* CKR_ */
#define T3_INTERFACE_FORK_SAFE     0x1UL   /* CKF_ */
#define T3_PROFILE                 0x9UL   /* CKO_ */
#define T3_FIND_OBJECTS            0x40UL  /* CKF_, for C_SessionCancel; the other flags are those of mechanisms */

typedef struct T3Interface {
        char *name;
        void *functions; /* begins with a CK_VERSION */
        CK_FLAGS flags;
} T3Interface;

/* The functions of the 3.0 list that come after C_WaitForSlotEvent, in order: name and parameters. */
#define T3_FUNCTIONS(X)                                                                                                \
        X(C_GetInterfaceList, (T3Interface *, CK_ULONG *) )                                                            \
        X(C_GetInterface, (const char *, CK_VERSION *, T3Interface **, CK_FLAGS))                                      \
        X(C_LoginUser, (CK_SESSION_HANDLE, CK_USER_TYPE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG))                    \
        X(C_SessionCancel, (CK_SESSION_HANDLE, CK_FLAGS))                                                              \
        X(C_MessageEncryptInit, (CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE))                                 \
        X(C_EncryptMessage,                                                                                            \
          (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *) )     \
        X(C_EncryptMessageBegin, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG))                           \
        X(C_EncryptMessageNext,                                                                                        \
          (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *, CK_FLAGS))                 \
        X(C_MessageEncryptFinal, (CK_SESSION_HANDLE))                                                                  \
        X(C_MessageDecryptInit, (CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE))                                 \
        X(C_DecryptMessage,                                                                                            \
          (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *) )     \
        X(C_DecryptMessageBegin, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG))                           \
        X(C_DecryptMessageNext,                                                                                        \
          (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *, CK_FLAGS))                 \
        X(C_MessageDecryptFinal, (CK_SESSION_HANDLE))                                                                  \
        X(C_MessageSignInit, (CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE))                                    \
        X(C_SignMessage, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *) )           \
        X(C_SignMessageBegin, (CK_SESSION_HANDLE, void *, CK_ULONG))                                                   \
        X(C_SignMessageNext, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *) )       \
        X(C_MessageSignFinal, (CK_SESSION_HANDLE))                                                                     \
        X(C_MessageVerifyInit, (CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE))                                  \
        X(C_VerifyMessage, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG))            \
        X(C_VerifyMessageBegin, (CK_SESSION_HANDLE, void *, CK_ULONG))                                                 \
        X(C_VerifyMessageNext, (CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG))        \
        X(C_MessageVerifyFinal, (CK_SESSION_HANDLE))

typedef struct T3Functions {
        CK_FUNCTION_LIST base; /* with version 3.0 */
#define T3_MEMBER(name, parameters) CK_RV(*name) parameters;
        T3_FUNCTIONS(T3_MEMBER)
#undef T3_MEMBER
} T3Functions;
