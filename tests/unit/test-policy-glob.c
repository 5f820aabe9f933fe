/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns, and key patterns in particular: what matches, what does not, what is not known, and how long it takes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/key-pattern.h"

/* cmocka wants these before itself, in this order. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

static Glob *compile(const char *pattern, size_t n, GlobSyntax syntax) {
        Glob *g = NULL;
        Mistake m;

        if (glob_compile(pattern, n, syntax, &g, &m) != 0)
                fail_msg("\"%s\" %s", pattern, m.text);
        return g;
}

static Match match(const char *pattern, GlobSyntax syntax, GlobCase fold, const char *user, const char *value) {
        Glob *g = compile(pattern, strlen(pattern), syntax);
        Match m = glob_match(g, fold, user, value, value ? strlen(value) : 0);

        glob_free(g);
        return m;
}

// clang-format off
static void test_plain(void **state _unused_) {
        static const struct { const char *pattern, *value; bool matches; } cases[] = {
                { "", "", true },               { "", "a", false },
                { "a", "a", true },             { "a", "A", false },           { "a", "", false },        { "a", "aa", false },
                { "*", "", true },              { "*", "anything", true },     { "**", "x", true },       { "***", "", true },
                { "?", "a", true },             { "?", "", false },            { "?", "ab", false },      { "??", "ab", true },
                { "?", "\u00e4", true },        { "??", "\u00e4", false },     { "?", "\U0001f511", true }, { "?", "\xff", true },
                { "?", "\xc3", true },          { "?\xa4", "\u00e4", false },  { "\u00e4", "\u00e4", true },
                { "a*", "a", true },            { "a*", "abc", true },         { "a*", "ba", false },
                { "*a", "a", true },            { "*a", "bca", true },         { "*a", "ab", false },
                { "a*c", "ac", true },          { "a*c", "abbc", true },       { "a*c", "abcb", false },
                { "a*b*c", "abc", true },       { "a*b*c", "aXbYc", true },    { "a*b*c", "aXcYb", false },
                { "*ab*ab*", "abab", true },    { "*ab*ab*", "aab", false },   { "*ab*ab*", "aabbaabb", true },
                { "a*a", "a", false },          { "a*a", "aa", true },         { "*aab", "aaaab", true },
                { "*?", "", false },            { "*?", "a", true },           { "?*?", "a", false },     { "?*?", "abc", true },
                { "*.example.org", "a.b.example.org", true },                  { "*.example.org", "example.org", false },
                { "*", "a/b\nc", true },        { "a\\*", "a\\b", true },      { "a\\*", "a*", false },
                { "[abc]", "b", true },         { "[abc]", "d", false },       { "[abc]", "", false },    { "[abc]", "ab", false },
                { "[a-c]x", "bx", true },       { "[a-c]x", "dx", false },     { "[!a-c]", "d", true },   { "[!a-c]", "b", false },
                { "[^a-c]", "d", true },        { "[^a]", "a", false },        { "[!a]", "", false },
                { "[]]", "]", true },           { "[!]]", "]", false },        { "[!]]", "x", true },     { "[]-]", "-", true },
                { "[a-]", "-", true },          { "[-a]", "-", true },         { "[a-]", "b", false },    { "[*]", "*", true },
                { "[*]", "a", false },          { "[?]", "?", true },          { "[[]", "[", true },      { "[[]x]", "[x]", true },
                { "]", "]", true },             { "a]", "a]", true },          { "[\u00e4-\u00fc]", "\u00f6", true },
                { "[\u00e4]", "\u00f6", false }, { "[!\u00e4]", "\xc3", true }, { "%u", "%u", true },     { "%41", "A", false },
                { "*[0-9]", "a1b2", true },     { "*[0-9]", "a1b", false },    { "[a-a]", "a", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if ((match(cases[i].pattern, GLOB_PLAIN, GLOB_EXACT, "user", cases[i].value) == MATCH_YES) != cases[i].matches)
                        fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].value);
}

static void test_user(void **state _unused_) {
        static const struct { const char *pattern, *user, *value; Match match; } cases[] = {
                { "%u", "alice", "alice", MATCH_YES },     { "%u", "alice", "bob", MATCH_NO },    { "%u", "alice", "alic", MATCH_NO },
                { "%u", "alice", "alicex", MATCH_NO },     { "x%uy", "a", "xay", MATCH_YES },     { "%u%u", "ab", "abab", MATCH_YES },
                { "%u*", "a", "abc", MATCH_YES },          { "*%u", "a", "bca", MATCH_YES },      { "*%u*", "lic", "alice", MATCH_YES },
                { "%u", "*", "x", MATCH_NO },              { "%u", "?", "x", MATCH_NO },          { "%u", "[x]", "x", MATCH_NO },
                { "%u", "%41", "A", MATCH_NO },            { "%u", "%u", "%u", MATCH_YES },       { "%u", "a;b", "a;b", MATCH_YES },
                { "%u", NULL, "x", MATCH_UNKNOWN },        { "%u", "", "", MATCH_UNKNOWN },       { "a", NULL, "a", MATCH_YES },
                { "%u", "a", NULL, MATCH_UNKNOWN },        { "a", "a", NULL, MATCH_UNKNOWN },     { "*", NULL, NULL, MATCH_YES },
                { "%%u", "a", "%u", MATCH_YES },           { "%%", "a", "%", MATCH_YES },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (match(cases[i].pattern, GLOB_USER, GLOB_EXACT, cases[i].user, cases[i].value) != cases[i].match)
                        fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].value);
}

static void test_fold(void **state _unused_) {
        static const struct { const char *pattern, *value; bool matches; } cases[] = {
                { "Example", "eXAMPLE", true },  { "[a-c]", "B", true },   { "[A-C]", "b", true },   { "[!a-c]", "B", false },
                { "@", "`", false },             { "[[]", "{", false },    { "k", "\u212a", false }, { "%u", "BOB", true },
                { "\u00e4", "\u00c4", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if ((match(cases[i].pattern, GLOB_USER, GLOB_FOLD, "bob", cases[i].value) == MATCH_YES) != cases[i].matches)
                        fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].value);
}

static void test_percent(void **state _unused_) {
        static const struct { const char *pattern, *value; bool matches; } cases[] = {
                { "a%20b", "a b", true },        { "%2A", "*", true },         { "%2a", "x", false },     { "%5Bx%5D", "[x]", true },
                { "%3F", "?", true },            { "%3F", "x", false },        { "%25", "%", true },      { "%25u", "%u", true },
                { "%25u", "alice", false },      { "%C3%A4", "\u00e4", true }, { "[%5D]", "]", true },    { "[a%2Dc]", "b", false },
                { "[a%2Dc]", "-", true },        { "%E4", "\xe4", true },      { "%E4", "\xe5", false },  { "%u%3B", "alice;", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if ((match(cases[i].pattern, GLOB_USER | GLOB_PERCENT, GLOB_EXACT, "alice", cases[i].value) == MATCH_YES) !=
                    cases[i].matches)
                        fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].value);
}
// clang-format on

static double seconds(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* As often as it fits, and a "b" at the end. */
static void fill(char *pattern, const char *what) {
        size_t n = strlen(what);

        for (size_t i = 0; i < GLOB_PATTERN_MAX; i++)
                pattern[i] = i < (GLOB_PATTERN_MAX - 1) / n * n ? what[i % n] : 'b';
}

