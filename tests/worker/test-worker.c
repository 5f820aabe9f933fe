/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker over a SoftHSM token, spoken to as signetd speaks to it: the inventory, and what each kind of key does,
 * judged by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "common/ossl.h"
#include "judge.h"
#include "worker-lab.h"

static const uint8_t ed25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 }, x25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x6e };

static WorkerLab lab;
static LabLink worker;

/* --- the token --- */

static void import(TokenMaker *m, EVP_PKEY *key, const char *label, uint8_t id, unsigned what) {
        maker_import(m, key, label, id, what);
        EVP_PKEY_free(key);
}

static int setup(void **state) {
        TokenMaker m;

        (void) state;
        if (!lab_begin(&lab)) {
                (void) fprintf(stderr, "SKIP: SoftHSM is not installed\n");
                exit(77);
        }
        maker_begin(&m, "mail");
        import(&m, make_rsa(2048), "rsa", 1, MAKE_PAIR | MAKE_CERTIFICATE);
        import(&m, make_rsa(3072), "rsa-3072", 2, MAKE_PAIR);
        import(&m, make_rsa(2048), "rsa-sign", 3, MAKE_PAIR | MAKE_NO_DECRYPT);
        import(&m, make_rsa(2048), "rsa-decrypt", 4, MAKE_PAIR | MAKE_NO_SIGN);
        import(&m, make_rsa(2048), "rsa-private-only", 5, MAKE_PRIVATE);
        import(&m, make_rsa(2048), "rsa-each-time", 6, MAKE_PAIR | MAKE_ALWAYS_AUTHENTICATE);
        import(&m, make_rsa(1024), "rsa-small", 7, MAKE_PAIR);
        import(&m, make_ec("P-256"), "p256", 0x11, MAKE_PAIR);
        import(&m, make_ec("P-384"), "p384", 0x12, MAKE_PAIR);
        import(&m, make_ec("P-521"), "p521", 0x13, MAKE_PAIR);
        import(&m, make_ec("P-256"), "p256-certificate", 0x14, MAKE_PRIVATE | MAKE_CERTIFICATE);
        import(&m, make_ec("P-256"), "p256-alone", 0x15, MAKE_PRIVATE);
        import(&m, make_ec("P-256"), "p256-no-id", 0, MAKE_PAIR);
        import(&m, make_ec("P-256"), "p256-no-id-either", 0, MAKE_PAIR);
        import(&m, make_ec("P-256"), "p256-same-id", 0x11, MAKE_PAIR);
        import(&m, make_ec("secp256k1"), "koblitz", 0x16, MAKE_PAIR);
        maker_generate_edwards(&m, ed25519_oid, sizeof(ed25519_oid), "ed25519", 0x21);
        maker_generate_edwards(&m, x25519_oid, sizeof(x25519_oid), "x25519", 0x22);
        maker_oddities(&m);
        maker_end(&m);

        lab_configure(&lab, "mail", NULL, MAKER_PIN "\n", "workers = 3");
        lab_start(&lab);
        return link_attach(&lab, &worker) ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        link_close(&worker);
        lab_end(&lab);
        return 0;
}

/* --- inventory --- */

enum {
        SIGN = FRAME_KEY_SIGN,
        DECRYPT = FRAME_KEY_DECRYPT,
        DERIVE = FRAME_KEY_DERIVE,
        PRIVATE = FRAME_KEY_PRIVATE,
        EACH_TIME = FRAME_KEY_ALWAYS_AUTHENTICATE,
};

