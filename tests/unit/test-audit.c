/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit file over several runs: what a clean stop, a crash, a full disk and somebody's editor leave behind. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "audit.h"

typedef struct Place {
        char directory[64];
        char file[96];
} Place;

static int setup(void **state) {
        Place *p = calloc(1, sizeof(*p));

        assert_non_null(p);
        (void) snprintf(p->directory, sizeof(p->directory), "%s/signet-audit-XXXXXX", getenv("TMPDIR") ?: "/tmp");
        assert_non_null(mkdtemp(p->directory));
        (void) snprintf(p->file, sizeof(p->file), "%s/audit.jsonl", p->directory);
        *state = p;
        return 0;
}

static int teardown(void **state) {
        Place *p = *state;

        (void) unlink(p->file);
        (void) rmdir(p->directory);
        free(p);
        return 0;
}

static Audit *must_open(const Place *p, size_t cut_expected) {
        Audit *a = NULL;
        size_t cut = 0;
        Failure f;
        int r = audit_open(p->file, AUDIT_FILE_ONLY, &a, &cut, &f);

        if (r != 0)
                fail_msg("audit_open: %d %s", r, r > 0 ? f.text : "");
        assert_int_equal(cut, cut_expected);
        return a;
}

static void must_refuse(const Place *p, const char *said) {
        Audit *a = NULL;
        size_t cut;
        Failure f;

        assert_int_equal(audit_open(p->file, AUDIT_FILE_ONLY, &a, &cut, &f), AUDIT_E_UNUSABLE);
        if (!strstr(f.text, said))
                fail_msg("\"%s\" does not say \"%s\"", f.text, said);
}

static int write_line(Audit *a, const char *operation) {
        return audit_write(a, &(AuditEntry){ .operation = operation, .reason = "not told when all is well" });
}

static void must_write(Audit *a, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(write_line(a, "sign"), 0);
}

static char *read_file(const Place *p) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = fopen(p->file, "re");

        assert_non_null(f);
        if (getdelim(&text, &size, '\0', f) < 0)
                text[0] = '\0';
        (void) fclose(f);
        return text;
}

static void write_file(const Place *p, const char *text) {
        FILE *f = fopen(p->file, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* Verifies the whole file from its first line, as signetctl does. Returns the number of lines. */
static uint64_t verify(const Place *p) {
        _cleanup_free_ char *text = read_file(p);
        AuditHead head;
        char *save = NULL;

        audit_head_init(&head);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_free_ char *why = NULL;

                if (audit_chain_verify(&head, line, strlen(line), &why) != 0)
                        fail_msg("line %" PRIu64 ": %s", head.sequence + 1, why);
        }
        return head.sequence;
}

static void test_continues(void **state) {
        const Place *p = *state;

        for (unsigned run = 0; run < 4; run++) {
                _cleanup_(audit_freep) Audit *a = must_open(p, 0);

                assert_int_equal(audit_head(a)->sequence, run * 3);
                must_write(a, 3);
        }
        assert_int_equal(verify(p), 12);
}

/* One line only: the last one is also the first. */
static void test_continues_after_one(void **state) {
        const Place *p = *state;

        for (unsigned run = 0; run < 3; run++) {
                _cleanup_(audit_freep) Audit *a = must_open(p, 0);

                must_write(a, 1);
        }
        assert_int_equal(verify(p), 3);
}

/* Longer than the end that is read. */
static void test_continues_a_long_file(void **state) {
        const Place *p = *state;

        for (unsigned run = 0; run < 2; run++) {
                _cleanup_(audit_freep) Audit *a = must_open(p, 0);

                must_write(a, 600);
        }
        assert_int_equal(verify(p), 1200);
}

static void test_crash_in_a_line(void **state) {
        const Place *p = *state;
        static const size_t kept[] = { 0, 1, 2 };

        for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
                _cleanup_free_ char *text = NULL;
                Audit *a;
                size_t n;

                (void) unlink(p->file);
                a = must_open(p, 0);
                must_write(a, (unsigned) kept[i] + 1);
                audit_free(a);
                text = read_file(p);
                n = strlen(text);
                text[n - 20] = '\0'; /* the end of the last line, with its newline */
                write_file(p, text);

                n = strlen(text) - (kept[i] > 0 ? (size_t) ((char *) memrchr(text, '\n', strlen(text)) + 1 - text) : 0);
                a = must_open(p, n);
                assert_int_equal(audit_head(a)->sequence, kept[i]);
                must_write(a, 2);
                audit_free(a);
                assert_int_equal(verify(p), kept[i] + 2);
        }
}

