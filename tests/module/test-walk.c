/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every function of both lists in every state of the module: before C_Initialize, after C_Finalize, in a child that did
 * not initialise; with handles that are nothing's; with NULL for every pointer. A function that the module does not do
 * may say CKR_FUNCTION_NOT_SUPPORTED at any time (section 5.1.2). */
#include <sys/wait.h>

#include "walk.h"

typedef void (*Visit)(const Walk *w);

static void visit_all(Visit visit) {
        for (size_t i = 0; i < n_walk; i++)
                visit(&walk_table[i]);
        for (size_t i = 0; p11v3 && i < n_walk_3; i++)
                visit(&walk_table_3[i]);
}

/* SoftHSM looks at arguments and sessions in an order of its own. */
static CK_RV tolerated(void) {
        return host.reference ? CKR_ARGUMENTS_BAD : CKR_FUNCTION_NOT_SUPPORTED;
}

static void not_initialised(const Walk *w) {
        CK_RV parallel = w->kind == WALK_PARALLEL ? CKR_FUNCTION_NOT_PARALLEL : CKR_CRYPTOKI_NOT_INITIALIZED;

        expect_rv(w->name, __FILE__, __LINE__, w->fit(1),
                  (CK_RV[]){ CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED, parallel, RV_END });
        if (w->bare)
                expect_rv(w->name, __FILE__, __LINE__, w->bare(1),
                          (CK_RV[]){ CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED, tolerated(),
                                     CKR_ARGUMENTS_BAD, RV_END });
}

static void test_before(void **state) {
        visit_all(not_initialised);
        assert_int_equal(host_start(state), 0);
        assert_int_equal(host_stop(state), 0);
        visit_all(not_initialised);
}

/* A child has to initialise for itself (section 6.6.1 of 2.40's user guide: its behaviour is the module's else; ours
 * says so). The parent goes on. */
static void test_in_a_child(void **state _unused_) {
        CK_SESSION_HANDLE s = host_open();
        CK_SESSION_INFO info;
        int status;
        pid_t pid;

        if (host.reference) {
                host_close(s);
                skip(); /* it goes on with its parent's state */
        }
        pid = fork();
        if (pid == 0) {
                visit_all(not_initialised);
                expect(p11->C_Initialize(NULL), CKR_OK);
                expect(p11->C_GetSessionInfo(s, &info), CKR_SESSION_HANDLE_INVALID);
                expect(p11->C_Finalize(NULL), CKR_OK);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        expect(p11->C_GetSessionInfo(s, &info), CKR_OK);
        host_close(s);
}

static CK_ULONG handle;

static void strange_handle(const Walk *w) {
        switch (w->kind) {
        case WALK_SLOT:
                expect_rv(w->name, __FILE__, __LINE__, w->fit(handle),
                          (CK_RV[]){ CKR_SLOT_ID_INVALID, CKR_FUNCTION_NOT_SUPPORTED, RV_END });
                break;
        case WALK_SESSION:
                expect_rv(w->name, __FILE__, __LINE__, w->fit(handle),
                          (CK_RV[]){ CKR_SESSION_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED, RV_END });
                if (w->bare)
                        expect_rv(w->name, __FILE__, __LINE__, w->bare(handle),
                                  (CK_RV[]){ CKR_SESSION_HANDLE_INVALID, CKR_FUNCTION_NOT_SUPPORTED, CKR_ARGUMENTS_BAD,
                                             w->also == CKR_OK ? CKR_ARGUMENTS_BAD : w->also, RV_END });
                break;
        case WALK_PARALLEL:
                expect_rv(w->name, __FILE__, __LINE__, w->fit(handle),
                          (CK_RV[]){ CKR_FUNCTION_NOT_PARALLEL, CKR_SESSION_HANDLE_INVALID, RV_END });
                break;
        case WALK_GENERAL:
                break;
        }
}

static void test_strange_handles(void **state _unused_) {
        for (size_t i = 0; i < n_strange_handles; i++) {
                handle = strange_handles[i];
                if (handle == host.slot)
                        continue;
                visit_all(strange_handle);
        }
}

static void session_only(const Walk *w) {
        if (w->kind == WALK_SESSION)
                strange_handle(w);
}

static void test_dead_session(void **state _unused_) {
        handle = host_open();
        host_close(handle);
        visit_all(session_only);
        handle = host_open();
        expect(p11->C_CloseAllSessions(host.slot), CKR_OK);
        visit_all(session_only);
}

static void bare(const Walk *w) {
        CK_ULONG h = w->kind == WALK_SLOT ? host.slot : handle;

        if (!w->bare)
                return;
        expect_rv(w->name, __FILE__, __LINE__, w->bare(h),
                  (CK_RV[]){ CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED, w->also ? w->also : CKR_ARGUMENTS_BAD,
                             w->also == CKR_OK && strstr(w->name, "Init") ? CKR_OK : CKR_ARGUMENTS_BAD,
                             CKR_OPERATION_NOT_INITIALIZED, CKR_TOKEN_WRITE_PROTECTED,
                             host.reference ? CKR_SESSION_EXISTS : CKR_ARGUMENTS_BAD, RV_END });
}

static void test_null_everywhere(void **state _unused_) {
        handle = host_open();
        visit_all(bare);
        host_close(handle);
}

/* Fitting arguments in a session in which nothing was begun. */
static void unprepared(const Walk *w) {
        static const char *const begun[] = { "C_Encrypt",     "C_Decrypt", "C_Sign",   "C_Verify",
                                             "C_FindObjects", "C_Digest",  "C_Message" };
        bool init = strstr(w->name, "Init") != NULL;

        for (size_t i = 0; i < ELEMENTSOF(begun); i++)
                if (w->kind == WALK_SESSION && !init && strncmp(w->name, begun[i], strlen(begun[i])) == 0)
                        expect_rv(w->name, __FILE__, __LINE__, w->fit(handle),
                                  (CK_RV[]){ CKR_OPERATION_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED, RV_END });
}

static void test_nothing_begun(void **state _unused_) {
        handle = host_open();
        visit_all(unprepared);
        host_close(handle);
}

/* C_GetFunctionStatus and C_CancelFunction belong to another age; 3.0's message functions are all or none. */
static void test_parallel(void **state _unused_) {
        handle = host_open();
        expect(p11->C_GetFunctionStatus(handle), CKR_FUNCTION_NOT_PARALLEL);
        expect(p11->C_CancelFunction(handle), CKR_FUNCTION_NOT_PARALLEL);
        host_close(handle);
}

int test_walk(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_before, host_stop),
                cmocka_unit_test_setup_teardown(test_in_a_child, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_strange_handles, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_dead_session, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_null_everywhere, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_nothing_begun, host_start, host_stop),
                cmocka_unit_test_setup_teardown(test_parallel, host_start, host_stop),
        };
        return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
