/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which Thunderbird profile is meant, and whether Thunderbird has it open. Fed with profiles.ini and with what crashes
 * leave behind; what it breaks changes a profile under a Thunderbird that runs. */
#include "ctl-setup-profile.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "ctl-setup-prefs.h"

static int default_profile(Setup *s, char **ret) {
        _cleanup_free_ char *ini = NULL, *name = NULL;
        const char *text;
        bool exists;
        int e = plan_path(&s->plan, s->plan.home, ".thunderbird/profiles.ini", &ini), r;

        if (e == CTL_DONE)
                e = plan_text(&s->plan, ini, &text, &exists);
        if (e != CTL_DONE)
                return e;
        r = exists ? profiles_default(text, &name) : -ENOENT;
        if (r == -ENOENT)
                return ctl_error(
                        s->ctl, CTL_FAILURE,
                        "there is no Thunderbird profile in ~/.thunderbird; start Thunderbird once and make your "
                        "account, or name one with --profile DIR");
        if (r == -EEXIST)
                return ctl_error(s->ctl, CTL_AMBIGUOUS,
                                 "~/.thunderbird has several profiles: choose with --profile DIR");
        if (r < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        if (name[0] == '/')
                *ret = TAKE_PTR(name);
        else if (asprintf(ret, "%s/.thunderbird/%s", s->plan.home, name) < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        return CTL_DONE;
}

/* Thunderbird holds a lock on one file while it runs, and has a link with its process number beside it. */
bool profile_runs(const char *profile) {
        _cleanup_free_ char *parent = NULL, *name = NULL;
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        char target[256];
        ssize_t n;

        if (asprintf(&parent, "%s/.parentlock", profile) < 0 || asprintf(&name, "%s/lock", profile) < 0)
                return true;
        _cleanup_close_ int fd = open(parent, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
                return true;
        n = readlink(name, target, sizeof(target) - 1);
        if (n <= 0)
                return false;
        target[n] = '\0';
        const char *colon = strrchr(target, ':');
        long pid = colon ? strtol(colon + 1 + (colon[1] == '+'), NULL, 10) : 0;
        return pid > 0 && (kill((pid_t) pid, 0) == 0 || errno == EPERM);
}

int profile_find(Setup *s, const char **ret) {
        _cleanup_free_ char *found = NULL;
        int e;

        if (!s->profile) {
                e = default_profile(s, &found);
                if (e != CTL_DONE)
                        return e;
        }
        e = plan_add_root(&s->plan, s->profile ?: found, ret);
        if (e == CTL_DONE && access(*ret, F_OK) < 0)
                return ctl_error_errno(s->ctl, errno, *ret);
        return e;
}
