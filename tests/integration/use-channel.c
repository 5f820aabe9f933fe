/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channel of a running signetd, spoken by hand: as it should be, and as somebody would who wants to break in. Run
 * by channel.sh with the ids of a key that this user may use, of one that he may not, and of one of his whose
 * signatures are large. With --hold instead it opens all channels that it gets, says how many, and keeps them until its
 * input ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "client/signet.h"
#include "common/channel-frame.h"
#include "common/hex.h"

#define PATIENCE_MS 20000

static const char *mine, *others, *large;
static uint8_t frame[CHANNEL_FRAME_MAX];
static ChannelResult result;

static sd_bus *connect_bus(void) {
        sd_bus *bus = NULL;

        assert_true(sd_bus_open_system(&bus) >= 0);
        return bus;
}

/* -1 with the error's name in *ret_error, to be freed. */
static int open_channel(sd_bus *bus, char **ret_error) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        int fd = -1, r;

        r = sd_bus_call_method(bus, "org.signetd.Signet1", "/org/signetd/Signet1", "org.signetd.Signet1.Manager",
                               "OpenChannel", &error, &reply, "");
        if (r >= 0) {
                assert_true(sd_bus_message_read(reply, "h", &fd) >= 0);
                fd = dup(fd);
                assert_true(fd >= 0);
        } else if (ret_error)
                *ret_error = strdup(error.name);
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        return fd;
}

static ssize_t make_call(uint32_t id, const char *key_id, ChannelMethod method, const char *purpose) {
        static const uint8_t digest[32] = { 1 };
        uint8_t key[CHANNEL_ID_SIZE];
        static ChannelCall c;

        assert_int_equal(hex_decode(key_id, 2 * sizeof(key), key), 0);
        c = (ChannelCall){ .id = id, .key = key, .method = method, .purpose = purpose, .n_inputs = 1 };
        c.inputs[0] = (Blob){ digest, sizeof(digest) };
        return channel_encode_call(&c, frame);
}

static void send_frame(int fd, ssize_t n) {
        assert_true(n > 0);
        assert_int_equal(send(fd, frame, (size_t) n, MSG_NOSIGNAL), n);
}

/* False when signetd hung up. */
static bool receive(int fd) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        static uint8_t room[CHANNEL_FRAME_MAX];
        ssize_t n;

        assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
        n = recv(fd, room, sizeof(room), 0);
        if (n <= 0)
                return false;
        assert_int_equal(channel_decode_result(room, (size_t) n, &result), 0);
        return true;
}

static void expect_error(int fd, const char *error) {
        assert_true(receive(fd));
        assert_string_equal(result.error, error);
        assert_int_equal(result.n_outputs, 0);
        assert_true(result.message[0] != '\0');
}

static void signs(int fd) {
        send_frame(fd, make_call(42, mine, CHANNEL_SIGN, "digest"));
        assert_true(receive(fd));
        assert_int_equal(result.id, 42);
        assert_string_equal(result.error, "");
        assert_int_equal(result.n_outputs, 1);
        assert_in_range(result.outputs[0].size, 64, 512);
}

static void one_signature(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);

        signs(fd);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

/* Each answer once, by its id. Some may be Busy: the queue is as long as on the bus. */
static void many_at_once(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);
        bool seen[100] = { false };
        unsigned done = 0;

        for (uint32_t i = 0; i < ELEMENTSOF(seen); i++)
                send_frame(fd, make_call(i, mine, CHANNEL_SIGN, "digest"));
        for (size_t i = 0; i < ELEMENTSOF(seen); i++) {
                assert_true(receive(fd));
                assert_true(result.id < ELEMENTSOF(seen));
                assert_false(seen[result.id]);
                seen[result.id] = true;
                done += result.error[0] == '\0';
        }
        assert_true(done > 0);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

