/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A POSIX timer whose signal ends the process. The supervisor kills too, when signetd hangs up: a module that blocks
 * signals gains nothing but a little time. */
#include "deadline.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "child.h"

/* One process has one deadline; a signal handler's state cannot be passed to it. */
static timer_t deadline_timer;

static void passed(int signal) {
        (void) signal;
        _exit(CHILD_EXIT_DEADLINE);
}

int deadline_init(void) {
        /* Not SIGALRM: modules use that. */
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX - 1 };
        struct sigaction action = { .sa_handler = passed };

        if (sigaction(event.sigev_signo, &action, NULL) < 0)
                return -errno;
        return timer_create(CLOCK_MONOTONIC, &event, &deadline_timer) < 0 ? -errno : 0;
}

static void set(uint32_t ms) {
        struct itimerspec when = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000 } };

        (void) timer_settime(deadline_timer, 0, &when, NULL);
}

void deadline_arm(uint32_t ms) {
        set(ms == 0 ? 1 : MIN(ms, DEADLINE_MAX_MS));
}

void deadline_disarm(void) {
        set(0);
}
