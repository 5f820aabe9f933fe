/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets in the place of channels, each with a process at its other end. Fed by libsignet under test. */
#include "fake-channel.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "common/channel-frame.h"

static uint8_t frame[CHANNEL_FRAME_MAX];

/* Nothing but answers to a call that nobody made. */
static void chatter(int fd) {
        static const ChannelResult other = { .id = UINT32_MAX, .error = "Busy", .message = "x" };
        ssize_t n = channel_encode_result(&other, frame);

        while (n > 0 && send(fd, frame, (size_t) n, MSG_NOSIGNAL) == n)
                ;
}

/* Each call gets this word for an answer. */
static void refuse(int fd, const char *error) {
        static ChannelCall call;
        ssize_t n;

        while ((n = recv(fd, frame, sizeof(frame), 0)) > 0) {
                if (channel_decode_call(frame, (size_t) n, &call) < 0)
                        break;
                n = channel_encode_result(&(ChannelResult){ .id = call.id, .error = error, .message = "no" }, frame);
                if (n < 0 || send(fd, frame, (size_t) n, MSG_NOSIGNAL) != n)
                        break;
        }
}

static _noreturn_ void serve(FakeMode mode, int fd) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (mode == FAKE_CHANNEL_CHATTERS)
                chatter(fd);
        else if (mode == FAKE_CHANNEL_TOO_LARGE)
                refuse(fd, CHANNEL_TOO_LARGE);
        else
                for (char c; read(fd, &c, 1) > 0;)
                        ;
        _exit(0);
}

int fake_channel_open(FakeMode mode, int *ret_fd) {
        int type = mode == FAKE_CHANNEL_STREAM ? SOCK_STREAM : SOCK_SEQPACKET, pair[2];
        pid_t pid;

        if (mode < FAKE_CHANNEL_MUTE || mode > FAKE_CHANNEL_STREAM)
                return -ENOTSUP;
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0) /* one that blocks */
                return -errno;
        pid = fork();
        if (pid == 0) {
                close(pair[0]);
                serve(mode, pair[1]);
        }
        close(pair[1]);
        *ret_fd = pair[0];
        return pid < 0 ? -errno : 0;
}
