/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verification of audit files: each kind of tampering is found, placed and named, and the check goes on behind it. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/ctl-audit-check.h"

#define LINES 6

typedef struct Fixture {
        char *lines[LINES]; /* with their newlines */
        AuditHead heads[LINES];
        char directory[32], path[64], second[64];
        char found[1024]; /* "LINE WORD; LINE WORD; ", as far as the kind goes */
} Fixture;

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof(*f));
        AuditHead head;

        audit_head_init(&head);
        for (int i = 0; i < LINES; i++) {
                struct json_object *fields = json_object_new_object();
                size_t size;

                json_object_object_add(fields, "user", json_object_new_string("alice"));
                assert_int_equal(audit_chain_append(&head, fields, &f->lines[i], &size), 0);
                f->heads[i] = head;
                json_object_put(fields);
        }
        strcpy(f->directory, "/tmp/test-ctl-audit.XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        snprintf(f->path, sizeof(f->path), "%s/1", f->directory);
        snprintf(f->second, sizeof(f->second), "%s/2", f->directory);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        for (int i = 0; i < LINES; i++)
                free(f->lines[i]);
        (void) unlink(f->path);
        (void) unlink(f->second);
        (void) rmdir(f->directory);
        free(f);
        return 0;
}

static void on_break(void *userdata, const char *path, uint64_t line, const char *why) {
        Fixture *f = userdata;
        size_t n = strlen(f->found);

        snprintf(f->found + n, sizeof(f->found) - n, "%s%" PRIu64 " %.*s; ",
                 path && strcmp(path, f->second) == 0 ? "2:" : "", line, (int) strcspn(why, ":,"), why);
}

/* Which of the fixture's lines, by their digits: "123456" is the whole audit. */
static void write_lines(const Fixture *f, const char *path, const char *which) {
        FILE *file = fopen(path, "we");

        for (; *which; which++)
                fputs(f->lines[*which - '1'], file);
        fclose(file);
}

static void write_text(const char *path, const char *mode, const char *text, size_t n) {
        FILE *file = fopen(path, mode);

        fwrite(text, 1, n, file);
        fclose(file);
}

/* Checks one file, or two as one chain, and compares the breaks; returns the number of lines. */
static uint64_t check(Fixture *f, const AuditHead *known, bool both, const char *expected) {
        AuditCheck c;

        f->found[0] = '\0';
        audit_check_init(&c, known, on_break, f);
        assert_int_equal(audit_check_file(&c, f->path), 0);
        if (both)
                assert_int_equal(audit_check_file(&c, f->second), 0);
        audit_check_finish(&c);
        assert_string_equal(f->found, expected);
        return c.lines;
}

static void test_order(void **state) {
        static const struct {
                const char *which, *breaks;
        } cases[] = {
                { "123456", "" },
                { "", "" },
                { "23456", "1 cut; " },
                { "12456", "3 cut; " },
                { "1256", "3 cut; " },
                { "124356", "3 cut; 4 reordered; 5 cut; " },
                { "1233456", "4 reordered; " },
                { "12345612", "7 reordered; " },
                { "12345", "" }, /* only signetd knows of a line 6 */
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                write_lines(f, f->path, cases[i].which);
                assert_int_equal(check(f, NULL, false, cases[i].breaks), strlen(cases[i].which));
        }
}

static void test_known(void **state) {
        Fixture *f = *state;
        AuditHead other = f->heads[5];

        write_lines(f, f->path, "123456");
        check(f, &f->heads[5], false, "");
        check(f, &f->heads[3], false, ""); /* the file has grown since signetd was asked */
        other.hash[0] ^= 1;
        check(f, &other, false, "6 changed; ");
        other.sequence = 9;
        check(f, &other, false, "6 cut; ");

        write_lines(f, f->path, "1234");
        check(f, &f->heads[5], false, "4 cut; ");
        write_lines(f, f->path, "");
        check(f, &f->heads[5], false, "0 cut; ");
        write_lines(f, f->path, "12356");
        check(f, &f->heads[3], false, "4 cut; 5 cut; ");
}

