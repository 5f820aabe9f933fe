/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module that hangs, crashes, exits, lies or lacks something: one worker suffers, says so or ends, and the next one
 * serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <time.h>

#include "common/ossl.h"
#include "judge.h"
#include "worker-lab.h"

static const uint8_t ed25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

static WorkerLab lab;
static LabAnswer answer;

static int setup(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ec = make_ec("P-256"), *rsa = make_rsa(2048);
        TokenMaker m;

        (void) state;
        if (!lab_begin(&lab)) {
                (void) fprintf(stderr, "SKIP: SoftHSM is not installed\n");
                exit(77);
        }
        maker_begin(&m, "mail");
        maker_import(&m, ec, "ec", 1, MAKE_PAIR);
        maker_import(&m, rsa, "rsa", 2, MAKE_PAIR | MAKE_CERTIFICATE);
        maker_generate_edwards(&m, ed25519_oid, sizeof(ed25519_oid), "ed25519", 3);
        maker_end(&m);
        return 0;
}

static int teardown(void **state) {
        (void) state;
        lab_end(&lab);
        return 0;
}

static int begin_test(void **state) {
        (void) state;
        lab_control(&lab, "");
        (void) unlink(lab.log);
        (void) unlink(lab.errors);
        lab_configure(&lab, "mail", LAB_FAULTY, MAKER_PIN "\n", "start-deadline = 2\nworkers = 3");
        lab_start(&lab);
        return 0;
}

static int end_test(void **state) {
        (void) state;
        lab_stop(&lab);
        return 0;
}

/* --- requests --- */

typedef enum What { SIGN_EC, SIGN_RSA, SIGN_ED25519, DECRYPT_RSA, DERIVE_EC } What;

static const uint8_t message[32] = { 1, 2, 3 };

/* The answer's code, or -1 when the worker hung up. Answers are judged. */
static int request(LabLink *l, What what, uint32_t deadline_ms) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ours = NULL;
        FrameSign sign = { .deadline_ms = deadline_ms, .hash = HASH_SHA256, .data = { message, sizeof(message) } };
        FrameDecrypt decrypt = { .deadline_ms = deadline_ms, .padding = PADDING_PKCS1 };
        FrameDerive derive = { .deadline_ms = deadline_ms };
        const LabKey *k = link_key(l, what == SIGN_EC || what == DERIVE_EC ? "ec"
                                      : what == SIGN_ED25519               ? "ed25519"
                                                                           : "rsa");
        uint8_t bytes[256];
        int r;

        switch (what) {
        case DECRYPT_RSA:
                decrypt.handle = k->handle;
                decrypt.ciphertext =
                        (Blob){ bytes, judge_encrypt(k->public, &decrypt, message, sizeof(message), bytes) };
                r = link_decrypt(l, &decrypt, &answer);
                if (r == 0)
                        assert_memory_equal(answer.data, message, sizeof(message));
                return r;
        case DERIVE_EC:
                ours = make_ec("P-256");
                derive.handle = k->handle;
                derive.peer = (Blob){ bytes, judge_peer(ours, bytes, sizeof(bytes)) };
                r = link_derive(l, &derive, &answer);
                if (r == 0) {
                        assert_int_equal(judge_agree(ours, k->public, bytes, sizeof(bytes)), answer.size);
                        assert_memory_equal(answer.data, bytes, answer.size);
                }
                return r;
        default:
                sign.handle = k->handle;
                sign.padding = what == SIGN_RSA ? PADDING_PKCS1 : PADDING_NONE;
                sign.hash = what == SIGN_ED25519 ? HASH_NONE : HASH_SHA256;
                r = link_sign(l, &sign, &answer);
                if (r == 0)
                        assert_true(judge_verifies(k->public, &sign, answer.data, answer.size));
                return r;
        }
}

