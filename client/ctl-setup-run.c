/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running programs with fixed arguments. Fed with what they print; what it breaks hangs signetctl or leaves files
 * behind. */
#include "ctl-setup-run.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

char *run_find(const char *program) {
        const char *path = getenv("PATH") ?: "/usr/bin:/bin";
        char candidate[PATH_MAX];

        for (const char *p = path; *p; p += strcspn(p, ":"), p += *p == ':') {
                int n = snprintf(candidate, sizeof(candidate), "%.*s/%s", (int) strcspn(p, ":"), p, program);
                if (candidate[0] == '/' && n > 0 && (size_t) n < sizeof(candidate) && access(candidate, X_OK) == 0)
                        return strdup(candidate);
        }
        return NULL;
}

static _noreturn_ void become(const char *path, const char *const *argv, const char *variable, int output) {
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void) setsid();
        if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                _exit(127);
        if (variable && putenv((char *) variable) != 0)
                _exit(127);
        execv(path, (char *const *) argv);
        _exit(127);
}

/* Kills it when its time is over; where there is no pidfd_open() (Linux before 5.3), it takes as long as it takes. */
static int await(pid_t pid, int *ret_status) {
        _cleanup_close_ int fd = pidfd_open(pid, 0);
        struct pollfd ended = { .fd = fd, .events = POLLIN };
        int n = 1;

        if (fd >= 0)
                do
                        n = poll(&ended, 1, RUN_SECONDS * 1000);
                while (n < 0 && errno == EINTR);
        if (n <= 0) {
                kill(-pid, SIGKILL); /* it leads a session of its own */
                kill(pid, SIGKILL);
        }
        while (waitpid(pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return n > 0 ? 0 : -ETIME;
}

static int read_output(int fd, char **ret) {
        _cleanup_free_ char *output = malloc(RUN_OUTPUT_MAX + 1);
        ssize_t n;

        if (!output)
                return -ENOMEM;
        n = pread(fd, output, RUN_OUTPUT_MAX, 0);
        if (n < 0)
                return -errno;
        while (n > 0 && strchr(" \t\r\n", output[n - 1]))
                n--;
        output[n] = '\0';

        *ret = TAKE_PTR(output);
        return 0;
}

/* Output goes to memory and not to a pipe: a daemon that the program starts may keep it open. */
int run_program(const char *const *argv, const char *variable, char **ret_output) {
        _cleanup_free_ char *path = argv[0][0] == '/' ? strdup(argv[0]) : run_find(argv[0]);
        _cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
        int status = 0, r;

        if (!path)
                return -ENOENT;
        if (output < 0)
                return -errno;
        fflush(NULL);
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                become(path, argv, variable, output);

        r = await(pid, &status);
        if (r == 0)
                r = read_output(output, ret_output);
        if (r < 0)
                return r;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int scratch_new(char **ret) {
        const char *where = getenv("TMPDIR");
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/signetctl.XXXXXX", where && where[0] == '/' ? where : "/tmp") < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (!mkdtemp(path))
                return -errno;

        *ret = TAKE_PTR(path);
        return 0;
}

static int remove_one(const char *path, const struct stat *st _unused_, int kind _unused_, struct FTW *at _unused_) {
        return remove(path) < 0 && errno != ENOENT;
}

void scratch_remove(const char *path) {
        (void) nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

char *scratch_file(const char *directory, const char *name, const char *text) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return path = NULL;
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
                return NULL;
        return TAKE_PTR(path);
}
