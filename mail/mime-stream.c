/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets GMime read and write spools without holding a mail in memory. */
#include "mime-stream.h"

#include <fcntl.h>

static int duplicate(Spool *spool, int *ret_fd) {
        int fd, r;

        r = spool_fd(spool, &fd);
        if (r < 0)
                return r;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

int mime_stream_read(Slice slice, GMimeStream **ret) {
        int fd = -EBADF, r;

        r = duplicate(slice.spool, &fd);
        if (r < 0)
                return r;
        /* The stream seeks before each read: the descriptor's place in the file is shared with the spool, which never
         * uses it. */
        *ret = g_mime_stream_fs_new_with_bounds(fd, (gint64) slice.offset, (gint64) (slice.offset + slice.size));
        return 0;
}

int mime_stream_write(Spool *spool, GMimeStream **ret) {
        int fd = -EBADF, r;

        r = duplicate(spool, &fd);
        if (r < 0)
                return r;
        GMimeStream *file = g_mime_stream_fs_new_with_bounds(fd, 0, -1);
        *ret = g_mime_stream_buffer_new(file, GMIME_STREAM_BUFFER_BLOCK_WRITE);
        g_object_unref(file);
        return 0;
}

ssize_t mime_stream_next(GMimeStream *stream, void *buffer, size_t n) {
        ssize_t got = g_mime_stream_read(stream, buffer, n);

        return got < 0 && g_mime_stream_eos(stream) ? 0 : got;
}
