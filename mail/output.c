/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads all of an input before anything is done with it, and writes output only when there is nothing left that could
 * fail. */
#include "output.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_standard(const char *path) {
        return !path || strcmp(path, "-") == 0;
}

int input_read(const char *path, Spool **ret, Fault *f) {
        _cleanup_(spool_freep) Spool *spool = NULL;
        _cleanup_close_ int fd = -EBADF;
        const char *name = is_standard(path) ? "standard input" : path;
        int r;

        if (!is_standard(path)) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return fault_set_errno(f, errno, "cannot read %s", path);
        }
        r = spool_new(SPOOL_DISK, &spool);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a temporary file in %s", spool_directory());
        r = spool_fill(spool, is_standard(path) ? STDIN_FILENO : fd);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read %s", name);
        *ret = TAKE_PTR(spool);
        return 0;
}

typedef struct Output {
        const OutputPiece *pieces;
        size_t n;
} Output;

static int write_bytes(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t w = write(fd, data, n);
                if (w < 0 && errno == EINTR)
                        continue;
                if (w < 0)
                        return -errno;
                data += w;
                n -= (size_t) w;
        }
        return 0;
}

static int write_piece(const OutputPiece *piece, int fd) {
        _cleanup_(BIO_free_allp) BIO *source = NULL;
        char buffer[16384];
        int n, r = 0;

        if (piece->mode == LINE_MODE_VERBATIM)
                return slice_send(piece->data, fd);
        source = slice_bio_new(piece->data, piece->mode);
        if (!source)
                return -ENOMEM;
        while (r == 0 && (n = BIO_read(source, buffer, sizeof(buffer))) > 0)
                r = write_bytes(fd, buffer, (size_t) n);
        if (r == 0 && n < 0)
                r = -EIO;
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

static int write_all(const Output *o, int fd) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < o->n; i++)
                r = write_piece(&o->pieces[i], fd);
        return r;
}

static int write_in_place(const Output *o, const char *path) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);

        return fd < 0 ? -errno : write_all(o, fd);
}

/* A new file beside the old one, renamed over it when it is complete. */
static int replace(const Output *o, const char *path, mode_t mode) {
        char temporary[PATH_MAX];
        _cleanup_close_ int fd = -EBADF;
        int r;

        if ((size_t) snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
                return -ENAMETOOLONG;
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = fchmod(fd, mode) < 0 ? -errno : write_all(o, fd);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}

static int write_file(const Output *o, const char *path, OutputFlags flags) {
        _cleanup_free_ char *real = realpath(path, NULL);
        struct stat st;
        int r;

        if (real && stat(real, &st) == 0) {
                if (!S_ISREG(st.st_mode) || (flags & OUTPUT_IN_PLACE))
                        return write_in_place(o, real);
                r = replace(o, real, st.st_mode & 0777);
        } else {
                mode_t mask = umask(077);
                (void) umask(mask);
                r = replace(o, path, 0666 & ~mask);
        }
        /* A file in a folder that takes no new files can still be written. */
        return r == -EACCES || r == -EPERM || r == -EROFS ? write_in_place(o, real ?: path) : r;
}

int output_write(const OutputPiece *pieces, size_t n, const char *path, OutputFlags flags, Fault *f) {
        const Output o = { pieces, n };
        int r = is_standard(path) ? write_all(&o, STDOUT_FILENO) : write_file(&o, path, flags);

        if (r == 0 || (r == -EPIPE && (flags & OUTPUT_MAY_BREAK)))
                return 0;
        return fault_set_errno(f, r, "cannot write %s", is_standard(path) ? "standard output" : path);
}

int output_write_spool(Spool *spool, const char *path, OutputFlags flags, Fault *f) {
        const OutputPiece piece = { spool_slice(spool), LINE_MODE_VERBATIM };

        return output_write(&piece, 1, path, flags, f);
}
