/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding and reading audit files. Fed with files that anyone who could write them may have edited; what it breaks
 * hides lines from the reader. */
#include "ctl-audit.h"

#include <string.h>
#include <time.h>

#include "common/config.h"

int audit_default_path(Ctl *ctl, char **ret) {
        _cleanup_(problems_done) Problems problems = { 0 };
        const char *path = AUDIT_FILE_DEFAULT;
        _cleanup_free_ char *file = NULL;
        config_t config;
        int e = CTL_DONE;

        if (asprintf(&file, "%s/signetd.conf", ctl->globals.config) < 0)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        if (access(file, F_OK) < 0 && errno == ENOENT) {
                *ret = strdup(path);
                return *ret ? CTL_DONE : ctl_error(ctl, CTL_FAILURE, "out of memory");
        }

        if (config_load(file, &config, &problems) == 0)
                (void) config_string(config_root_setting(&config), "audit-file", &problems, &path);
        if (problems_any(&problems))
                e = ctl_error(ctl, CTL_FAILURE, "%s:%u: %s; or name the audit file itself", problems.items[0].file,
                              problems.items[0].line, problems.items[0].text);
        else if (!(*ret = strdup(path)))
                e = ctl_error(ctl, CTL_FAILURE, "out of memory");
        config_destroy(&config);
        return e;
}

int audit_error(Ctl *ctl, int error, const char *path) {
        const char *next = "";

        if (error == -EACCES)
                next = "; the audit is for root and signetd's own user to read";
        else if (error == -ENOENT)
                next = "; name the file, or signetd's configuration with --config DIR";
        return ctl_error(ctl, CTL_FAILURE, "%s: %s%s", path, strerrordesc_np(-error) ?: "unknown error", next);
}

int audit_reader_open(AuditReader *r, const char *path) {
        FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

        if (!f)
                return -errno;
        r->f = f;
        r->path = path;
        r->line = 0;
        r->size = 0;
        return 0;
}

void audit_reader_done(AuditReader *r) {
        if (r->f && r->f != stdin)
                fclose(r->f);
        r->f = NULL;
}

/* signetd may be in the middle of a line when its end is read: a moment later the rest is there. */
static int next_character(AuditReader *r) {
        static const struct timespec moment = { .tv_nsec = 100000000 };
        int c = getc_unlocked(r->f);

        if (c != EOF || ferror(r->f) || r->size == 0)
                return c;
        clearerr(r->f);
        (void) nanosleep(&moment, NULL);
        return getc_unlocked(r->f);
}

AuditRead audit_reader_next(AuditReader *r) {
        bool cut = false;
        int c;

        r->size = 0;
        while ((c = next_character(r)) != EOF && c != '\n')
                if (r->size < AUDIT_LINE_MAX)
                        r->text[r->size++] = (char) c;
                else
                        cut = true;
        r->text[r->size] = '\0';
        if (ferror(r->f))
                return AUDIT_READ_FAILED;
        if (c == EOF && r->size == 0)
                return AUDIT_READ_END;

        r->line++;
        return cut ? AUDIT_READ_LONG : c == EOF ? AUDIT_READ_TORN : AUDIT_READ_LINE;
}
