/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers, from OpenSSL's generator in this process. Fed by hosts. */
#include <limits.h>
#include <openssl/rand.h>

#include "operation.h"
#include "session.h"

#define PIECE_MAX (64U * 1024)

/* No host can make this generator better or worse. */
CK_RV C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR seed _unused_, CK_ULONG n _unused_) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        return rv == CKR_OK ? CKR_RANDOM_SEED_NOT_SUPPORTED : rv;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE_PTR random, CK_ULONG n) {
        OPENSSL_ERRORS_KEPT;
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!input_readable(random, n) || n > INT_MAX)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no room for as many random bytes");

        for (CK_ULONG done = 0, piece; done < n; done += piece) {
                piece = MIN(n - done, PIECE_MAX);
                if (RAND_bytes_ex(c.module->crypto, random + done, piece, 0) != 1)
                        return module_refuse(CKR_FUNCTION_FAILED, "OpenSSL gave no random bytes");
        }
        return CKR_OK;
}
