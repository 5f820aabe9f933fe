/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and replacing one file. Fed with files that people and their programs wrote; what it breaks loses somebody's
 * configuration, or writes where nobody expects it. */
#include "ctl-setup-file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *setup_file_error(int error) {
        switch (error) {
        case SETUP_FILE_E_FOREIGN:
                return "it belongs to another user";
        case SETUP_FILE_E_NO_TEXT:
                return "it is not a text file of at most 4 MiB";
        case SETUP_FILE_E_READ_ONLY:
                return "it is read-only; if it may be changed, say so with: chmod u+w";
        case SETUP_FILE_E_OPEN_DIRECTORY:
                return "others may write to the directory that it is in; close it with: chmod o-w";
        default:
                return strerrordesc_np(error < 0 ? -error : error) ?: "unknown error";
        }
}

static int read_all(int fd, size_t size, char **ret) {
        _cleanup_free_ char *text = malloc(size + 1);
        size_t n = 0;

        if (!text)
                return -ENOMEM;
        while (n < size) {
                ssize_t got = read(fd, text + n, size - n);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                n += (size_t) got;
        }
        text[n] = '\0';
        if (strlen(text) != n)
                return SETUP_FILE_E_NO_TEXT;

        *ret = TAKE_PTR(text);
        return 0;
}

int setup_file_read(const char *path, char **ret, mode_t *ret_mode) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > SETUP_FILE_MAX)
                return SETUP_FILE_E_NO_TEXT;
        if (st.st_uid != geteuid())
                return SETUP_FILE_E_FOREIGN;
        r = read_all(fd, (size_t) st.st_size, ret);
        if (r == 0)
                *ret_mode = st.st_mode & 07777;
        return r;
}

/* The directory of the path, to be freed, and where its last part begins. */
static char *split(const char *path, const char **ret_name) {
        const char *slash = strrchr(path, '/');

        *ret_name = slash + 1;
        return slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
}

static int open_directory(const char *path, int *ret_fd, const char **ret_name) {
        _cleanup_free_ char *directory = split(path, ret_name);
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid())
                return SETUP_FILE_E_FOREIGN;
        if (st.st_mode & S_IWOTH)
                return SETUP_FILE_E_OPEN_DIRECTORY;
        if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* A replaced file would lose its read-only mode without a word, which rename() does not mind; root is asked likewise.
 */
int setup_file_check(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        struct stat st;
        int r = open_directory(path, &fd, &name);

        if (r != 0)
                return r == -ENOENT ? 0 : r; /* a directory that will be made */
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        return st.st_mode & S_IWUSR ? 0 : SETUP_FILE_E_READ_ONLY;
}

static int write_all(int fd, const char *text, mode_t mode) {
        size_t n = strlen(text);

        while (n > 0) {
                ssize_t put = write(fd, text, n);
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return -errno;
                text += put;
                n -= (size_t) put;
        }
        return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A file goes to the group that the old one had, else its mode would open it to another. */
static mode_t keep_group(int directory, const char *name, int fd, mode_t mode) {
        struct stat old, new;

        if (fstatat(directory, name, &old, AT_SYMLINK_NOFOLLOW) < 0 || fstat(fd, &new) < 0 || old.st_gid == new.st_gid)
                return mode;
        return fchown(fd, (uid_t) -1, old.st_gid) == 0 ? mode : mode & ~(mode_t) S_IRWXG;
}

/* Beside the old one, then in its place: a reader sees the old text or the new one, and so does whoever comes after a
 * power cut. */
static int replace(int directory, const char *name, const char *text, mode_t mode) {
        char temporary[32];
        int r;

        snprintf(temporary, sizeof(temporary), ".signetctl-%d", (int) getpid());
        _cleanup_close_ int fd =
                openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, keep_group(directory, name, fd, mode));
        if (r == 0 && renameat(directory, temporary, directory, name) < 0)
                r = -errno;
        if (r < 0)
                unlinkat(directory, temporary, 0);
        return r;
}

int setup_file_write(const char *path, const char *text, mode_t mode) {
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        int r = open_directory(path, &fd, &name);

        if (r != 0)
                return r < 0 ? r : -EPERM;
        if (text)
                r = replace(fd, name, text, mode);
        else if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        return r;
}

int setup_file_resolve(const char *path, char **ret) {
        char real[PATH_MAX];
        struct stat st;
        const char *name;

        if (realpath(path, real)) {
                *ret = strdup(real);
                return *ret ? 0 : -ENOMEM;
        }
        if (errno != ENOENT)
                return -errno;
        if (lstat(path, &st) == 0)
                return -ELOOP; /* it is there and leads nowhere */

        _cleanup_free_ char *directory = split(path, &name), *resolved = NULL, *joined = NULL;
        if (!directory)
                return -ENOMEM;
        int r = setup_file_resolve(directory, &resolved);
        if (r < 0)
                return r;
        if (asprintf(&joined, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, name) < 0)
                return -ENOMEM;

        *ret = joined;
        joined = NULL;
        return 0;
}
