/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-pkcs11.so as a host without signetd meets it: loaded, looked through, initialised in every way, forked. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "client/module/pkcs11-3.h"
#include "common/macros.h"

static void *library;
static CK_FUNCTION_LIST *p;
static CK_FUNCTION_LIST_3_0 *p3;

static CK_C_GetInterface get_interface;
static CK_C_GetInterfaceList get_interface_list;

static int load(void **state _unused_) {
        char path[4096];
        CK_C_GetFunctionList get;
        CK_INTERFACE *interface;

        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        snprintf(path, sizeof(path), "%s/client/module/signet-pkcs11.so", getenv("SIGNET_BUILD"));
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) {
                fprintf(stderr, "%s\n", dlerror());
                return -1;
        }
        *(void **) &get = dlsym(library, "C_GetFunctionList");
        *(void **) &get_interface = dlsym(library, "C_GetInterface");
        *(void **) &get_interface_list = dlsym(library, "C_GetInterfaceList");
        if (get(&p) != CKR_OK || get_interface(NULL, NULL, &interface, 0) != CKR_OK)
                return -1;
        p3 = interface->pFunctionList;
        return 0;
}

static int unload(void **state _unused_) {
        return dlclose(library);
}

/* --- tables -------------------------------------------------------------------------------------------- */

static void test_exports(void **state _unused_) {
        static const char *const hidden[] = { "C_Initialize", "C_Sign", "C_GetInfo", "module_enter" };

        for (size_t i = 0; i < ELEMENTSOF(hidden); i++)
                assert_null(dlsym(library, hidden[i]));
}

