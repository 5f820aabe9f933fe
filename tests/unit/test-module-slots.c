/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots, sessions, logins and session objects of the PKCS#11 module, over scripted tokens. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "client/module/pkcs11-3.h"
#include "client/module/session.h"
#include "fake-tokens.h"

static int begin(void **state _unused_) {
        fake_tokens_start();
        return C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

/* Whatever a test left open, nothing stays. */
static int end(void **state _unused_) {
        CK_RV rv = C_Finalize(NULL);

        return (rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED) && fake_tokens.alive == 0 && fake.keys_alive == 0
                       ? 0
                       : -1;
}

static CK_SESSION_HANDLE open_session(CK_SLOT_ID slot, CK_FLAGS flags) {
        CK_SESSION_HANDLE session = 0;

        assert_int_equal(C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &session), CKR_OK);
        assert_int_not_equal(session, 0);
        return session;
}

static CK_ULONG count_slots(CK_BBOOL present) {
        CK_ULONG n = 99;

        assert_int_equal(C_GetSlotList(present, NULL, &n), CKR_OK);
        return n;
}

/* --- slots ---------------------------------------------------------------------------------------------- */

static void test_list(void **state _unused_) {
        CK_SLOT_ID list[4] = { 99, 99, 99, 99 };
        CK_ULONG n = 4;

        assert_int_equal(C_GetSlotList(CK_TRUE, list, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
        assert_int_equal(n, 1);
        assert_int_equal(list[0], 0);
        assert_int_equal(list[1], 99);
        n = 0;
        assert_int_equal(C_GetSlotList(CK_FALSE, list, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, 1);

        /* What came since is counted before it is listed. */
        fake_tokens.tokens[1] = (FakeToken){ "other", "", "locked", 1 };
        fake_tokens_changed();
        n = 4;
        assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
        assert_int_equal(n, 1);
        assert_int_equal(count_slots(CK_TRUE), 2);
        n = 4;
        assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
        assert_int_equal(n, 2);
        assert_int_equal(list[1], 1);

        /* What went leaves its slot; other tokens do not move into it. */
        fake_tokens.tokens[0].name = NULL;
        fake_tokens.tokens[2] = (FakeToken){ "third", "third", "locked", 1 };
        fake_tokens_changed();
        assert_int_equal(count_slots(CK_FALSE), 3);
        assert_int_equal(count_slots(CK_TRUE), 2);
        n = 4;
        assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
        assert_int_equal(list[0], 1);
        assert_int_equal(list[1], 2);
        fake_tokens.tokens[0].name = "fake";
        fake_tokens_changed();
        assert_int_equal(count_slots(CK_TRUE), 3);
}

static void test_slot_info(void **state _unused_) {
        CK_SLOT_INFO info;

        assert_int_equal(C_GetSlotInfo(0, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetSlotInfo(1, &info), CKR_SLOT_ID_INVALID);
        assert_int_equal(C_GetSlotInfo((CK_SLOT_ID) -1, &info), CKR_SLOT_ID_INVALID);
        assert_int_equal(C_GetSlotInfo(0, &info), CKR_OK);
        assert_memory_equal(info.slotDescription, "Signet fake                                                     ",
                            64);
        assert_int_equal(info.flags, CKF_REMOVABLE_DEVICE | CKF_TOKEN_PRESENT);

        fake_tokens.tokens[0].name = NULL;
        fake_tokens_changed();
        assert_int_equal(C_GetSlotInfo(0, &info), CKR_OK);
        assert_int_equal(info.flags, CKF_REMOVABLE_DEVICE);
}

static void test_token_info(void **state _unused_) {
        static const CK_FLAGS always = CKF_RNG | CKF_WRITE_PROTECTED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED;
        CK_TOKEN_INFO info;

        fake_tokens.tokens[0].label = "fake";
        fake_tokens.tokens[1] = (FakeToken){ "unread", "", "locked", 1 };
        fake_tokens.tokens[2] =
                (FakeToken){ "umlauts", "Schl\xc3\xbcssel f\xc3\xbcr Jos\xc3\xa9s und Fran\xc3\xa7oise", "ready", 1 };
        assert_int_equal(C_GetTokenInfo(0, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetTokenInfo(3, &info), CKR_SLOT_ID_INVALID);
        assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
        assert_memory_equal(info.label, "fake                            ", 32);
        assert_memory_equal(info.serialNumber, "0123456789abcdef", 16);
        assert_memory_equal(info.model, "fake            ", 16);
        assert_int_equal(info.flags, always);
        assert_int_equal(info.ulSessionCount, 0);

        (void) open_session(0, 0);
        (void) open_session(0, CKF_RW_SESSION);
        assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
        assert_int_equal(info.ulSessionCount, 2);
        assert_int_equal(info.ulRwSessionCount, 1);
        assert_int_equal(info.ulMaxSessionCount, SESSIONS_MAX);

        assert_int_equal(C_GetTokenInfo(1, &info), CKR_OK);
        assert_memory_equal(info.label, "unread                          ", 32);
        assert_int_equal(info.flags, always | CKF_LOGIN_REQUIRED);
        assert_int_equal(info.ulSessionCount, 0);
        assert_int_equal(C_GetTokenInfo(2, &info), CKR_OK);
        assert_memory_equal(info.label, "Schl\xc3\xbcssel f\xc3\xbcr Jos\xc3\xa9s und Fran ", 32);
        assert_int_equal(info.flags, always);

        fake_tokens.tokens[0].name = NULL;
        fake_tokens_changed();
        assert_int_equal(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_PRESENT);
}

static void test_mechanisms(void **state _unused_) {
        CK_MECHANISM_TYPE list[256];
        CK_MECHANISM_INFO info;
        CK_ULONG n = 0, all;

        assert_int_equal(C_GetMechanismList(0, NULL, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetMechanismList(9, NULL, &n), CKR_SLOT_ID_INVALID);
        assert_int_equal(C_GetMechanismList(0, NULL, &n), CKR_OK);
        all = n--;
        assert_int_equal(C_GetMechanismList(0, list, &n), CKR_BUFFER_TOO_SMALL);
        assert_int_equal(n, all);
        n = ELEMENTSOF(list);
        assert_int_equal(C_GetMechanismList(0, list, &n), CKR_OK);
        assert_int_equal(n, all);
        for (CK_ULONG i = 0; i < n; i++) {
                assert_int_equal(C_GetMechanismInfo(0, list[i], &info), CKR_OK);
                assert_int_not_equal(info.flags, 0);
        }
        assert_int_equal(C_GetMechanismInfo(0, list[0], NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetMechanismInfo(0, CKM_DES_CBC, &info), CKR_MECHANISM_INVALID);
        assert_int_equal(C_GetMechanismInfo(9, list[0], &info), CKR_SLOT_ID_INVALID);
}

static void test_events(void **state _unused_) {
        CK_SLOT_ID slot = 99;

        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
        fake_tokens.tokens[0].name = NULL;
        fake_tokens.tokens[1] = (FakeToken){ "other", "other", "locked", 1 };
        fake_tokens_changed();
        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_OK);
        assert_int_equal(slot, 0);
        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_OK);
        assert_int_equal(slot, 1);
        assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
}

/* --- sessions ------------------------------------------------------------------------------------------- */

static void test_sessions(void **state _unused_) {
        CK_SESSION_HANDLE a, b, c = 0;
        CK_SESSION_INFO info;

        assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_OpenSession(0, CKF_RW_SESSION, NULL, NULL, &c), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
        assert_int_equal(C_OpenSession(7, CKF_SERIAL_SESSION, NULL, NULL, &c), CKR_SLOT_ID_INVALID);
        assert_int_equal(c, 0);
        a = open_session(0, 0);
        b = open_session(0, CKF_RW_SESSION);
        assert_int_not_equal(a, b);
        assert_int_equal(C_GetSessionInfo(a, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_GetSessionInfo(a, &info), CKR_OK);
        assert_int_equal(info.state, CKS_RO_PUBLIC_SESSION);
        assert_int_equal(info.flags, CKF_SERIAL_SESSION);
        assert_int_equal(C_GetSessionInfo(b, &info), CKR_OK);
        assert_int_equal(info.state, CKS_RW_PUBLIC_SESSION);
        assert_int_equal(C_CloseSession(a), CKR_OK);
        assert_int_equal(C_CloseSession(a), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_GetSessionInfo(a, &info), CKR_SESSION_HANDLE_INVALID);
        assert_int_equal(C_CloseAllSessions(7), CKR_SLOT_ID_INVALID);
        assert_int_equal(C_CloseAllSessions(0), CKR_OK);
        assert_int_equal(C_GetSessionInfo(b, &info), CKR_SESSION_HANDLE_INVALID);
        assert_true(open_session(0, 0) > b); /* handles do not come again */
}

static void test_token_gone(void **state _unused_) {
        CK_SESSION_HANDLE session = open_session(0, 0), other = 0;
        CK_SESSION_INFO info;

        fake_tokens.tokens[0].name = NULL;
        fake_tokens_changed();
        assert_int_equal(C_GetSessionInfo(session, &info), CKR_DEVICE_REMOVED);
        assert_int_equal(C_FindObjectsInit(session, NULL, 0), CKR_DEVICE_REMOVED);
        assert_int_equal(C_Login(session, CKU_USER, NULL, 0), CKR_DEVICE_REMOVED);
        assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &other), CKR_TOKEN_NOT_PRESENT);
        fake_tokens.tokens[0].name = "fake";
        fake_tokens_changed();
        assert_int_equal(C_GetSessionInfo(session, &info), CKR_OK);
        fake_tokens.tokens[0].name = NULL;
        fake_tokens_changed();
        assert_int_equal(C_CloseAllSessions(0), CKR_OK);
        assert_int_equal(C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
}

static void test_session_limit(void **state _unused_) {
        CK_SESSION_HANDLE session;
        CK_TOKEN_INFO info;

        for (int i = 0; i < SESSIONS_MAX; i++)
                session = open_session(0, 0);
        assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SESSION_COUNT);
        assert_int_equal(C_CloseSession(session), CKR_OK);
        session = open_session(0, 0);
        assert_int_equal(C_CloseAllSessions(0), CKR_OK);
        assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
        assert_int_equal(info.ulSessionCount, 0);
}

/* --- logins --------------------------------------------------------------------------------------------- */

static CK_RV login(CK_SESSION_HANDLE session, const char *pin) {
        return C_Login(session, CKU_USER, (CK_UTF8CHAR *) pin, pin ? strlen(pin) : 0);
}

static CK_STATE state_of(CK_SESSION_HANDLE session) {
        CK_SESSION_INFO info;

        assert_int_equal(C_GetSessionInfo(session, &info), CKR_OK);
        return info.state;
}

static void test_login_ready(void **state _unused_) {
        static const char *const pins[] = { NULL, "", "1234", "wrong" };
        CK_SESSION_HANDLE session = open_session(0, 0), other = open_session(0, CKF_RW_SESSION);

        for (size_t i = 0; i < ELEMENTSOF(pins); i++) {
                assert_int_equal(login(session, pins[i]), CKR_OK);
                assert_int_equal(login(other, pins[i]), CKR_USER_ALREADY_LOGGED_IN);
                assert_int_equal(state_of(session), CKS_RO_USER_FUNCTIONS);
                assert_int_equal(state_of(other), CKS_RW_USER_FUNCTIONS);
                assert_int_equal(C_Logout(other), CKR_OK);
                assert_int_equal(C_Logout(session), CKR_USER_NOT_LOGGED_IN);
                assert_int_equal(state_of(session), CKS_RO_PUBLIC_SESSION);
        }
        assert_int_equal(fake_tokens.tries, 0);
        assert_int_equal(C_Login(session, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
        assert_int_equal(C_Login(session, CKU_SO, NULL, 0), CKR_USER_TYPE_INVALID);
        assert_int_equal(C_Login(session, 77, NULL, 0), CKR_USER_TYPE_INVALID);
        assert_int_equal(C_Login(session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR *) "1", 1), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(state_of(session), CKS_RO_PUBLIC_SESSION);
        assert_int_equal(C_LoginUser(session, CKU_USER, NULL, 0, (CK_UTF8CHAR *) "x", 1), CKR_OK);
        assert_int_equal(state_of(session), CKS_RO_USER_FUNCTIONS);

        /* It ends with the last session. */
        assert_int_equal(C_CloseSession(session), CKR_OK);
        assert_int_equal(state_of(other), CKS_RW_USER_FUNCTIONS);
        assert_int_equal(C_CloseSession(other), CKR_OK);
        assert_int_equal(state_of(open_session(0, 0)), CKS_RO_PUBLIC_SESSION);
}

static void test_login_locked(void **state _unused_) {
        static const char long_pin[300] = { [0 ... 298] = '1' };
        CK_SESSION_HANDLE session;
        CK_ULONG n = 0;

        fake_tokens.tokens[0] = (FakeToken){ "fake", "fake", "locked", 1 };
        session = open_session(0, 0);
        assert_int_equal(login(session, NULL), CKR_ARGUMENTS_BAD);
        assert_int_equal(login(session, ""), CKR_PIN_INCORRECT);
        assert_int_equal(login(session, long_pin), CKR_PIN_INCORRECT);
        assert_int_equal(fake_tokens.tries, 0);
        assert_int_equal(login(session, "4321"), CKR_PIN_INCORRECT);
        assert_int_equal(fake_tokens.tries, 1);
        assert_int_equal(state_of(session), CKS_RO_PUBLIC_SESSION);
        assert_int_equal(login(session, "1234"), CKR_OK);
        assert_int_equal(state_of(session), CKS_RO_USER_FUNCTIONS);
        assert_int_equal(fake_tokens.tries, 2);
        assert_int_equal(login(session, "1234"), CKR_USER_ALREADY_LOGGED_IN);
        assert_int_equal(C_GetMechanismList(0, NULL, &n), CKR_OK);

        /* Locked by somebody else meanwhile: the host may log in again without having logged out. */
        fake_tokens.tokens[0].state = "locked";
        fake_tokens.pin = "ends with a newline\n";
        fake_tokens_changed();
        assert_int_equal(login(session, fake_tokens.pin), CKR_OK);
        assert_int_equal(fake_tokens.tries, 3);
}

/* A locked token whose keys he sees and that he may not unlock: no PIN of his is tried. */
static void test_login_not_allowed(void **state _unused_) {
        CK_SESSION_HANDLE session;
        CK_TOKEN_INFO info;

        fake_tokens.tokens[0].state = "locked";
        fake_tokens.keys_when_locked = true;
        session = open_session(0, 0);
        assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
        assert_int_equal(info.flags & CKF_LOGIN_REQUIRED, 0);
        assert_int_equal(login(session, "1234"), CKR_FUNCTION_FAILED);
        assert_int_equal(C_Login(session, CKU_SO, (CK_UTF8CHAR *) "1234", 4), CKR_USER_TYPE_INVALID);
        assert_int_equal(fake_tokens.tries, 0);
        assert_int_equal(state_of(session), CKS_RO_PUBLIC_SESSION);
}

/* --- session objects ------------------------------------------------------------------------------------ */

static CK_RV create(CK_SESSION_HANDLE session, CK_BBOOL private, CK_OBJECT_HANDLE *ret) {
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_AES;
        unsigned char value[16] = "0123456789abcde";
        CK_ATTRIBUTE template[] = {
                { CKA_CLASS, &class, sizeof(class) },
                { CKA_KEY_TYPE, &type, sizeof(type) },
                { CKA_VALUE, value, sizeof(value) },
                { CKA_PRIVATE, &private, sizeof(private) },
        };

        return C_CreateObject(session, template, ELEMENTSOF(template), ret);
}

static CK_ULONG count_secrets(CK_SESSION_HANDLE session) {
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
        CK_OBJECT_HANDLE found[16];
        CK_ULONG n = 0;

        assert_int_equal(C_FindObjectsInit(session, &template, 1), CKR_OK);
        assert_int_equal(C_FindObjects(session, found, ELEMENTSOF(found), &n), CKR_OK);
        assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
        return n;
}

static void test_session_objects(void **state _unused_) {
        CK_SESSION_HANDLE a, b, elsewhere;
        CK_OBJECT_HANDLE first, second;
        CK_ULONG size;

        fake_tokens.tokens[1] = (FakeToken){ "other", "other", "ready", 1 };
        a = open_session(0, 0);
        b = open_session(0, CKF_RW_SESSION);
        elsewhere = open_session(1, 0);
        assert_int_equal(create(a, CK_FALSE, &first), CKR_OK);
        assert_int_equal(create(b, CK_FALSE, &second), CKR_OK);
        assert_true(second > first);
        assert_int_equal(count_secrets(a), 2);
        assert_int_equal(count_secrets(elsewhere), 0);
        assert_int_equal(C_GetObjectSize(b, first, &size), CKR_OK);
        assert_int_equal(C_GetObjectSize(elsewhere, first, &size), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_DestroyObject(elsewhere, first), CKR_OBJECT_HANDLE_INVALID);

        /* They end with the session that made them, whoever sees them. */
        assert_int_equal(C_CloseSession(a), CKR_OK);
        assert_int_equal(C_GetObjectSize(b, first, &size), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(count_secrets(b), 1);
        assert_int_equal(C_DestroyObject(b, second), CKR_OK);
        assert_int_equal(C_DestroyObject(b, second), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(count_secrets(b), 0);
}

static void test_logout_drops_private(void **state _unused_) {
        CK_SESSION_HANDLE session = open_session(0, 0);
        CK_OBJECT_HANDLE private, public;
        CK_ULONG size;

        assert_int_equal(login(session, NULL), CKR_OK);
        assert_int_equal(create(session, CK_TRUE, &private), CKR_OK);
        assert_int_equal(create(session, CK_FALSE, &public), CKR_OK);
        assert_int_equal(C_Logout(session), CKR_OK);
        assert_int_equal(C_GetObjectSize(session, private, &size), CKR_OBJECT_HANDLE_INVALID);
        assert_int_equal(C_GetObjectSize(session, public, &size), CKR_OK);
}

static void test_object_limit(void **state _unused_) {
        CK_SESSION_HANDLE session = open_session(0, 0);
        CK_OBJECT_HANDLE o = 0;

        for (int i = 0; i < SESSION_OBJECTS_MAX; i++)
                assert_int_equal(create(session, CK_FALSE, &o), CKR_OK);
        assert_int_equal(create(session, CK_FALSE, &o), CKR_DEVICE_MEMORY);
        assert_int_equal(C_DestroyObject(session, o), CKR_OK);
        assert_int_equal(create(session, CK_FALSE, &o), CKR_OK);
}

static void test_token_objects_stay(void **state _unused_) {
        CK_SESSION_HANDLE session = open_session(0, CKF_RW_SESSION);
        CK_OBJECT_HANDLE o = 0;
        CK_ULONG n = 0;

        assert_int_equal(C_FindObjectsInit(session, NULL, 0), CKR_OK);
        assert_int_equal(C_FindObjects(session, &o, 1, &n), CKR_OK);
        assert_int_equal(n, 1);
        assert_int_equal(C_DestroyObject(session, o), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_SessionCancel(session, CKF_FIND_OBJECTS | CKF_SIGN | CKF_ENCRYPT), CKR_OK);
        assert_int_equal(C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
        assert_int_equal(C_SessionCancel(999, 0), CKR_SESSION_HANDLE_INVALID);
}

/* --- what there is not ---------------------------------------------------------------------------------- */

static void test_unsupported(void **state _unused_) {
        CK_SESSION_HANDLE s = open_session(0, 0);

        assert_int_equal(C_EncryptInit(s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_VerifyInit(s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_SignRecoverInit(s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_GenerateKeyPair(s, NULL, NULL, 0, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_MessageSignInit(s, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_MessageVerifyFinal(s), CKR_FUNCTION_NOT_SUPPORTED);
        assert_int_equal(C_GetFunctionStatus(s), CKR_FUNCTION_NOT_PARALLEL);
        assert_int_equal(C_CancelFunction(s), CKR_FUNCTION_NOT_PARALLEL);
        assert_int_equal(C_InitPIN(s, NULL, 0), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_SetPIN(s, NULL, 0, NULL, 0), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_InitToken(0, NULL, 0, NULL), CKR_TOKEN_WRITE_PROTECTED);
        assert_int_equal(C_InitToken(5, NULL, 0, NULL), CKR_SLOT_ID_INVALID);
}

/* --- threads -------------------------------------------------------------------------------------------- */

static atomic_bool stop;

static bool is_allowed(CK_RV rv) {
        return rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_CRYPTOKI_NOT_INITIALIZED ||
               rv == CKR_SLOT_ID_INVALID || rv == CKR_OPERATION_NOT_INITIALIZED || rv == CKR_OBJECT_HANDLE_INVALID ||
               rv == CKR_USER_ALREADY_LOGGED_IN || rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_OPERATION_ACTIVE;
}

/* Opens, searches, makes objects, and closes what it has and what it has not. Returns the answers that no host expects.
 */
static void *worker(void *userdata _unused_) {
        uintptr_t wrong = 0;

        while (!atomic_load(&stop)) {
                CK_SESSION_HANDLE session = 0;
                CK_OBJECT_HANDLE o = 0;
                CK_SESSION_INFO info;
                CK_ULONG n;
                CK_RV rv[9];

                rv[0] = C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session);
                rv[1] = C_GetSessionInfo(session, &info);
                rv[2] = C_FindObjectsInit(session, NULL, 0);
                rv[3] = C_FindObjects(session, &o, 1, &n);
                rv[4] = create(session, CK_TRUE, &o);
                rv[5] = C_Login(session, CKU_USER, NULL, 0);
                rv[6] = C_Logout(session);
                rv[7] = C_GetSessionInfo(session > 1 ? session - 1 : 1, &info);
                rv[8] = C_CloseSession(session % 2 ? session : session + 1);
                for (size_t i = 0; i < ELEMENTSOF(rv); i++)
                        wrong += !is_allowed(rv[i]);
        }
        return (void *) wrong;
}

static void run_workers(void (*disturb)(int round)) {
        pthread_t threads[4];
        void *wrong;

        atomic_store(&stop, false);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, worker, NULL), 0);
        for (int round = 0; round < 200; round++)
                disturb(round);
        atomic_store(&stop, true);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                assert_int_equal(pthread_join(threads[i], &wrong), 0);
                assert_null(wrong);
        }
}

static void close_all(int round) {
        usleep(500);
        assert_int_equal(C_CloseAllSessions(0), CKR_OK);
        if (round % 10 == 0)
                fake_tokens_changed();
}

static void restart(int round _unused_) {
        usleep(500);
        assert_int_equal(C_Finalize(NULL), CKR_OK);
        assert_int_equal(C_Initialize(NULL), CKR_OK);
}

static void test_threads_close_all(void **state _unused_) {
        assert_int_equal(count_slots(CK_TRUE), 1);
        run_workers(close_all);
}

static void test_threads_finalize(void **state _unused_) {
        run_workers(restart);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_list, begin, end),
                cmocka_unit_test_setup_teardown(test_slot_info, begin, end),
                cmocka_unit_test_setup_teardown(test_token_info, begin, end),
                cmocka_unit_test_setup_teardown(test_mechanisms, begin, end),
                cmocka_unit_test_setup_teardown(test_events, begin, end),
                cmocka_unit_test_setup_teardown(test_sessions, begin, end),
                cmocka_unit_test_setup_teardown(test_token_gone, begin, end),
                cmocka_unit_test_setup_teardown(test_session_limit, begin, end),
                cmocka_unit_test_setup_teardown(test_login_ready, begin, end),
                cmocka_unit_test_setup_teardown(test_login_locked, begin, end),
                cmocka_unit_test_setup_teardown(test_login_not_allowed, begin, end),
                cmocka_unit_test_setup_teardown(test_session_objects, begin, end),
                cmocka_unit_test_setup_teardown(test_logout_drops_private, begin, end),
                cmocka_unit_test_setup_teardown(test_object_limit, begin, end),
                cmocka_unit_test_setup_teardown(test_token_objects_stay, begin, end),
                cmocka_unit_test_setup_teardown(test_unsupported, begin, end),
                cmocka_unit_test_setup_teardown(test_threads_close_all, begin, end),
                cmocka_unit_test_setup_teardown(test_threads_finalize, begin, end),
        };
        int failed;

        fake_start();
        failed = cmocka_run_group_tests_name("slots and sessions", tests, NULL, NULL);
        fake_stop();
        return failed;
}