/* A fresh worker serves everything. */
static void all_is_well(void) {
        LabLink l;

        lab_control(&lab, "");
        assert_true(link_attach(&lab, &l));
        assert_int_equal(l.code, WORKER_OK);
        for (What what = SIGN_EC; what <= DERIVE_EC; what++)
                assert_int_equal(request(&l, what, 0), WORKER_OK);
        link_close(&l);
}

static double seconds_since(const struct timespec *since) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (double) (now.tv_sec - since->tv_sec) + (double) (now.tv_nsec - since->tv_nsec) / 1e9;
}

/* --- faults in a request --- */

static const struct {
        const char *call;
        What what;
} in_request[] = {
        { "C_SignInit", SIGN_EC },
        { "C_Sign", SIGN_RSA },
        { "C_Sign", SIGN_ED25519 },
        { "C_DecryptInit", DECRYPT_RSA },
        { "C_Decrypt", DECRYPT_RSA },
        { "C_DeriveKey", DERIVE_EC },
        { "C_GetAttributeValue", DERIVE_EC },
        { "C_DestroyObject", DERIVE_EC },
};

/* What kills a process in a request: the request is lost, another worker goes on, the next worker is well. */
static void ends_in_request(void **state) {
        static const char *const faults[] = { "crash", "abort", "exit 0", "exit 1" };
        char control[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(in_request); i++) {
                LabLink l, beside;

                assert_true(link_attach(&lab, &l) && link_attach(&lab, &beside));
                (void) snprintf(control, sizeof(control), "%s %s\n", in_request[i].call,
                                faults[i % ELEMENTSOF(faults)]);
                lab_control(&lab, control);
                assert_int_equal(request(&l, in_request[i].what, 0), -1);
                lab_control(&lab, "");
                assert_int_equal(request(&beside, in_request[i].what, 0), WORKER_OK);
                link_close(&l);
                link_close(&beside);
        }
        all_is_well();
        assert_true(lab_logged(&lab, "killed by signal 11 (SEGV)"));
        assert_true(lab_logged(&lab, "killed by signal 6 (ABRT)"));
        assert_true(lab_logged(&lab, "ended with status 1"));
}

/* One that hangs ends by itself at the request's deadline. */
static void hangs_in_request(void **state) {
        char control[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(in_request); i++) {
                struct timespec since;
                LabLink l;

                assert_true(link_attach(&lab, &l));
                (void) snprintf(control, sizeof(control), "%s hang\n", in_request[i].call);
                lab_control(&lab, control);
                (void) clock_gettime(CLOCK_MONOTONIC, &since);
                assert_int_equal(request(&l, in_request[i].what, 300), -1);
                assert_true(seconds_since(&since) > 0.25);
                assert_true(seconds_since(&since) < 5);
                lab_control(&lab, "");
                link_close(&l);
        }
        all_is_well();
        assert_true(lab_logged(&lab, "took longer than allowed"));
}

static void slow_is_not_late(void **state) {
        LabLink l;

        (void) state;
        assert_true(link_attach(&lab, &l));
        lab_control(&lab, "C_Sign delay 300\n");
        for (int i = 0; i < 4; i++)
                assert_int_equal(request(&l, SIGN_EC, 1500), WORKER_OK);
        link_close(&l);
}

