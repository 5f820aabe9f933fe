/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all functions of 2.40. */
#include "walk.h"

static unsigned char bytes[4096], more[4096];
static CK_ULONG n, handle_out;

/* Outputs have room before each call. */
static CK_ULONG *room(void) {
        n = sizeof(more);
        return &n;
}

static CK_MECHANISM mechanism = { CKM_SHA256, NULL, 0 };
static CK_ATTRIBUTE template[] = { { CKA_LABEL, bytes, 4 } };

/* Those without pointers: name, kind, arguments. `h` is the slot or session. */
#define PLAIN_FUNCTIONS(X)                                                                                             \
        X(C_CloseSession, SESSION, (h))                                                                                \
        X(C_Logout, SESSION, (h))                                                                                      \
        X(C_DestroyObject, SESSION, (h, 0x7777))                                                                       \
        X(C_FindObjectsFinal, SESSION, (h))                                                                            \
        X(C_DigestKey, SESSION, (h, 1))                                                                                \
        X(C_GetFunctionStatus, PARALLEL, (h))                                                                          \
        X(C_CancelFunction, PARALLEL, (h))                                                                             \
        X(C_CloseAllSessions, SLOT, (h))

/* The others: name, kind, what `bare` may also give, arguments that fit, and bare ones: NULL with a length that is not
 * 0 is never right. */
