/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locked, wiped memory. Fed by worker and clients with PINs and recovered keys; what it breaks leaks them. */
#include "secret.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct Secret {
        size_t size;
        size_t mapped;
        uint8_t bytes[];
};

void secret_wipe(void *p, size_t n) {
        if (p)
                explicit_bzero(p, n);
}

int secret_new(size_t n, Secret **ret) {
        size_t page, mapped;
        Secret *s;

        if (n == 0 || n > SECRET_MAX)
                return -EINVAL;

        page = (size_t) sysconf(_SC_PAGESIZE);
        mapped = (sizeof(Secret) + n + page - 1) / page * page;
        s = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (s == MAP_FAILED)
                return -ENOMEM;

        (void) mlock(s, mapped);
        (void) madvise(s, mapped, MADV_DONTDUMP);
        (void) madvise(s, mapped, MADV_WIPEONFORK);
        s->size = n;
        s->mapped = mapped;
        *ret = s;
        return 0;
}

Secret *secret_free(Secret *s) {
        if (!s)
                return NULL;

        size_t mapped = s->mapped;
        explicit_bzero(s, mapped);
        (void) munmap(s, mapped);
        return NULL;
}

uint8_t *secret_bytes(Secret *s) {
        return s->bytes;
}

size_t secret_size(const Secret *s) {
        return s->size;
}

void secret_truncate(Secret *s, size_t n) {
        if (n >= s->size)
                return;
        explicit_bzero(s->bytes + n, s->size - n);
        s->size = n;
}

static int64_t now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits until fd can be read or the deadline has passed. */
static int wait_readable(int fd, int64_t deadline) {
        for (;;) {
                struct pollfd pfd = { .fd = fd, .events = POLLIN };
                int64_t left = deadline - now_ms();
                int r;

                if (left <= 0)
                        return -ETIMEDOUT;
                r = poll(&pfd, 1, (int) MIN(left, (int64_t) INT_MAX));
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

int secret_read_fd(int fd, size_t max, int timeout_ms, Secret **ret) {
        _cleanup_(secret_freep) Secret *s = NULL;
        int64_t deadline = now_ms() + timeout_ms;
        size_t n = 0;
        int r;

        if (max == 0 || max >= SECRET_MAX)
                return -EINVAL;
        r = secret_new(max + 1, &s);
        if (r < 0)
                return r;

        for (;;) {
                ssize_t k;

                r = wait_readable(fd, deadline);
                if (r < 0)
                        return r;
                k = read(fd, s->bytes + n, max + 1 - n);
                if (k < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
                if (n > max)
                        return -EMSGSIZE;
        }
        if (n > 0 && s->bytes[n - 1] == '\n')
                n--;
        if (n == 0)
                return -ENODATA;

        secret_truncate(s, n);
        *ret = TAKE_PTR(s);
        return 0;
}