/* What each error means: to the request, and to the worker. */
static void errors_in_request(void **state) {
        static const struct {
                const char *control;
                What what;
                WorkerCode code;
                bool ends;
        } table[] = {
                { "C_Sign error 0xb3", SIGN_EC, WORKER_DEVICE_ERROR, true }, /* CKR_SESSION_HANDLE_INVALID */
                { "C_SignInit error 0xb3", SIGN_RSA, WORKER_DEVICE_ERROR, true },
                { "C_Sign error 0x32", SIGN_EC, WORKER_DEVICE_ERROR, true },        /* CKR_DEVICE_REMOVED */
                { "C_Sign error 0x30", SIGN_EC, WORKER_DEVICE_ERROR, true },        /* CKR_DEVICE_ERROR */
                { "C_SignInit error 0x101", SIGN_EC, WORKER_DEVICE_ERROR, true },   /* CKR_USER_NOT_LOGGED_IN */
                { "C_Sign error 0x5", SIGN_EC, WORKER_DEVICE_ERROR, true },         /* CKR_GENERAL_ERROR */
                { "C_Sign error 0x80001234", SIGN_EC, WORKER_DEVICE_ERROR, true },  /* a vendor's own */
                { "C_SignInit error 0x60", SIGN_EC, WORKER_NO_SUCH_KEY, false },    /* CKR_KEY_HANDLE_INVALID */
                { "C_SignInit error 0x82", SIGN_EC, WORKER_NO_SUCH_KEY, false },    /* CKR_OBJECT_HANDLE_INVALID */
                { "C_SignInit error 0x70", SIGN_EC, WORKER_NOT_SUPPORTED, false },  /* CKR_MECHANISM_INVALID */
                { "C_SignInit error 0x68", SIGN_RSA, WORKER_NOT_SUPPORTED, false }, /* CKR_KEY_FUNCTION_NOT_PERMITTED */
                { "C_Sign error 0x21", SIGN_EC, WORKER_INVALID_INPUT, false },      /* CKR_DATA_LEN_RANGE */
                { "C_Decrypt error 0x32", DECRYPT_RSA, WORKER_DEVICE_ERROR, true },
                { "C_Decrypt error 0xb3", DECRYPT_RSA, WORKER_DEVICE_ERROR, true },
                { "C_Decrypt error 0x41", DECRYPT_RSA, WORKER_DECRYPTION_FAILED,
                  false }, /* CKR_ENCRYPTED_DATA_LEN_RANGE */
                { "C_DecryptInit error 0x60", DECRYPT_RSA, WORKER_NO_SUCH_KEY, false },
                { "C_DeriveKey error 0x32", DERIVE_EC, WORKER_DEVICE_ERROR, true },
                { "C_DeriveKey error 0x68", DERIVE_EC, WORKER_NOT_SUPPORTED, false },
                { "C_GetAttributeValue error 0x11", DERIVE_EC, WORKER_NOT_SUPPORTED,
                  false }, /* CKR_ATTRIBUTE_SENSITIVE */
                { "C_DestroyObject error 0x32", DERIVE_EC, WORKER_DEVICE_ERROR, true },
                /* Lies: no faulty RSA or Ed25519 signature leaves, and no answer of another size. */
                { "C_Sign garbage", SIGN_RSA, WORKER_DEVICE_ERROR, true },
                { "C_Sign garbage", SIGN_ED25519, WORKER_DEVICE_ERROR, true },
                { "C_Sign short", SIGN_RSA, WORKER_DEVICE_ERROR, true },
                { "C_Sign short", SIGN_EC, WORKER_DEVICE_ERROR, true },
                { "C_Sign short", SIGN_ED25519, WORKER_DEVICE_ERROR, true },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                LabLink l;

                assert_true(link_attach(&lab, &l));
                lab_control(&lab, table[i].control);
                if (request(&l, table[i].what, 0) != (int) table[i].code)
                        fail_msg("%s: %s", table[i].control, answer.lost ? "lost" : worker_code_to_string(answer.code));
                lab_control(&lab, "");
                if (table[i].ends)
                        assert_true(link_ended(&l, 5000));
                else
                        assert_int_equal(request(&l, table[i].what, 0), WORKER_OK);
                link_close(&l);
        }
        all_is_well();
}

/* --- faults while a worker starts --- */

static const char *const at_start[] = {
        "C_Initialize",  "C_GetInfo", "C_GetSlotList",     "C_GetSlotInfo", "C_GetTokenInfo",      "C_GetMechanismList",
        "C_OpenSession", "C_Login",   "C_FindObjectsInit", "C_FindObjects", "C_GetAttributeValue",
};

