/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a channel over a link and carries calls over it. Fed by whoever owns signetd's name; a mistake here gives one
 * call the answer to another. */
#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "call.h"
#include "common/secret.h"
#include "common/socket.h"
#include "deadline.h"

/* Programs close descriptors that they did not open: what the number means now must not be written to or closed. */
static bool is_ours(const ChannelEnd *c) {
        struct stat st;

        return fstat(c->fd, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode;
}

void channel_close(Link *l) {
        ChannelEnd *c = &l->channel;

        if (!c->room)
                return;
        if (is_ours(c))
                close(c->fd);
        secret_wipe(c->room, c->used);
        free(c->room);
        *c = (ChannelEnd){ 0 };
}

static int ask(Link *l, uint64_t deadline, int *ret_fd) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int fd, r;

        r = sd_bus_message_new_method_call(l->bus, &m, SIGNET_BUS_NAME, SIGNET_PATH, SIGNET_MANAGER, "OpenChannel");
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, 0);
        if (r < 0)
                return r;
        r = link_call(l, m, deadline, &reply);
        if (r < 0)
                return r;
        if (sd_bus_message_is_method_error(reply, NULL))
                return -ENOTSUP;
        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return r;
        *ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message keeps its own */
        return *ret_fd < 0 ? -errno : 0;
}

static int open_channel(Link *l, uint64_t deadline) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        uint8_t *room;
        int r;

        r = ask(l, deadline, &fd);
        if (r < 0)
                return r;
        if (!socket_is_seqpacket(fd) || fstat(fd, &st) < 0)
                return -EBADF;
        room = malloc(CHANNEL_FRAME_MAX);
        if (!room)
                return -ENOMEM;
        l->channel = (ChannelEnd){ .fd = TAKE_FD(fd), .device = st.st_dev, .inode = st.st_ino, .room = room };
        return 0;
}

bool channel_ready(Link *l, uint64_t deadline) {
        if (l->channel.room) {
                if (is_ours(&l->channel))
                        return true;
                channel_close(l);
        }
        if (l->channel_refused || !l->used) {
                l->used = true;
                return false;
        }
        /* A signetd that has none, or no room for one more, is not asked again over this link. */
        l->channel_refused = open_channel(l, deadline) < 0;
        return !l->channel_refused;
}

static int await(const ChannelEnd *c, short events, uint64_t deadline) {
        struct pollfd pfd = { .fd = c->fd, .events = events };
        uint64_t left = deadline_left(deadline);
        struct timespec ts = { .tv_sec = (time_t) (left / 1000000), .tv_nsec = (long) (left % 1000000) * 1000 };
        int r;

        if (left == 0)
                return -ETIMEDOUT;
        r = ppoll(&pfd, 1, &ts, NULL);
        return r < 0 && errno != EINTR ? -errno : 0;
}

static int transmit(const ChannelEnd *c, size_t n, uint64_t deadline) {
        int r;

        while ((r = socket_send_now(c->fd, c->room, n)) == -EAGAIN) {
                r = await(c, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Answers to calls that were given up are passed over. */
static int receive(ChannelEnd *c, uint64_t deadline, ChannelResult *ret) {
        ssize_t n;
        int r;

        for (;;) {
                r = await(c, POLLIN, deadline);
                if (r < 0)
                        return r;
                n = socket_receive_now(c->fd, c->room, CHANNEL_FRAME_MAX);
                if (n == -EAGAIN)
                        continue;
                if (n <= 0)
                        return n < 0 ? (int) n : -ECONNRESET;
                c->used = MAX(c->used, (size_t) n); /* one that is passed over may have been a secret, too */
                if (channel_decode_result(c->room, (size_t) n, ret) < 0)
                        return -EBADMSG;
                if (ret->id == c->id)
                        return 0;
        }
}

int channel_call(Link *l, ChannelCall *call, uint64_t deadline, ChannelResult *ret) {
        ChannelEnd *c = &l->channel;
        ssize_t n;
        int r;

        call->id = ++c->id;
        n = channel_encode_call(call, c->room);
        if (n < 0)
                return -EMSGSIZE;
        c->used = (size_t) n;
        r = transmit(c, (size_t) n, deadline);
        if (r == -EMSGSIZE) /* this system's sockets take less: the bus carries it */
                return r;
        if (r == 0)
                r = receive(c, deadline, ret);
        if (r == -EMSGSIZE)
                r = -EPROTO;
        if (r < 0)
                channel_close(l);
        return r;
}

void channel_read(Link *l) {
        secret_wipe(l->channel.room, l->channel.used);
        l->channel.used = 0;
}
