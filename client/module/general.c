/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C_Initialize, C_Finalize and C_GetInfo (PKCS#11 2.40 section 5.4). Fed by the host. Nothing here asks signetd: a
 * program that loads the module and does not use it pays nothing. */
#include <string.h>

#include "entry.h"
#include "module.h"
#include "padded.h"

/* The operating system's locks are always used. So a host that has its own and wants no others is refused, and one
 * that says nothing of threads gets them as well. */
static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *a) {
        unsigned int callbacks = !!a->CreateMutex + !!a->DestroyMutex + !!a->LockMutex + !!a->UnlockMutex;

        if (a->pReserved)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_Initialize: pReserved has to be NULL");
        if (callbacks != 0 && callbacks != 4)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_Initialize: all four mutex functions, or none");
        if (callbacks == 4 && !(a->flags & CKF_OS_LOCKING_OK))
                return module_refuse(CKR_CANT_LOCK, "C_Initialize: not without CKF_OS_LOCKING_OK");
        return CKR_OK;
}

CK_RV C_Initialize(void *arguments) {
        CK_RV rv = arguments ? check_arguments(arguments) : CKR_OK;

        return rv == CKR_OK ? module_start() : rv;
}

CK_RV C_Finalize(void *reserved) {
        if (reserved)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_Finalize: pReserved has to be NULL");
        return module_stop();
}

static CK_RV info(CK_INFO *ret, CK_VERSION version) {
        _cleanup_(module_leavep) Module *m = NULL;
        CK_RV rv;

        rv = module_enter(&m);
        if (rv != CKR_OK)
                return rv;
        if (!ret)
                return module_refuse(CKR_ARGUMENTS_BAD, "C_GetInfo needs a place for its answer");
        *ret = (CK_INFO){ .cryptokiVersion = version,
                          .libraryVersion = { SIGNET_VERSION_MAJOR, SIGNET_VERSION_MINOR } };
        PADDED(ret->manufacturerID, "Signet");
        PADDED(ret->libraryDescription, "Keys behind signetd");
        return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO *ret) {
        return info(ret, (CK_VERSION){ 2, 40 });
}

CK_RV info_3_0(CK_INFO *ret) {
        return info(ret, (CK_VERSION){ 3, 0 });
}
