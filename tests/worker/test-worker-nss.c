/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another module than SoftHSM: NSS's own token over a certificate database, which wants arguments to be initialised,
 * keeps keys without labels, and reads attributes in its own way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/ossl.h"
#include "judge.h"
#include "worker-lab.h"

static const char *const modules[] = {
        "/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
        "/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
        "/usr/lib/libsoftokn3.so",
};

static WorkerLab lab;
static LabLink worker;
static LabAnswer answer;
static const uint8_t digest[32] = { 7 };

/* Runs certutil with these words before the database's; false when it fails. */
static bool certutil(const char *words) {
        char command[1024];
        int status;

        (void) snprintf(command, sizeof(command), "cd %s && certutil %s -d sql:nss -f pin >/dev/null 2>&1 </dev/null",
                        lab.directory, words);
        status = system(command); /* NOLINT(cert-env33-c): words of this file alone */
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void leave_out(const char *why) {
        (void) fprintf(stderr, "SKIP: %s\n", why);
        lab_end(&lab);
        exit(77);
}

static int setup(void **state) {
        const char *module = NULL;
        char more[512], path[128];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(modules) && !module; i++)
                module = access(modules[i], R_OK) == 0 ? modules[i] : NULL;
        if (!lab_begin(&lab))
                leave_out("SoftHSM is not installed");
        if (!module)
                leave_out("NSS is not installed");
        (void) snprintf(path, sizeof(path), "%s/nss", lab.directory);
        if (mkdir(path, 0700) < 0)
                return -1;
        (void) snprintf(path, sizeof(path), "%s/noise", lab.directory);
        lab_write(path, "what certutil wants from a keyboard");
        lab_write(lab.pin_file, MAKER_PIN "\n");
        if (!certutil("-N"))
                leave_out("certutil of libnss3-tools is not installed");
        if (!certutil("-S -n alice-rsa -s CN=alice -x -t ,, -z noise -k rsa -g 2048") ||
            !certutil("-S -n alice-ec -s CN=alice-ec -x -t ,, -z noise -k ec -q nistp256"))
                return -1;

        (void) snprintf(more, sizeof(more),
                        "init-args = \"configDir='sql:%s/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags=\"\n",
                        lab.directory);
        lab_configure(&lab, "NSS Certificate DB", module, MAKER_PIN "\n", more);
        lab_start(&lab);
        return link_attach(&lab, &worker) ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        link_close(&worker);
        lab_end(&lab);
        return 0;
}

static void lists(void **state) {
        (void) state;
        assert_int_equal(worker.code, WORKER_OK);
        assert_int_equal(worker.n_keys, 2);
        assert_int_equal(worker.n_certs, 2);
        assert_int_equal(link_key(&worker, "alice-rsa")->type, KEY_TYPE_RSA);
        assert_int_equal(link_key(&worker, "alice-ec")->type, KEY_TYPE_EC_P256);
}

static void signs(void **state) {
        const LabKey *rsa = link_key(&worker, "alice-rsa"), *ec = link_key(&worker, "alice-ec");
        FrameSign q[] = {
                { .handle = rsa->handle, .padding = PADDING_PKCS1, .hash = HASH_SHA256, .data = { digest, 32 } },
                { .handle = rsa->handle,
                  .padding = PADDING_PSS,
                  .hash = HASH_SHA256,
                  .salt_length = 32,
                  .data = { digest, 32 } },
                { .handle = ec->handle, .hash = HASH_SHA256, .data = { digest, 32 } },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(q); i++) {
                assert_int_equal(link_sign(&worker, &q[i], &answer), WORKER_OK);
                assert_true(judge_verifies(i < 2 ? rsa->public : ec->public, &q[i], answer.data, answer.size));
        }
}

static void decrypts(void **state) {
        const LabKey *rsa = link_key(&worker, "alice-rsa");
        FrameDecrypt q[] = {
                { .handle = rsa->handle, .padding = PADDING_PKCS1, .content_key = true, .key_length = 32 },
                { .handle = rsa->handle,
                  .padding = PADDING_OAEP,
                  .hash = HASH_SHA256,
                  .mgf_hash = HASH_SHA1,
                  .content_key = true },
        };
        uint8_t c[256], first[32];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(q); i++) {
                q[i].ciphertext = (Blob){ c, judge_encrypt(rsa->public, &q[i], digest, sizeof(digest), c) };
                assert_int_equal(link_decrypt(&worker, &q[i], &answer), WORKER_OK);
                assert_int_equal(answer.size, sizeof(digest));
                assert_memory_equal(answer.data, digest, sizeof(digest));
        }
        memset(c, 1, sizeof(c));
        q[0].ciphertext = (Blob){ c, sizeof(c) };
        assert_int_equal(link_decrypt(&worker, &q[0], &answer), WORKER_OK);
        memcpy(first, answer.data, sizeof(first));
        assert_int_equal(link_decrypt(&worker, &q[0], &answer), WORKER_OK);
        assert_memory_equal(answer.data, first, sizeof(first));
}

static void derives(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ours = make_ec("P-256");
        const LabKey *ec = link_key(&worker, "alice-ec");
        uint8_t peer[65], secret[32];
        FrameDerive q = { .handle = ec->handle, .peer = { peer, judge_peer(ours, peer, sizeof(peer)) } };

        (void) state;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_OK);
        assert_int_equal(judge_agree(ours, ec->public, secret, sizeof(secret)), answer.size);
        assert_memory_equal(answer.data, secret, answer.size);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(lists), cmocka_unit_test(signs),
                                            cmocka_unit_test(decrypts), cmocka_unit_test(derives) };

        return cmocka_run_group_tests(tests, setup, teardown);
}
