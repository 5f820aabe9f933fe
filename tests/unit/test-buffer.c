/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded buffers, hexadecimal, UTF-8, the project's words, and packets with descriptors. */
#include "common/buffer.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "common/hex.h"
#include "common/names.h"
#include "common/socket.h"

static void test_round_trip(void **state) {
        uint8_t room[64];
        Writer w;
        Reader r;

        (void) state;
        writer_init(&w, room, sizeof(room));
        writer_u8(&w, 0xab);
        writer_u16(&w, 0x1234);
        writer_u32(&w, 0x89abcdef);
        writer_u64(&w, UINT64_C(0x0123456789abcdef));
        writer_string(&w, "key");
        writer_string(&w, NULL);
        assert_int_equal(writer_finish(&w), 1 + 2 + 4 + 8 + 7 + 4);

        reader_init(&r, room, w.size);
        assert_int_equal(reader_u8(&r), 0xab);
        assert_int_equal(reader_u16(&r), 0x1234);
        assert_int_equal(reader_u32(&r), 0x89abcdef);
        assert_true(reader_u64(&r) == UINT64_C(0x0123456789abcdef));
        Blob b = reader_blob(&r, 3);
        assert_int_equal(b.size, 3);
        assert_memory_equal(b.data, "key", 3);
        b = reader_blob(&r, 0);
        assert_null(b.data);
        assert_int_equal(reader_finish(&r), 0);
}

static void test_writer_full(void **state) {
        uint8_t room[8];
        Writer w;

        (void) state;
        writer_init(&w, room, sizeof(room));
        writer_blob(&w, "12345", 5);
        assert_int_equal(writer_finish(&w), -EMSGSIZE);
        writer_u8(&w, 1); /* an error stays */
        assert_int_equal(writer_finish(&w), -EMSGSIZE);
}

static void test_reader_bounds(void **state) {
        static const uint8_t lies[] = { 0xff, 0xff, 0xff, 0xff, 'x' };
        Reader r;

        (void) state;
        reader_init(&r, lies, sizeof(lies));
        assert_null(reader_blob(&r, SIZE_MAX).data);
        assert_int_equal(reader_finish(&r), -EBADMSG);

        static const uint8_t four[] = { 0, 0, 0, 1, 'x' };
        reader_init(&r, four, sizeof(four));
        assert_null(reader_blob(&r, 0).data); /* there, but larger than allowed */
        assert_int_equal(reader_finish(&r), -EBADMSG);

        reader_init(&r, four, sizeof(four));
        (void) reader_u32(&r);
        assert_int_equal(reader_finish(&r), -EBADMSG); /* a byte is left over */
        (void) reader_u64(&r);
        assert_true(r.failed);
}

typedef struct TextCase {
        const char *text;
        size_t n;
        bool valid;
} TextCase;

/* Valid UTF-8 that no D-Bus message carries, between neighbours that one does. */
static void test_noncharacters(void **state) {
        static const char *const bad[] = { "\xef\xb7\x90",     "\xef\xb7\xaf",     "\xef\xbf\xbe",     "\xef\xbf\xbf",
                                           "\xf0\x9f\xbf\xbe", "\xf4\x8f\xbf\xbf", "a\xef\xbf\xbe\x62" };
        static const char *const good[] = { "\xef\xb7\x8f", "\xef\xb7\xb0",     "\xef\xbf\xbd",    "\xf0\x9f\xbf\xbd",
                                            "\xee\xbf\xbe", "\xf0\x90\xbf\xbe", "\xf0\x9e\xbf\xbe" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char *copy = NULL;

                assert_true(utf8_is_valid(bad[i], strlen(bad[i])));
                assert_false(utf8_is_interchangeable(bad[i], strlen(bad[i])));
                assert_int_equal(blob_to_string((Blob){ (const uint8_t *) bad[i], strlen(bad[i]) }, &copy), -EBADMSG);
        }
        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(utf8_is_interchangeable(good[i], strlen(good[i])));
}