static void ends_at_start(void **state) {
        static const char *const faults[] = { "crash", "exit 3", "abort" };
        char control[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(at_start); i++) {
                LabLink l;

                (void) snprintf(control, sizeof(control), "%s %s\n", at_start[i], faults[i % ELEMENTSOF(faults)]);
                lab_control(&lab, control);
                assert_false(link_attach(&lab, &l));
                link_close(&l);
                lab_control(&lab, "");
                assert_true(link_attach(&lab, &l));
                assert_int_equal(l.code, WORKER_OK);
                link_close(&l);
        }
        all_is_well();
}

static void hangs_at_start(void **state) {
        static const char *const calls[] = { "C_Initialize", "C_Login", "C_FindObjects" };
        char control[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                struct timespec since;
                LabLink l;

                (void) snprintf(control, sizeof(control), "%s hang\n", calls[i]);
                lab_control(&lab, control);
                (void) clock_gettime(CLOCK_MONOTONIC, &since);
                assert_false(link_attach(&lab, &l));
                assert_true(seconds_since(&since) > 1.5);
                assert_true(seconds_since(&since) < 10);
                link_close(&l);
        }
        all_is_well();
}

/* libp11 waits forever for a session that it cannot open: the start's deadline ends that too. */
static void libp11_waits(void **state) {
        LabLink l;

        (void) state;
        lab_control(&lab, "C_OpenSession from 2 error 0xb1\n");
        assert_false(link_attach(&lab, &l));
        link_close(&l);
        all_is_well();
}

/* Workers that serve go on while another one hangs in its start, and the one that waits for its turn gets it. */
static void hang_at_start_is_alone(void **state) {
        LabLink serving, hanging, next;

        (void) state;
        assert_true(link_attach(&lab, &serving));
        lab_control(&lab, "C_Login hang-deaf\n");
        hanging = (LabLink){ .fd = lab_connect(&lab) };
        uint8_t packet[FRAME_MAX];
        ssize_t n = frame_encode_empty(FRAME_ATTACH, 1, packet);
        assert_int_equal(write(hanging.fd, packet, (size_t) n), n);
        for (int i = 0; i < 200 && lab_count_calls(&lab, "C_Login user") < 2; i++)
                (void) nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        lab_control(&lab, "");
        for (int i = 0; i < 20; i++)
                assert_int_equal(request(&serving, SIGN_EC, 0), WORKER_OK);

        /* signetd's patience ends before ours. */
        link_close(&hanging);
        assert_true(link_attach(&lab, &next));
        assert_int_equal(next.code, WORKER_OK);
        link_close(&next);
        link_close(&serving);
}

static void errors_at_start(void **state) {
        static const struct {
                const char *control;
                WorkerCode code;
        } table[] = {
                { "C_Initialize error 0x30", WORKER_MODULE_FAILED },
                { "C_GetSlotList error 0x5", WORKER_MODULE_FAILED },
                { "C_GetTokenInfo from 2 error 0xe0", WORKER_TOKEN_ABSENT },
                { "C_OpenSession error 0xb1", WORKER_MODULE_FAILED },
                { "C_OpenSession error 0x32", WORKER_TOKEN_ABSENT },
                { "C_Login error 0x5", WORKER_MODULE_FAILED },
                { "C_Login error 0x102", WORKER_LOCKED }, /* CKR_USER_PIN_NOT_INITIALIZED */
                { "C_FindObjectsInit error 0x5", WORKER_MODULE_FAILED },
                { "C_FindObjects error 0x32", WORKER_MODULE_FAILED },
                { "C_GetAttributeValue error 0x30", WORKER_MODULE_FAILED },
                { "C_GetMechanismList error 0x5", WORKER_OK }, /* then it has none */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                LabLink l;

                lab_control(&lab, table[i].control);
                assert_true(link_attach(&lab, &l));
                if (l.code != table[i].code)
                        fail_msg("%s: %s", table[i].control, worker_code_to_string(l.code));
                if (l.code == WORKER_MODULE_FAILED || l.code == WORKER_TOKEN_ABSENT)
                        assert_true(link_ended(&l, 5000));
                link_close(&l);
        }

        /* None of these was about the PIN: it is still good. */
        all_is_well();
}

