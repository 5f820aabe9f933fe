/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lab's directory and its supervisor. */
#include "worker-lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/socket.h"

#define STOP_TIMEOUT_MS 15000
#define PATIENCE_MS     10000

static _noreturn_ void fail(const char *what) {
        (void) fprintf(stderr, "worker-lab: %s: %s\n", what, strerror(errno));
        abort();
}

/* The build directory, where the programs under test are. */
static const char *build_directory(void) {
        return getenv("SIGNET_BUILD") ?: (fail("SIGNET_BUILD is not set"), NULL);
}

static void sleep_ms(long ms) {
        struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        (void) nanosleep(&ts, NULL);
}

static void set_path(char *ret, size_t n, const WorkerLab *lab, const char *name) {
        (void) snprintf(ret, n, "%s/%s", lab->directory, name);
}

bool lab_begin(WorkerLab *lab) {
        char tokens[96];

        if (!maker_module())
                return false;
        *lab = (WorkerLab){ .directory = "/tmp/signet-worker.XXXXXX" };
        if (!mkdtemp(lab->directory))
                fail("mkdtemp");
        set_path(lab->socket, sizeof(lab->socket), lab, "socket");
        set_path(lab->config, sizeof(lab->config), lab, "mail.conf");
        set_path(lab->pin_file, sizeof(lab->pin_file), lab, "pin");
        set_path(lab->control, sizeof(lab->control), lab, "control");
        set_path(lab->log, sizeof(lab->log), lab, "calls");
        set_path(lab->errors, sizeof(lab->errors), lab, "errors");
        set_path(tokens, sizeof(tokens), lab, "tokens");
        if (mkdir(tokens, 0700) < 0)
                fail(tokens);
        maker_store(tokens);
        return true;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

void lab_end(WorkerLab *lab) {
        lab_stop(lab);
        if (lab->directory[0])
                (void) nftw(lab->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        *lab = (WorkerLab){};
}

void lab_write(const char *path, const char *text) {
        char next[128];
        int fd;

        /* Replaced in one step, as an administrator's tools would: no reader sees half of it. */
        (void) snprintf(next, sizeof(next), "%s.next", path);
        fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text) || close(fd) < 0 ||
            rename(next, path) < 0)
                fail(path);
}

void lab_configure(WorkerLab *lab, const char *label, const char *module, const char *pin, const char *more) {
        char text[2048], init[512] = "";
        char faulty[512];

        if (module == LAB_FAULTY) {
                (void) snprintf(faulty, sizeof(faulty), "%s/tests/faulty-module/faulty-module.so", build_directory());
                (void) snprintf(init, sizeof(init), "init-args = \"module=%s control=%s log=%s\"\n", maker_module(),
                                lab->control, lab->log);
                module = faulty;
        }
        (void) snprintf(text, sizeof(text), "module = \"%s\"\nlabel = \"%s\"\n%s%s%s%s%s\n", module ?: maker_module(),
                        label, init, pin ? "pin-file = \"" : "", pin ? lab->pin_file : "", pin ? "\"\n" : "",
                        more ?: "");
        lab_write(lab->config, text);
        if (pin)
                lab_write(lab->pin_file, pin);
}

void lab_control(WorkerLab *lab, const char *text) {
        lab_write(lab->control, text);
}

unsigned lab_count_calls(WorkerLab *lab, const char *call) {
        char line[256];
        unsigned n = 0;
        FILE *f = fopen(lab->log, "re");

        while (f && fgets(line, sizeof(line), f)) {
                char *space = strchr(line, ' ');

                line[strcspn(line, "\n")] = '\0';
                n += space && strcmp(space + 1, call) == 0;
        }
        if (f)
                (void) fclose(f);
        return n;
}

bool lab_logged(WorkerLab *lab, const char *text) {
        char line[2048];
        bool found = false;
        FILE *f = fopen(lab->errors, "re");

        while (f && !found && fgets(line, sizeof(line), f))
                found = strstr(line, text) != NULL;
        if (f)
                (void) fclose(f);
        return found;
}

