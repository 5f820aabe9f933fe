/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetd(8): signs and decrypts for bus clients with keys on tokens. Reads its arguments and configuration, builds the
 * Manager, runs it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "config-values.h"
#include "manager.h"

#define EXIT_CONFIG 78 /* sysexits.h; systemd shows it as CONFIG */

typedef enum Action { ACTION_RUN, ACTION_CHECK, ACTION_DONE } Action;

typedef struct Arguments {
        const char *config;
        const char *address; /* NULL: the system bus */
        Action action;
        LogLevel level;
} Arguments;

static void help(void) {
        printf("signetd [OPTIONS...]\n\n"
               "Signs and decrypts with keys on PKCS#11 tokens, for those whom policy allows.\n\n"
               "  --system         Serve on the system bus (default)\n"
               "  --address=ADDR   Serve on the bus at this D-Bus address\n"
               "  --config=DIR     Read signetd.conf, tokens.d and policy.d from here\n"
               "                   (default %s)\n"
               "  --check          Read the configuration, say what is wrong with it, and exit\n"
               "  --debug          Log more\n"
               "  --help           Show this\n"
               "  --version        Show the version\n\n"
               "Exit status: 0 stopped, 1 failed, 78 the configuration has mistakes. See signetd(8).\n",
               SIGNET_CONFIG_DIR);
}

static int parse_arguments(int argc, char *argv[], Arguments *ret) {
        enum { OPT_SYSTEM = 256, OPT_ADDRESS, OPT_CONFIG, OPT_CHECK, OPT_DEBUG, OPT_HELP, OPT_VERSION };
        static const struct option options[] = {
                { "system", no_argument, NULL, OPT_SYSTEM },       { "address", required_argument, NULL, OPT_ADDRESS },
                { "config", required_argument, NULL, OPT_CONFIG }, { "check", no_argument, NULL, OPT_CHECK },
                { "debug", no_argument, NULL, OPT_DEBUG },         { "help", no_argument, NULL, OPT_HELP },
                { "version", no_argument, NULL, OPT_VERSION },     {},
        };
        Arguments a = { .config = SIGNET_CONFIG_DIR, .level = LOG_LEVEL_INFO };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPT_SYSTEM:
                        a.address = NULL;
                        break;
                case OPT_ADDRESS:
                        a.address = optarg;
                        break;
                case OPT_CONFIG:
                        a.config = optarg;
                        break;
                case OPT_CHECK:
                        a.action = ACTION_CHECK;
                        break;
                case OPT_DEBUG:
                        a.level = LOG_LEVEL_DEBUG;
                        break;
                case OPT_HELP:
                        help();
                        a.action = ACTION_DONE;
                        break;
                case OPT_VERSION:
                        printf("signetd " SIGNET_VERSION "\n");
                        a.action = ACTION_DONE;
                        break;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "signetd: unexpected argument \"%s\"; see signetd --help\n", argv[optind]);
                return -EINVAL;
        }
        *ret = a;
        return 0;
}

static void print_problems(const Problems *problems) {
        for (size_t i = 0; i < problems->n; i++) {
                const Problem *p = &problems->items[i];

                if (p->line > 0)
                        log_error("%s:%u: %s", p->file, p->line, p->text);
                else
                        log_error("%s: %s", p->file, p->text);
        }
        if (problems->overflow)
                log_error("there are more mistakes than these");
}

/* Reads everything, so that one start shows all mistakes of all files. */
static int load(const char *directory, Settings **ret_settings, Policy **ret_policy) {
        _cleanup_(problems_done) Problems problems = {};
        _cleanup_(settings_freep) Settings *settings = NULL;
        _cleanup_(policy_unrefp) Policy *policy = NULL;
        _cleanup_free_ char *policies = NULL;
        int r, k;

        if (asprintf(&policies, "%s/policy.d", directory) < 0)
                return log_error_errno(ENOMEM, "cannot read the configuration");
        r = settings_load(directory, &problems, &settings);
        k = policy_load(policies, &problems, &policy);
        if (r < 0 || k < 0) {
                print_problems(&problems);
                return log_error_errno(EINVAL, "the configuration in %s cannot be used", directory);
        }
        *ret_settings = TAKE_PTR(settings);
        *ret_policy = TAKE_PTR(policy);
        return 0;
}

int main(int argc, char *argv[]) {
        _cleanup_(manager_freep) Manager *m = NULL;
        _cleanup_(settings_freep) Settings *settings = NULL;
        _cleanup_(policy_unrefp) Policy *policy = NULL;
        Arguments arguments;
        Failure f;
        int r;

        log_init("signetd", LOG_LEVEL_INFO);
        /* Recovered content keys pass through this process. */
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){});
        if (parse_arguments(argc, argv, &arguments) < 0)
                return EXIT_FAILURE;
        if (arguments.action == ACTION_DONE)
                return EXIT_SUCCESS;
        log_init("signetd", arguments.level);
        if (load(arguments.config, &settings, &policy) < 0)
                return EXIT_CONFIG;
        if (arguments.action == ACTION_CHECK) {
                printf("%s: %zu tokens, %zu rules, no mistakes\n", arguments.config, settings->n_tokens,
                       policy_rule_count(policy));
                return EXIT_SUCCESS;
        }

        r = manager_new(TAKE_PTR(settings), TAKE_PTR(policy), arguments.address, &m, &f);
        if (r > 0) {
                log_error("%s", f.text);
                return EXIT_FAILURE;
        }
        if (r == 0)
                r = manager_run(m);
        if (r < 0) {
                (void) log_error_errno(r, "cannot go on");
                return EXIT_FAILURE;
        }
        return r;
}
