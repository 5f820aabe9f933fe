/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of the functions that 3.0 adds. */
#include "walk.h"

static unsigned char bytes[4096], more[4096];
static CK_ULONG n;
static CK_MECHANISM mechanism = { CKM_SHA256, NULL, 0 };

static CK_ULONG *room(void) {
        n = sizeof(more);
        return &n;
}

#define PLAIN_FUNCTIONS(X)                                                                                             \
        X(C_SessionCancel, (h, 0))                                                                                     \
        X(C_MessageEncryptFinal, (h))                                                                                  \
        X(C_MessageDecryptFinal, (h))                                                                                  \
        X(C_MessageSignFinal, (h))                                                                                     \
        X(C_MessageVerifyFinal, (h))

#define FUNCTIONS(X)                                                                                                   \
        X(C_LoginUser, 0, (h, CKU_USER, bytes, 4, bytes, 4), (h, CKU_USER, NULL, 4, NULL, 4))                          \
        X(C_MessageEncryptInit, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                              \
        X(C_EncryptMessage, 0, (h, bytes, 4, bytes, 4, bytes, 4, more, room()),                                        \
          (h, NULL, 4, NULL, 4, NULL, 4, NULL, NULL))                                                                  \
        X(C_EncryptMessageBegin, 0, (h, bytes, 4, bytes, 4), (h, NULL, 4, NULL, 4))                                    \
        X(C_EncryptMessageNext, 0, (h, bytes, 4, bytes, 4, more, room(), 0), (h, NULL, 4, NULL, 4, NULL, NULL, 0))     \
        X(C_MessageDecryptInit, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                              \
        X(C_DecryptMessage, 0, (h, bytes, 4, bytes, 4, bytes, 4, more, room()),                                        \
          (h, NULL, 4, NULL, 4, NULL, 4, NULL, NULL))                                                                  \
        X(C_DecryptMessageBegin, 0, (h, bytes, 4, bytes, 4), (h, NULL, 4, NULL, 4))                                    \
        X(C_DecryptMessageNext, 0, (h, bytes, 4, bytes, 4, more, room(), 0), (h, NULL, 4, NULL, 4, NULL, NULL, 0))     \
        X(C_MessageSignInit, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                                 \
        X(C_SignMessage, 0, (h, bytes, 4, bytes, 4, more, room()), (h, NULL, 4, NULL, 4, NULL, NULL))                  \
        X(C_SignMessageBegin, 0, (h, bytes, 4), (h, NULL, 4))                                                          \
        X(C_SignMessageNext, 0, (h, bytes, 4, bytes, 4, more, room()), (h, NULL, 4, NULL, 4, NULL, NULL))              \
        X(C_MessageVerifyInit, CKR_OK, (h, &mechanism, 1), (h, NULL, 1))                                               \
        X(C_VerifyMessage, 0, (h, bytes, 4, bytes, 4, more, 4), (h, NULL, 4, NULL, 4, NULL, 4))                        \
        X(C_VerifyMessageBegin, 0, (h, bytes, 4), (h, NULL, 4))                                                        \
        X(C_VerifyMessageNext, 0, (h, bytes, 4, bytes, 4, more, 4), (h, NULL, 4, NULL, 4, NULL, 4))

#define DEFINE_FIT(name, fitting)                                                                                      \
        static CK_RV fit_##name(CK_ULONG h) {                                                                          \
                return p11v3->name fitting;                                                                            \
        }
#define DEFINE_BOTH(name, also, fitting, bare)                                                                         \
        DEFINE_FIT(name, fitting)                                                                                      \
        static CK_RV bare_##name(CK_ULONG h) {                                                                         \
                return p11v3->name bare;                                                                               \
        }
PLAIN_FUNCTIONS(DEFINE_FIT)
FUNCTIONS(DEFINE_BOTH)

#define ROW_FIT(name, fitting)              { #name, WALK_SESSION, fit_##name, NULL, 0 },
#define ROW_BOTH(name, also, fitting, bare) { #name, WALK_SESSION, fit_##name, bare_##name, also },
const Walk walk_table_3[] = { FUNCTIONS(ROW_BOTH) PLAIN_FUNCTIONS(ROW_FIT) };
const size_t n_walk_3 = ELEMENTSOF(walk_table_3);
