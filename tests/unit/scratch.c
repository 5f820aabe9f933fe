/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scratch directories of tests. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macros.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

int scratch_make(void **state) {
        char *directory = strdup("/tmp/signet-test-XXXXXX");

        *state = directory;
        return directory && mkdtemp(directory) ? 0 : -1;
}

int scratch_remove(void **state) {
        _cleanup_free_ char *directory = *state;
        DIR *d = opendir(directory);

        if (!d)
                return -1;
        for (struct dirent *e = readdir(d); e; e = readdir(d))
                if (unlinkat(dirfd(d), e->d_name, 0) < 0)
                        (void) unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
        closedir(d);
        return rmdir(directory);
}

const char *scratch_write(const char *directory, const char *name, const char *text, size_t n, mode_t mode) {
        static char path[256];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        /* The umask of whoever runs the test is no part of it. */
        assert_int_equal(fchmod(fd, mode), 0);
        while (n > 0) {
                ssize_t k = write(fd, text, n);

                assert_true(k > 0);
                text += k;
                n -= (size_t) k;
        }
        close(fd);
        return path;
}