static void fails_while_unlocking(void **state) {
        (void) state;
        assert_int_equal(lab_lock(&lab, &answer), WORKER_OK);
        lab_control(&lab, "C_Login crash\n");
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_DEVICE_ERROR);
        assert_non_null(strstr(answer.message, "did not come back"));
        lab_control(&lab, "C_Login hang\n");
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_DEVICE_ERROR);
        lab_control(&lab, "C_Login error 0x5\n");
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_MODULE_FAILED);
        lab_control(&lab, "");
        assert_int_equal(lab_unlock(&lab, MAKER_PIN, &answer), WORKER_OK);
        all_is_well();
}

/* --- configurations that cannot work --- */

static void wrong_configuration(void **state) {
        static const struct {
                const char *module, *label;
                WorkerCode code;
                const char *says;
        } table[] = {
                { "/nowhere/module.so", "mail", WORKER_MODULE_FAILED, "/nowhere/module.so" },
                { "/etc/passwd", "mail", WORKER_MODULE_FAILED, "cannot load" },
                { "/lib/x86_64-linux-gnu/libm.so.6", "mail", WORKER_MODULE_FAILED, "" },
                { NULL, "nobody", WORKER_TOKEN_ABSENT, "\"mail\" (serial " },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                LabLink l;

                lab_stop(&lab);
                lab_configure(&lab, table[i].label, table[i].module, MAKER_PIN, NULL);
                lab_start(&lab);
                assert_true(link_attach(&lab, &l));
                if (l.code != table[i].code || !strstr(l.message, table[i].says))
                        fail_msg("row %zu: %s: %s", i, worker_code_to_string(l.code), l.message);
                assert_true(link_ended(&l, 5000));
                link_close(&l);
        }
}

/* --- tokens that lack something --- */

static int decrypt(LabLink *l, FrameDecrypt *q, const uint8_t *c, size_t n) {
        q->handle = link_key(l, "rsa")->handle;
        q->ciphertext = (Blob){ c, n };
        return link_decrypt(l, q, &answer);
}

/* Without raw RSA the token unpads. What it says of a bad padding must not come out, nor differ between two workers.
 * `control`: how raw RSA is missing. */
static void decrypts_without_raw(const char *control) {
        FrameDecrypt raw = { .padding = PADDING_PKCS1 },
                     key = { .padding = PADDING_PKCS1, .content_key = true, .key_length = 16 },
                     none = { .padding = PADDING_NONE },
                     oaep = { .padding = PADDING_OAEP, .hash = HASH_SHA1, .mgf_hash = HASH_SHA1 };
        uint8_t em[256], good[256], bad[256], first[16];
        LabLink a, b;

        lab_control(&lab, control);
        assert_true(link_attach(&lab, &a) && link_attach(&lab, &b));
        assert_int_equal(judge_encrypt(link_key(&a, "rsa")->public, &raw, message, 16, good), sizeof(good));
        assert_int_equal(decrypt(&a, &raw, good, sizeof(good)), WORKER_OK);
        assert_int_equal(answer.size, 16);
        assert_memory_equal(answer.data, message, 16);
        assert_int_equal(decrypt(&a, &key, good, sizeof(good)), WORKER_OK);
        assert_memory_equal(answer.data, message, 16);

        assert_int_equal(RAND_bytes(em, sizeof(em)), 1);
        em[0] = 0;
        em[1] = 1;
        assert_int_equal(judge_encrypt(link_key(&a, "rsa")->public, &none, em, sizeof(em), bad), sizeof(bad));
        assert_int_equal(decrypt(&a, &key, bad, sizeof(bad)), WORKER_OK);
        assert_int_equal(answer.size, 16);
        memcpy(first, answer.data, 16);
        assert_int_equal(decrypt(&b, &key, bad, sizeof(bad)), WORKER_OK);
        assert_memory_equal(answer.data, first, 16);
        assert_int_equal(decrypt(&a, &raw, bad, sizeof(bad)), WORKER_OK);

        /* Some cards answer a bad padding with CKR_DEVICE_ERROR. */
        char with_error[256];
        (void) snprintf(with_error, sizeof(with_error), "%sC_Decrypt error 0x30\n", control);
        lab_control(&lab, with_error);
        assert_int_equal(decrypt(&b, &key, bad, sizeof(bad)), WORKER_OK);
        assert_memory_equal(answer.data, first, 16);
        lab_control(&lab, control);

        /* SoftHSM's own OAEP knows SHA-1. */
        assert_int_equal(judge_encrypt(link_key(&a, "rsa")->public, &oaep, message, 16, good), sizeof(good));
        assert_int_equal(decrypt(&a, &oaep, good, sizeof(good)), WORKER_OK);
        assert_memory_equal(answer.data, message, 16);
        good[100] ^= 1;
        assert_int_equal(decrypt(&a, &oaep, good, sizeof(good)), WORKER_DECRYPTION_FAILED);
        oaep.hash = oaep.mgf_hash = HASH_SHA256;
        assert_int_equal(judge_encrypt(link_key(&a, "rsa")->public, &oaep, message, 16, good), sizeof(good));
        assert_int_equal(decrypt(&a, &oaep, good, sizeof(good)), WORKER_NOT_SUPPORTED);
        link_close(&a);
        link_close(&b);
}

