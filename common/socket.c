/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SOCK_SEQPACKET with descriptor passing. The other end may send anything; no descriptor may leak in here. */
#include "socket.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BUFFER_BYTES 262144 /* room for FRAME_MAX and the kernel's own bookkeeping */
#define BACKLOG      16

static int address_of(const char *path, struct sockaddr_un *ret) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, path, strlen(path) + 1);
        *ret = sa;
        return 0;
}

static int open_socket(void) {
        int size = BUFFER_BYTES;
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        return fd;
}

int socket_listen(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un sa;
        struct stat st;
        mode_t mask;
        int r;

        r = address_of(path, &sa);
        if (r < 0)
                return r;
        if (lstat(path, &st) == 0) {
                if (!S_ISSOCK(st.st_mode))
                        return -EEXIST;
                if (unlink(path) < 0)
                        return -errno;
        }
        fd = open_socket();
        if (fd < 0)
                return fd;
        mask = umask(0177);
        r = bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;
        if (listen(fd, BACKLOG) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int socket_connect(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un sa;
        int r;

        r = address_of(path, &sa);
        if (r < 0)
                return r;
        fd = open_socket();
        if (fd < 0)
                return fd;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int send_packet(int fd, const void *data, size_t n, int pass_fd, int flags) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = (void *) data, .iov_len = n };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t k;

        if (pass_fd >= 0) {
                msg.msg_control = &control;
                msg.msg_controllen = sizeof(control.room);
                struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
        }
        do
                k = sendmsg(fd, &msg, MSG_NOSIGNAL | flags);
        while (k < 0 && errno == EINTR);
        if (k < 0)
                return -errno;
        return (size_t) k == n ? 0 : -EIO;
}

int socket_send(int fd, const void *data, size_t n, int pass_fd) {
        return send_packet(fd, data, n, pass_fd, 0);
}

int socket_send_now(int fd, const void *data, size_t n) {
        return send_packet(fd, data, n, -1, MSG_DONTWAIT);
}

/* Closes every descriptor in msg but the first, which is returned (or -EBADF). *ret_n counts them all. */
static int first_descriptor(struct msghdr *msg, size_t *ret_n) {
        int first = -EBADF;
        size_t n = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < k; i++) {
                        int fd;
                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (n++ == 0)
                                first = fd;
                        else
                                close(fd);
                }
        }
        *ret_n = n;
        return first;
}

static ssize_t receive_packet(int fd, void *data, size_t room, int *ret_fd, int flags) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(4 * sizeof(int))];
        } control;
        struct iovec iov = { .iov_base = data, .iov_len = room };
        struct msghdr msg = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control.room),
        };
        _cleanup_close_ int passed = -EBADF;
        size_t n_passed;
        ssize_t k;

        do
                k = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | flags);
        while (k < 0 && errno == EINTR);
        if (k < 0)
                return -errno;

        passed = first_descriptor(&msg, &n_passed);
        if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || n_passed > 1)
                return -EMSGSIZE;
        if (!ret_fd)
                return n_passed > 0 ? -EBADMSG : k;

        *ret_fd = TAKE_FD(passed);
        return k;
}

ssize_t socket_receive(int fd, void *data, size_t room, int *ret_fd) {
        return receive_packet(fd, data, room, ret_fd, 0);
}

ssize_t socket_receive_now(int fd, void *data, size_t room) {
        return receive_packet(fd, data, room, NULL, MSG_DONTWAIT);
}

bool socket_is_seqpacket(int fd) {
        int domain = 0, type = 0;
        socklen_t n = sizeof(int);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX &&
               getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

int socket_peer(int fd, uid_t *ret_uid, pid_t *ret_pid) {
        struct ucred cred;
        socklen_t n = sizeof(cred);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
                return -errno;
        *ret_uid = cred.uid;
        *ret_pid = cred.pid;
        return 0;
}
