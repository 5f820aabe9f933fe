/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module named in ONLY_2_40, without its interface 3.0. OpenSC's pkcs11-spy 0.23 crashes when a module has
 * C_GetInterface and refuses what is asked for, and NSS begins by asking for CKF_INTERFACE_FORK_SAFE, which a module
 * has to refuse whose children begin afresh: the spy goes around this one. */
#include <dlfcn.h>
#include <stdlib.h>

#include <p11-kit/pkcs11.h>

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
        static CK_RV (*get)(CK_FUNCTION_LIST **);
        const char *path = getenv("ONLY_2_40");
        void *library;

        if (!get) {
                library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
                get = library ? (CK_RV(*)(CK_FUNCTION_LIST **)) dlsym(library, "C_GetFunctionList") : NULL;
        }
        return get ? get(list) : CKR_GENERAL_ERROR;
}
