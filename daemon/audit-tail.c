/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes up an existing chain. Fed by a file that a crash may have cut or somebody may have changed. */
#include "audit-tail.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include "common/hex.h"

#define TAIL_MAX (3 * AUDIT_LINE_MAX) /* two whole lines and what a crash left of a third */

typedef struct Tail {
        char *data;
        size_t size;
        bool from_start; /* data begins where the file begins */
} Tail;

static void tail_done(Tail *t) {
        free(t->data);
}

static int read_tail(int fd, off_t size, Tail *ret) {
        _cleanup_(tail_done) Tail t = { .size = (size_t) MIN(size, (off_t) TAIL_MAX), .from_start = size <= TAIL_MAX };
        size_t n = 0;

        t.data = malloc(MAX(t.size, 1U));
        if (!t.data)
                return -ENOMEM;
        while (n < t.size) {
                ssize_t k = pread(fd, t.data + n, t.size - n, size - (off_t) t.size + (off_t) n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return k < 0 ? -errno : -EIO;
                n += (size_t) k;
        }
        *ret = t;
        t.data = NULL;
        return 0;
}

static int line_hash(const char *line, size_t n, char *ret_hex) {
        uint8_t digest[32];

        if (EVP_Digest(line, n, digest, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        hex_encode(digest, sizeof(digest), ret_hex);
        return 0;
}

/* What the line says its number is; 0 when it says nothing usable. */
static uint64_t line_number(const char *line, size_t n) {
        _cleanup_free_ char *text = strndup(line, n);
        struct json_object *o = text ? json_tokener_parse(text) : NULL, *seq = NULL;
        int64_t number = 0;

        if (json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, "seq", &seq) &&
            json_object_is_type(seq, json_type_int))
                number = json_object_get_int64(seq);
        json_object_put(o);
        return number > 0 ? (uint64_t) number : 0;
}

/* The head before the last line: what that line must follow. */
static int head_before(const Tail *t, const char *last, size_t last_n, AuditHead *ret) {
        const char *previous;
        size_t n;

        audit_head_init(ret);
        if (last == t->data)
                return t->from_start ? 0 : -EBADMSG;

        previous = memrchr(t->data, '\n', (size_t) (last - 1 - t->data));
        if (!previous && !t->from_start)
                return -EBADMSG;
        previous = previous ? previous + 1 : t->data;
        n = (size_t) (last - 1 - previous);
        ret->sequence = line_number(last, last_n);
        if (ret->sequence < 2)
                return -EBADMSG;
        ret->sequence--;
        return line_hash(previous, n, ret->hash);
}

static int verify_last(const Tail *t, size_t end, AuditHead *ret, const char **ret_why) {
        const char *newline = memrchr(t->data, '\n', end - 1), *last = newline ? newline + 1 : t->data;
        size_t n = (size_t) (t->data + end - 1 - last);
        _cleanup_free_ char *why = NULL;
        AuditHead head;
        int r;

        r = head_before(t, last, n, &head);
        if (r == 0)
                r = audit_chain_verify(&head, last, n, &why);
        if (r == AUDIT_E_BROKEN || r == -EBADMSG) {
                *ret_why = "its last line does not follow the line before it";
                return AUDIT_TAIL_E_BROKEN;
        }
        if (r == 0)
                *ret = head;
        return r;
}

int audit_tail_read(int fd, AuditHead *ret, size_t *ret_cut, const char **ret_why) {
        _cleanup_(tail_done) Tail t = {};
        AuditHead head;
        const char *newline;
        struct stat st;
        size_t end;
        int r;

        audit_head_init(&head);
        if (fstat(fd, &st) < 0)
                return -errno;
        r = read_tail(fd, st.st_size, &t);
        if (r < 0)
                return r;

        newline = memrchr(t.data, '\n', t.size);
        if (!newline && !t.from_start) {
                *ret_why = "it does not end in lines of an audit";
                return AUDIT_TAIL_E_BROKEN;
        }
        end = newline ? (size_t) (newline - t.data) + 1 : 0;
        if (end > 0) {
                r = verify_last(&t, end, &head, ret_why);
                if (r != 0)
                        return r;
        }
        /* A fragment longer than a line was not left by signetd. */
        if (t.size - end >= AUDIT_LINE_MAX) {
                *ret_why = "it does not end in lines of an audit";
                return AUDIT_TAIL_E_BROKEN;
        }
        if (t.size > end && ftruncate(fd, st.st_size - (off_t) (t.size - end)) < 0)
                return -errno;

        *ret = head;
        *ret_cut = t.size - end;
        return 0;
}