static void refuse_slowly(const char *pattern, GlobSyntax syntax, const char *user, const char *value) {
        Glob *g = compile(pattern, GLOB_PATTERN_MAX, syntax);

        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(glob_match(g, GLOB_FOLD, user, value, GLOB_VALUE_MAX), MATCH_NO);
        glob_free(g);
}

/* What sends a matcher that tries every star again into the next century. */
static void test_torture(void **state _unused_) {
        char pattern[GLOB_PATTERN_MAX + 1], value[GLOB_VALUE_MAX + 2], user[GLOB_VALUE_MAX / 2];
        double start = seconds();
        Glob *g;

        memset(value, 'a', sizeof(value));
        memset(user, 'a', sizeof(user));
        user[sizeof(user) - 1] = '\0';

        /* *a*a*a...b */
        fill(pattern, "*a");
        refuse_slowly(pattern, GLOB_PLAIN, NULL, value);
        /* *aaaa...b */
        fill(pattern, "a");
        pattern[0] = '*';
        refuse_slowly(pattern, GLOB_PLAIN, NULL, value);
        /* *%u*%u*%u...b, with a long name */
        fill(pattern, "*%u");
        refuse_slowly(pattern, GLOB_USER, user, value);

        assert_true(seconds() - start < 5.0); /* a twentieth of it without sanitizers */
        print_message("%.3f s\n", seconds() - start);

        /* Beyond the bounds nothing is certain. */
        g = compile("a*", 2, GLOB_PLAIN);
        assert_int_equal(glob_match(g, GLOB_EXACT, NULL, value, GLOB_VALUE_MAX), MATCH_YES);
        assert_int_equal(glob_match(g, GLOB_EXACT, NULL, value, GLOB_VALUE_MAX + 1), MATCH_UNKNOWN);
        glob_free(g);
        g = NULL;
        assert_int_equal(glob_compile(value, GLOB_PATTERN_MAX + 1, GLOB_PLAIN, &g, &(Mistake){}), MISTAKE_E_FOUND);
        assert_null(g);
}

/* All patterns of a small alphabet against all short values: the quick matcher agrees with one that simply tries
 * everything. */
