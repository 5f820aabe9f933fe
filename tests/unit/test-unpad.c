/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RSA decryption paddings: what is good is taken off as OpenSSL does it, and what is bad looks like nothing in
 * particular. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "common/digest.h"
#include "common/ossl.h"
#include "pkcs11/mgf1.h"
#include "pkcs11/unpad.h"

#define K 256

static EVP_PKEY *key;

static int setup(void **state) {
        (void) state;
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 8 * K);
        return key ? 0 : -1;
}

static int teardown(void **state) {
        (void) state;
        EVP_PKEY_free(key);
        return 0;
}

/* --- PKCS#1 v1.5 --- */

/* 00 02, `pad` bytes that are not zero, 00, and a message to the end of the block. */
static void block_fill(uint8_t *em, size_t k, size_t pad) {
        memset(em, 0xa5, k);
        em[0] = 0;
        em[1] = 2;
        em[2 + pad] = 0;
        for (size_t i = 3 + pad; i < k; i++)
                em[i] = (uint8_t) i;
}

static void pkcs1_table(void **state) {
        static const struct {
                const char *what;
                size_t pad;
                size_t at; /* this byte is changed to `to` afterwards; 0 with to 0 is no change */
                int to;
                UnpadShape shape;
                size_t exact;
                bool good;
        } table[] = {
                { "the least padding", 8, 0, 0, UNPAD_ANY, 0, true },
                { "an empty message", K - 3, 0, 0, UNPAD_ANY, 0, true },
                { "one byte", K - 4, 0, 0, UNPAD_ANY, 0, true },
                { "seven bytes of padding", 7, 0, 0, UNPAD_ANY, 0, false },
                { "no padding at all", 0, 0, 0, UNPAD_ANY, 0, false },
                { "first byte not zero", 20, 0, 1, UNPAD_ANY, 0, false },
                { "first byte with its top bit", 20, 0, 0x80, UNPAD_ANY, 0, false },
                { "block type 0", 20, 1, 0, UNPAD_ANY, 0, false },
                { "block type 1", 20, 1, 1, UNPAD_ANY, 0, false },
                { "block type 3", 20, 1, 3, UNPAD_ANY, 0, false },
                { "no separator", K - 3, K - 1, 7, UNPAD_ANY, 0, false },
                { "a zero in the first eight", 20, 2, 0, UNPAD_ANY, 0, false },
                { "a zero as the eighth", 20, 9, 0, UNPAD_ANY, 0, false },
                { "AES-128", K - 3 - 16, 0, 0, UNPAD_CONTENT_KEY, 0, true },
                { "AES-192 or 3DES", K - 3 - 24, 0, 0, UNPAD_CONTENT_KEY, 0, true },
                { "AES-256", K - 3 - 32, 0, 0, UNPAD_CONTENT_KEY, 0, true },
                { "no content key's size", K - 3 - 20, 0, 0, UNPAD_CONTENT_KEY, 0, false },
                { "an empty content key", K - 3, 0, 0, UNPAD_CONTENT_KEY, 0, false },
                { "the size asked for", K - 3 - 24, 0, 0, UNPAD_EXACT, 24, true },
                { "another size than asked for", K - 3 - 16, 0, 0, UNPAD_EXACT, 24, false },
                { "one byte too many", K - 3 - 25, 0, 0, UNPAD_EXACT, 24, false },
        };
        uint8_t em[K], substitute[K], out[K];

        (void) state;
        for (size_t i = 0; i < K; i++)
                substitute[i] = (uint8_t) (0xf0 ^ i);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t substitute_n = table[i].shape == UNPAD_EXACT ? table[i].exact : 16, n = 9999;

                block_fill(em, K, table[i].pad);
                if (table[i].to != 0 || table[i].at != 0)
                        em[table[i].at] = (uint8_t) table[i].to;
                unpad_pkcs1(em, K, table[i].shape, table[i].exact, substitute, substitute_n, out, &n);
                if (n != (table[i].good ? K - 3 - table[i].pad : substitute_n) ||
                    memcmp(out + K - n, (table[i].good ? em : substitute) + K - n, n) != 0)
                        fail_msg("%s", table[i].what);
        }
}