static void test_changed(void **state) {
        Fixture *f = *state;

        strstr(f->lines[2], "alice")[0] = 'A';
        write_lines(f, f->path, "123456");
        check(f, NULL, false, "3 changed; ");

        /* The last line is held by nothing but signetd's memory. */
        strstr(f->lines[2], "Alice")[0] = 'a';
        strstr(f->lines[5], "alice")[0] = 'A';
        write_lines(f, f->path, "123456");
        check(f, NULL, false, "");
        check(f, &f->heads[5], false, "6 changed; ");
}

/* Somebody who changes a line and mends its successor's link breaks the next one. */
static void test_mended(void **state) {
        Fixture *f = *state;
        AuditHead head = f->heads[1], mended;

        strstr(f->lines[2], "alice")[0] = 'A';
        assert_int_equal(audit_chain_adopt(&head, f->lines[2], strlen(f->lines[2]) - 1), 0);
        mended = head;
        memcpy(strstr(f->lines[3], "prev") + 7, mended.hash, AUDIT_HASH_LENGTH);
        write_lines(f, f->path, "123456");
        check(f, NULL, false, "4 changed; ");
}

static void test_malformed(void **state) {
        Fixture *f = *state;
        char *saved = f->lines[2], empty[] = "\n", text[] = "hello\n";

        f->lines[2] = empty;
        write_lines(f, f->path, "123456");
        check(f, NULL, false, "3 malformed; ");
        f->lines[2] = text;
        write_lines(f, f->path, "1233456");
        check(f, NULL, false, "3 malformed; 4 malformed; ");
        write_lines(f, f->path, "3");
        check(f, NULL, false, "1 malformed; ");
        f->lines[2] = saved;
}

static void test_torn(void **state) {
        Fixture *f = *state;

        write_lines(f, f->path, "12");
        write_text(f->path, "ae", f->lines[2], 50);
        check(f, NULL, false, "3 torn; ");
        write_text(f->path, "ae", f->lines[2] + 50, strlen(f->lines[2]) - 51);
        check(f, NULL, false, "3 torn; ");
        write_text(f->path, "ae", "\n", 1);
        check(f, NULL, false, "");
}

/* A line of any length takes no more memory than one that may be; NULs are bytes like others. */
static void test_hostile(void **state) {
        Fixture *f = *state;
        char *big = malloc(1000000);

        memset(big, 'x', 1000000);
        big[999999] = '\n';
        write_lines(f, f->path, "12");
        write_text(f->path, "ae", big, 1000000);
        write_text(f->path, "ae", f->lines[2], strlen(f->lines[2]));
        check(f, NULL, false, "3 malformed; ");

        /* JSON of the longest line and one byte more, all of it well-formed: too long is refused, not cut to fit */
        write_text(f->path, "we", f->lines[0], strlen(f->lines[0]) - 2);
        write_text(f->path, "ae", ",\"x\":\"", 6);
        write_text(f->path, "ae", big, AUDIT_LINE_MAX);
        write_text(f->path, "ae", "\"}\n", 3);
        check(f, NULL, false, "1 malformed; ");

        write_text(f->path, "we", "\0\0\0\n", 4);
        check(f, NULL, false, "1 malformed; ");
        write_text(f->path, "we", f->lines[0], strlen(f->lines[0]) - 1);
        write_text(f->path, "ae", "\0\n", 2);
        check(f, NULL, false, "1 malformed; ");
        free(big);
}

static void test_two_files(void **state) {
        Fixture *f = *state;

        write_lines(f, f->path, "123");
        write_lines(f, f->second, "456");
        assert_int_equal(check(f, &f->heads[5], true, ""), 6);
        write_lines(f, f->second, "56");
        check(f, NULL, true, "2:1 cut; ");

        /* The change of a file's last line shows in the next file, and is placed where it is. */
        strstr(f->lines[2], "alice")[0] = 'A';
        write_lines(f, f->path, "123");
        write_lines(f, f->second, "456");
        check(f, NULL, true, "3 changed; ");
}

static void test_unreadable(void **state) {
        Fixture *f = *state;
        AuditCheck c;

        audit_check_init(&c, NULL, on_break, f);
        assert_int_equal(audit_check_file(&c, f->path), -ENOENT);
        assert_int_equal(audit_check_file(&c, f->directory), -EISDIR);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_known, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_changed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_mended, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_two_files, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
