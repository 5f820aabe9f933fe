/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process around the module: children, the same file loaded twice, a copy of it beside it, and libcrypto, which the
 * host has as well. */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host.h"

static void sign_once(CK_FUNCTION_LIST *list) {
        CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_KEY_TYPE type = CKK_RSA;
        CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) } };
        CK_OBJECT_HANDLE key = 0;
        CK_SESSION_HANDLE s = 0;
        CK_BYTE signature[512];
        CK_ULONG n = 0;

        expect(list->C_OpenSession(host.slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
        if (host.pin)
                expect(list->C_Login(s, CKU_USER, (CK_BYTE *) host.pin, strlen(host.pin)), CKR_OK,
                       CKR_USER_ALREADY_LOGGED_IN);
        expect(list->C_FindObjectsInit(s, template, 2), CKR_OK);
        expect(list->C_FindObjects(s, &key, 1, &n), CKR_OK);
        assert_int_equal(n, 1);
        expect(list->C_FindObjectsFinal(s), CKR_OK);
        n = sizeof(signature);
        expect(list->C_SignInit(s, &rsa, key), CKR_OK);
        expect(list->C_Sign(s, (CK_BYTE *) "abc", 3, signature, &n), CKR_OK);
        assert_int_equal(n, 256);
        expect(list->C_CloseSession(s), CKR_OK);
}

static void wait_for(pid_t pid) {
        int status = 0;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* A child that initialises works with sessions of its own; its parent, in the midst of something, is not disturbed, not
 * even when the child finalises or just ends. */
static void test_fork(void **state) {
        CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
        CK_SESSION_HANDLE s = host_open();
        CK_OBJECT_HANDLE key = host_key(s, CKO_PRIVATE_KEY, CKK_RSA);
        CK_BYTE signature[512];
        CK_ULONG n;

        if (host.reference)
                skip(); /* it shares its parent's state */
        for (int i = 0; i < 6; i++) {
                pid_t pid;

                expect(p11->C_SignInit(s, &rsa, key), CKR_OK);
                expect(p11->C_SignUpdate(s, (CK_BYTE *) "a", 1), CKR_OK);
                pid = fork();
                if (pid == 0) {
                        if (i % 3 == 0) {
                                expect(p11->C_Initialize(NULL), CKR_OK);
                                sign_once(p11);
                                expect(p11->C_Finalize(NULL), CKR_OK);
                        } else if (i % 3 == 1)
                                expect(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
                        else if (host_start(state) == 0)
                                sign_once(p11);
                        _exit(0);
                }
                if (i >= 3) /* both at once */
                        sign_once(p11);
                wait_for(pid);
                n = sizeof(signature);
                expect(p11->C_SignFinal(s, signature, &n), CKR_OK);
        }
        host_close(s);
}

/* A grandchild of one that was initialised, and children of a process that never was. */
static void test_fork_further(void **state) {
        pid_t pid;

        if (host.reference)
                skip();
        pid = fork();
        if (pid == 0) {
                expect(p11->C_Initialize(NULL), CKR_OK);
                sign_once(p11);
                pid = fork();
                if (pid == 0) {
                        CK_INFO info;

                        expect(p11->C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
                        expect(p11->C_Initialize(NULL), CKR_OK);
                        sign_once(p11);
                        _exit(0);
                }
                wait_for(pid);
                sign_once(p11);
                _exit(0);
        }
        wait_for(pid);
        sign_once(p11);
        assert_int_equal(host_stop(state), 0);
        pid = fork();
        if (pid == 0) {
                assert_int_equal(host_start(state), 0);
                sign_once(p11);
                _exit(0);
        }
        wait_for(pid);
}

static CK_FUNCTION_LIST *list_of(void *library) {
        CK_RV (*get_list)(CK_FUNCTION_LIST **);
        CK_FUNCTION_LIST *list = NULL;

        assert_non_null(library);
        get_list = (CK_RV(*)(CK_FUNCTION_LIST **)) dlsym(library, "C_GetFunctionList");
        assert_non_null(get_list);
        expect(get_list(&list), CKR_OK);
        return list;
}

/* The same library is the same Cryptoki: there is one, initialised once. */
static void test_loaded_twice(void **state _unused_) {
        void *library = dlopen(host.path, RTLD_NOW | RTLD_LOCAL);
        CK_FUNCTION_LIST *list = list_of(library);

        assert_ptr_equal(list, p11);
        expect(list->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        dlclose(library);
        sign_once(p11);
}

/* A copy at another path is another Cryptoki, with its own state, though both use one libsignet. */
static void test_copy(void **state _unused_) {
        char path[] = "/tmp/signet-copy-XXXXXX";
        CK_FUNCTION_LIST *list;
        void *library;
        int from, to;

        if (host.reference)
                skip();
        from = open(host.path, O_RDONLY | O_CLOEXEC);
        to = mkostemp(path, O_CLOEXEC);
        assert_true(from >= 0 && to >= 0);
        while (sendfile(to, from, NULL, 1 << 20) > 0)
                ;
        close(from);
        close(to);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        unlink(path);
        list = list_of(library);
        assert_ptr_not_equal(list, p11);
        expect(list->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
        for (int i = 0; i < 3; i++) {
                expect(list->C_Initialize(NULL), CKR_OK);
                sign_once(list);
                sign_once(p11);
                expect(list->C_Finalize(NULL), CKR_OK);
                sign_once(p11);
        }
        dlclose(library);
        sign_once(p11);
}

/* The host's libcrypto is as it was: no errors are left on the queue, no provider was loaded, and what the host had
 * there stays. */
static void test_leaves_openssl_alone(void **state) {
        CK_SESSION_HANDLE s;

        if (host.reference)
                skip();
        assert_int_equal(host_stop(state), 0);
        ERR_clear_error();
        ERR_raise_data(ERR_LIB_USER, 77, "the host's");
        assert_int_equal(host_start(state), 0);
        sign_once(p11);
        s = host_open();
        expect(p11->C_SignInit(s, NULL, 77), CKR_ARGUMENTS_BAD, CKR_OK);
        host_close(s);
        expect(p11->C_Finalize(NULL), CKR_OK);
        assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
        assert_int_equal(ERR_get_error(), 0);
        assert_int_equal(OSSL_PROVIDER_available(NULL, "signet"), 0);
}

int test_process(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_fork, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_fork_further, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_loaded_twice, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_copy, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_leaves_openssl_alone, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