#define FUNCTIONS(X)                                                                                                   \
        X(C_GetInfo, GENERAL, 0, ((CK_INFO *) bytes), (NULL))                                                          \
        X(C_GetSlotList, GENERAL, 0, (CK_FALSE, (CK_SLOT_ID *) bytes, room()), (CK_FALSE, NULL, NULL))                 \
        X(C_WaitForSlotEvent, GENERAL, CKR_NO_EVENT, (CKF_DONT_BLOCK, &handle_out, NULL),                              \
          (CKF_DONT_BLOCK, NULL, NULL))                                                                                \
        X(C_GetSlotInfo, SLOT, 0, (h, (CK_SLOT_INFO *) bytes), (h, NULL))                                              \
        X(C_GetTokenInfo, SLOT, 0, (h, (CK_TOKEN_INFO *) bytes), (h, NULL))                                            \
        X(C_GetMechanismList, SLOT, 0, (h, (CK_MECHANISM_TYPE *) bytes, room()), (h, NULL, NULL))                      \
        X(C_GetMechanismInfo, SLOT, 0, (h, CKM_RSA_PKCS, (CK_MECHANISM_INFO *) more), (h, CKM_RSA_PKCS, NULL))         \
        X(C_InitToken, SLOT, CKR_TOKEN_WRITE_PROTECTED, (h, bytes, 4, more), (h, NULL, 4, NULL))                       \
        X(C_OpenSession, SLOT, 0, (h, CKF_SERIAL_SESSION, NULL, NULL, &handle_out),                                    \
          (h, CKF_SERIAL_SESSION, NULL, NULL, NULL))                                                                   \
        X(C_InitPIN, SESSION, CKR_USER_NOT_LOGGED_IN, (h, bytes, 4), (h, NULL, 4))                                     \
        X(C_SetPIN, SESSION, CKR_SESSION_READ_ONLY, (h, bytes, 4, more, 4), (h, NULL, 4, NULL, 4))                     \
        X(C_GetSessionInfo, SESSION, 0, (h, (CK_SESSION_INFO *) bytes), (h, NULL))                                     \
        X(C_GetOperationState, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, more, room()), (h, NULL, NULL))             \
        X(C_SetOperationState, SESSION, CKR_SAVED_STATE_INVALID, (h, bytes, 16, 0, 0), (h, NULL, 16, 0, 0))            \
        X(C_Login, SESSION, 0, (h, CKU_USER, bytes, 4), (h, CKU_USER, NULL, 4))                                        \
        X(C_CreateObject, SESSION, 0, (h, template, 1, &handle_out), (h, NULL, 4, NULL))                               \
        X(C_CopyObject, SESSION, CKR_OBJECT_HANDLE_INVALID, (h, 1, template, 1, &handle_out), (h, 1, NULL, 4, NULL))   \
        X(C_GetObjectSize, SESSION, CKR_OBJECT_HANDLE_INVALID, (h, 1, &n), (h, 1, NULL))                               \
        X(C_GetAttributeValue, SESSION, CKR_OBJECT_HANDLE_INVALID, (h, 1, template, 1), (h, 1, NULL, 4))               \
        X(C_SetAttributeValue, SESSION, CKR_OBJECT_HANDLE_INVALID, (h, 1, template, 1), (h, 1, NULL, 4))               \
        X(C_FindObjectsInit, SESSION, 0, (h, template, 1), (h, NULL, 4))                                               \
        X(C_FindObjects, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, (CK_OBJECT_HANDLE *) bytes, 8, &n),               \
          (h, NULL, 8, NULL))                                                                                          \
        X(C_EncryptInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                            \
        X(C_Encrypt, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()), (h, NULL, 16, NULL, NULL))  \
        X(C_EncryptUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                       \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_EncryptFinal, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, more, room()), (h, NULL, NULL))                  \
        X(C_DecryptInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                            \
        X(C_Decrypt, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()), (h, NULL, 16, NULL, NULL))  \
        X(C_DecryptUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                       \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_DecryptFinal, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, more, room()), (h, NULL, NULL))                  \
        X(C_DigestInit, SESSION, CKR_OK, (h, &mechanism), (h, NULL))                                                   \
        X(C_Digest, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()), (h, NULL, 16, NULL, NULL))   \
        X(C_DigestUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16), (h, NULL, 16))                       \
        X(C_DigestFinal, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, more, room()), (h, NULL, NULL))                   \
        X(C_SignInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                               \
        X(C_Sign, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()), (h, NULL, 16, NULL, NULL))     \
        X(C_SignUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16), (h, NULL, 16))                         \
        X(C_SignFinal, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, more, room()), (h, NULL, NULL))                     \
        X(C_SignRecoverInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                        \
        X(C_SignRecover, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                         \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_VerifyInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                             \
        X(C_Verify, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, 16), (h, NULL, 16, NULL, 16))         \
        X(C_VerifyUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16), (h, NULL, 16))                       \
        X(C_VerifyFinal, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16), (h, NULL, 16))                        \
        X(C_VerifyRecoverInit, SESSION, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                      \
        X(C_VerifyRecover, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                       \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_DigestEncryptUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                 \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_DecryptDigestUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                 \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_SignEncryptUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                   \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_DecryptVerifyUpdate, SESSION, CKR_OPERATION_NOT_INITIALIZED, (h, bytes, 16, more, room()),                 \
          (h, NULL, 16, NULL, NULL))                                                                                   \
        X(C_GenerateKey, SESSION, 0, (h, &mechanism, template, 1, &handle_out), (h, NULL, NULL, 4, NULL))              \
        X(C_GenerateKeyPair, SESSION, 0, (h, &mechanism, template, 1, template, 1, &handle_out, &n),                   \
          (h, NULL, NULL, 4, NULL, 4, NULL, NULL))                                                                     \
        X(C_WrapKey, SESSION, 0, (h, &mechanism, 1, 1, more, room()), (h, NULL, 1, 1, NULL, NULL))                     \
        X(C_UnwrapKey, SESSION, 0, (h, &mechanism, 1, bytes, 16, template, 1, &handle_out),                            \
          (h, NULL, 1, NULL, 16, NULL, 4, NULL))                                                                       \
        X(C_DeriveKey, SESSION, 0, (h, &mechanism, 1, template, 1, &handle_out), (h, NULL, 1, NULL, 4, NULL))          \
        X(C_SeedRandom, SESSION, CKR_RANDOM_SEED_NOT_SUPPORTED, (h, bytes, 4), (h, NULL, 4))                           \
        X(C_GenerateRandom, SESSION, 0, (h, more, 16), (h, NULL, 16))

#define DEFINE_FIT(name, kind, fitting)                                                                                \
        static CK_RV fit_##name(CK_ULONG h _unused_) {                                                                 \
                return p11->name fitting;                                                                              \
        }
#define DEFINE_BOTH(name, kind, also, fitting, bare)                                                                   \
        DEFINE_FIT(name, kind, fitting)                                                                                \
        static CK_RV bare_##name(CK_ULONG h _unused_) {                                                                \
                return p11->name bare;                                                                                 \
        }
PLAIN_FUNCTIONS(DEFINE_FIT)
FUNCTIONS(DEFINE_BOTH)

#define ROW_FIT(name, kind, fitting)              { #name, WALK_##kind, fit_##name, NULL, 0 },
#define ROW_BOTH(name, kind, also, fitting, bare) { #name, WALK_##kind, fit_##name, bare_##name, also },
const Walk walk_table[] = { FUNCTIONS(ROW_BOTH) PLAIN_FUNCTIONS(ROW_FIT) };
const size_t n_walk = ELEMENTSOF(walk_table);
