/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardening of supervisor and children. A PIN in a core file or in swap outlives every lock. */
#include "harden.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* the leak check at exit attaches to the process, and shadow memory is too large to lock */
#else
#define SANITIZED 0
#endif

/* With MCL_FUTURE and a limit, the module's next malloc() would fail: lock everything or, by way of Secret, only
 * secrets. */
static void lock_memory(void) {
        const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
        struct rlimit now;

        (void) setrlimit(RLIMIT_MEMLOCK, &all);
        if (getrlimit(RLIMIT_MEMLOCK, &now) == 0 && now.rlim_cur == RLIM_INFINITY)
                (void) mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

void process_harden(void) {
        const struct rlimit none = { 0, 0 };

        (void) setrlimit(RLIMIT_CORE, &none);
        (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (SANITIZED)
                return;
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        lock_memory();
}

bool process_bind_to_parent(int signal, pid_t parent) {
        if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) < 0)
                return false;

        /* The parent may have ended before the request: it is not our parent any more then. */
        return parent == 0 || getppid() == parent;
}
