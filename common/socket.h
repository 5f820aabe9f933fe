/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SOCK_SEQPACKET sockets of the worker link and of channels. */
#pragma once

#include <sys/types.h>

#include "macros.h"

/* A listening SOCK_SEQPACKET socket (close-on-exec, non-blocking) at `path`, mode 0600; replaces an old socket there.
 * -ENAMETOOLONG when the path does not fit sockaddr_un. */
int socket_listen(const char *path, int *ret_fd) _must_check_;

/* Connects to such a socket: close-on-exec, non-blocking. -EAGAIN when its backlog is full. */
int socket_connect(const char *path, int *ret_fd) _must_check_;

/* Sends one packet, with a descriptor when pass_fd >= 0 (it stays open here). 0 or -errno; never SIGPIPE. */
int socket_send(int fd, const void *data, size_t n, int pass_fd) _must_check_;

/* Receives one packet of at most `room` bytes. Returns its size, 0 when the other side hung up, -EMSGSIZE when the
 * packet was larger or carried more than one descriptor. *ret_fd gets a passed descriptor or -EBADF; with ret_fd NULL a
 * passed descriptor is an error (-EBADMSG) and is closed. */
ssize_t socket_receive(int fd, void *data, size_t room, int *ret_fd) _must_check_;

/* The same without descriptors on a socket that somebody else has too, who may change its mode: they never wait, but
 * return -EAGAIN. */
int socket_send_now(int fd, const void *data, size_t n) _must_check_;
ssize_t socket_receive_now(int fd, void *data, size_t room) _must_check_;

/* Whether the descriptor is a socket as these functions take it. */
bool socket_is_seqpacket(int fd);

/* The uid and pid at the other end, as they were when it connected (SO_PEERCRED). */
int socket_peer(int fd, uid_t *ret_uid, pid_t *ret_pid) _must_check_;
