/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of a PIN through signetctl: in from terminal or file, out into a pipe, wiped in between. Fed by people; what
 * it breaks leaves a PIN on a screen or in memory, or a terminal without echo. */
#include "ctl-pin.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "common/secret.h"
#include "ctl-text.h"

#define PIN_MAX        255   /* bytes; tokens take far fewer */
#define PIN_TIMEOUT_MS 60000 /* for a file or pipe that never ends */

/* The terminal while its echo is off. Signals that would end signetctl wait in `signals` until the echo is on again. */
typedef struct Terminal {
        int fd, signals;
        struct termios before;
        sigset_t mask_before;
        bool quiet;
} Terminal;

static void terminal_done(Terminal *t) {
        if (t->quiet) {
                (void) tcsetattr(t->fd, TCSAFLUSH, &t->before);
                (void) sigprocmask(SIG_SETMASK, &t->mask_before, NULL); /* a signal that came meanwhile acts here */
        }
        closep(&t->signals);
        closep(&t->fd);
}

static int terminal_open(Terminal *t) {
        struct termios quiet;
        sigset_t mask;

        t->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (t->fd < 0 || tcgetattr(t->fd, &t->before) < 0)
                return -errno;

        sigemptyset(&mask);
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGHUP);
        sigaddset(&mask, SIGQUIT);
        t->signals = signalfd(-1, &mask, SFD_CLOEXEC);
        if (t->signals < 0)
                return -errno;
        if (sigprocmask(SIG_BLOCK, &mask, &t->mask_before) < 0)
                return -errno;
        t->quiet = true;

        quiet = t->before;
        quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
        quiet.c_lflag |= ICANON | ISIG;
        return tcsetattr(t->fd, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
}

static int terminal_write(const Terminal *t, const char *text) {
        return write(t->fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* One line into the secret, without its newline. -EINTR: a signal asks to end. */
static int terminal_read_line(const Terminal *t, Secret **ret) {
        struct pollfd fds[] = { { .fd = t->fd, .events = POLLIN }, { .fd = t->signals, .events = POLLIN } };
        _cleanup_(secret_freep) Secret *line = NULL;
        ssize_t n;
        int r;

        r = secret_new(PIN_MAX + 2, &line);
        if (r < 0)
                return r;
        while (poll(fds, ELEMENTSOF(fds), -1) < 0)
                if (errno != EINTR)
                        return -errno;
        if (fds[1].revents)
                return -EINTR;
        n = read(t->fd, secret_bytes(line), PIN_MAX + 2);
        if (n < 0)
                return -errno;
        if (n == 0 || secret_bytes(line)[n - 1] != '\n')
                return n > PIN_MAX ? -EMSGSIZE : -ENODATA;
        if (n == 1)
                return -ENODATA;

        secret_truncate(line, (size_t) n - 1);
        *ret = TAKE_PTR(line);
        return 0;
}

static int read_from_terminal(const char *token, Secret **ret) {
        _cleanup_(terminal_done) Terminal t = { .fd = -EBADF, .signals = -EBADF };
        _cleanup_free_ char *name = text_clean(token), *prompt = NULL;
        int r, q;

        if (!name || asprintf(&prompt, "PIN for token \"%s\": ", name) < 0)
                return -ENOMEM;
        r = terminal_open(&t);
        if (r == 0)
                r = terminal_write(&t, prompt);
        if (r < 0)
                return r;

        r = terminal_read_line(&t, ret);
        q = terminal_write(&t, "\n"); /* the one that was typed did not show */
        return r < 0 ? r : q;
}

static int read_from_file(const char *path, Secret **ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : secret_read_fd(fd, PIN_MAX, PIN_TIMEOUT_MS, ret);
}

static int read_from_descriptor(const char *number, Secret **ret) {
        uint64_t fd;

        if (ctl_parse_number(number, 0, INT32_MAX, &fd) < 0)
                return -EBADF;
        return secret_read_fd((int) fd, PIN_MAX, PIN_TIMEOUT_MS, ret);
}

/* The pipe's memory is the kernel's: the PIN is gone from there when it has been read or both ends are closed. */
static int pipe_secret(Secret *pin, int *ret_fd) {
        int fds[2];
        ssize_t n;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        n = write(fds[1], secret_bytes(pin), secret_size(pin)); /* far below PIPE_BUF: all or nothing */
        close(fds[1]);
        if (n < 0) {
                close(fds[0]);
                return -EIO;
        }
        *ret_fd = fds[0];
        return 0;
}

static int pin_error(Ctl *ctl, const char *source, int error) {
        switch (error) {
        case -ENODATA:
                return ctl_error(ctl, CTL_INVALID_INPUT, "%s: the PIN is empty; nothing was tried", source);
        case -EMSGSIZE:
                return ctl_error(ctl, CTL_INVALID_INPUT, "%s: longer than a PIN can be (%d bytes); nothing was tried",
                                 source, PIN_MAX);
        case -EINTR:
                return ctl_error(ctl, CTL_FAILURE, "interrupted; nothing was tried");
        default:
                return ctl_error(ctl, CTL_FAILURE, "%s: the PIN cannot be read: %s", source,
                                 strerrordesc_np(-error) ?: "unknown error");
        }
}

int ctl_pin_open(Ctl *ctl, const char *token, const char *file, const char *descriptor, int *ret_fd) {
        _cleanup_(secret_freep) Secret *pin = NULL;
        const char *source;
        int r;

        if (file) {
                source = file;
                r = read_from_file(file, &pin);
        } else if (descriptor) {
                source = "--pin-fd";
                r = read_from_descriptor(descriptor, &pin);
        } else if (!isatty(STDIN_FILENO)) {
                source = "standard input";
                r = secret_read_fd(STDIN_FILENO, PIN_MAX, PIN_TIMEOUT_MS, &pin);
        } else {
                source = "/dev/tty";
                r = read_from_terminal(token, &pin);
        }
        if (r == 0)
                r = pipe_secret(pin, ret_fd);
        return r < 0 ? pin_error(ctl, source, r) : CTL_DONE;
}