void lab_start(WorkerLab *lab) {
        char program[512];
        int fd;

        (void) snprintf(program, sizeof(program), "%s/pkcs11/signet-worker", build_directory());
        lab->supervisor = fork();
        if (lab->supervisor < 0)
                fail("fork");
        if (lab->supervisor == 0) {
                fd = open(lab->errors, O_WRONLY | O_CREAT | O_APPEND, 0600);

                if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
                        _exit(126);
                execl(program, program, "--config", lab->config, "--socket", lab->socket, "--verbose",
                      "--die-with-parent", lab->option, NULL);
                _exit(127);
        }
        /* Bound is not yet listening. */
        for (int i = 0; i < PATIENCE_MS / 20; i++) {
                if (socket_connect(lab->socket, &fd) == 0) {
                        close(fd);
                        return;
                }
                sleep_ms(20);
        }
        fail("starting signet-worker");
}

/* What a supervisor may leave behind: a good status, or the end that SIGTERM brings to one that has hardly started; and
 * no report of a sanitizer from any of its processes. */
static void check_end(WorkerLab *lab, int status) {
        bool good =
                (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

        if (good && !lab_logged(lab, "ERROR: AddressSanitizer") && !lab_logged(lab, "runtime error:"))
                return;
        (void) fprintf(stderr,
                       "worker-lab: signet-worker ended with status %d, or a sanitizer found something; see %s\n",
                       status, lab->errors);
        abort();
}

void lab_stop(WorkerLab *lab) {
        int status;

        if (lab->supervisor == 0)
                return;
        (void) kill(lab->supervisor, SIGTERM);
        for (int i = 0; i < STOP_TIMEOUT_MS / 20; i++) {
                if (waitpid(lab->supervisor, &status, WNOHANG) == lab->supervisor) {
                        lab->supervisor = 0;
                        (void) unlink(lab->socket);
                        check_end(lab, status);
                        return;
                }
                sleep_ms(20);
        }
        fail("signet-worker did not end");
}

/* The parent of a process, from /proc; 0 when it is gone. */
static pid_t parent_of(const char *pid) {
        char path[300], line[512];
        int parent = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%s/stat", pid);
        f = fopen(path, "re");
        if (f && fgets(line, sizeof(line), f)) {
                const char *after = strrchr(line, ')'); /* "PID (NAME) STATE PPID" */

                if (!after || strlen(after) < 5 || (parent = (int) strtol(after + 4, NULL, 10)) <= 0)
                        parent = 0;
        }
        if (f)
                (void) fclose(f);
        return parent;
}

size_t lab_children(WorkerLab *lab, pid_t *ret, size_t room) {
        DIR *d = opendir("/proc");
        struct dirent *e;
        size_t n = 0;

        if (!d)
                fail("/proc");
        while ((e = readdir(d))) {
                if (e->d_name[0] < '1' || e->d_name[0] > '9' || parent_of(e->d_name) != lab->supervisor)
                        continue;
                if (n < room)
                        ret[n] = (pid_t) strtol(e->d_name, NULL, 10);
                n++;
        }
        (void) closedir(d);
        return n;
}

bool lab_wait_children(WorkerLab *lab, size_t n) {
        for (int i = 0; i < PATIENCE_MS / 20; i++) {
                if (lab_children(lab, NULL, 0) == n)
                        return true;
                sleep_ms(20);
        }
        return false;
}

bool lab_gone(pid_t pid) {
        for (int i = 0; i < PATIENCE_MS / 20; i++) {
                if (kill(pid, 0) < 0 && errno == ESRCH)
                        return true;
                sleep_ms(20);
        }
        return false;
}

int lab_connect(WorkerLab *lab) {
        int fd, flags, r = -EAGAIN;

        /* The supervisor may be busy accepting what came before. */
        for (int i = 0; i < PATIENCE_MS / 20 && r == -EAGAIN; i++) {
                r = socket_connect(lab->socket, &fd);
                if (r == -EAGAIN)
                        sleep_ms(20);
        }
        errno = -r;
        if (r < 0)
                fail("connecting");
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
                fail("fcntl");
        return fd;
}
