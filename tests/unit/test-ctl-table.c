/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables for people: aligned, safe to print, and as narrow as the terminal. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/ctl-table.h"

static const char *const headings[] = { "ID", "LABEL", "MAY" };

/* Prints the cells, three to a row, and compares. */
static void expect(const Ctl *ctl, unsigned shrink, const char *const *cells, size_t n, const char *text) {
        Table *table = NULL;
        char *printed = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&printed, &size);

        assert_int_equal(table_new(headings, 3, shrink, &table), 0);
        for (size_t i = 0; i < n; i++)
                if (i == 1)
                        table_add_coloured(table, CTL_RED, cells[i]);
                else
                        table_add(table, cells[i]);
        assert_int_equal(table_print(table, ctl, f), 0);
        fclose(f);
        assert_string_equal(printed, text);
        free(printed);
        table_free(table);
}

static void test_aligned(void **state) {
        static const char *const cells[] = {
                "1", "J\u00f6rg", "sign", "22", "\u4e2d\u6587\u5b57", NULL, "3", "", "a\nb"
        };
        const Ctl ctl = { 0 };

        (void) state;
        expect(&ctl, 0, cells, ELEMENTSOF(cells),
               "ID  LABEL   MAY\n"
               "1   J\u00f6rg    sign\n"
               "22  \u4e2d\u6587\u5b57  -\n"
               "3   -       a?b\n");
        expect(&ctl, 0, NULL, 0, "ID  LABEL  MAY\n");
}

static void test_coloured(void **state) {
        static const char *const cells[] = { "1", "bad", "-" };
        const Ctl ctl = { .colours = true };

        (void) state;
        expect(&ctl, 0, cells, 3,
               "\033[1mID\033[0m  \033[1mLABEL\033[0m  \033[1mMAY\033[0m\n"
               "1   \033[31mbad\033[0m    -\n");
}

static void test_narrow(void **state) {
        static const char *const cells[] = { "1", "a-label-that-is-long", "sign:smime,csr,digest" };
        const Ctl ctl = { .width = 30 }, tiny = { .width = 5 };

        (void) state;
        expect(&ctl, 1 << 1 | 1 << 2, cells, 3,
               "ID  LABEL         MAY\n"
               "1   a-label-tha\u2026  sign:smime,\u2026\n");
        expect(&ctl, 1 << 1, cells, 3,
               "ID  LABEL     MAY\n"
               "1   a-label\u2026  sign:smime,csr,digest\n");
        expect(&tiny, 1 << 1 | 1 << 2, cells, 3,
               "ID  LABEL     MAY\n"
               "1   a-label\u2026  sign:sm\u2026\n");
}

static void test_fits(void **state) {
        const Ctl exact = { .width = 14 }, narrow = { .width = 13 }, pipe = { 0 };
        Table *table = NULL;

        (void) state;
        assert_int_equal(table_new(headings, 3, 0, &table), 0);
        for (size_t i = 0; i < 3; i++)
                table_add(table, "22");
        assert_true(table_fits(table, &pipe));
        assert_false(table_fits(table, &narrow));
        assert_true(table_fits(table, &exact));
        table_free(table);
}

static void test_many_rows(void **state) {
        const Ctl ctl = { 0 };
        Table *table = NULL;
        char *printed = NULL;
        size_t size = 0, lines = 0;
        FILE *f = open_memstream(&printed, &size);

        (void) state;
        assert_int_equal(table_new(headings, 3, 0, &table), 0);
        for (size_t i = 0; i < 3000; i++)
                table_add(table, "x");
        assert_int_equal(table_print(table, &ctl, f), 0);
        fclose(f);
        for (const char *p = printed; *p; p++)
                lines += *p == '\n';
        assert_int_equal(lines, 1001);
        free(printed);
        table_free(table);
        assert_null(table_free(NULL));
        assert_int_equal(table_new(headings, TABLE_COLUMNS_MAX + 1, 0, &table), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_aligned), cmocka_unit_test(test_coloured),  cmocka_unit_test(test_narrow),
                cmocka_unit_test(test_fits),    cmocka_unit_test(test_many_rows),
        };

        (void) setlocale(LC_CTYPE, "C.UTF-8");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
