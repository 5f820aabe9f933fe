/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the audit file. Fed by every decision; what is lost here was never accounted for. */
#include "audit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "audit-journal.h"
#include "audit-tail.h"
#include "common/hex.h"

struct Audit {
        int fd;
        AuditTarget target;
        AuditHead head;
};

Audit *audit_free(Audit *a) {
        if (!a)
                return NULL;
        if (a->fd >= 0)
                close(a->fd);
        free(a);
        return NULL;
}

static int open_file(const char *path, int *ret_fd, Failure *f) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
        struct stat st;

        if (fd < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "audit file %s cannot be opened: %s; make its directory writable "
                                   "for signetd, or set \"audit-file\" in signetd.conf",
                                   path, strerrordesc_np(errno));
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return failure_set(f, OUTCOME_INVALID_INPUT, "audit file %s is not a regular file", path);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "audit file %s cannot be locked (%s): another signetd writes it; "
                                   "stop that one, or give this one a file of its own",
                                   path, strerrordesc_np(errno));
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int audit_open(const char *path, AuditTarget target, Audit **ret, size_t *ret_cut, Failure *f) {
        _cleanup_(audit_freep) Audit *a = calloc(1, sizeof(*a));
        const char *why = NULL;
        size_t cut = 0;
        int r;

        if (!a)
                return -ENOMEM;
        a->fd = -EBADF;
        a->target = target;
        r = open_file(path, &a->fd, f);
        if (r > 0)
                return AUDIT_E_UNUSABLE;
        if (r < 0)
                return r;

        r = audit_tail_read(a->fd, &a->head, &cut, &why);
        if (r > 0) {
                (void) failure_set(f, OUTCOME_INVALID_INPUT,
                                   "audit file %s: %s; see `signetctl audit verify %s`, then move the "
                                   "file away to begin a new chain",
                                   path, why, path);
                return AUDIT_E_UNUSABLE;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(a);
        *ret_cut = cut;
        return 0;
}

static int add(struct json_object *o, const char *name, struct json_object *value) {
        if (!value)
                return -ENOMEM;
        if (json_object_object_add(o, name, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

static int add_string(struct json_object *o, const char *name, const char *s) {
        return s && *s ? add(o, name, json_object_new_string(s)) : 0;
}

static int add_number(struct json_object *o, const char *name, uint64_t n) {
        return add(o, name, json_object_new_uint64(n));
}

static int add_time(struct json_object *o) {
        char text[40], whole[64];
        struct timespec now;
        struct tm tm;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        if (!gmtime_r(&now.tv_sec, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return -EOVERFLOW;
        (void) snprintf(whole, sizeof(whole), "%s.%03ldZ", text, now.tv_nsec / 1000000);
        return add_string(o, "time", whole);
}

static int add_peer(struct json_object *o, const Peer *p) {
        int r;

        if (!p)
                return 0;
        if ((r = add_string(o, "user", p->user)) < 0 || (r = add_number(o, "uid", p->uid)) < 0 ||
            (r = add_string(o, "unit", p->unit)) < 0)
                return r;
        return p->pid > 0 ? add_number(o, "pid", (uint64_t) p->pid) : 0;
}

static int add_digest(struct json_object *o, const uint8_t *digest) {
        char hex[2 * AUDIT_DIGEST_SIZE + 1];

        if (!digest)
                return 0;
        hex_encode(digest, AUDIT_DIGEST_SIZE, hex);
        return add_string(o, "digest", hex);
}

static int fill(struct json_object *o, const AuditEntry *e) {
        int r;

        if ((r = add_time(o)) < 0 || (r = add_peer(o, e->peer)) < 0 ||
            (r = add_string(o, "operation", e->operation)) < 0 || (r = add_string(o, "purpose", e->purpose)) < 0 ||
            (r = add_string(o, "hash", e->hash)) < 0 || (r = add_string(o, "key", e->key)) < 0 ||
            (r = add_string(o, "label", e->label)) < 0 || (r = add_string(o, "token", e->token)) < 0 ||
            (r = add_digest(o, e->digest)) < 0 || (r = add_string(o, "rule", e->rule)) < 0 ||
            (r = add_string(o, "verdict", e->verdict)) < 0 ||
            (r = add_string(o, "result", outcome_to_string(e->result))) < 0)
                return r;
        if (e->result != OUTCOME_OK && (r = add_string(o, "reason", e->reason)) < 0)
                return r;
        return e->duration_us > 0 ? add_number(o, "duration", e->duration_us) : 0;
}

/* All of the line or nothing: half a line would break the chain for good. */
static int append(int fd, const char *line, size_t n) {
        struct stat before;
        ssize_t k;
        int r;

        if (fstat(fd, &before) < 0)
                return -errno;
        if (before.st_nlink == 0)
                return -ESTALE;
        do
                k = write(fd, line, n);
        while (k < 0 && errno == EINTR);
        if (k < 0)
                return -errno;
        if ((size_t) k == n)
                return 0;

        r = ftruncate(fd, before.st_size) < 0 ? -errno : -ENOSPC;
        return r;
}

static void object_put(struct json_object **o) {
        json_object_put(*o);
}

int audit_write(Audit *a, const AuditEntry *e) {
        _cleanup_(object_put) struct json_object *fields = json_object_new_object();
        _cleanup_free_ char *line = NULL;
        AuditHead head = a->head;
        size_t size;
        int r;

        r = fields ? fill(fields, e) : -ENOMEM;
        if (r == 0)
                r = audit_chain_append(&head, fields, &line, &size);
        if (r == 0)
                r = append(a->fd, line, size);
        if (r < 0)
                return r;

        a->head = head;
        if (a->target == AUDIT_FILE_AND_JOURNAL)
                audit_journal_send(e, fields);
        return 0;
}

const AuditHead *audit_head(const Audit *a) {
        return &a->head;
}