static void without_raw_rsa(void **state) {
        (void) state;
        decrypts_without_raw("C_GetMechanismList without 0x3\n"); /* CKM_RSA_X_509 */
}

static void without_any_decryption(void **state) {
        FrameDecrypt q = { .padding = PADDING_OAEP, .hash = HASH_SHA1, .mgf_hash = HASH_SHA1 };
        uint8_t c[256];
        LabLink l;

        (void) state;
        lab_control(&lab,
                    "C_GetMechanismList without 0x3\nC_GetMechanismList without 0x1\nC_GetMechanismList without 0x9\n");
        assert_true(link_attach(&lab, &l));
        assert_int_equal(judge_encrypt(link_key(&l, "rsa")->public, &q, message, 16, c), sizeof(c));
        assert_int_equal(decrypt(&l, &q, c, sizeof(c)), WORKER_NOT_SUPPORTED);
        q = (FrameDecrypt){ .padding = PADDING_PKCS1 };
        assert_int_equal(decrypt(&l, &q, c, sizeof(c)), WORKER_NOT_SUPPORTED);
        link_close(&l);
}

static void without_pss(void **state) {
        static const char *const controls[] = {
                "C_GetMechanismList without 0xd\n", /* CKM_RSA_PKCS_PSS: encoded here, then raw RSA */
                "C_GetMechanismList without 0xd\nC_GetMechanismList without 0x3\n", /* nor raw RSA */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(controls); i++)
                for (uint16_t salt = 0; salt <= 64; salt += 32) {
                        FrameSign q = { .padding = PADDING_PSS,
                                        .hash = HASH_SHA256,
                                        .salt_length = salt,
                                        .data = { message, 32 } };
                        LabLink l;

                        lab_control(&lab, controls[i]);
                        assert_true(link_attach(&lab, &l));
                        q.handle = link_key(&l, "rsa")->handle;
                        assert_int_equal(link_sign(&l, &q, &answer), i == 0 ? WORKER_OK : WORKER_NOT_SUPPORTED);
                        if (i == 0)
                                assert_true(judge_verifies(link_key(&l, "rsa")->public, &q, answer.data, answer.size));
                        link_close(&l);
                }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_test, end_test)
        const struct CMUnitTest tests[] = {
                TEST(ends_in_request),        TEST(hangs_in_request),
                TEST(slow_is_not_late),       TEST(errors_in_request),
                TEST(ends_at_start),          TEST(hangs_at_start),
                TEST(libp11_waits),           TEST(hang_at_start_is_alone),
                TEST(errors_at_start),        TEST(fails_while_unlocking),
                TEST(wrong_configuration),    TEST(without_raw_rsa),
                TEST(without_any_decryption), TEST(without_pss),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