static void inventory(void **state) {
        static const struct {
                const char *label;
                KeyType type;
                uint8_t flags;
        } table[] = {
                { "rsa", KEY_TYPE_RSA, SIGN | DECRYPT },
                { "rsa-3072", KEY_TYPE_RSA, SIGN | DECRYPT },
                { "rsa-sign", KEY_TYPE_RSA, SIGN },
                { "rsa-decrypt", KEY_TYPE_RSA, DECRYPT },
                { "rsa-private-only", KEY_TYPE_RSA, SIGN | DECRYPT },
                { "rsa-each-time", KEY_TYPE_RSA, SIGN | DECRYPT | EACH_TIME },
                { "rsa-small", KEY_TYPE_UNKNOWN, SIGN | DECRYPT },
                { "p256", KEY_TYPE_EC_P256, SIGN | DERIVE },
                { "p384", KEY_TYPE_EC_P384, SIGN | DERIVE },
                { "p521", KEY_TYPE_EC_P521, SIGN | DERIVE },
                { "p256-certificate", KEY_TYPE_EC_P256, SIGN | DERIVE },
                { "p256-alone", KEY_TYPE_UNKNOWN, SIGN | DERIVE },
                { "p256-no-id", KEY_TYPE_EC_P256, SIGN | DERIVE },
                { "p256-no-id-either", KEY_TYPE_EC_P256, SIGN | DERIVE },
                { "p256-same-id", KEY_TYPE_EC_P256, SIGN | DERIVE },
                { "koblitz", KEY_TYPE_UNKNOWN, SIGN | DERIVE },
                { "ed25519", KEY_TYPE_ED25519, SIGN },
                { "x25519", KEY_TYPE_X25519, DERIVE },
        };

        (void) state;
        assert_int_equal(worker.code, WORKER_OK);
        assert_string_equal(worker.label, "mail");
        assert_int_equal(worker.pin_tries, 3);
        assert_int_equal(worker.n_certs, 2);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const LabKey *k = link_key(&worker, table[i].label);

                if (k->type != table[i].type || k->flags != (table[i].flags | PRIVATE))
                        fail_msg("%s: %s, flags %x", table[i].label, key_type_to_string(k->type), k->flags);
        }
        assert_int_equal(worker.n_keys, ELEMENTSOF(table));
        assert_true(lab_logged(&lab, "has neither public key nor certificate"));
}

static FrameSign sign_request(const LabKey *k, Padding padding, Hash hash, const uint8_t *digest) {
        return (FrameSign){ .handle = k->handle,
                            .padding = padding,
                            .hash = hash,
                            .salt_length = padding == PADDING_PSS ? (uint16_t) hash_size(hash) : 0,
                            .data = { digest, hash_size(hash) } };
}

/* Locked: what the public objects show, each key once; no private key. */
static void locked_inventory(void **state) {
        LabAnswer answer;
        WorkerLab other = lab;
        LabLink l;

        (void) state;
        other.supervisor = 0;
        (void) snprintf(other.socket, sizeof(other.socket), "%s/locked", lab.directory);
        (void) snprintf(other.config, sizeof(other.config), "%s/locked.conf", lab.directory);
        lab_configure(&other, "mail", NULL, NULL, NULL);
        lab_start(&other);
        assert_true(link_attach(&other, &l));
        assert_int_equal(l.code, WORKER_LOCKED);
        assert_non_null(strstr(l.message, "signetctl unlock locked"));
        assert_int_equal(link_key(&l, "rsa")->type, KEY_TYPE_RSA);
        assert_int_equal(link_key(&l, "rsa")->flags, SIGN | DECRYPT);
        assert_int_equal(link_key(&l, "p256-certificate")->flags, SIGN | DERIVE); /* from its certificate */
        assert_int_equal(link_key(&l, "ed25519")->flags, SIGN);
        assert_int_equal(link_key(&l, "x25519")->type, KEY_TYPE_X25519);
        assert_int_equal(link_key(&l, "koblitz")->type, KEY_TYPE_UNKNOWN);
        assert_int_equal(l.n_keys, 16); /* not the two that have a private object alone */
        assert_int_equal(l.n_certs, 2);

        for (size_t i = 0; i < l.n_keys; i++) {
                static const uint8_t digest[32];
                FrameSign q = sign_request(&l.keys[i], PADDING_NONE, HASH_SHA256, digest);

                assert_true((l.keys[i].flags & PRIVATE) == 0);
                assert_int_equal(link_sign(&l, &q, &answer), WORKER_LOCKED);
                for (size_t j = 0; j < i; j++)
                        if (l.keys[i].public && l.keys[j].public)
                                assert_int_not_equal(EVP_PKEY_eq(l.keys[i].public, l.keys[j].public), 1);
        }
        link_close(&l);
        lab_stop(&other);
}

