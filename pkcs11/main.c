/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-worker(8): arguments, the listening socket, and off it goes. Started by systemd, by signetd or by hand; a
 * wrong choice here shows a token to the wrong user. */
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "child.h"
#include "common/log.h"
#include "common/socket.h"
#include "config-values.h"
#include "harden.h"
#include "supervisor.h"

#define UIDS_MAX   16
#define LISTEN_FD  3 /* sd_listen_fds(3) */
#define EXIT_USAGE 2

typedef struct Arguments {
        const char *config, *socket, *check;
        uid_t uids[UIDS_MAX];
        size_t n_uids;
        pid_t parent; /* 0: any */
        bool bind_to_parent, verbose;
} Arguments;

static const char usage[] =
        "Usage: signet-worker --config FILE [--socket PATH] [--allow-uid USER]...\n"
        "       signet-worker --check FILE\n"
        "\n"
        "Opens one PKCS#11 token and serves it to signetd, which starts this program by itself unless the token's\n"
        "file in tokens.d names a socket.\n"
        "\n"
        "  --config FILE            the token's file, as in /etc/signetd/tokens.d\n"
        "  --socket PATH            listen here; without it, on descriptor 3 as sd_listen_fds(3) says\n"
        "  --allow-uid USER         a number or name that may connect beside root and the worker's own user\n"
        "  --die-with-parent[=PID]  end when the process that started this one (PID) ends\n"
        "  --check FILE             show what the token in FILE has to offer, without a login, and end\n"
        "  --verbose                log each start of a worker\n"
        "  --help, --version\n"
        "\n"
        "signet-worker(8), signetd(8), signetd.tokens(5)\n";

static int parse_uid(const char *s, uid_t *ret) {
        const struct passwd *pw;
        char *end;
        unsigned long n;

        errno = 0;
        n = strtoul(s, &end, 10);
        if (s[0] >= '0' && s[0] <= '9' && *end == '\0' && errno == 0 && n < (uid_t) -1) {
                *ret = (uid_t) n;
                return 0;
        }
        pw = getpwnam(s);
        if (!pw)
                return -ESRCH;
        *ret = pw->pw_uid;
        return 0;
}

static int parse_parent(const char *s, pid_t *ret) {
        char *end;
        long n;

        errno = 0;
        n = strtol(s, &end, 10);
        if (end == s || *end != '\0' || errno != 0 || n <= 0 || n > INT32_MAX)
                return -EINVAL;
        *ret = (pid_t) n;
        return 0;
}

/* 0, or -EINVAL after a message. Ends the process for --help, --version and --child. */
static int parse_arguments(int argc, char **argv, Arguments *a) {
        enum { CONFIG = 256, SOCKET, ALLOW_UID, DIE, CHECK, VERBOSE, HELP, VERSION, CHILD };
        static const struct option options[] = {
                { "config", required_argument, NULL, CONFIG },
                { "socket", required_argument, NULL, SOCKET },
                { "allow-uid", required_argument, NULL, ALLOW_UID },
                { "die-with-parent", optional_argument, NULL, DIE },
                { "check", required_argument, NULL, CHECK },
                { "verbose", no_argument, NULL, VERBOSE },
                { "help", no_argument, NULL, HELP },
                { "version", no_argument, NULL, VERSION },
                { "child", no_argument, NULL, CHILD },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case CONFIG:
                        a->config = optarg;
                        break;
                case SOCKET:
                        a->socket = optarg;
                        break;
                case ALLOW_UID:
                        if (a->n_uids == UIDS_MAX || parse_uid(optarg, &a->uids[a->n_uids]) < 0) {
                                log_error("--allow-uid %s: no such user, or too many of them", optarg);
                                return -EINVAL;
                        }
                        a->n_uids++;
                        break;
                case DIE:
                        a->bind_to_parent = true;
                        if (optarg && parse_parent(optarg, &a->parent) < 0) {
                                log_error("--die-with-parent=%s: not the number of a process", optarg);
                                return -EINVAL;
                        }
                        break;
                case CHECK:
                        a->check = optarg;
                        break;
                case VERBOSE:
                        a->verbose = true;
                        break;
                case HELP:
                        (void) fputs(usage, stdout);
                        exit(EXIT_SUCCESS);
                case VERSION:
                        puts("signet-worker " SIGNET_VERSION);
                        exit(EXIT_SUCCESS);
                case CHILD:
                        child_run();
                default:
                        return -EINVAL;
                }
        if (optind < argc || (!a->config && !a->check)) {
                log_error("one of --config and --check is needed, and no more words; see --help");
                return -EINVAL;
        }
        return 0;
}

static bool is_listening(int fd) {
        int type = 0, listening = 0;
        socklen_t n = sizeof(int);

        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET &&
               getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening != 0;
}

/* The socket that was passed in, or one that we make. */
static int take_socket(const Arguments *a, int *ret_fd) {
        const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
        bool passed = pid && n && strtol(pid, NULL, 10) == getpid() && strcmp(n, "1") == 0;
        int r;

        (void) unsetenv("LISTEN_PID");
        (void) unsetenv("LISTEN_FDS");
        (void) unsetenv("LISTEN_FDNAMES");
        if (a->socket) {
                r = socket_listen(a->socket, ret_fd);
                return r < 0 ? log_error_errno(r, "cannot listen on %s", a->socket) : 0;
        }
        if (!passed) {
                log_error("no socket was passed in; start signet-worker from a socket unit or with --socket PATH");
                return -EINVAL;
        }
        if (!is_listening(LISTEN_FD)) {
                log_error("what was passed in is no listening SOCK_SEQPACKET socket; see ListenSequentialPacket= in "
                          "systemd.socket(5)");
                return -EINVAL;
        }
        *ret_fd = LISTEN_FD;
        return 0;
}

static TokenConfig *load_config(const char *path) {
        _cleanup_(problems_done) Problems problems = {};
        TokenConfig *config = NULL;

        if (token_config_load(path, &problems, &config) == 0)
                return config;
        for (size_t i = 0; i < problems.n; i++)
                log_error("%s:%u: %s", problems.items[i].file, problems.items[i].line, problems.items[i].text);
        if (problems.n == 0)
                log_error("%s: cannot be read", path);
        return NULL;
}

static int run(const Arguments *a, const TokenConfig *config) {
        _cleanup_(supervisor_freep) Supervisor *supervisor = NULL;
        SupervisorOptions options = { .config = config, .uids = a->uids, .n_uids = a->n_uids };
        int r;

        if (a->bind_to_parent && !process_bind_to_parent(SIGTERM, a->parent)) {
                log_error("the process that started this one is gone");
                return -ESRCH;
        }
        r = take_socket(a, &options.listen_fd);
        if (r < 0)
                return r;
        r = supervisor_new(&options, &supervisor);
        if (r < 0)
                return log_error_errno(r, "cannot start");
        r = supervisor_run(supervisor);
        return r < 0 ? log_error_errno(r, "cannot go on") : 0;
}

int main(int argc, char **argv) {
        _cleanup_(token_config_freep) TokenConfig *config = NULL;
        Arguments a = {};

        log_init("signet-worker", LOG_LEVEL_INFO);
        if (parse_arguments(argc, argv, &a) < 0)
                return EXIT_USAGE;
        if (a.verbose)
                log_init("signet-worker", LOG_LEVEL_DEBUG);
        config = load_config(a.check ?: a.config);
        if (!config)
                return EXIT_FAILURE;
        if (a.check)
                return check_token(config);

        process_harden();
        return run(&a, config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
