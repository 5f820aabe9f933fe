/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PKCS#11 module that passes calls on to a real one and misbehaves as its control file says (README.md).
 * Loaded by signet-worker in tests; a process's state is global here, as it is in any such module. */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"

#define EXPORT __attribute__((visibility("default")))

/* X(name, parameters, arguments): each becomes a function that consults the control file and then calls the real one.
 */
#define SIMPLE_CALLS(X)                                                                                                \
        X(C_Finalize, (void *reserved), (reserved))                                                                    \
        X(C_GetInfo, (CK_INFO * info), (info))                                                                         \
        X(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID * list, CK_ULONG * n), (present, list, n))                      \
        X(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO * info), (slot, info))                                         \
        X(C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO * info), (slot, type, info)) \
        X(C_OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *s),         \
          (slot, flags, app, notify, s))                                                                               \
        X(C_CloseSession, (CK_SESSION_HANDLE s), (s))                                                                  \
        X(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))                                                               \
        X(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO * info), (s, info))                                  \
        X(C_Logout, (CK_SESSION_HANDLE s), (s))                                                                        \
        X(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE * a, CK_ULONG n), (s, a, n))                           \
        X(C_FindObjects, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE * o, CK_ULONG max, CK_ULONG * n), (s, o, max, n))      \
        X(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))                                                              \
        X(C_GetAttributeValue, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE * a, CK_ULONG n), (s, o, a, n))  \
        X(C_DeriveKey,                                                                                                 \
          (CK_SESSION_HANDLE s, CK_MECHANISM * m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE * a, CK_ULONG n,                 \
           CK_OBJECT_HANDLE * o),                                                                                      \
          (s, m, base, a, n, o))                                                                                       \
        X(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), (s, o))

/* These have more to them, below. */
#define SPECIAL_CALLS(X)                                                                                               \
        X(C_Initialize)                                                                                                \
        X(C_GetTokenInfo) X(C_GetMechanismList) X(C_Login) X(C_SignInit) X(C_Sign) X(C_DecryptInit) X(C_Decrypt)

#define INDEX_OF(name, ...) CALL_##name,
enum { SIMPLE_CALLS(INDEX_OF) SPECIAL_CALLS(INDEX_OF) N_CALLS };
#define NAME_OF(name, ...) [CALL_##name] = #name,
static const char *const calls[N_CALLS] = { SIMPLE_CALLS(NAME_OF) SPECIAL_CALLS(NAME_OF) };

static CK_FUNCTION_LIST *real;
static char *control_path, *log_path;
static unsigned long counts[N_CALLS];

static void write_log(const char *call, const char *more) {
        char line[128];
        int fd, n;

        if (!log_path)
                return;
        n = snprintf(line, sizeof(line), "%d %s%s\n", (int) getpid(), call, more);
        fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 || write(fd, line, (size_t) n) != n)
                abort();
        close(fd);
}

static void wait_ms(unsigned long ms) {
        struct timespec ts = { .tv_sec = (time_t) (ms / 1000), .tv_nsec = (long) (ms % 1000) * 1000000 };

        while (ms > 0 && nanosleep(&ts, &ts) < 0)
                ;
}

/* What is to go wrong with this call. Does not return from what ends or hangs the process. */
static Fault begin(int call, const char *more) {
        Fault fault = control_look_up(control_path, calls[call], ++counts[call], calls, N_CALLS);
        sigset_t all;

        write_log(calls[call], more);
        wait_ms(fault.delay_ms);
        switch (fault.action) {
        case ACTION_HANG_DEAF:
                sigfillset(&all);
                (void) sigprocmask(SIG_BLOCK, &all, NULL);
                /* fall through */
        case ACTION_HANG:
                for (;;)
                        pause();
        case ACTION_CRASH:
                (void) signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it as a fault of the program */
                (void) raise(SIGSEGV);
                break;
        case ACTION_ABORT:
                abort();
        case ACTION_EXIT:
                exit((int) fault.argument);
        default:
                break;
        }
        return fault;
}

static CK_RV end(Fault fault, CK_RV rv) {
        return fault.action == ACTION_ERROR ? fault.argument : rv;
}

#define DEFINE_SIMPLE(name, parameters, arguments)                                                                     \
        static CK_RV faulty_##name parameters {                                                                        \
                Fault fault = begin(CALL_##name, "");                                                                  \
                                                                                                                       \
                return end(fault, real->name arguments);                                                               \
        }