/* --- signing --- */

static void sign_one(const LabKey *k, Padding padding, Hash hash, uint16_t salt, Blob data) {
        FrameSign q = { .handle = k->handle, .padding = padding, .hash = hash, .salt_length = salt, .data = data };
        LabAnswer answer;

        if (link_sign(&worker, &q, &answer) != WORKER_OK)
                fail_msg("%s, %s, %s: %s", k->label, padding_to_string(padding), hash_to_string(hash), answer.message);
        if (!judge_verifies(k->public, &q, answer.data, answer.size))
                fail_msg("%s, %s, %s, salt %u does not verify", k->label, padding_to_string(padding),
                         hash_to_string(hash), salt);
}

static void signs(void **state) {
        static const char *const keys[] = {
                "rsa",  "rsa-3072", "rsa-sign",         "rsa-private-only", "rsa-each-time",     "p256",
                "p384", "p521",     "p256-certificate", "p256-no-id",       "p256-no-id-either", "p256-same-id"
        };
        uint8_t digest[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const LabKey *k = link_key(&worker, keys[i]);

                for (Hash hash = HASH_SHA224; hash < _HASH_MAX; hash++) {
                        Blob data = { digest, hash_size(hash) };

                        assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
                        if (k->type != KEY_TYPE_RSA) {
                                sign_one(k, PADDING_NONE, hash, 0, data);
                                continue;
                        }
                        sign_one(k, PADDING_PKCS1, hash, 0, data);
                        sign_one(k, PADDING_PSS, hash, (uint16_t) hash_size(hash), data);
                        sign_one(k, PADDING_PSS, hash, 0, data);
                        sign_one(k, PADDING_PSS, hash, 20, data);
                }
        }
}

static void signs_ed25519(void **state) {
        static uint8_t message[FRAME_DATA_MAX];
        static const size_t sizes[] = { 0, 1, 100, 5000, sizeof(message) };
        const LabKey *k = link_key(&worker, "ed25519");

        (void) state;
        assert_int_equal(RAND_bytes(message, sizeof(message)), 1);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                sign_one(k, PADDING_NONE, HASH_NONE, 0, (Blob){ sizes[i] > 0 ? message : NULL, sizes[i] });
}

/* ECDSA signatures vary in length; their DER must not. */
static void ecdsa_der(void **state) {
        const LabKey *k = link_key(&worker, "p256");
        uint8_t digest[32];

        (void) state;
        for (int i = 0; i < 300; i++) {
                assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
                sign_one(k, PADDING_NONE, HASH_SHA256, 0, (Blob){ digest, sizeof(digest) });
        }
}