static bool slow_match(const char *p, const char *v) {
        if (!*p)
                return !*v;
        if (*p == '*')
                return slow_match(p + 1, v) || (*v && slow_match(p, v + 1));
        return *v && (*p == '?' || *p == *v) && slow_match(p + 1, v + 1);
}

static void spell(unsigned number, const char *letters, char *ret) {
        size_t n = strlen(letters);

        for (; number > 0; number = (unsigned) ((number - 1) / n))
                *ret++ = letters[(number - 1) % n];
        *ret = '\0';
}

static void test_against_slow(void **state _unused_) {
        char pattern[16], value[16];

        for (unsigned i = 0; i < 5461; i++) { /* up to six letters of four */
                Glob *g;

                spell(i, "ab*?", pattern);
                g = compile(pattern, strlen(pattern), GLOB_PLAIN);
                for (unsigned k = 0; k < 127; k++) { /* up to six letters of two */
                        spell(k, "ab", value);
                        if ((glob_match(g, GLOB_EXACT, NULL, value, strlen(value)) == MATCH_YES) !=
                            slow_match(pattern, value))
                                fail_msg("\"%s\" and \"%s\"", pattern, value);
                }
                glob_free(g);
        }
}

// clang-format off
static void test_keys(void **state _unused_) {
        static const uint8_t id[] = { 0x00, 0x01, 0x2a, 0xff };
        static const PolicyInstance instances[] = {
                { .token = "mail", .serial = "17", .model = "SoftHSM v2", .manufacturer = "Maker", .object = "alice", .id = id, .id_size = 4 },
                { .token = "spare", .object = "" },
        };
        PolicyFacts key = { .user = "alice", .key_id = "ab", .instances = instances, .n_instances = 2 };
        PolicyFacts token = { .user = "alice", .instances = instances, .n_instances = 1 };
        static const struct { const char *pattern; Match key, token; } cases[] = {
                { "*", MATCH_YES, MATCH_YES },
                { "pkcs11:", MATCH_YES, MATCH_YES },
                { "PKCS11:token=mail", MATCH_YES, MATCH_YES },
                { "pkcs11:token=mai", MATCH_NO, MATCH_NO },
                { "pkcs11:token=Mail", MATCH_NO, MATCH_NO },
                { "pkcs11:serial=17;model=SoftHSM%20v2;manufacturer=Maker", MATCH_YES, MATCH_YES },
                { "pkcs11:serial=17;model=SoftHSM v?;manufacturer=M*", MATCH_YES, MATCH_YES },
                { "pkcs11:token=mail;serial=18", MATCH_NO, MATCH_NO },
                { "pkcs11:token=spare;serial=17", MATCH_UNKNOWN, MATCH_NO },    /* nobody knows the spare's serial */
                { "pkcs11:token=spare;serial=*", MATCH_YES, MATCH_NO },
                { "pkcs11:token=spare;object=alice", MATCH_NO, MATCH_NO },      /* both on one instance */
                { "pkcs11:token=spare;object=*", MATCH_YES, MATCH_NO },
                { "pkcs11:object=%u", MATCH_YES, MATCH_NO },
                { "pkcs11:object=a*;type=private", MATCH_YES, MATCH_NO },
                { "pkcs11:type=private", MATCH_YES, MATCH_NO },
                { "pkcs11:id=%00%01%2A%FF", MATCH_YES, MATCH_NO },
                { "pkcs11:id=%00%01??", MATCH_YES, MATCH_NO },
                { "pkcs11:id=%00*", MATCH_YES, MATCH_NO },
                { "pkcs11:id=%00%01%2A", MATCH_UNKNOWN, MATCH_NO },             /* the spare's id is not known */
                { "pkcs11:token=mail;id=%00%01%2A", MATCH_NO, MATCH_NO },
                { "pkcs11:token=mail;id=%00%01*%2A", MATCH_NO, MATCH_NO },
                { "a@example.org", MATCH_NO, MATCH_NO },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                KeyPattern *p = NULL;
                Mistake m;

                if (key_pattern_parse(cases[i].pattern, &p, &m) != 0)
                        fail_msg("\"%s\" %s", cases[i].pattern, m.text);
                if (key_pattern_match(p, GLOB_EXACT, &key) != cases[i].key)
                        fail_msg("\"%s\" and the key: %d", cases[i].pattern, (int) key_pattern_match(p, GLOB_EXACT, &key));
                if (key_pattern_match(p, GLOB_EXACT, &token) != cases[i].token)
                        fail_msg("\"%s\" and the token: %d", cases[i].pattern, (int) key_pattern_match(p, GLOB_EXACT, &token));
                key_pattern_free(p);
        }
}
// clang-format on

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),   cmocka_unit_test(test_user),    cmocka_unit_test(test_fold),
                cmocka_unit_test(test_percent), cmocka_unit_test(test_torture), cmocka_unit_test(test_against_slow),
                cmocka_unit_test(test_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