/* A key that is hidden and one that is not there give the same answer to the byte, and wrong words those of the bus. */
static void refusals(_unused_ void **state) {
        static const char nowhere[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);
        char text[CHANNEL_TEXT_MAX];
        ssize_t n;

        send_frame(fd, make_call(1, others, CHANNEL_SIGN, "digest"));
        expect_error(fd, "NoSuchKey");
        snprintf(text, sizeof(text), "%s", result.message);
        send_frame(fd, make_call(1, nowhere, CHANNEL_SIGN, "digest"));
        expect_error(fd, "NoSuchKey");
        assert_string_equal(result.message, text);

        send_frame(fd, make_call(1, mine, CHANNEL_SIGN, "nonsense"));
        expect_error(fd, "InvalidInput");
        send_frame(fd, make_call(1, mine, CHANNEL_SIGN, "smime")); /* no SignedAttributes */
        expect_error(fd, "InvalidInput");
        send_frame(fd, make_call(1, mine, CHANNEL_SIGN, "cms")); /* of another operation */
        expect_error(fd, "InvalidInput");
        n = make_call(1, mine, CHANNEL_DERIVE, "raw"); /* allowed to sign alone */
        send_frame(fd, n);
        assert_true(receive(fd));
        assert_true(result.error[0] != '\0');
        signs(fd);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

static ssize_t with_option(const ChannelOption *options, unsigned n) {
        static const uint8_t digest[32];
        uint8_t key[CHANNEL_ID_SIZE];
        static ChannelCall c;

        assert_int_equal(hex_decode(mine, 2 * sizeof(key), key), 0);
        c = (ChannelCall){ .key = key, .method = CHANNEL_SIGN, .purpose = "digest", .n_options = n, .n_inputs = 1 };
        memcpy(c.options, options, n * sizeof(*options));
        c.inputs[0] = (Blob){ digest, sizeof(digest) };
        return channel_encode_call(&c, frame);
}

static void wrong_options(_unused_ void **state) {
        const ChannelOption unknown = { .name = "hsah", .type = CHANNEL_OPTION_STRING, .string = "sha256" };
        const ChannelOption type = { .name = "hash", .type = CHANNEL_OPTION_NUMBER, .number = 1 };
        const ChannelOption hash = { .name = "hash", .type = CHANNEL_OPTION_STRING, .string = "sha256" };
        const ChannelOption twice[] = { hash, hash };
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);

        send_frame(fd, with_option(&unknown, 1));
        expect_error(fd, "InvalidInput");
        assert_non_null(strstr(result.message, "did you mean \"hash\""));
        send_frame(fd, with_option(&type, 1));
        expect_error(fd, "InvalidInput");
        send_frame(fd, with_option(twice, 2));
        expect_error(fd, "InvalidInput");
        assert_non_null(strstr(result.message, "twice"));
        close(fd);
        sd_bus_flush_close_unref(bus);
}

static void expect_hang_up(sd_bus *bus, const void *packet, size_t n) {
        int fd = open_channel(bus, NULL);

        assert_true(fd >= 0);
        assert_int_equal(send(fd, packet, n, MSG_NOSIGNAL), (ssize_t) n);
        assert_false(receive(fd));
        close(fd);
}

static void malformed_frames(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        uint8_t random[256];
        ssize_t n;
        FILE *f;

        expect_hang_up(bus, "x", 1);
        n = make_call(1, mine, CHANNEL_SIGN, "digest");
        expect_hang_up(bus, frame, (size_t) n - 1);
        frame[n] = 0;
        expect_hang_up(bus, frame, (size_t) n + 1);
        frame[0]++;
        expect_hang_up(bus, frame, (size_t) n);
        f = fopen("/dev/urandom", "re");
        assert_non_null(f);
        for (int i = 0; i < 50; i++) {
                assert_int_equal(fread(random, 1, sizeof(random), f), sizeof(random));
                expect_hang_up(bus, random, 1 + random[0]);
        }
        (void) fclose(f);
        sd_bus_flush_close_unref(bus);
}

/* A descriptor that comes along is neither wanted nor kept. */
static void stowaway(_unused_ void **state) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL), extra = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ssize_t n = make_call(1, mine, CHANNEL_SIGN, "digest");
        struct iovec iov = { frame, (size_t) n };
        struct msghdr m = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };

        *CMSG_FIRSTHDR(&m) = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &extra, sizeof(int));
        assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), n);
        assert_false(receive(fd));
        close(extra);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

/* Who never reads is cut off; everybody else is served meanwhile. */
static void slow_reader(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        int slow = open_channel(bus, NULL), fd = open_channel(bus, NULL);
        ssize_t n = make_call(1, mine, CHANNEL_SIGN, "nonsense");
        struct pollfd pfd = { .fd = slow, .events = POLLOUT };
        unsigned sent = 0;

        assert_int_equal(fcntl(slow, F_SETFL, O_NONBLOCK), 0);
        while (sent < 1000000) {
                if (send(slow, frame, (size_t) n, MSG_NOSIGNAL) == n)
                        sent++;
                else if (errno != EAGAIN)
                        break;
                else
                        assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
        }
        assert_true(errno == EPIPE || errno == ECONNRESET);
        signs(fd);
        close(slow);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

/* A channel is its caller's: without its name on the bus there is none. */
static void ends_with_the_name(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);

        signs(fd);
        sd_bus_flush_close_unref(bus);
        assert_false(receive(fd));
        close(fd);
}

