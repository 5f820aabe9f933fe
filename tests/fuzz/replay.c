/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over the files of a corpus, once each: what a normal test run does with every seed and every
 * finding.
 *
 * Usage: replay-NAME DIRECTORY. Exits 1 when the directory holds no file, so that a lost corpus is noticed. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay(const char *directory, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ uint8_t *data = NULL;
        char path[PATH_MAX];
        struct stat st;
        ssize_t n;

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        data = malloc((size_t) st.st_size + 1);
        if (!data)
                return -ENOMEM;
        n = read(fd, data, (size_t) st.st_size);
        if (n != st.st_size)
                return -EIO;
        (void) LLVMFuzzerTestOneInput(data, (size_t) n);
        return 0;
}

int main(int argc, char **argv) {
        unsigned n = 0;
        DIR *d;

        if (argc != 2 || !(d = opendir(argv[1]))) {
                fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
                return 2;
        }
        for (struct dirent *e = readdir(d); e; e = readdir(d)) {
                if (e->d_name[0] == '.')
                        continue;
                if (replay(argv[1], e->d_name) < 0) {
                        fprintf(stderr, "%s/%s cannot be read\n", argv[1], e->d_name);
                        return 1;
                }
                n++;
        }
        closedir(d);
        printf("%u inputs replayed\n", n);
        return n > 0 ? 0 : 1;
}