SIMPLE_CALLS(DEFINE_SIMPLE)

static CK_RV faulty_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
        Fault fault = begin(CALL_C_GetTokenInfo, "");
        CK_RV rv = real->C_GetTokenInfo(slot, info);

        info->flags |= rv == CKR_OK ? fault.flags : 0;
        return end(fault, rv);
}

static CK_RV faulty_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n) {
        Fault fault = begin(CALL_C_GetMechanismList, "");
        CK_RV rv = real->C_GetMechanismList(slot, list, n);
        CK_ULONG kept = 0;

        if (rv == CKR_OK && list) {
                for (CK_ULONG i = 0; i < *n; i++)
                        if (!control_without(control_path, list[i]))
                                list[kept++] = list[i];
                *n = kept;
        }
        return end(fault, rv);
}

static CK_RV faulty_C_Login(CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG n) {
        Fault fault = begin(CALL_C_Login, user == CKU_CONTEXT_SPECIFIC ? " context" : " user");

        return end(fault, real->C_Login(s, user, pin, n));
}

static CK_RV faulty_C_SignInit(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key) {
        Fault fault = begin(CALL_C_SignInit, "");

        return end(fault,
                   control_without(control_path, m->mechanism) ? CKR_MECHANISM_INVALID : real->C_SignInit(s, m, key));
}

static CK_RV faulty_C_DecryptInit(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key) {
        Fault fault = begin(CALL_C_DecryptInit, "");

        return end(fault, control_without(control_path, m->mechanism) ? CKR_MECHANISM_INVALID
                                                                      : real->C_DecryptInit(s, m, key));
}

/* An answer that is there, but wrong. */
static CK_RV spoil(Fault fault, CK_RV rv, CK_BYTE *out, CK_ULONG *n) {
        if (rv == CKR_OK && out && *n > 0) {
                if (fault.action == ACTION_GARBAGE)
                        out[*n / 2] ^= 0x55;
                if (fault.action == ACTION_SHORT)
                        (*n)--;
        }
        return end(fault, rv);
}

static CK_RV faulty_C_Sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n) {
        Fault fault = begin(CALL_C_Sign, "");

        return spoil(fault, real->C_Sign(s, in, in_n, out, n), out, n);
}

static CK_RV faulty_C_Decrypt(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n) {
        Fault fault = begin(CALL_C_Decrypt, "");

        return spoil(fault, real->C_Decrypt(s, in, in_n, out, n), out, n);
}

static CK_RV faulty_C_Initialize(void *p);
EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret);

static CK_FUNCTION_LIST list = { .version = { 2, 40 },
                                 .C_GetFunctionList = C_GetFunctionList,
                                 .C_Initialize = faulty_C_Initialize };

/* The value of "KEY=VALUE" among the words of `args`, in memory of its own; NULL if it is not there. */
static char *option(const char *args, const char *key) {
        size_t n = strlen(key);

        while (args && *args) {
                args += strspn(args, " ");
                size_t word = strcspn(args, " ");

                if (word > n && strncmp(args, key, n) == 0 && args[n] == '=')
                        return strndup(args + n + 1, word - n - 1);
                args += word;
        }
        return NULL;
}

static int load_real(const char *args) {
        char *path = option(args, "module");
        void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        CK_C_GetFunctionList get_list = NULL;

        if (library)
                *(void **) &get_list = dlsym(library, "C_GetFunctionList");
        if (!get_list || get_list(&real) != CKR_OK) {
                (void) fprintf(stderr, "faulty-module: no real module: init-args wants module=PATH\n");
                free(path);
                return -1;
        }
        free(path);
        control_path = option(args, "control");
        log_path = option(args, "log");

        list = *real;
        list.C_GetFunctionList = C_GetFunctionList;
#define OVERRIDE(name, ...) list.name = faulty_##name;
        SIMPLE_CALLS(OVERRIDE)
        SPECIAL_CALLS(OVERRIDE)
        return 0;
}

static CK_RV faulty_C_Initialize(void *p) {
        CK_C_INITIALIZE_ARGS args = {};
        Fault fault;

        if (p)
                args = *(CK_C_INITIALIZE_ARGS *) p;
        if (!real && load_real(args.pReserved) < 0)
                return CKR_ARGUMENTS_BAD;
        fault = begin(CALL_C_Initialize, "");
        args.pReserved = NULL;
        return end(fault, real->C_Initialize(&args));
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret) {
        *ret = &list;
        return CKR_OK;
}
