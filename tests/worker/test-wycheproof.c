/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Project Wycheproof's vectors through a whole worker: their private keys are put on a token, and their hostile
 * ciphertexts and points go the way that signetd's requests go. Skipped where the vectors are not at hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "common/hex.h"
#include "common/ossl.h"
#include "worker-lab.h"

#define VECTOR_MAX 4096 /* bytes of one value */

static WorkerLab lab;
static LabLink worker;
static LabAnswer answer;
static char directory[512];
static EVP_PKEY *rsa_keys[LAB_KEYS_MAX]; /* the private keys of the PKCS#1 groups, for what their ciphertexts hold */

/* --- JSON --- */

static struct json_object *load(const char *name) {
        char path[600];
        struct json_object *o;

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        o = json_object_from_file(path);
        assert_non_null(o);
        return o;
}

static struct json_object *member(struct json_object *o, const char *name) {
        struct json_object *m = NULL;

        if (!json_object_object_get_ex(o, name, &m))
                fail_msg("no \"%s\" in a vector", name);
        return m;
}

static const char *text(struct json_object *o, const char *name) {
        return json_object_get_string(member(o, name));
}

static bool is(struct json_object *test, const char *result) {
        return strcmp(text(test, "result"), result) == 0;
}

/* A value in hexadecimal; an odd digit (a number's) gets a zero before it. */
static Blob bytes(struct json_object *o, const char *name, uint8_t *room) {
        char digits[2 * VECTOR_MAX + 2];
        const char *s = text(o, name);
        size_t n;

        (void) snprintf(digits, sizeof(digits), "%s%s", strlen(s) % 2 ? "0" : "", s);
        n = strlen(digits) / 2;
        assert_int_equal(hex_decode(digits, 2 * n, room), 0);
        return (Blob){ n > 0 ? room : NULL, n };
}

/* Calls f for each test with its group and the group's number; returns how many there were. */
static size_t each_test(const char *name,
                        void (*f)(struct json_object *group, size_t number, struct json_object *test)) {
        struct json_object *file = load(name), *groups = member(file, "testGroups");
        size_t n = 0;

        for (size_t i = 0; i < json_object_array_length(groups); i++) {
                struct json_object *group = json_object_array_get_idx(groups, i), *tests = member(group, "tests");

                for (size_t j = 0; j < json_object_array_length(tests); j++, n++)
                        f(group, i, json_object_array_get_idx(tests, j));
        }
        assert_int_equal(n, json_object_get_int(member(file, "numberOfTests")));
        json_object_put(file);
        return n;
}

/* --- keys --- */

static EVP_PKEY *rsa_of(struct json_object *group) {
        uint8_t room[VECTOR_MAX];
        Blob der = bytes(group, "privateKeyPkcs8", room);
        const uint8_t *p = der.data;
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long) der.size);

        assert_non_null(key);
        return key;
}

/* A P-256 pair from its private number. */
static EVP_PKEY *ec_of(Blob number) {
        _cleanup_(BN_clear_freep) BIGNUM *d = BN_bin2bn(number.data, (int) number.size, NULL);
        EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        EC_POINT *point = EC_POINT_new(group);
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        EVP_PKEY *key = NULL;
        OSSL_PARAM *params;
        uint8_t sec1[65];

        assert_int_equal(EC_POINT_mul(group, point, d, NULL, NULL, NULL), 1);
        assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, sec1, sizeof(sec1), NULL),
                         sizeof(sec1));
        assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, sec1, sizeof(sec1)) &&
                    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d));
        params = OSSL_PARAM_BLD_to_param(build);
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(ctx);
        EC_POINT_free(point);
        EC_GROUP_free(group);
        return key;
}

/* ECDH vectors name a private key each: a label is made from its digest. */
static void ec_label(struct json_object *test, char *ret, size_t n) {
        const char *number = text(test, "private");
        uint8_t digest[32];
        char hex[41];

        assert_int_equal(EVP_Digest(number, strlen(number), digest, NULL, EVP_sha256(), NULL), 1);
        hex_encode(digest, 20, hex);
        (void) snprintf(ret, n, "ec-%s", hex);
}

static TokenMaker maker;
static char made[LAB_KEYS_MAX][64];
static size_t n_made;