static void bad_sign_requests(void **state) {
        static const uint8_t digest[100];
        static const struct {
                const char *key;
                Padding padding;
                Hash hash;
                uint16_t salt;
                size_t size;
                WorkerCode code;
        } table[] = {
                { "rsa", PADDING_PKCS1, HASH_SHA256, 0, 31, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PKCS1, HASH_SHA256, 0, 33, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PKCS1, HASH_SHA256, 0, 0, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PKCS1, HASH_SHA1, 0, 20, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PKCS1, HASH_NONE, 0, 51, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PSS, HASH_NONE, 0, 32, WORKER_INVALID_INPUT },
                { "rsa", PADDING_NONE, HASH_SHA256, 0, 32, WORKER_INVALID_INPUT },
                { "rsa", PADDING_OAEP, HASH_SHA256, 0, 32, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PSS, HASH_SHA256, 223, 32, WORKER_INVALID_INPUT },
                { "rsa", PADDING_PSS, HASH_SHA256, 65535, 32, WORKER_INVALID_INPUT },
                { "p256", PADDING_PKCS1, HASH_SHA256, 0, 32, WORKER_INVALID_INPUT },
                { "p256", PADDING_PSS, HASH_SHA256, 0, 32, WORKER_INVALID_INPUT },
                { "p256", PADDING_NONE, HASH_SHA1, 0, 20, WORKER_INVALID_INPUT },
                { "p256", PADDING_NONE, HASH_NONE, 0, 32, WORKER_INVALID_INPUT },
                { "p256", PADDING_NONE, HASH_SHA384, 0, 32, WORKER_INVALID_INPUT },
                { "ed25519", PADDING_NONE, HASH_SHA512, 0, 64, WORKER_INVALID_INPUT },
                { "ed25519", PADDING_PKCS1, HASH_NONE, 0, 64, WORKER_INVALID_INPUT },
                { "x25519", PADDING_NONE, HASH_NONE, 0, 32, WORKER_NOT_SUPPORTED },
                { "rsa-decrypt", PADDING_PKCS1, HASH_SHA256, 0, 32, WORKER_NOT_SUPPORTED },
                { "koblitz", PADDING_NONE, HASH_SHA256, 0, 32, WORKER_NOT_SUPPORTED },
                { "p256-alone", PADDING_NONE, HASH_SHA256, 0, 32, WORKER_NOT_SUPPORTED },
                { "rsa-small", PADDING_PKCS1, HASH_SHA256, 0, 32, WORKER_NOT_SUPPORTED },
        };
        LabAnswer answer;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                FrameSign q = { .handle = link_key(&worker, table[i].key)->handle,
                                .padding = table[i].padding,
                                .hash = table[i].hash,
                                .salt_length = table[i].salt,
                                .data = { table[i].size > 0 ? digest : NULL, table[i].size } };

                if (link_sign(&worker, &q, &answer) != (int) table[i].code)
                        fail_msg("row %zu, %s: %s", i, table[i].key, worker_code_to_string(answer.code));
        }
        for (uint32_t handle = 0; handle < 3; handle++) {
                static const uint32_t handles[] = { 0, 1000, UINT32_MAX };
                FrameSign q = {
                        .handle = handles[handle], .padding = PADDING_PKCS1, .hash = HASH_SHA256, .data = { digest, 32 }
                };

                assert_int_equal(link_sign(&worker, &q, &answer), WORKER_NO_SUCH_KEY);
        }
        /* None of it hurt the worker. */
        sign_one(link_key(&worker, "rsa"), PADDING_PKCS1, HASH_SHA256, 0, (Blob){ digest, 32 });
}

/* --- decrypting --- */

static int decrypt(LabLink *l, const FrameDecrypt *how, const LabKey *k, const uint8_t *c, size_t n, LabAnswer *ret) {
        FrameDecrypt q = *how;

        q.handle = k->handle;
        q.ciphertext = (Blob){ c, n };
        return link_decrypt(l, &q, ret);
}

static void decrypts_pkcs1(void **state) {
        static const char *const keys[] = { "rsa", "rsa-3072", "rsa-decrypt", "rsa-private-only", "rsa-each-time" };
        static const size_t sizes[] = { 0, 1, 16, 20, 24, 32, 245 };
        uint8_t message[256], c[512];
        LabAnswer answer;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                for (size_t j = 0; j < ELEMENTSOF(sizes); j++) {
                        const LabKey *k = link_key(&worker, keys[i]);
                        FrameDecrypt raw = { .padding = PADDING_PKCS1 },
                                     cms = { .padding = PADDING_PKCS1, .content_key = true };
                        bool is_key = sizes[j] == 16 || sizes[j] == 24 || sizes[j] == 32;
                        size_t n;

                        assert_int_equal(RAND_bytes(message, sizeof(message)), 1);
                        n = judge_encrypt(k->public, &raw, message, sizes[j], c);
                        assert_int_equal(decrypt(&worker, &raw, k, c, n, &answer), WORKER_OK);
                        assert_int_equal(answer.size, sizes[j]);
                        assert_memory_equal(answer.data, message, sizes[j]);

                        assert_int_equal(decrypt(&worker, &cms, k, c, n, &answer), WORKER_OK);
                        assert_true(answer.size == 16 || answer.size == 24 || answer.size == 32);
                        assert_int_equal(answer.size == sizes[j] && memcmp(answer.data, message, sizes[j]) == 0,
                                         is_key);

                        cms.key_length = 24;
                        assert_int_equal(decrypt(&worker, &cms, k, c, n, &answer), WORKER_OK);
                        assert_int_equal(answer.size, 24);
                        assert_int_equal(memcmp(answer.data, message, 24) == 0, sizes[j] == 24);
                }
}

