/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit's hash chain: what is appended verifies, and every kind of tampering is named. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/audit-chain.h"

#define LINES 5

/* LINES lines as signetd would write them, each in memory of its own and without its newline. */
typedef struct Chain {
        char *lines[LINES];
        AuditHead head;
} Chain;

static int chain_setup(void **state) {
        Chain *c = calloc(1, sizeof(*c));

        assert_non_null(c);
        audit_head_init(&c->head);
        for (int i = 0; i < LINES; i++) {
                struct json_object *fields = json_object_new_object();
                size_t size;

                json_object_object_add(fields, "user", json_object_new_string("alice"));
                json_object_object_add(fields, "note", json_object_new_string("a/b\nc \"d\" \xc3\xa9"));
                json_object_object_add(fields, "n", json_object_new_int(i));
                assert_int_equal(audit_chain_append(&c->head, fields, &c->lines[i], &size), 0);
                assert_int_equal(size, strlen(c->lines[i]));
                assert_int_equal(c->lines[i][size - 1], '\n');
                c->lines[i][size - 1] = '\0';
                assert_null(strchr(c->lines[i], '\n'));
                json_object_put(fields);
        }
        *state = c;
        return 0;
}

static int chain_teardown(void **state) {
        Chain *c = *state;

        for (int i = 0; i < LINES; i++)
                free(c->lines[i]);
        free(c);
        return 0;
}

static void assert_same_head(const AuditHead *a, const AuditHead *b) {
        assert_int_equal(a->sequence, b->sequence);
        assert_string_equal(a->hash, b->hash);
}

/* Verifies lines; the index of the first that is refused, with a reason that begins with `word`, or -1. */
static int first_broken(char *const *lines, int n, AuditHead *head, const char *word) {
        audit_head_init(head);
        for (int i = 0; i < n; i++) {
                AuditHead before = *head;
                char *why = NULL;
                int r = audit_chain_verify(head, lines[i], strlen(lines[i]), &why);

                if (r == 0)
                        continue;
                assert_int_equal(r, AUDIT_E_BROKEN);
                assert_non_null(why);
                if (strncmp(why, word, strlen(word)) != 0)
                        fail_msg("\"%s\" does not begin with \"%s\"", why, word);
                assert_same_head(&before, head);
                free(why);
                return i;
        }
        return -1;
}

static void test_whole(void **state) {
        Chain *c = *state;
        AuditHead head;

        assert_int_equal(first_broken(c->lines, LINES, &head, ""), -1);
        assert_int_equal(head.sequence, LINES);
        assert_string_equal(head.hash, c->head.hash);
        assert_int_equal(strncmp(c->lines[0], "{\"seq\":1,\"prev\":\"0000", 21), 0);
}

/* A cut at the end leaves a whole chain: only the head, known elsewhere, shows it. */
static void test_cut_end(void **state) {
        Chain *c = *state;
        AuditHead head;

        assert_int_equal(first_broken(c->lines, LINES - 1, &head, ""), -1);
        assert_string_not_equal(head.hash, c->head.hash);
}

static void test_cut(void **state) {
        Chain *c = *state;
        char *without[] = { c->lines[0], c->lines[1], c->lines[3], c->lines[4] };
        AuditHead head;

        assert_int_equal(first_broken(without, 4, &head, "cut: number 4 stands where 3 belongs"), 2);
        assert_int_equal(first_broken(c->lines + 1, 4, &head, "cut: number 2 stands where 1 belongs"), 0);
}

static void test_reordered(void **state) {
        Chain *c = *state;
        char *swapped[] = { c->lines[0], c->lines[2], c->lines[1] };
        char *doubled[] = { c->lines[0], c->lines[1], c->lines[1] };
        AuditHead head;

        assert_int_equal(first_broken(swapped, 3, &head, "cut"), 1);
        assert_int_equal(first_broken(doubled, 3, &head, "reordered: number 2 stands where 3 belongs"), 2);
}

static void test_changed(void **state) {
        Chain *c = *state;
        AuditHead head;

        strstr(c->lines[2], "alice")[0] = 'A';
        assert_int_equal(first_broken(c->lines, LINES, &head, "changed: number 3 is not what it was"), 3);
}

static void test_changed_link(void **state) {
        Chain *c = *state;
        AuditHead head;
        char *digit = strstr(c->lines[0], "prev") + 10;

        *digit = '1';
        assert_int_equal(first_broken(c->lines, LINES, &head, "changed: the first line"), 0);
        *digit = '0';
        assert_int_equal(first_broken(c->lines, LINES, &head, ""), -1);
}

/* The same values spelled otherwise are another line. */
static void test_spelling(void **state) {
        Chain *c = *state;
        AuditHead head;
        char *original = c->lines[2];
        char spaced[1024];

        snprintf(spaced, sizeof(spaced), "%.*s }", (int) strlen(original) - 1, original);
        c->lines[2] = spaced;
        assert_int_equal(first_broken(c->lines, LINES, &head, "changed: number 3"), 3);
        c->lines[2] = original;
}

#define Z63 "000000000000000000000000000000000000000000000000000000000000000"
#define Z64 Z63 "0"