static void import_rsa(const char *name, const char *prefix) {
        struct json_object *file = load(name), *groups = member(file, "testGroups");

        for (size_t i = 0; i < json_object_array_length(groups); i++) {
                EVP_PKEY *key = rsa_of(json_object_array_get_idx(groups, i));
                char label[64];

                (void) snprintf(label, sizeof(label), "%s-%zu", prefix, i);
                maker_import(&maker, key, label, 0, MAKE_PRIVATE);
                if (strcmp(prefix, "pkcs1") == 0 && i < LAB_KEYS_MAX)
                        rsa_keys[i] = key;
                else
                        EVP_PKEY_free(key);
        }
        json_object_put(file);
}

static void import_ec(struct json_object *group, size_t number, struct json_object *test) {
        uint8_t room[VECTOR_MAX];
        char label[64];
        EVP_PKEY *key;

        (void) group;
        (void) number;
        ec_label(test, label, sizeof(label));
        for (size_t i = 0; i < n_made; i++)
                if (strcmp(made[i], label) == 0)
                        return;
        assert_true(n_made < LAB_KEYS_MAX);
        (void) snprintf(made[n_made++], sizeof(made[0]), "%s", label);
        key = ec_of(bytes(test, "private", room));
        maker_import(&maker, key, label, 0, MAKE_PAIR);
        EVP_PKEY_free(key);
}

#define PKCS1 "rsa_pkcs1_2048_test.json"
#define OAEP1 "rsa_oaep_2048_sha1_mgf1sha1_test.json"
#define OAEP2 "rsa_oaep_2048_sha256_mgf1sha256_test.json"
#define ECDH  "ecdh_secp256r1_ecpoint_test.json"

static void leave_out(const char *why) {
        (void) fprintf(stderr, "SKIP: %s\n", why);
        exit(77);
}

static int setup(void **state) {
        const char *source = getenv("SIGNET_SOURCE"), *vectors = getenv("SIGNET_VECTORS");

        (void) state;
        (void) snprintf(directory, sizeof(directory), "%s%s/wycheproof", vectors ?: source ?: ".",
                        vectors ? "" : "/../shared/vectors");
        if (access(directory, R_OK) < 0)
                leave_out("no Wycheproof vectors in ../shared/vectors beside the project (or SIGNET_VECTORS)");
        if (!lab_begin(&lab))
                leave_out("SoftHSM is not installed");

        maker_begin(&maker, "vectors");
        import_rsa(PKCS1, "pkcs1");
        import_rsa(OAEP1, "oaep1");
        import_rsa(OAEP2, "oaep2");
        (void) each_test(ECDH, import_ec);
        maker_end(&maker);
        lab_configure(&lab, "vectors", NULL, MAKER_PIN "\n", NULL);
        lab_start(&lab);
        return link_attach(&lab, &worker) && worker.n_keys <= LAB_KEYS_MAX ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        for (size_t i = 0; i < LAB_KEYS_MAX; i++)
                EVP_PKEY_free(rsa_keys[i]);
        link_close(&worker);
        lab_end(&lab);
        return 0;
}

/* --- vectors --- */

static void wrong(struct json_object *test, const char *what) {
        fail_msg("vector %d (%s, \"%s\"): %s", json_object_get_int(member(test, "tcId")), text(test, "result"),
                 text(test, "comment"), what);
}

/* Whether the answer is a piece of what the ciphertext really holds, which a bad padding must not give away. */
static bool is_piece_of_plaintext(EVP_PKEY *key, Blob c, const uint8_t *message, size_t n) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        uint8_t em[512];
        size_t k = sizeof(em);

        assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
        assert_int_equal(EVP_PKEY_decrypt(ctx, em, &k, c.data, c.size), 1);
        return n > 3 && n <= k && memcmp(em + k - n, message, n) == 0;
}