/* Bad padding gives the same bytes each time, from each worker, after a restart, and never an error. */
static void rejects_implicitly(void **state) {
        const LabKey *k = link_key(&worker, "rsa");
        FrameDecrypt none = { .padding = PADDING_NONE },
                     how[3] = { { .padding = PADDING_PKCS1 },
                                { .padding = PADDING_PKCS1, .content_key = true },
                                { .padding = PADDING_PKCS1, .content_key = true, .key_length = 32 } };
        uint8_t em[256], c[256];
        LabAnswer first[3], answer;
        LabLink second;

        (void) state;
        assert_int_equal(RAND_bytes(em, sizeof(em)), 1);
        em[0] = 0;
        em[1] = 3;
        assert_int_equal(judge_encrypt(k->public, &none, em, sizeof(em), c), sizeof(c));
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(decrypt(&worker, &how[i], k, c, sizeof(c), &first[i]), WORKER_OK);
                assert_int_equal(decrypt(&worker, &how[i], k, c, sizeof(c), &answer), WORKER_OK);
                assert_int_equal(answer.size, first[i].size);
                assert_memory_equal(answer.data, first[i].data, answer.size);
        }
        assert_int_equal(first[2].size, 32);

        assert_true(link_attach(&lab, &second));
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(decrypt(&second, &how[i], link_key(&second, "rsa"), c, sizeof(c), &answer), WORKER_OK);
                assert_int_equal(answer.size, first[i].size);
                assert_memory_equal(answer.data, first[i].data, answer.size);
        }
        link_close(&second);
        link_close(&worker);
        lab_stop(&lab);
        lab_start(&lab);
        assert_true(link_attach(&lab, &worker));
        k = link_key(&worker, "rsa");
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(decrypt(&worker, &how[i], k, c, sizeof(c), &answer), WORKER_OK);
                assert_int_equal(answer.size, first[i].size);
                assert_memory_equal(answer.data, first[i].data, answer.size);
        }
        c[200] ^= 1;
        assert_int_equal(decrypt(&worker, &how[2], k, c, sizeof(c), &answer), WORKER_OK);
        assert_memory_not_equal(answer.data, first[2].data, 32);
}

static void decrypts_oaep(void **state) {
        static const uint8_t label[] = "some label";
        const LabKey *k = link_key(&worker, "rsa");
        uint8_t message[256], c[256];
        LabAnswer answer;

        (void) state;
        assert_int_equal(RAND_bytes(message, sizeof(message)), 1);
        for (Hash hash = HASH_SHA1; hash < _HASH_MAX; hash++)
                for (Hash mgf = HASH_SHA1; mgf < _HASH_MAX; mgf++)
                        for (int with = 0; with < 2; with++) {
                                FrameDecrypt how = { .padding = PADDING_OAEP,
                                                     .hash = hash,
                                                     .mgf_hash = mgf,
                                                     .label = { with ? label : NULL, with ? sizeof(label) : 0 } };
                                size_t n = judge_encrypt(k->public, &how, message, 32, c);

                                assert_int_equal(decrypt(&worker, &how, k, c, n, &answer), WORKER_OK);
                                assert_int_equal(answer.size, 32);
                                assert_memory_equal(answer.data, message, 32);
                                how.label = (Blob){ label, 3 };
                                assert_int_equal(decrypt(&worker, &how, k, c, n, &answer), WORKER_DECRYPTION_FAILED);
                        }

        /* As a content key: only what can be one. */
        for (size_t size = 0; size <= 40; size += 8) {
                FrameDecrypt how = {
                        .padding = PADDING_OAEP, .hash = HASH_SHA1, .mgf_hash = HASH_SHA1, .content_key = true
                };
                size_t n = judge_encrypt(k->public, &how, message, size, c);
                bool is_key = size == 16 || size == 24 || size == 32;

                assert_int_equal(decrypt(&worker, &how, k, c, n, &answer),
                                 is_key ? WORKER_OK : WORKER_DECRYPTION_FAILED);
                how.key_length = 16;
                assert_int_equal(decrypt(&worker, &how, k, c, n, &answer),
                                 size == 16 ? WORKER_OK : WORKER_DECRYPTION_FAILED);
        }
}

