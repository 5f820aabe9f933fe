/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in and out. Fed with whatever people sign and with recovered keys; what it breaks loses a result or shows it to
 * others. */
#include "ctl-io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#define LINE_BYTES 48 /* 64 characters of base64, as in PEM */

static bool is_stream(const char *path) {
        return !path || strcmp(path, "-") == 0;
}

int io_open(Ctl *ctl, const char *path, FILE **ret) {
        FILE *f;

        if (is_stream(path)) {
                if (isatty(STDIN_FILENO))
                        fputs("Reading from the terminal; end with Ctrl-D.\n", stderr);
                *ret = stdin;
                return CTL_DONE;
        }
        f = fopen(path, "re");
        if (!f)
                return ctl_error_errno(ctl, errno, path);

        *ret = f;
        return CTL_DONE;
}

void io_closep(FILE **f) {
        if (*f && *f != stdin)
                fclose(*f);
}

int io_read(Ctl *ctl, const char *path, unsigned char **ret, size_t *ret_size) {
        _cleanup_(io_closep) FILE *f = NULL;
        unsigned char *data;
        size_t n;
        int e;

        e = io_open(ctl, path, &f);
        if (e != CTL_DONE)
                return e;
        data = malloc(IO_INPUT_MAX + 1);
        if (!data)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");

        n = fread(data, 1, IO_INPUT_MAX + 1, f);
        if (ferror(f))
                e = ctl_error_errno(ctl, errno, path ?: "standard input");
        else if (n > IO_INPUT_MAX)
                e = ctl_error(ctl, CTL_INVALID_INPUT, "%s: larger than the %d bytes that one request carries",
                              is_stream(path) ? "standard input" : path, IO_INPUT_MAX);
        else if (n == 0)
                e = ctl_error(ctl, CTL_INVALID_INPUT, "%s: empty", is_stream(path) ? "standard input" : path);
        if (e != CTL_DONE) {
                signet_free(data, n);
                return e;
        }

        *ret = data;
        *ret_size = n;
        return CTL_DONE;
}

int io_check_output(Ctl *ctl, const char *path, bool base64) {
        if (!is_stream(path) || base64 || ctl->globals.json || !isatty(STDOUT_FILENO))
                return CTL_DONE;
        return ctl_error(ctl, CTL_USAGE,
                         "the result is binary and would go to the terminal; give --out FILE or --base64");
}

char *io_base64(const unsigned char *data, size_t n) {
        char *text = malloc(4 * ((n + 2) / 3) + 1);

        if (text)
                EVP_EncodeBlock((unsigned char *) text, data, (int) n);
        return text;
}

static int write_base64(FILE *f, const unsigned char *data, size_t n) {
        for (size_t i = 0; i < n; i += LINE_BYTES) {
                _cleanup_free_ char *line = io_base64(data + i, MIN(n - i, (size_t) LINE_BYTES));

                if (!line)
                        return -ENOMEM;
                fprintf(f, "%s\n", line);
                OPENSSL_cleanse(line, strlen(line));
        }
        return 0;
}

static int write_stream(FILE *f, const unsigned char *data, size_t n, bool base64) {
        setvbuf(f, NULL, _IONBF, 0); /* no copy of a secret in stdio's buffer */
        if (base64)
                return write_base64(f, data, n);
        return fwrite(data, 1, n, f) == n ? 0 : -errno;
}

/* A file that was there may be open to more people than a new one would be. */
static FILE *open_output(const char *path, mode_t mode) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return NULL;
        if (S_ISREG(st.st_mode) && (mode & 0077) == 0 && fchmod(fd, mode) < 0)
                return NULL;

        FILE *f = fdopen(fd, "w");
        if (f)
                TAKE_FD(fd);
        return f;
}

int io_write(Ctl *ctl, const char *path, mode_t mode, const unsigned char *data, size_t n, bool base64) {
        FILE *f;
        int r;

        if (is_stream(path)) {
                r = write_stream(stdout, data, n, base64);
                return r < 0 ? ctl_error_errno(ctl, r, "standard output") : CTL_DONE;
        }
        f = open_output(path, mode);
        if (!f)
                return ctl_error_errno(ctl, errno, path);

        r = write_stream(f, data, n, base64);
        if (fclose(f) != 0 && r == 0)
                r = -errno;
        return r < 0 ? ctl_error_errno(ctl, r, path) : CTL_DONE;
}