static void pkcs1(struct json_object *group, size_t number, struct json_object *test) {
        uint8_t c_room[VECTOR_MAX], m_room[VECTOR_MAX], first[512];
        Blob c = bytes(test, "ct", c_room), m = bytes(test, "msg", m_room);
        FrameDecrypt q = { .padding = PADDING_PKCS1, .ciphertext = c };
        char label[64];
        size_t n;
        int r;

        (void) group;
        (void) snprintf(label, sizeof(label), "pkcs1-%zu", number);
        q.handle = link_key(&worker, label)->handle;
        r = link_decrypt(&worker, &q, &answer);
        if (is(test, "valid")) {
                if (r != WORKER_OK || answer.size != m.size || memcmp(answer.data, m_room, m.size) != 0)
                        wrong(test, "was not decrypted");
                return;
        }

        /* What is no number below the modulus is an error that everybody can foresee. Bad padding is none. */
        if (r == WORKER_DECRYPTION_FAILED &&
            strstr(json_object_to_json_string(member(test, "flags")), "InvalidCiphertextFormat"))
                return;
        if (r != WORKER_OK)
                wrong(test, "bad padding shows");
        n = answer.size;
        memcpy(first, answer.data, n);
        if (is_piece_of_plaintext(rsa_keys[number], c, first, n))
                wrong(test, "plaintext comes out in spite of a bad padding");
        if (link_decrypt(&worker, &q, &answer) != WORKER_OK || answer.size != n || memcmp(answer.data, first, n) != 0)
                wrong(test, "a second answer differs");
        q.content_key = true;
        q.key_length = 24;
        if (link_decrypt(&worker, &q, &answer) != WORKER_OK || answer.size != 24)
                wrong(test, "no key of the size asked for");
}

static void oaep(struct json_object *test, const char *label, Hash hash) {
        uint8_t c_room[VECTOR_MAX], m_room[VECTOR_MAX], l_room[VECTOR_MAX];
        Blob m = bytes(test, "msg", m_room);
        FrameDecrypt q = { .handle = link_key(&worker, label)->handle,
                           .padding = PADDING_OAEP,
                           .hash = hash,
                           .mgf_hash = hash,
                           .label = bytes(test, "label", l_room),
                           .ciphertext = bytes(test, "ct", c_room) };
        int r = link_decrypt(&worker, &q, &answer);

        if (is(test, "valid") ? r != WORKER_OK || answer.size != m.size || memcmp(answer.data, m_room, m.size) != 0
                              : r != WORKER_DECRYPTION_FAILED || strcmp(answer.message, "decryption failed") != 0)
                wrong(test, worker_code_to_string(answer.code));
}

static void oaep_sha1(struct json_object *group, size_t number, struct json_object *test) {
        char label[64];

        (void) group;
        (void) snprintf(label, sizeof(label), "oaep1-%zu", number);
        oaep(test, label, HASH_SHA1);
}

static void oaep_sha256(struct json_object *group, size_t number, struct json_object *test) {
        char label[64];

        (void) group;
        (void) snprintf(label, sizeof(label), "oaep2-%zu", number);
        oaep(test, label, HASH_SHA256);
}

static void ecdh(struct json_object *group, size_t number, struct json_object *test) {
        uint8_t p_room[VECTOR_MAX], s_room[VECTOR_MAX];
        Blob shared = bytes(test, "shared", s_room);
        FrameDerive q = { .peer = bytes(test, "public", p_room) };
        char label[64];
        int r;

        (void) group;
        (void) number;
        ec_label(test, label, sizeof(label));
        q.handle = link_key(&worker, label)->handle;
        r = link_derive(&worker, &q, &answer);
        if (is(test, "invalid") && r != WORKER_INVALID_INPUT)
                wrong(test, worker_code_to_string(answer.code));
        if (!is(test, "invalid") &&
            (r != WORKER_OK || answer.size != shared.size || memcmp(answer.data, s_room, shared.size) != 0))
                wrong(test, r == WORKER_OK ? "another secret" : answer.message);
}

static void test_pkcs1(void **state) {
        (void) state;
        (void) each_test(PKCS1, pkcs1);
}

static void test_oaep_sha1(void **state) {
        (void) state;
        (void) each_test(OAEP1, oaep_sha1);
}

static void test_oaep_sha256(void **state) {
        (void) state;
        (void) each_test(OAEP2, oaep_sha256);
}

static void test_ecdh(void **state) {
        (void) state;
        (void) each_test(ECDH, ecdh);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pkcs1),
                cmocka_unit_test(test_oaep_sha1),
                cmocka_unit_test(test_oaep_sha256),
                cmocka_unit_test(test_ecdh),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