static void test_malformed(void **state) {
        static const struct {
                const char *line;
                const char *why;
        } cases[] = {
                { "", "malformed" },
                { "{}", "malformed" },
                { "[]", "malformed" },
                { "{\"seq\":", "malformed" },
                { "{\"seq\":1", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64, "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\"", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\",", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\"}}", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\"}\n", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\",\"a\":}", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z64 "\",\"a\":\"\xff\"}", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z63 "\"}", "malformed" },
                { "{\"seq\":1,\"prev\":\"" Z63 "z\"}", "malformed" },
                { "{\"seq\":0,\"prev\":\"" Z64 "\"}", "malformed" },
                { "{\"seq\":01,\"prev\":\"" Z64 "\"}", "malformed" },
                { "{\"seq\":-1,\"prev\":\"" Z64 "\"}", "malformed" },
                { "{\"seq\":18446744073709551616,\"prev\":\"" Z64 "\"}", "malformed" },
                { "{\"seq\":18446744073709551615,\"prev\":\"" Z64 "\"}", "cut" },
                { "{ \"seq\":1,\"prev\":\"" Z64 "\"}", "malformed" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                AuditHead head;
                char *why = NULL;
                audit_head_init(&head);
                int r = audit_chain_verify(&head, cases[i].line, strlen(cases[i].line), &why);
                if (r != AUDIT_E_BROKEN || strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
                        fail_msg("case %zu: %d, %s", i, r, why ? why : "no reason");
                assert_int_equal(head.sequence, 0);
                free(why);
        }
}

static void test_limits(void **state) {
        struct json_object *fields = json_object_new_object();
        char *text = calloc(1, AUDIT_LINE_MAX + 1), *line = NULL, *why = NULL;
        AuditHead head;
        size_t size;

        (void) state;
        audit_head_init(&head);
        memset(text, 'x', AUDIT_LINE_MAX);
        json_object_object_add(fields, "long", json_object_new_string(text));
        assert_int_equal(audit_chain_append(&head, fields, &line, &size), -EMSGSIZE);
        text[AUDIT_LINE_MAX - 70] = '\0';
        json_object_object_add(fields, "long", json_object_new_string(text));
        assert_int_equal(audit_chain_append(&head, fields, &line, &size), -EMSGSIZE);
        assert_int_equal(head.sequence, 0);
        assert_null(line);

        memset(text, ' ', AUDIT_LINE_MAX);
        assert_int_equal(audit_chain_verify(&head, text, AUDIT_LINE_MAX, &why), AUDIT_E_BROKEN);
        assert_non_null(strstr(why, "longer"));
        free(why);
        free(text);
        json_object_put(fields);
}

/* The longest line that is written is one that verifies. */
static void test_longest(void **state) {
        struct json_object *fields;
        char *text = calloc(1, AUDIT_LINE_MAX), *line = NULL, *why = NULL;
        int overhead = (int) strlen("{\"seq\":1,\"prev\":\"\",\"a\":\"\"}\n") + AUDIT_HASH_LENGTH;
        AuditHead writer, reader;
        size_t size;

        (void) state;
        memset(text, 'x', (size_t) (AUDIT_LINE_MAX - overhead));
        fields = json_object_new_object();
        json_object_object_add(fields, "a", json_object_new_string(text));
        audit_head_init(&writer);
        audit_head_init(&reader);
        assert_int_equal(audit_chain_append(&writer, fields, &line, &size), 0);
        assert_int_equal(size, AUDIT_LINE_MAX);
        assert_int_equal(audit_chain_verify(&reader, line, size - 1, &why), 0);
        assert_same_head(&writer, &reader);
        free(line);
        free(text);
        json_object_put(fields);
}

static void test_refused_fields(void **state) {
        static const char *const bad[] = { "[]", "\"seq\"", "{\"seq\":7}", "{\"prev\":\"\"}", "{\"a\":\"\xff\"}" };
        AuditHead head;

        (void) state;
        audit_head_init(&head);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct json_object *fields = json_tokener_parse(bad[i]);
                char *line = NULL;
                size_t size;

                assert_int_equal(audit_chain_append(&head, fields, &line, &size), -EINVAL);
                assert_null(line);
                json_object_put(fields);
        }
        assert_int_equal(head.sequence, 0);
}

static void test_no_fields(void **state) {
        struct json_object *fields = json_object_new_object();
        AuditHead head, reader;
        char *line = NULL, *why = NULL;
        size_t size;

        (void) state;
        audit_head_init(&head);
        audit_head_init(&reader);
        assert_int_equal(audit_chain_append(&head, fields, &line, &size), 0);
        assert_int_equal(audit_chain_verify(&reader, line, size - 1, &why), 0);
        free(line);
        json_object_put(fields);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_whole, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_cut_end, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_cut, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_reordered, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_changed, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_changed_link, chain_setup, chain_teardown),
                cmocka_unit_test_setup_teardown(test_spelling, chain_setup, chain_teardown),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_longest),
                cmocka_unit_test(test_refused_fields),
                cmocka_unit_test(test_no_fields),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