static void test_refuses_what_was_changed(void **state) {
        const Place *p = *state;
        _cleanup_free_ char *text = NULL;
        Audit *a = must_open(p, 0);
        char *line;

        must_write(a, 3);
        audit_free(a);
        text = read_file(p);

        /* The line before the last one: the last one no longer follows it. */
        line = strchr(text, '\n') + 1;
        line = strstr(line, "\"sign\"");
        assert_non_null(line);
        line[1] = 'S';
        write_file(p, text);
        must_refuse(p, "does not follow");

        write_file(p, "{\"seq\":1}\n");
        must_refuse(p, "does not follow");
        write_file(p, "nonsense\n");
        must_refuse(p, "does not follow");
        write_file(p, "{\"seq\":1}\nnonsense\n");
        must_refuse(p, "does not follow");
        write_file(p, "\n\n\n");
        must_refuse(p, "does not follow");

        free(text);
        text = malloc(200001);
        assert_non_null(text);
        memset(text, 'x', 200000);
        text[200000] = '\0';
        write_file(p, text);
        must_refuse(p, "does not end in lines");
        text[20000] = '\0';
        write_file(p, text);
        must_refuse(p, "does not end in lines");
}

static void test_only_one_writer(void **state) {
        const Place *p = *state;
        _cleanup_(audit_freep) Audit *a = must_open(p, 0);

        must_refuse(p, "another signetd");
        must_write(a, 1);
}

static void test_places_that_cannot_be(void **state) {
        const Place *p = *state;
        Place other = *p;

        (void) snprintf(other.file, sizeof(other.file), "%s/no/audit", p->directory);
        must_refuse(&other, "No such file");
        (void) snprintf(other.file, sizeof(other.file), "%s", p->directory);
        must_refuse(&other, "cannot be opened");
        assert_int_equal(symlink("/dev/null", p->file), 0);
        must_refuse(p, "cannot be opened"); /* through no link, wherever it leads */
        assert_int_equal(unlink(p->file), 0);
        assert_int_equal(mkfifo(p->file, 0600), 0);
        must_refuse(p, "not a regular file");
}

/* A disk that is full in the middle of a line: nothing of the line stays, and later lines follow the chain. */
static void test_full_disk(void **state) {
        const Place *p = *state;
        _cleanup_(audit_freep) Audit *a = must_open(p, 0);
        struct rlimit before, full;
        struct stat st;

        must_write(a, 2);
        assert_int_equal(stat(p->file, &st), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        full = (struct rlimit){ .rlim_cur = (rlim_t) st.st_size + 10, .rlim_max = before.rlim_max };
        assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        assert_true(write_line(a, "sign") < 0);
        assert_true(write_line(a, "sign") < 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(audit_head(a)->sequence, 2);
        must_write(a, 2);
        assert_int_equal(verify(p), 4);
}

static void test_removed_file(void **state) {
        const Place *p = *state;
        _cleanup_(audit_freep) Audit *a = must_open(p, 0);

        must_write(a, 1);
        assert_int_equal(unlink(p->file), 0);
        assert_true(write_line(a, "sign") < 0);
}

static void test_fields(void **state) {
        static const uint8_t digest[AUDIT_DIGEST_SIZE] = { 0xab, 0xcd };
        const Place *p = *state;
        _cleanup_(audit_freep) Audit *a = must_open(p, 0);
        _cleanup_free_ char *text = NULL;
        Peer peer = { .n_ref = 1, .name = (char *) ":1.5", .uid = 1000, .pid = 42, .user = (char *) "alice" };
        struct json_object *o, *v;
        struct stat st;

        assert_int_equal(audit_write(a, &(AuditEntry){ .peer = &peer,
                                                       .operation = "sign",
                                                       .purpose = "smime",
                                                       .key = "00ff",
                                                       .digest = digest,
                                                       .rule = "own",
                                                       .verdict = "deny",
                                                       .result = OUTCOME_NOT_AUTHORIZED,
                                                       .reason = "because \"so\"\n",
                                                       .duration_us = 17 }),
                         0);
        text = read_file(p);
        o = json_tokener_parse(text);
        assert_non_null(o);
        static const char *const strings[][2] = {
                { "user", "alice" },
                { "operation", "sign" },
                { "purpose", "smime" },
                { "key", "00ff" },
                { "rule", "own" },
                { "verdict", "deny" },
                { "result", "NotAuthorized" },
                { "reason", "because \"so\"\n" },
        };
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                assert_true(json_object_object_get_ex(o, strings[i][0], &v));
                assert_string_equal(json_object_get_string(v), strings[i][1]);
        }
        assert_true(json_object_object_get_ex(o, "uid", &v));
        assert_int_equal(json_object_get_int64(v), 1000);
        assert_true(json_object_object_get_ex(o, "duration", &v));
        assert_int_equal(json_object_get_int64(v), 17);
        assert_true(json_object_object_get_ex(o, "digest", &v));
        assert_int_equal(strncmp(json_object_get_string(v), "abcd0000", 8), 0);
        assert_false(json_object_object_get_ex(o, "unit", &v));
        assert_false(json_object_object_get_ex(o, "label", &v));
        json_object_put(o);

        assert_int_equal(stat(p->file, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_continues, setup, teardown),
                cmocka_unit_test_setup_teardown(test_continues_after_one, setup, teardown),
                cmocka_unit_test_setup_teardown(test_continues_a_long_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_crash_in_a_line, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refuses_what_was_changed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_only_one_writer, setup, teardown),
                cmocka_unit_test_setup_teardown(test_places_that_cannot_be, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_removed_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