/* Every length, against OpenSSL's encryption and raw decryption. */
static void raw_decrypt(const uint8_t *c, size_t n, uint8_t *ret) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        size_t k = K;

        assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
        assert_int_equal(EVP_PKEY_decrypt(ctx, ret, &k, c, n), 1);
        assert_int_equal(k, K);
}

static void pkcs1_openssl(void **state) {
        uint8_t message[K], c[K], em[K], substitute[K] = { 0 }, out[K];

        (void) state;
        for (size_t n = 0; n <= K - UNPAD_PKCS1_OVERHEAD; n += n < 40 ? 1 : 13) {
                _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
                size_t c_n = K, out_n;

                assert_int_equal(RAND_bytes(message, (int) sizeof(message)), 1);
                assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
                assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
                assert_int_equal(EVP_PKEY_encrypt(ctx, c, &c_n, message, n), 1);
                raw_decrypt(c, c_n, em);
                unpad_pkcs1(em, K, UNPAD_ANY, 0, substitute, 5, out, &out_n);
                assert_int_equal(out_n, n);
                assert_memory_equal(out + K - n, message, n);
        }
}

/* --- OAEP --- */

static void oaep_encrypt(const EVP_MD *md, const EVP_MD *mgf, const char *label, const uint8_t *message, size_t n,
                         uint8_t *em) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        size_t c_n = K;
        uint8_t c[K];

        assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf), 1);
        if (label[0])
                assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label), (int) strlen(label)), 1);
        assert_int_equal(EVP_PKEY_encrypt(ctx, c, &c_n, message, n), 1);
        raw_decrypt(c, c_n, em);
}

/* As a caller sees it: the message at the front, one error for all bad paddings. */
static int oaep_decode(const uint8_t *em, size_t k, Hash hash, Hash mgf, const char *label, uint8_t *out,
                       size_t *out_n) {
        uint8_t block[RSA_BYTES_MAX + 1];
        Mask good = 0;
        size_t n;
        int r = unpad_oaep(em, k, hash, mgf, (const uint8_t *) label, strlen(label), block, &n, &good);

        if (r != 0)
                return r;
        assert_true(good == 0 || good == ~(Mask) 0);
        if (!good) {
                assert_int_equal(n, 0);
                for (size_t i = 0; i < k; i++)
                        assert_int_equal(block[i], 0);
                return UNPAD_E_INVALID;
        }
        memcpy(out, block + k - n, n);
        *out_n = n;
        return 0;
}

static void oaep_openssl(void **state) {
        static const char *const labels[] = { "", "a label",
                                              "a label that is longer than a block of the hash: "
                                              "0123456789012345678901234567890123456789012345678901234567890" };
        uint8_t message[K], em[K], out[K];

        (void) state;
        assert_int_equal(RAND_bytes(message, (int) sizeof(message)), 1);
        for (Hash hash = HASH_SHA1; hash < _HASH_MAX; hash++)
                for (Hash mgf = HASH_SHA1; mgf < _HASH_MAX; mgf++)
                        for (size_t l = 0; l < ELEMENTSOF(labels); l++) {
                                size_t most = K - 2 * hash_size(hash) - 2, sizes[] = { 0, 1, 16, 32, most };

                                for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                                        size_t n = 9999;

                                        oaep_encrypt(hash_to_md(hash), hash_to_md(mgf), labels[l], message, sizes[i],
                                                     em);
                                        assert_int_equal(oaep_decode(em, K, hash, mgf, labels[l], out, &n), 0);
                                        assert_int_equal(n, sizes[i]);
                                        assert_memory_equal(out, message, n);
                                        assert_int_equal(oaep_decode(em, K, hash, mgf, "another", out, &n),
                                                         UNPAD_E_INVALID);
                                }
                        }
}

