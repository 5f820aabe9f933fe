/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fork and exec of signet-worker. Fed by the configuration; the child must inherit nothing but the socket, standard
 * error and the environment that modules want (SOFTHSM2_CONF and the like). */
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define LISTEN_FD    3
#define STOP_STEPS   50
#define STOP_STEP_NS 20000000

extern char **environ;

/* What the service manager said to signetd alone. */
static bool is_ours(const char *variable) {
        static const char *const names[] = { "NOTIFY_SOCKET=",        "WATCHDOG_USEC=", "WATCHDOG_PID=",
                                             "LISTEN_FDS=",           "LISTEN_PID=",    "LISTEN_FDNAMES=",
                                             "CREDENTIALS_DIRECTORY=" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strncmp(variable, names[i], strlen(names[i])) == 0)
                        return true;
        return false;
}

/* The strings are borrowed from environ, but the two at the end: LISTEN_PID is written into by the child. */
static int make_environment(char *listen_pid, char ***ret) {
        size_t n = 0, k = 0;
        char **list;

        while (environ && environ[n])
                n++;
        list = calloc(n + 3, sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (!is_ours(environ[i]))
                        list[k++] = environ[i];
        list[k++] = (char *) "LISTEN_FDS=1";
        list[k++] = listen_pid;
        *ret = list;
        return 0;
}

static int child_descriptors(int listen_fd) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return -errno;
        if (listen_fd == LISTEN_FD)
                return fcntl(listen_fd, F_SETFD, 0) < 0 ? -errno : 0;
        return dup2(listen_fd, LISTEN_FD) < 0 ? -errno : 0;
}

/* Between fork and exec. `status` is close-on-exec and at 4 or above. */
static _noreturn_ void child(const char *program, const char *config_file, int listen_fd, int status, char *listen_pid,
                             size_t listen_pid_size, char *const *env, pid_t parent) {
        char *const argv[] = { (char *) program, (char *) "--config", (char *) config_file, NULL };
        sigset_t none;
        int r;

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(EXIT_FAILURE);
        (void) snprintf(listen_pid, listen_pid_size, "LISTEN_PID=%d", (int) getpid());
        r = child_descriptors(listen_fd);
        if (r == 0) {
                (void) execve(program, argv, env);
                r = -errno;
        }
        if (write(status, &r, sizeof(r)) < 0)
                _exit(EXIT_FAILURE);
        _exit(EXIT_FAILURE);
}

/* What the child wrote before it gave up, or nothing because exec closed the pipe. */
static int read_status(int fd) {
        int status = 0;
        ssize_t n;

        do
                n = read(fd, &status, sizeof(status));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == (ssize_t) sizeof(status) ? status : 0;
}

int spawn_supervisor(const char *program, const char *config_file, int listen_fd, pid_t *ret_pid) {
        _cleanup_close_ int reader = -EBADF, writer = -EBADF;
        _cleanup_free_ char **env = NULL;
        char listen_pid[32] = "LISTEN_PID=";
        pid_t parent = getpid(), pid;
        int fds[2], r;

        r = make_environment(listen_pid, &env);
        if (r < 0)
                return r;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        reader = fds[0];
        /* dup2() in the child must not overwrite it. */
        writer = fcntl(fds[1], F_DUPFD_CLOEXEC, LISTEN_FD + 1);
        close(fds[1]);
        if (writer < 0)
                return -errno;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child(program, config_file, listen_fd, writer, listen_pid, sizeof(listen_pid), env, parent);
        close(TAKE_FD(writer));
        r = read_status(reader);
        if (r < 0) {
                (void) waitpid(pid, NULL, 0);
                return r;
        }
        *ret_pid = pid;
        return 0;
}

void spawn_stop(pid_t pid) {
        const struct timespec step = { .tv_nsec = STOP_STEP_NS };

        if (kill(pid, SIGTERM) < 0)
                return;
        for (int i = 0; i < STOP_STEPS; i++) {
                if (waitpid(pid, NULL, WNOHANG) != 0)
                        return;
                (void) nanosleep(&step, NULL);
        }
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
}