static void test_function_lists(void **state _unused_) {
        CK_FUNCTION_LIST *again;
        void *const *pointers = (void *const *) (void *) p, *const *pointers3 = (void *const *) (void *) p3;

        assert_int_equal(p->version.major, 2);
        assert_int_equal(p->version.minor, 40);
        assert_int_equal(p3->version.major, 3);
        assert_int_equal(p3->version.minor, 0);
        for (size_t i = 1; i < sizeof(*p) / sizeof(void *); i++)
                assert_non_null(pointers[i]);
        for (size_t i = 1; i < sizeof(*p3) / sizeof(void *); i++)
                assert_non_null(pointers3[i]);

        assert_int_equal(p->C_GetFunctionList(&again), CKR_OK);
        assert_ptr_equal(again, p);
        assert_int_equal(p->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
}

static void test_interface_list(void **state _unused_) {
        CK_INTERFACE list[2];
        CK_ULONG n = 0;

        assert_int_equal(get_interface_list(NULL, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(get_interface_list(NULL, &n), CKR_OK);
        assert_int_equal(n, 2);
        n = 1;
        assert_int_equal(get_interface_list(list, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, 2);
        assert_int_equal(get_interface_list(list, &n), CKR_OK);
        assert_string_equal((const char *) list[0].pInterfaceName, "PKCS 11");
        assert_ptr_equal(list[0].pFunctionList, p3);
        assert_ptr_equal(list[1].pFunctionList, p);
        assert_int_equal(list[0].flags | list[1].flags, 0);
}

static void test_interface(void **state _unused_) {
        static struct {
                const char *name;
                CK_VERSION *version, wanted;
                CK_FLAGS flags;
                CK_RV rv;
                bool is_3;
        } cases[] = {
                { "PKCS 11", NULL, { 0 }, 0, CKR_OK, true },
                { NULL, &cases[1].wanted, { 3, 0 }, 0, CKR_OK, true },
                { "PKCS 11", &cases[2].wanted, { 2, 40 }, 0, CKR_OK, false },
                { "PKCS 11", &cases[3].wanted, { 3, 1 }, 0, CKR_FUNCTION_FAILED, false },
                { "PKCS 11", &cases[4].wanted, { 2, 20 }, 0, CKR_FUNCTION_FAILED, false },
                { "Vendor NSS FIPS Interface", NULL, { 0 }, 0, CKR_FUNCTION_FAILED, false },
                { "", NULL, { 0 }, 0, CKR_FUNCTION_FAILED, false },
                { "PKCS 11", NULL, { 0 }, CKF_INTERFACE_FORK_SAFE, CKR_FUNCTION_FAILED, false },
        };

        assert_int_equal(get_interface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_INTERFACE *found = NULL;

                assert_int_equal(get_interface((CK_UTF8CHAR *) cases[i].name, cases[i].version, &found, cases[i].flags),
                                 cases[i].rv);
                if (cases[i].rv == CKR_OK)
                        assert_ptr_equal(found->pFunctionList, cases[i].is_3 ? (void *) p3 : (void *) p);
                else
                        assert_null(found);
        }
}

/* --- life ----------------------------------------------------------------------------------------------- */

static CK_RV create_mutex(void **ret _unused_) {
        return CKR_OK;
}

static CK_RV use_mutex(void *mutex _unused_) {
        return CKR_OK;
}

static void test_initialize(void **state _unused_) {
        static const struct {
                CK_C_INITIALIZE_ARGS arguments;
                CK_RV rv;
        } cases[] = {
                { { 0 }, CKR_OK },
                { { .flags = CKF_OS_LOCKING_OK }, CKR_OK },
                { { .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS }, CKR_OK },
                { { .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS | CKF_OS_LOCKING_OK }, CKR_OK },
                { { create_mutex, use_mutex, use_mutex, use_mutex, CKF_OS_LOCKING_OK, NULL }, CKR_OK },
                { { create_mutex, use_mutex, use_mutex, use_mutex, 0, NULL }, CKR_CANT_LOCK },
                { { create_mutex, use_mutex, use_mutex, NULL, CKF_OS_LOCKING_OK, NULL }, CKR_ARGUMENTS_BAD },
                { { NULL, NULL, use_mutex, use_mutex, 0, NULL }, CKR_ARGUMENTS_BAD },
                { { .flags = CKF_OS_LOCKING_OK, .pReserved = &library }, CKR_ARGUMENTS_BAD },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                CK_C_INITIALIZE_ARGS arguments = cases[i].arguments;

                assert_int_equal(p->C_Initialize(&arguments), cases[i].rv);
                assert_int_equal(p->C_Finalize(NULL), cases[i].rv == CKR_OK ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED);
        }
        assert_int_equal(p->C_Initialize(NULL), CKR_OK);
        assert_int_equal(p->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert_int_equal(p->C_Finalize(&library), CKR_ARGUMENTS_BAD);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
        assert_int_equal(p->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* Every function but the four that work before C_Initialize, with nothing in its arguments. */
typedef CK_RV (*AnyFunction)(CK_ULONG, void *, CK_ULONG, void *, CK_ULONG, void *, CK_ULONG, void *, CK_ULONG);

static void call_all(CK_ULONG first, const CK_RV *allowed, size_t n_allowed, bool version_3) {
        void *const *pointers = (void *const *) (void *) (version_3 ? (void *) p3 : (void *) p);
        size_t n = version_3 ? sizeof(*p3) / sizeof(void *) : sizeof(*p) / sizeof(void *);

        for (size_t i = 1; i < n; i++) {
                AnyFunction function = (AnyFunction) pointers[i];
                bool fits = false;
                CK_RV rv;

                if (pointers[i] == (void *) p->C_Initialize || pointers[i] == (void *) p->C_Finalize ||
                    pointers[i] == (void *) p->C_GetFunctionList || pointers[i] == (void *) p3->C_GetInterfaceList ||
                    pointers[i] == (void *) p3->C_GetInterface)
                        continue;
                if (first != 0 && (pointers[i] == (void *) p->C_GetInfo || pointers[i] == (void *) p3->C_GetInfo))
                        continue; /* it would take this for an address */
                rv = function(first, NULL, 0, NULL, 0, NULL, 0, NULL, 0);
                for (size_t k = 0; k < n_allowed; k++)
                        fits = fits || rv == allowed[k];
                if (!fits)
                        fail_msg("function %zu of %s answers 0x%lx", i, version_3 ? "3.0" : "2.40", rv);
        }
}

static void test_not_initialised(void **state _unused_) {
        static const CK_RV answer = CKR_CRYPTOKI_NOT_INITIALIZED;

        call_all(0, &answer, 1, false);
        call_all(0, &answer, 1, true);
        call_all(7, &answer, 1, true);
}

/* No signetd: no slots, so no sessions, at once and without complaint. */
static void test_alone(void **state _unused_) {
        static const CK_RV answers[] = { CKR_SESSION_HANDLE_INVALID, CKR_ARGUMENTS_BAD, CKR_SLOT_ID_INVALID,
                                         CKR_SESSION_PARALLEL_NOT_SUPPORTED };
        struct timespec begin, end;
        CK_SESSION_HANDLE session;
        CK_SLOT_ID slot;
        CK_ULONG n = 5;

        clock_gettime(CLOCK_MONOTONIC, &begin);
        assert_int_equal(p->C_Initialize(NULL), CKR_OK);
        assert_int_equal(p->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
        assert_int_equal(n, 0);
        assert_int_equal(p->C_GetSlotList(CK_FALSE, &slot, &n), CKR_OK);
        assert_int_equal(n, 0);
        assert_int_equal(p->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SLOT_ID_INVALID);
        assert_int_equal(p->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
        assert_int_equal(p->C_WaitForSlotEvent(0, &slot, NULL), CKR_FUNCTION_NOT_SUPPORTED);
        for (CK_ULONG first = 0; first < 3; first++) {
                call_all(first, answers, ELEMENTSOF(answers), false);
                call_all(first, answers, ELEMENTSOF(answers), true);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        assert_true(end.tv_sec - begin.tv_sec < 2);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
}

static void test_info(void **state _unused_) {
        CK_INFO info;

        assert_int_equal(p->C_Initialize(NULL), CKR_OK);
        assert_int_equal(p->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(p->C_GetInfo(&info), CKR_OK);
        assert_int_equal(info.cryptokiVersion.major, 2);
        assert_int_equal(info.cryptokiVersion.minor, 40);
        assert_memory_equal(info.manufacturerID, "Signet                          ", 32);
        assert_memory_equal(info.libraryDescription, "Keys behind signetd             ", 32);
        assert_int_equal(info.flags, 0);
        assert_int_equal(p3->C_GetInfo(&info), CKR_OK);
        assert_int_equal(info.cryptokiVersion.major, 3);
        assert_int_equal(info.cryptokiVersion.minor, 0);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
}

/* The child begins by itself, and the parent's module is none of its business. */
static int child(void) {
        CK_ULONG n = 99;
        CK_INFO info;

        if (p->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED || p->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
                return 1;
        for (int i = 0; i < 2; i++)
                if (p->C_Initialize(NULL) != CKR_OK || p->C_GetInfo(&info) != CKR_OK ||
                    p->C_GetSlotList(CK_TRUE, NULL, &n) != CKR_OK || n != 0 || p->C_Finalize(NULL) != CKR_OK)
                        return 2;
        return p->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : 3;
}

static void test_fork(void **state _unused_) {
        CK_INFO info;
        int status;
        pid_t pid;

        assert_int_equal(p->C_Initialize(NULL), CKR_OK);
        pid = fork();
        if (pid == 0)
                _exit(child());
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(p->C_GetInfo(&info), CKR_OK);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
}

static atomic_bool stop;

static void *busy(void *userdata _unused_) {
        CK_INFO info;
        CK_ULONG n;

        while (!atomic_load(&stop)) {
                (void) p->C_GetInfo(&info);
                (void) p->C_GetSlotList(CK_TRUE, NULL, &n);
        }
        return NULL;
}

/* Whatever the other threads hold when it forks, the child is not held up by it. */
static void test_fork_among_threads(void **state _unused_) {
        pthread_t threads[3];
        int status;

        assert_int_equal(p->C_Initialize(NULL), CKR_OK);
        atomic_store(&stop, false);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, busy, NULL), 0);
        for (int i = 0; i < 100; i++) {
                pid_t pid = fork();

                if (pid == 0) {
                        alarm(10);
                        _exit(child());
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
        atomic_store(&stop, true);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
}

/* A program's plug-ins may load it several times: it is the same one then. */
static void test_load_again(void **state _unused_) {
        char path[4096];
        CK_C_GetFunctionList get;
        CK_FUNCTION_LIST *again;
        void *second;

        snprintf(path, sizeof(path), "%s/client/module/../module/signet-pkcs11.so", getenv("SIGNET_BUILD"));
        second = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(second);
        *(void **) &get = dlsym(second, "C_GetFunctionList");
        assert_int_equal(get(&again), CKR_OK);
        assert_ptr_equal(again, p);
        assert_int_equal(again->C_Initialize(NULL), CKR_OK);
        assert_int_equal(p->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert_int_equal(dlclose(second), 0);
        assert_int_equal(p->C_Finalize(NULL), CKR_OK);
}

/* Initialised, unloaded, forked: what it leaves behind in the process does no harm. */
static void test_unload(void **state) {
        int status;
        pid_t pid;

        for (int i = 0; i < 5; i++) {
                assert_int_equal(p->C_Initialize(NULL), CKR_OK);
                assert_int_equal(p->C_Finalize(NULL), CKR_OK);
                assert_int_equal(unload(state), 0);
                pid = fork();
                if (pid == 0)
                        _exit(0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(load(state), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exports),        cmocka_unit_test(test_function_lists),
                cmocka_unit_test(test_interface_list), cmocka_unit_test(test_interface),
                cmocka_unit_test(test_initialize),     cmocka_unit_test(test_not_initialised),
                cmocka_unit_test(test_alone),          cmocka_unit_test(test_info),
                cmocka_unit_test(test_fork),           cmocka_unit_test(test_fork_among_threads),
                cmocka_unit_test(test_load_again),     cmocka_unit_test(test_unload),
        };

        return cmocka_run_group_tests_name("signet-pkcs11.so without signetd", tests, load, unload);
}