/* An encoded block whose parts may be wrong. */
static void oaep_encode(size_t k, Hash hash, uint8_t first, int label_bit, const uint8_t *after, size_t after_n,
                        uint8_t *em) {
        size_t h = hash_size(hash), db_n = k - 1 - h;
        uint8_t *seed = em + 1, *db = em + 1 + h;

        memset(em, 0, k);
        memset(seed, 0x5a, h);
        assert_int_equal(EVP_Digest("", 0, db, NULL, hash_to_md(hash), NULL), 1);
        if (label_bit >= 0)
                db[label_bit / 8] ^= (uint8_t) (1 << (label_bit % 8));
        memcpy(db + h, after, after_n);
        em[0] = first;
        assert_int_equal(mgf1_xor(hash, seed, h, db, db_n), 0);
        assert_int_equal(mgf1_xor(hash, db, db_n, seed, h), 0);
}

static void oaep_table(void **state) {
        enum { H = 32, ROOM = K - 1 - 2 * H };
        static const struct {
                const char *what;
                uint8_t first;
                int label_bit;
                size_t one_at;   /* where in PS || 01 || M the one stands; SIZE_MAX: nowhere */
                size_t stray_at; /* where a byte that should be zero is not; SIZE_MAX: nowhere */
                uint8_t stray;
                bool good;
                size_t n;
        } table[] = {
                { "no padding string", 0, -1, 0, SIZE_MAX, 0, true, ROOM - 1 },
                { "an empty message", 0, -1, ROOM - 1, SIZE_MAX, 0, true, 0 },
                { "in between", 0, -1, 100, SIZE_MAX, 0, true, ROOM - 101 },
                { "first byte one", 1, -1, 100, SIZE_MAX, 0, false, 0 },
                { "first byte large", 0x80, -1, 100, SIZE_MAX, 0, false, 0 },
                { "label's first bit", 0, 0, 100, SIZE_MAX, 0, false, 0 },
                { "label's last bit", 0, 8 * H - 1, 100, SIZE_MAX, 0, false, 0 },
                { "no one", 0, -1, SIZE_MAX, SIZE_MAX, 0, false, 0 },
                { "a two before the one", 0, -1, 100, 50, 2, false, 0 },
                { "0xff right before the one", 0, -1, 100, 99, 0xff, false, 0 },
                { "0x81 at the start", 0, -1, 100, 0, 0x81, false, 0 },
                { "a two after the one", 0, -1, 100, 150, 2, true, ROOM - 101 },
                { "a one after the one", 0, -1, 100, 150, 1, true, ROOM - 101 },
        };
        uint8_t em[K], out[K], after[ROOM];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t n = 9999;

                memset(after, 0, sizeof(after));
                if (table[i].one_at < ROOM)
                        after[table[i].one_at] = 1;
                if (table[i].stray_at < ROOM)
                        after[table[i].stray_at] = table[i].stray;
                oaep_encode(K, HASH_SHA256, table[i].first, table[i].label_bit, after, sizeof(after), em);
                if (oaep_decode(em, K, HASH_SHA256, HASH_SHA256, "", out, &n) != (table[i].good ? 0 : UNPAD_E_INVALID))
                        fail_msg("%s", table[i].what);
                if (n != (table[i].good ? table[i].n : 9999))
                        fail_msg("%s: %zu bytes", table[i].what, n);
        }
}