static void bad_decrypt_requests(void **state) {
        const LabKey *k = link_key(&worker, "rsa");
        FrameDecrypt pkcs1 = { .padding = PADDING_PKCS1 },
                     oaep = { .padding = PADDING_OAEP, .hash = HASH_SHA1, .mgf_hash = HASH_SHA1 };
        uint8_t c[512], message[16] = { 0 };
        char text[FRAME_STRING_MAX + 1];
        LabAnswer answer;
        size_t n;

        (void) state;
        n = judge_encrypt(k->public, &oaep, message, sizeof(message), c);
        c[10] ^= 1;
        assert_int_equal(decrypt(&worker, &oaep, k, c, n, &answer), WORKER_DECRYPTION_FAILED);
        (void) snprintf(text, sizeof(text), "%s", answer.message);

        /* Too short, too long, not below the modulus: one answer, the same as for bad padding. */
        memset(c, 0xff, sizeof(c));
        for (size_t size = 0; size <= 512; size += size == 255 ? 1 : size == 256 ? 256 : 255) {
                assert_int_equal(decrypt(&worker, &pkcs1, k, c, size, &answer), WORKER_DECRYPTION_FAILED);
                assert_string_equal(answer.message, text);
                assert_int_equal(decrypt(&worker, &oaep, k, c, size, &answer), WORKER_DECRYPTION_FAILED);
                assert_string_equal(answer.message, text);
        }
        memset(c, 0, sizeof(c));
        assert_int_equal(decrypt(&worker, &oaep, k, c, 256, &answer), WORKER_DECRYPTION_FAILED);
        assert_int_equal(decrypt(&worker, &pkcs1, k, c, 256, &answer), WORKER_OK);

        oaep.hash = HASH_NONE;
        assert_int_equal(decrypt(&worker, &oaep, k, c, 256, &answer), WORKER_INVALID_INPUT);
        oaep.hash = HASH_SHA256;
        oaep.mgf_hash = HASH_NONE;
        assert_int_equal(decrypt(&worker, &oaep, k, c, 256, &answer), WORKER_INVALID_INPUT);
        pkcs1.content_key = true;
        pkcs1.key_length = 20;
        assert_int_equal(decrypt(&worker, &pkcs1, k, c, 256, &answer), WORKER_INVALID_INPUT);
        pkcs1 = (FrameDecrypt){ .padding = PADDING_PSS };
        assert_int_equal(decrypt(&worker, &pkcs1, k, c, 256, &answer), WORKER_INVALID_INPUT);
        pkcs1.padding = PADDING_PKCS1;
        assert_int_equal(decrypt(&worker, &pkcs1, link_key(&worker, "rsa-sign"), c, 256, &answer),
                         WORKER_NOT_SUPPORTED);
        assert_int_equal(decrypt(&worker, &pkcs1, link_key(&worker, "p256"), c, 256, &answer), WORKER_NOT_SUPPORTED);
        assert_int_equal(decrypt(&worker, &pkcs1, link_key(&worker, "ed25519"), c, 256, &answer), WORKER_NOT_SUPPORTED);
}

/* --- agreeing --- */

static EVP_PKEY *peer_for(const LabKey *k) {
        switch (k->type) {
        case KEY_TYPE_EC_P256:
                return make_ec("P-256");
        case KEY_TYPE_EC_P384:
                return make_ec("P-384");
        case KEY_TYPE_EC_P521:
                return make_ec("P-521");
        default:
                return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        }
}