static void test_strings(void **state) {
        static const TextCase cases[] = {
                { "plain", 5, true },
                { "", 0, true },
                { "\xc3\xa4", 2, true },
                { "\xe2\x82\xac", 3, true },
                { "\xf0\x9f\x94\x91", 4, true },
                { "\xf4\x8f\xbf\xbd", 4, true },
                { "\xc3", 1, false },
                { "\xc0\xaf", 2, false }, /* cut off; overlong */
                { "\xe0\x80\xaf", 3, false },
                { "\xed\xa0\x80", 3, false }, /* overlong; surrogate */
                { "\xf4\x90\x80\x80", 4, false },
                { "\x80", 1, false },
                { "\xff", 1, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *copy = NULL;
                Blob b = { (const uint8_t *) cases[i].text, cases[i].n };

                assert_int_equal(utf8_is_valid(b.data, b.size), cases[i].valid);
                assert_int_equal(utf8_is_interchangeable(b.data, b.size), cases[i].valid);
                assert_int_equal(blob_to_string(b, &copy), cases[i].valid ? 0 : -EBADMSG);
                if (copy)
                        assert_string_equal(copy, cases[i].text);
        }
        _cleanup_free_ char *s = NULL;
        assert_int_equal(blob_to_string((Blob){ (const uint8_t *) "a\0b", 3 }, &s), -EBADMSG);
}

static void test_hex(void **state) {
        uint8_t bytes[3];
        char text[7];

        (void) state;
        hex_encode("\x00\x9f\xff", 3, text);
        assert_string_equal(text, "009fff");
        assert_int_equal(hex_decode("009FfF", 6, bytes), 0);
        assert_memory_equal(bytes, "\x00\x9f\xff", 3);
        assert_int_equal(hex_decode("009", 3, bytes), -EINVAL);
        assert_int_equal(hex_decode("0g", 2, bytes), -EINVAL);
}

static void test_names(void **state) {
        (void) state;
        for (int p = 1; p < _PURPOSE_MAX; p++)
                assert_int_equal(purpose_from_string(purpose_to_string((Purpose) p)), p);
        for (int h = 1; h < _HASH_MAX; h++)
                assert_true(hash_size((Hash) h) >= 20);
        assert_int_equal(purpose_from_string("none"), -EINVAL);
        assert_int_equal(hash_from_string("SHA256"), -EINVAL);
        assert_int_equal(purpose_operation(PURPOSE_CMS), OPERATION_DECRYPT);
        assert_int_equal(purpose_operation(PURPOSE_CSR), OPERATION_SIGN);
        assert_null(key_type_to_string(_KEY_TYPE_MAX));
        assert_int_equal(hash_size(_HASH_MAX), 0);
}

static void test_packets(void **state) {
        int pair[2], got = -EBADF, null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        char room[8];

        (void) state;
        assert_true(null_fd >= 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);

        assert_int_equal(socket_send(pair[0], "hello", 5, null_fd), 0);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), &got), 5);
        assert_memory_equal(room, "hello", 5);
        assert_true(got >= 0 && got != null_fd);
        close(got);

        assert_int_equal(socket_send(pair[0], "hello", 5, null_fd), 0);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), NULL), -EBADMSG); /* unasked for */
        assert_int_equal(socket_send(pair[0], "too large", 9, -1), 0);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), &got), -EMSGSIZE);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), &got), -EAGAIN);

        close(pair[0]);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), &got), 0);
        assert_int_equal(socket_send(pair[1], "x", 1, -1), -EPIPE);
        close(pair[1]);
        close(null_fd);
}

/* Several descriptors with one packet: none may stay open here. */
static void test_descriptor_flood(void **state) {
        int pair[2], null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), fds[3] = { null_fd, null_fd, null_fd },
                     got = -EBADF;
        char control[CMSG_SPACE(sizeof(fds))] = {}, room[8];
        struct iovec iov = { .iov_base = room, .iov_len = 1 };
        struct msghdr msg = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

        (void) state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(fds));
        memcpy(CMSG_DATA(c), fds, sizeof(fds));
        room[0] = 'x';
        assert_int_equal(sendmsg(pair[0], &msg, 0), 1);

        int before = dup(null_fd); /* the lowest free number: what comes later must not be above it */
        close(before);
        assert_int_equal(socket_receive(pair[1], room, sizeof(room), &got), -EMSGSIZE);
        int after = dup(null_fd);
        assert_int_equal(after, before);
        close(after);
        close(null_fd);
        close(pair[0]);
        close(pair[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_writer_full),
                cmocka_unit_test(test_reader_bounds),
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_noncharacters),
                cmocka_unit_test(test_hex),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_packets),
                cmocka_unit_test(test_descriptor_flood),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