/* Every place where a byte can be wrong, one at a time. */
static void oaep_each_byte(void **state) {
        enum { H = 20, ROOM = K - 1 - 2 * H, ONE = ROOM - 17 };
        uint8_t em[K], out[K], after[ROOM] = { 0 };
        size_t n;

        (void) state;
        after[ONE] = 1;
        oaep_encode(K, HASH_SHA1, 0, -1, after, sizeof(after), em);
        assert_int_equal(oaep_decode(em, K, HASH_SHA1, HASH_SHA1, "", out, &n), 0);
        assert_int_equal(n, 16);
        for (size_t i = 0; i < ONE; i++) {
                after[i] = (uint8_t) (2 + i);
                if (after[i] < 2)
                        after[i] = 2;
                oaep_encode(K, HASH_SHA1, 0, -1, after, sizeof(after), em);
                if (oaep_decode(em, K, HASH_SHA1, HASH_SHA1, "", out, &n) != UNPAD_E_INVALID)
                        fail_msg("byte %zu of the padding", i);
                after[i] = 0;
        }
        for (int bit = 0; bit < 8 * H; bit++) {
                oaep_encode(K, HASH_SHA1, 0, bit, after, sizeof(after), em);
                assert_int_equal(oaep_decode(em, K, HASH_SHA1, HASH_SHA1, "", out, &n), UNPAD_E_INVALID);
        }
        for (unsigned first = 1; first < 256; first++) {
                oaep_encode(K, HASH_SHA1, (uint8_t) first, -1, after, sizeof(after), em);
                assert_int_equal(oaep_decode(em, K, HASH_SHA1, HASH_SHA1, "", out, &n), UNPAD_E_INVALID);
        }
}

static void pkcs1_each_byte(void **state) {
        uint8_t em[K], substitute[K] = { 0 }, out[K];
        size_t n;

        (void) state;
        for (size_t at = 0; at < 10; at++)
                for (unsigned value = 0; value < 256; value++) {
                        bool good = at == 0 ? value == 0 : at == 1 ? value == 2 : value != 0;

                        block_fill(em, K, K - 3 - 16);
                        em[at] = (uint8_t) value;
                        unpad_pkcs1(em, K, UNPAD_EXACT, 16, substitute, 16, out, &n);
                        assert_int_equal(n, 16);
                        if ((memcmp(out + K - 16, em + K - 16, 16) == 0) != good)
                                fail_msg("byte %zu is %u", at, value);
                }

        /* A zero anywhere in the padding makes the message another one, of another length. */
        for (size_t at = 10; at < K - 17; at++) {
                block_fill(em, K, K - 3 - 16);
                em[at] = 0;
                unpad_pkcs1(em, K, UNPAD_EXACT, 16, substitute, 16, out, &n);
                assert_memory_equal(out + K - 16, substitute, 16);
                unpad_pkcs1(em, K, UNPAD_ANY, 0, substitute, 16, out, &n);
                assert_int_equal(n, K - 1 - at);
        }
}

static void oaep_sizes(void **state) {
        uint8_t em[RSA_BYTES_MAX + 1] = { 0 }, out[RSA_BYTES_MAX + 1];
        size_t n;

        (void) state;
        assert_int_equal(oaep_decode(em, 65, HASH_SHA256, HASH_SHA256, "", out, &n), UNPAD_E_INVALID);
        assert_int_equal(oaep_decode(em, 66, HASH_SHA256, HASH_SHA256, "", out, &n), UNPAD_E_INVALID);
        assert_int_equal(oaep_decode(em, RSA_BYTES_MAX + 1, HASH_SHA256, HASH_SHA256, "", out, &n), UNPAD_E_INVALID);
        assert_int_equal(oaep_decode(em, K, HASH_NONE, HASH_SHA256, "", out, &n), -EINVAL);
        assert_int_equal(oaep_decode(em, K, HASH_SHA256, HASH_NONE, "", out, &n), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pkcs1_table),     cmocka_unit_test(pkcs1_openssl), cmocka_unit_test(oaep_openssl),
                cmocka_unit_test(oaep_table),      cmocka_unit_test(oaep_sizes),    cmocka_unit_test(oaep_each_byte),
                cmocka_unit_test(pkcs1_each_byte),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
