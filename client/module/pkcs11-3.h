/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PKCS#11 3.0 (OASIS, sections 3.6 and 5) adds to the types of 2.40, for p11-kit's header before 0.25, which ends
 * there. The order of CK_FUNCTION_LIST_3_0's members is the interface: hosts count on it. */
#pragma once

#include <p11-kit/pkcs11.h>

#include "config-values.h"

#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 0x00000001UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS 0x00000040UL
#endif

#ifndef SIGNET_HAVE_PKCS11_3

typedef struct CK_INTERFACE {
        CK_CHAR *pInterfaceName;
        CK_VOID_PTR pFunctionList;
        CK_FLAGS flags;
} CK_INTERFACE;

/* Declares a function and the type of a pointer to it. */
#define PKCS11_3_FUNCTION(name, ...)                                                                                   \
        typedef CK_RV (*CK_##name)(__VA_ARGS__);                                                                       \
        CK_RV name(__VA_ARGS__)

PKCS11_3_FUNCTION(C_GetInterfaceList, CK_INTERFACE *interfaces, CK_ULONG *count);
PKCS11_3_FUNCTION(C_GetInterface, CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags);
PKCS11_3_FUNCTION(C_LoginUser, CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_UTF8CHAR *pin, CK_ULONG pin_size,
                  CK_UTF8CHAR *username, CK_ULONG username_size);
PKCS11_3_FUNCTION(C_SessionCancel, CK_SESSION_HANDLE session, CK_FLAGS flags);

PKCS11_3_FUNCTION(C_MessageEncryptInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
PKCS11_3_FUNCTION(C_EncryptMessage, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *associated, CK_ULONG associated_size, CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out,
                  CK_ULONG *out_size);
PKCS11_3_FUNCTION(C_EncryptMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *associated, CK_ULONG associated_size);
PKCS11_3_FUNCTION(C_EncryptMessageNext, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size, CK_FLAGS flags);
PKCS11_3_FUNCTION(C_MessageEncryptFinal, CK_SESSION_HANDLE session);

PKCS11_3_FUNCTION(C_MessageDecryptInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
PKCS11_3_FUNCTION(C_DecryptMessage, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *associated, CK_ULONG associated_size, CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out,
                  CK_ULONG *out_size);
PKCS11_3_FUNCTION(C_DecryptMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *associated, CK_ULONG associated_size);
PKCS11_3_FUNCTION(C_DecryptMessageNext, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size, CK_FLAGS flags);
PKCS11_3_FUNCTION(C_MessageDecryptFinal, CK_SESSION_HANDLE session);

PKCS11_3_FUNCTION(C_MessageSignInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
PKCS11_3_FUNCTION(C_SignMessage, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size, CK_BYTE *data,
                  CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *signature_size);
PKCS11_3_FUNCTION(C_SignMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size);
PKCS11_3_FUNCTION(C_SignMessageNext, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size, CK_BYTE *data,
                  CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *signature_size);
PKCS11_3_FUNCTION(C_MessageSignFinal, CK_SESSION_HANDLE session);

PKCS11_3_FUNCTION(C_MessageVerifyInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
PKCS11_3_FUNCTION(C_VerifyMessage, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size, CK_BYTE *data,
                  CK_ULONG data_size, CK_BYTE *signature, CK_ULONG signature_size);
PKCS11_3_FUNCTION(C_VerifyMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size);
PKCS11_3_FUNCTION(C_VerifyMessageNext, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size,
                  CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG signature_size);
PKCS11_3_FUNCTION(C_MessageVerifyFinal, CK_SESSION_HANDLE session);

#undef PKCS11_3_FUNCTION

typedef struct CK_FUNCTION_LIST_3_0 {
        CK_VERSION version;
        CK_C_Initialize C_Initialize;
        CK_C_Finalize C_Finalize;
        CK_C_GetInfo C_GetInfo;
        CK_C_GetFunctionList C_GetFunctionList;
        CK_C_GetSlotList C_GetSlotList;
        CK_C_GetSlotInfo C_GetSlotInfo;
        CK_C_GetTokenInfo C_GetTokenInfo;
        CK_C_GetMechanismList C_GetMechanismList;
        CK_C_GetMechanismInfo C_GetMechanismInfo;
        CK_C_InitToken C_InitToken;
        CK_C_InitPIN C_InitPIN;
        CK_C_SetPIN C_SetPIN;
        CK_C_OpenSession C_OpenSession;
        CK_C_CloseSession C_CloseSession;
        CK_C_CloseAllSessions C_CloseAllSessions;
        CK_C_GetSessionInfo C_GetSessionInfo;
        CK_C_GetOperationState C_GetOperationState;
        CK_C_SetOperationState C_SetOperationState;
        CK_C_Login C_Login;
        CK_C_Logout C_Logout;
        CK_C_CreateObject C_CreateObject;
        CK_C_CopyObject C_CopyObject;
        CK_C_DestroyObject C_DestroyObject;
        CK_C_GetObjectSize C_GetObjectSize;
        CK_C_GetAttributeValue C_GetAttributeValue;
        CK_C_SetAttributeValue C_SetAttributeValue;
        CK_C_FindObjectsInit C_FindObjectsInit;
        CK_C_FindObjects C_FindObjects;
        CK_C_FindObjectsFinal C_FindObjectsFinal;
        CK_C_EncryptInit C_EncryptInit;
        CK_C_Encrypt C_Encrypt;
        CK_C_EncryptUpdate C_EncryptUpdate;
        CK_C_EncryptFinal C_EncryptFinal;
        CK_C_DecryptInit C_DecryptInit;
        CK_C_Decrypt C_Decrypt;
        CK_C_DecryptUpdate C_DecryptUpdate;
        CK_C_DecryptFinal C_DecryptFinal;
        CK_C_DigestInit C_DigestInit;
        CK_C_Digest C_Digest;
        CK_C_DigestUpdate C_DigestUpdate;
        CK_C_DigestKey C_DigestKey;
        CK_C_DigestFinal C_DigestFinal;
        CK_C_SignInit C_SignInit;
        CK_C_Sign C_Sign;
        CK_C_SignUpdate C_SignUpdate;
        CK_C_SignFinal C_SignFinal;
        CK_C_SignRecoverInit C_SignRecoverInit;
        CK_C_SignRecover C_SignRecover;
        CK_C_VerifyInit C_VerifyInit;
        CK_C_Verify C_Verify;
        CK_C_VerifyUpdate C_VerifyUpdate;
        CK_C_VerifyFinal C_VerifyFinal;
        CK_C_VerifyRecoverInit C_VerifyRecoverInit;
        CK_C_VerifyRecover C_VerifyRecover;
        CK_C_DigestEncryptUpdate C_DigestEncryptUpdate;
        CK_C_DecryptDigestUpdate C_DecryptDigestUpdate;
        CK_C_SignEncryptUpdate C_SignEncryptUpdate;
        CK_C_DecryptVerifyUpdate C_DecryptVerifyUpdate;
        CK_C_GenerateKey C_GenerateKey;
        CK_C_GenerateKeyPair C_GenerateKeyPair;
        CK_C_WrapKey C_WrapKey;
        CK_C_UnwrapKey C_UnwrapKey;
        CK_C_DeriveKey C_DeriveKey;
        CK_C_SeedRandom C_SeedRandom;
        CK_C_GenerateRandom C_GenerateRandom;
        CK_C_GetFunctionStatus C_GetFunctionStatus;
        CK_C_CancelFunction C_CancelFunction;
        CK_C_WaitForSlotEvent C_WaitForSlotEvent;
        CK_C_GetInterfaceList C_GetInterfaceList;
        CK_C_GetInterface C_GetInterface;
        CK_C_LoginUser C_LoginUser;
        CK_C_SessionCancel C_SessionCancel;
        CK_C_MessageEncryptInit C_MessageEncryptInit;
        CK_C_EncryptMessage C_EncryptMessage;
        CK_C_EncryptMessageBegin C_EncryptMessageBegin;
        CK_C_EncryptMessageNext C_EncryptMessageNext;
        CK_C_MessageEncryptFinal C_MessageEncryptFinal;
        CK_C_MessageDecryptInit C_MessageDecryptInit;
        CK_C_DecryptMessage C_DecryptMessage;
        CK_C_DecryptMessageBegin C_DecryptMessageBegin;
        CK_C_DecryptMessageNext C_DecryptMessageNext;
        CK_C_MessageDecryptFinal C_MessageDecryptFinal;
        CK_C_MessageSignInit C_MessageSignInit;
        CK_C_SignMessage C_SignMessage;
        CK_C_SignMessageBegin C_SignMessageBegin;
        CK_C_SignMessageNext C_SignMessageNext;
        CK_C_MessageSignFinal C_MessageSignFinal;
        CK_C_MessageVerifyInit C_MessageVerifyInit;
        CK_C_VerifyMessage C_VerifyMessage;
        CK_C_VerifyMessageBegin C_VerifyMessageBegin;
        CK_C_VerifyMessageNext C_VerifyMessageNext;
        CK_C_MessageVerifyFinal C_MessageVerifyFinal;
} CK_FUNCTION_LIST_3_0;

#endif