static void too_many(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        char *error = NULL;
        int fds[256];
        size_t n = 0;

        while (n < ELEMENTSOF(fds) && (fds[n] = open_channel(bus, &error)) >= 0)
                n++;
        assert_int_equal(n, 128);
        assert_string_equal(error, "org.signetd.Signet1.Error.Busy");
        free(error);
        signs(fds[0]);
        signs(fds[n - 1]);

        /* libsignet does without. */
        signet_client *client;
        signet_key *key;
        assert_int_equal(signet_client_new(NULL, &client), 0);
        assert_int_equal(signet_find_key(client, mine, "sign", &key), 0);
        for (int i = 0; i < 3; i++) {
                static const unsigned char digest[32];
                unsigned char *signature;
                size_t size;

                assert_int_equal(signet_sign(key, "digest", digest, sizeof(digest), NULL, &signature, &size), 0);
                signet_free(signature, size);
        }
        signet_key_unref(key);
        signet_client_unref(client);

        for (size_t i = 0; i < n; i++)
                close(fds[i]);
        sd_bus_flush_close_unref(bus);
}

/* 256 signatures of 512 bytes fit no packet. That is said before one is made, and libsignet asks over the bus. */
static void large_answer(_unused_ void **state) {
        static const unsigned char digest[32];
        const unsigned char *inputs[CHANNEL_INPUTS_MAX];
        size_t sizes[CHANNEL_INPUTS_MAX], *signature_sizes;
        unsigned char **signatures;
        static ChannelCall c;
        uint8_t key_id[CHANNEL_ID_SIZE];
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);
        signet_client *client;
        signet_key *key;

        assert_int_equal(hex_decode(large, 2 * sizeof(key_id), key_id), 0);
        c = (ChannelCall){
                .key = key_id, .method = CHANNEL_SIGN_MANY, .purpose = "digest", .n_inputs = ELEMENTSOF(inputs)
        };
        for (size_t i = 0; i < ELEMENTSOF(inputs); i++) {
                c.inputs[i] = (Blob){ digest, sizeof(digest) };
                inputs[i] = digest;
                sizes[i] = sizeof(digest);
        }
        send_frame(fd, channel_encode_call(&c, frame));
        expect_error(fd, CHANNEL_TOO_LARGE);
        close(fd);
        sd_bus_flush_close_unref(bus);

        assert_int_equal(signet_client_new(NULL, &client), 0);
        assert_int_equal(signet_find_key(client, large, "sign", &key), 0);
        for (int i = 0; i < 2; i++) { /* the second one opens the channel */
                assert_int_equal(signet_sign_many(key, "digest", inputs, sizes, ELEMENTSOF(inputs), NULL, &signatures,
                                                  &signature_sizes),
                                 0);
                assert_int_equal(signature_sizes[ELEMENTSOF(inputs) - 1], 512);
                signet_free_many(signatures, signature_sizes, ELEMENTSOF(inputs));
        }
        signet_key_unref(key);
        signet_client_unref(client);
}

/* Refusals without end: each is answered, and a use that is allowed goes on meanwhile. What of them the audit has, the
 * script looks at. */
static void refusals_without_end(_unused_ void **state) {
        sd_bus *bus = connect_bus();
        int fd = open_channel(bus, NULL);

        for (unsigned i = 0; i < 5000; i++) {
                send_frame(fd, make_call(i, mine, CHANNEL_SIGN, "smime"));
                expect_error(fd, "InvalidInput");
        }
        signs(fd);
        close(fd);
        sd_bus_flush_close_unref(bus);
}

static int hold(void) {
        sd_bus *bus = connect_bus();
        unsigned n = 0;
        char c;

        while (open_channel(bus, NULL) >= 0)
                n++;
        printf("%u\n", n);
        (void) fflush(stdout);
        while (read(STDIN_FILENO, &c, 1) > 0)
                ;
        sd_bus_flush_close_unref(bus);
        return 0;
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_signature),
                cmocka_unit_test(many_at_once),
                cmocka_unit_test(refusals),
                cmocka_unit_test(wrong_options),
                cmocka_unit_test(malformed_frames),
                cmocka_unit_test(stowaway),
                cmocka_unit_test(slow_reader),
                cmocka_unit_test(ends_with_the_name),
                cmocka_unit_test(too_many),
                cmocka_unit_test(large_answer),
                cmocka_unit_test(refusals_without_end),
                cmocka_unit_test(one_signature),
        };

        if (argc == 2 && strcmp(argv[1], "--hold") == 0)
                return hold();
        if (argc != 4)
                return 2;
        mine = argv[1];
        others = argv[2];
        large = argv[3];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
