/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which public half belongs to which private key, whatever a token's objects are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pkcs11/object-match.h"

/* One object of a case: SubjectPublicKeyInfos are single letters here. */
typedef struct Row {
        ObjectKind kind;
        KeyType type;
        const char *ckaid, *label, *spki;
} Row;

#define PRIVATE(id, label)                                                                                             \
        { OBJECT_PRIVATE, KEY_TYPE_EC_P256, id, label, "" }
#define PUBLIC(id, label, spki)                                                                                        \
        { OBJECT_PUBLIC, KEY_TYPE_EC_P256, id, label, spki }
#define CERTIFICATE(id, label, spki)                                                                                   \
        { OBJECT_CERTIFICATE, KEY_TYPE_EC_P256, id, label, spki }

typedef struct Case {
        const char *what;
        Row rows[6];
        const char *spki;  /* of the first row afterwards; "" when its kind has become unknown */
        const char *label; /* the same */
} Case;

static const Case cases[] = {
        { "a public key with the same id",
          { PRIVATE("1", "a"), PUBLIC("1", "a", "A"), PUBLIC("2", "a", "B") },
          "A",
          "a" },
        { "another label does not matter",
          { PRIVATE("1", "a"), PUBLIC("2", "a", "B"), PUBLIC("1", "z", "A") },
          "A",
          "a" },
        { "nor does it matter who is last",
          { PRIVATE("2", "a"), PUBLIC("2", "b", "B"), PUBLIC("1", "a", "A") },
          "B",
          "a" },
        { "a certificate", { PRIVATE("1", "a"), CERTIFICATE("1", "b", "A"), CERTIFICATE("2", "a", "B") }, "A", "a" },
        { "a public key goes before a certificate",
          { PRIVATE("1", "a"), CERTIFICATE("1", "a", "C"), PUBLIC("1", "a", "A") },
          "A",
          "a" },
        { "but the label before that",
          { PRIVATE("1", "a"), CERTIFICATE("1", "a", "C"), PUBLIC("1", "b", "A") },
          "C",
          "a" },
        { "one id for two pairs: by label",
          { PRIVATE("1", "b"), PUBLIC("1", "a", "A"), PUBLIC("1", "b", "B"), PUBLIC("1", "c", "C") },
          "B",
          "b" },
        { "no id: by label",
          { PRIVATE("", "b"), PUBLIC("", "a", "A"), PUBLIC("", "b", "B"), PUBLIC("1", "b", "C") },
          "B",
          "b" },
        { "no id and no such label", { PRIVATE("", "x"), PUBLIC("", "a", "A"), PUBLIC("1", "x", "C") }, "", "x" },
        { "another kind of key is none",
          { PRIVATE("1", "a"),
            { OBJECT_PUBLIC, KEY_TYPE_RSA, "1", "a", "R" },
            { OBJECT_PUBLIC, KEY_TYPE_EC_P384, "1", "a", "L" } },
          "",
          "a" },
        { "a public key without a point is none", { PRIVATE("1", "a"), PUBLIC("1", "a", "") }, "", "a" },
        { "another private key is none",
          { PRIVATE("1", "a"), { OBJECT_PRIVATE, KEY_TYPE_EC_P256, "1", "a", "P" } },
          "",
          "a" },
        { "alone", { PRIVATE("1", "a") }, "", "a" },
        { "a longer id is another", { PRIVATE("1", "a"), PUBLIC("11", "a", "A"), PUBLIC("", "a", "B") }, "", "a" },
        { "what it knows of itself stays",
          { { OBJECT_PRIVATE, KEY_TYPE_RSA, "1", "a", "R" }, { OBJECT_PUBLIC, KEY_TYPE_RSA, "1", "a", "X" } },
          "R",
          "a" },
        { "no label: the certificate's",
          { PRIVATE("1", ""), PUBLIC("1", "", "A"), CERTIFICATE("1", "c", "A"), CERTIFICATE("2", "d", "B") },
          "A",
          "c" },
        { "no label: not the public key's", { PRIVATE("1", ""), PUBLIC("1", "p", "A") }, "A", "" },
        { "no label and no id", { PRIVATE("", ""), PUBLIC("", "", "A"), CERTIFICATE("", "c", "C") }, "A", "" },
};

static Bytes bytes_of(const char *s) {
        Bytes b;

        assert_int_equal(bytes_copy((Blob){ *s ? (const uint8_t *) s : NULL, strlen(s) }, &b), 0);
        return b;
}

static bool is(const Bytes *b, const char *s) {
        return b->size == strlen(s) && (b->size == 0 || memcmp(b->data, s, b->size) == 0);
}

static void matches(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Object objects[ELEMENTSOF(cases[i].rows)] = {};
                size_t n = 0;

                for (const Row *row = cases[i].rows; n < ELEMENTSOF(objects) && row->ckaid; row++)
                        objects[n++] = (Object){ .kind = row->kind,
                                                 .type = row->type,
                                                 .ckaid = bytes_of(row->ckaid),
                                                 .label = bytes_of(row->label),
                                                 .spki = bytes_of(row->spki) };
                assert_int_equal(object_match("mail", objects, n), 0);
                if (!is(&objects[0].spki, cases[i].spki) || !is(&objects[0].label, cases[i].label) ||
                    (objects[0].type == KEY_TYPE_UNKNOWN) != (cases[i].spki[0] == '\0'))
                        fail_msg("%s", cases[i].what);
                for (size_t j = 0; j < n; j++) {
                        bytes_done(&objects[j].ckaid);
                        bytes_done(&objects[j].label);
                        bytes_done(&objects[j].spki);
                }
        }
}

static void nothing(void **state) {
        (void) state;
        assert_int_equal(object_match("mail", NULL, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(matches), cmocka_unit_test(nothing) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
