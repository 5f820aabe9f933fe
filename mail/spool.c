/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary files without a name. Fed with mails of any kind; a full disk is the caller's error to report. */
#include "spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BUFFER_SIZE 65536

struct Spool {
        int fd;
        uint64_t size;   /* in file and buffer together */
        size_t buffered; /* at the end, not yet written */
        uint8_t buffer[BUFFER_SIZE];
};

static int open_unlinked(const char *directory) {
        int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
        if (fd >= 0)
                return fd;

        /* Not every file system knows O_TMPFILE. */
        char path[4096];
        if ((size_t) snprintf(path, sizeof(path), "%s/signet-XXXXXX", directory) >= sizeof(path))
                return -ENAMETOOLONG;
        fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        (void) unlink(path);
        return fd;
}

const char *spool_directory(void) {
        const char *directory = secure_getenv("TMPDIR");

        return directory && *directory ? directory : "/tmp";
}

int spool_new(SpoolKind kind, Spool **ret) {
        Spool *s = malloc(sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->size = 0;
        s->buffered = 0;
        if (kind == SPOOL_MEMORY) {
                s->fd = memfd_create("signet-plaintext", MFD_CLOEXEC);
                if (s->fd < 0)
                        s->fd = -errno;
        } else
                s->fd = open_unlinked(spool_directory());
        if (s->fd < 0) {
                int r = s->fd;
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

Spool *spool_free(Spool *s) {
        if (s) {
                close(s->fd);
                explicit_bzero(s->buffer, sizeof(s->buffer));
                free(s);
        }
        return NULL;
}

static int write_all(int fd, const uint8_t *data, size_t n) {
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

static int write_at(int fd, const uint8_t *data, size_t n, uint64_t offset) {
        while (n > 0) {
                ssize_t w = pwrite(fd, data, n, (off_t) offset);
                if (w < 0 && errno == EINTR)
                        continue;
                if (w < 0)
                        return -errno;
                data += w;
                offset += (uint64_t) w;
                n -= (size_t) w;
        }
        return 0;
}

static int flush(Spool *s) {
        int r = write_at(s->fd, s->buffer, s->buffered, s->size - s->buffered);
        if (r == 0)
                s->buffered = 0;
        return r;
}

int spool_append(Spool *s, const void *data, size_t n) {
        const uint8_t *p = data;

        if (n > SPOOL_MAX - s->size)
                return -EFBIG;
        while (n > 0) {
                size_t now = MIN(n, BUFFER_SIZE - s->buffered);

                memcpy(s->buffer + s->buffered, p, now);
                s->buffered += now;
                s->size += now;
                p += now;
                n -= now;
                if (s->buffered == BUFFER_SIZE) {
                        int r = flush(s);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int spool_append_string(Spool *s, const char *text) {
        return spool_append(s, text, strlen(text));
}

int spool_fill(Spool *s, int fd) {
        for (;;) {
                int r = s->buffered == BUFFER_SIZE ? flush(s) : 0;
                if (r < 0)
                        return r;
                ssize_t n = read(fd, s->buffer + s->buffered, BUFFER_SIZE - s->buffered);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                if ((uint64_t) n > SPOOL_MAX - s->size)
                        return -EFBIG;
                s->buffered += (size_t) n;
                s->size += (uint64_t) n;
        }
}

uint64_t spool_size(const Spool *s) {
        return s->size;
}

int spool_fd(Spool *s, int *ret_fd) {
        int r = flush(s);
        if (r == 0)
                *ret_fd = s->fd;
        return r;
}

int spool_refresh(Spool *s) {
        struct stat st;

        if (fstat(s->fd, &st) < 0)
                return -errno;
        if ((uint64_t) st.st_size > SPOOL_MAX)
                return -EFBIG;
        s->size = (uint64_t) st.st_size;
        s->buffered = 0;
        return 0;
}

Slice spool_slice(Spool *s) {
        return (Slice){ s, 0, s->size };
}

Slice slice_from(Slice s, uint64_t offset) {
        return slice_range(s, offset, s.size);
}

Slice slice_range(Slice s, uint64_t begin, uint64_t end) {
        return (Slice){ s.spool, s.offset + begin, end - begin };
}

ssize_t slice_read(Slice s, uint64_t offset, void *buffer, size_t n) {
        if (offset >= s.size)
                return 0;
        if (s.spool->buffered > 0) {
                int r = flush(s.spool);
                if (r < 0)
                        return r;
        }
        for (;;) {
                ssize_t got = pread(s.spool->fd, buffer, MIN(n, s.size - offset), (off_t) (s.offset + offset));
                if (got >= 0 || errno != EINTR)
                        return got < 0 ? -errno : got;
        }
}

int slice_send(Slice s, int fd) {
        uint8_t buffer[BUFFER_SIZE];
        uint64_t done = 0;
        int r = 0;

        while (r == 0 && done < s.size) {
                ssize_t n = slice_read(s, done, buffer, sizeof(buffer));
                if (n <= 0)
                        r = n < 0 ? (int) n : -EIO;
                else
                        r = write_all(fd, buffer, (size_t) n);
                done += n > 0 ? (uint64_t) n : 0;
        }
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

void lines_init(Lines *l, Slice slice) {
        l->slice = slice;
        l->position = 0;
        l->have = l->used = 0;
        l->in_line = false;
}

int lines_next(Lines *l, Line *ret) {
        const uint8_t *start = l->buffer + l->used;
        const uint8_t *lf = memchr(start, '\n', l->have - l->used);

        /* A line that the buffer cuts off is moved to the front and read on; one that fills all of it goes out in
         * pieces. */
        if (!lf && l->have - l->used < LINES_PIECE) {
                memmove(l->buffer, start, l->have - l->used);
                l->have -= l->used;
                l->used = 0;
                while (!lf && l->have < LINES_PIECE) {
                        ssize_t n =
                                slice_read(l->slice, l->position + l->have, l->buffer + l->have, LINES_PIECE - l->have);
                        if (n < 0)
                                return (int) n;
                        if (n == 0)
                                break;
                        lf = memchr(l->buffer + l->have, '\n', (size_t) n);
                        l->have += (size_t) n;
                }
                start = l->buffer;
        }

        size_t size = lf ? (size_t) (lf - start) + 1 : l->have - l->used;
        if (size == 0)
                return 0;
        /* CR and LF of one line end stay in one piece. */
        if (!lf && size == LINES_PIECE && start[size - 1] == '\r')
                size--;

        *ret = (Line){ start, size, l->position, !l->in_line, lf != NULL };
        l->in_line = !lf;
        l->used += size;
        l->position += size;
        return 1;
}

size_t line_text_size(const Line *l) {
        size_t n = l->size;

        if (!l->ends)
                return n;
        n--;
        return n > 0 && l->data[n - 1] == '\r' ? n - 1 : n;
}