static void derives(void **state) {
        static const char *const keys[] = { "p256", "p384", "p521", "p256-certificate", "x25519" };
        static const uint8_t info[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
        LabAnswer answer;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                for (int round = 0; round < 20; round++) {
                        const LabKey *k = link_key(&worker, keys[i]);
                        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ours = peer_for(k);
                        uint8_t peer[200], secret[200], want[64];
                        size_t n = judge_agree(ours, k->public, secret, sizeof(secret));
                        FrameDerive q = { .handle = k->handle, .peer = { peer, judge_peer(ours, peer, sizeof(peer)) } };

                        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_OK);
                        assert_int_equal(answer.size, n);
                        assert_memory_equal(answer.data, secret, n);

                        q.kdf = KDF_X963;
                        q.hash = (Hash) (HASH_SHA1 + round % 5);
                        q.length = (uint16_t) (1 + round * 3);
                        q.shared_info = (Blob){ round % 2 ? info : NULL, round % 2 ? sizeof(info) : 0 };
                        judge_x963(secret, n, q.hash, q.shared_info, want, q.length);
                        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_OK);
                        assert_int_equal(answer.size, q.length);
                        assert_memory_equal(answer.data, want, q.length);
                }
}

static void bad_peers(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *p256 = make_ec("P-256"), *p384 = make_ec("P-384"),
                                           *koblitz = make_ec("secp256k1");
        const LabKey *k = link_key(&worker, "p256");
        uint8_t good[65], other[97], bad[65], zeros[32] = { 0 };
        FrameDerive q = { .handle = k->handle };
        LabAnswer answer;

        (void) state;
        assert_int_equal(judge_peer(p256, good, sizeof(good)), 65);
        assert_int_equal(judge_peer(p384, other, sizeof(other)), 97);
        for (int i = 0; i < 6; i++) {
                memcpy(bad, good, sizeof(bad));
                q.peer = (Blob){ bad, sizeof(bad) };
                switch (i) {
                case 0:
                        bad[64] ^= 1; /* not on the curve */
                        break;
                case 1:
                        q.peer = (Blob){ NULL, 0 };
                        break;
                case 2:
                        q.peer = (Blob){ other, 97 };
                        break;
                case 3:
                        assert_int_equal(judge_peer(koblitz, bad, sizeof(bad)), 65);
                        break;
                case 4:
                        q.peer = (Blob){ zeros, 1 }; /* infinity */
                        break;
                case 5:
                        q.peer.size = 64;
                        break;
                }
                if (link_derive(&worker, &q, &answer) != WORKER_INVALID_INPUT)
                        fail_msg("bad peer %d: %s", i, worker_code_to_string(answer.code));
        }
        q.peer = (Blob){ good, 65 };
        q.kdf = KDF_X963;
        q.length = 32;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_INVALID_INPUT); /* no hash */
        q.hash = HASH_SHA256;
        q.length = 65;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_INVALID_INPUT);
        q.length = 0;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_INVALID_INPUT);
        q.length = 64;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_OK);

        q = (FrameDerive){ .handle = link_key(&worker, "x25519")->handle, .peer = { zeros, 32 } };
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_INVALID_INPUT); /* small order */
        q.handle = link_key(&worker, "rsa")->handle;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_NOT_SUPPORTED);
        q.handle = link_key(&worker, "ed25519")->handle;
        assert_int_equal(link_derive(&worker, &q, &answer), WORKER_NOT_SUPPORTED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(inventory),      cmocka_unit_test(locked_inventory),
                cmocka_unit_test(signs),          cmocka_unit_test(signs_ed25519),
                cmocka_unit_test(ecdsa_der),      cmocka_unit_test(bad_sign_requests),
                cmocka_unit_test(decrypts_pkcs1), cmocka_unit_test(rejects_implicitly),
                cmocka_unit_test(decrypts_oaep),  cmocka_unit_test(bad_decrypt_requests),
                cmocka_unit_test(derives),        cmocka_unit_test(bad_peers),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
