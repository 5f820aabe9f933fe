/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Implicit rejection: the same answer for the same key and ciphertext, another one for any other, in the shape asked
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"
#include "pkcs11/rejection.h"

#define K 256

static Secret *secret_of(uint8_t fill) {
        uint8_t decrypted[K];
        Secret *s = NULL;

        memset(decrypted, fill, sizeof(decrypted));
        assert_int_equal(rejection_secret(decrypted, K, &s), 0);
        return s;
}

static void is_deterministic(void **state) {
        _cleanup_(secret_freep) Secret *a = secret_of(1), *again = secret_of(1), *b = secret_of(2);
        uint8_t c[K] = { 7 }, other[K] = { 8 }, x[K], y[K];
        size_t n, m;

        (void) state;
        for (UnpadShape shape = UNPAD_ANY; shape <= UNPAD_EXACT; shape++) {
                assert_int_equal(rejection_substitute(a, c, K, shape, 24, x, &n), 0);
                assert_int_equal(rejection_substitute(again, c, K, shape, 24, y, &m), 0);
                assert_int_equal(n, m);
                assert_memory_equal(x, y, K);
                assert_int_equal(rejection_substitute(a, other, K, shape, 24, y, &m), 0);
                assert_memory_not_equal(x, y, K);
                assert_int_equal(rejection_substitute(b, c, K, shape, 24, y, &m), 0);
                assert_memory_not_equal(x, y, K);
        }
}

/* The answers must not change from one version to the next, or an upgrade would show which ciphertexts were bad. */
static void stays_the_same(void **state) {
        _cleanup_(secret_freep) Secret *s = secret_of(1);
        uint8_t c[K] = { 7 }, x[K];
        char hex[33];
        size_t n;

        (void) state;
        assert_int_equal(rejection_substitute(s, c, K, UNPAD_EXACT, 16, x, &n), 0);
        assert_int_equal(n, 16);
        hex_encode(x + K - n, n, hex);
        assert_string_equal(hex, "07115d8077d024e55e5c7f3c9e2318d1");
}

static void has_the_shape(void **state) {
        _cleanup_(secret_freep) Secret *s = secret_of(3);
        size_t seen[K + 1] = { 0 }, n, different = 0;
        uint8_t c[K] = { 0 }, x[K];

        (void) state;
        for (unsigned i = 0; i < 600; i++) {
                c[0] = (uint8_t) i;
                c[1] = (uint8_t) (i >> 8);
                assert_int_equal(rejection_substitute(s, c, K, UNPAD_EXACT, 32, x, &n), 0);
                assert_int_equal(n, 32);
                assert_int_equal(rejection_substitute(s, c, K, UNPAD_CONTENT_KEY, 0, x, &n), 0);
                assert_true(n == 16 || n == 24 || n == 32);
                seen[n]++;
        }
        assert_true(seen[16] > 100 && seen[24] > 100 && seen[32] > 100);

        memset(seen, 0, sizeof(seen));
        for (unsigned i = 0; i < 600; i++) {
                c[0] = (uint8_t) i;
                c[1] = (uint8_t) (i >> 8);
                assert_int_equal(rejection_substitute(s, c, K, UNPAD_ANY, 0, x, &n), 0);
                assert_true(n <= K - UNPAD_PKCS1_OVERHEAD);
                different += seen[n]++ == 0;
        }
        assert_true(different > 150);
}

static void block_is_below_the_modulus(void **state) {
        uint8_t modulus[K], other[K], a[K], b[K];

        (void) state;
        memset(modulus, 0x80, K);
        memset(other, 0x81, K);
        assert_int_equal(rejection_block(modulus, K, a), 0);
        assert_int_equal(a[0], 0);
        assert_int_equal(rejection_block(modulus, K, b), 0);
        assert_memory_equal(a, b, K);
        assert_int_equal(rejection_block(other, K, b), 0);
        assert_memory_not_equal(a, b, K);
        assert_int_equal(rejection_block(modulus, 0, a), -EINVAL);
        assert_int_equal(rejection_block(modulus, RSA_BYTES_MAX + 1, a), -EINVAL);
}

static void shared_secret_is_per_key(void **state) {
        static const uint8_t shared[32] = { 1 }, one[] = "one", two[] = "two";
        _cleanup_(secret_freep) Secret *a = NULL, *b = NULL, *c = NULL;
        Blob s = { shared, sizeof(shared) }, k1 = { one, 3 }, k2 = { two, 3 };

        (void) state;
        assert_int_equal(rejection_secret_shared(&s, &k1, &a), 0);
        assert_int_equal(rejection_secret_shared(&s, &k1, &b), 0);
        assert_int_equal(rejection_secret_shared(&s, &k2, &c), 0);
        assert_memory_equal(secret_bytes(a), secret_bytes(b), secret_size(a));
        assert_memory_not_equal(secret_bytes(a), secret_bytes(c), secret_size(a));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(is_deterministic),
                cmocka_unit_test(stays_the_same),
                cmocka_unit_test(has_the_shape),
                cmocka_unit_test(block_is_below_the_modulus),
                cmocka_unit_test(shared_secret_is_per_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
