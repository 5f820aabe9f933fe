/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what workers tell to the keys that callers see: inventories, merging over tokens, certificates, chains, names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "key-find.h"
#include "key-table.h"
#include "make-certificate.h"

#define PRIVATE (FRAME_KEY_PRIVATE | FRAME_KEY_SIGN | FRAME_KEY_DECRYPT)

/* Tokens are only compared by address here. */
static Token *const token_a = (Token *) 0x10, *const token_b = (Token *) 0x20;

static Blob text(const char *s) {
        return (Blob){ *s ? (const uint8_t *) s : NULL, strlen(s) };
}

static Inventory *inventory(const char *label, WorkerCode code) {
        Inventory *i = NULL;

        assert_int_equal(inventory_new(&(FrameHello){ .code = code,
                                                      .label = text(label),
                                                      .serial = text("0001"),
                                                      .model = text("SoftHSM v2"),
                                                      .manufacturer = text("SoftHSM project") },
                                       &i),
                         0);
        return i;
}

static void add_key(Inventory *i, const EVP_PKEY *pkey, KeyType type, uint8_t flags, const char *label,
                    const char *id) {
        size_t n;
        uint8_t *der = make_spki(pkey, &n);

        assert_int_equal(inventory_add_key(i, &(FrameKey){ .handle = (uint32_t) i->n_told_keys + 1,
                                                           .type = type,
                                                           .flags = flags,
                                                           .spki = { der, n },
                                                           .label = text(label),
                                                           .ckaid = text(id) }),
                         0);
        OPENSSL_free(der);
}

static void add_certificate(Inventory *i, const CertificateWish *w) {
        size_t n;
        uint8_t *der = make_certificate(w, &n);

        assert_int_equal(inventory_add_certificate(i, &(FrameCert){ .der = { der, n } }), 0);
        OPENSSL_free(der);
}

static void finish(Inventory *i) {
        assert_int_equal(inventory_finish(i, (uint32_t) i->n_told_keys, (uint32_t) i->n_told_certificates), 0);
}

static KeyTable *table_of(Inventory *a, Inventory *b) {
        const KeySource sources[] = { { token_a, a }, { token_b, b } };
        KeyTable *t = NULL;

        assert_int_equal(key_table_new(sources, ELEMENTSOF(sources), &t), 0);
        return t;
}

static void test_inventory_leaves_out(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *rsa = make_rsa(), *odd = make_ec("secp256k1"), *p256 = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("mail", WORKER_OK);
        static const uint8_t garbage[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };

        add_key(i, rsa, KEY_TYPE_RSA, PRIVATE, "rsa", "1");
        add_key(i, rsa, KEY_TYPE_RSA, PRIVATE, "the same again", "2");
        add_key(i, odd, KEY_TYPE_UNKNOWN, PRIVATE, "odd", "3");
        add_key(i, p256, KEY_TYPE_EC_P256, FRAME_KEY_SIGN, "public only", "4");
        assert_int_equal(inventory_add_key(i, &(FrameKey){ .flags = PRIVATE, .label = text("no public key") }), 0);
        assert_int_equal(inventory_add_key(i, &(FrameKey){ .flags = PRIVATE, .spki = { garbage, sizeof(garbage) } }),
                         0);
        assert_int_equal(inventory_add_certificate(i, &(FrameCert){ .der = { garbage, sizeof(garbage) } }), 0);
        finish(i);

        assert_int_equal(i->n_keys, 2);
        assert_int_equal(i->n_unknown, 1);
        assert_int_equal(i->n_malformed, 2);
        assert_int_equal(i->n_certificates, 0);
}

/* A locked token shows public keys; they are listed, so that people know what they would get by unlocking. */
static void test_inventory_of_a_locked_token(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *p256 = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("mail", WORKER_LOCKED);

        add_key(i, p256, KEY_TYPE_EC_P256, FRAME_KEY_SIGN, "alice", "1");
        finish(i);
        assert_int_equal(i->n_keys, 1);
}

static void test_inventory_is_checked(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *p256 = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("mail", WORKER_OK), *wrong = NULL;

        add_key(i, p256, KEY_TYPE_EC_P384, PRIVATE, "a lie about its type", "1");
        assert_int_equal(inventory_finish(i, 2, 0), -EBADMSG);
        assert_int_equal(inventory_finish(i, 1, 1), -EBADMSG);
        finish(i);
        assert_int_equal(i->keys[0].type, KEY_TYPE_UNKNOWN);
        assert_int_equal(inventory_new(&(FrameHello){ .label = text("\xff") }, &wrong), -EBADMSG);
        i->bytes = INVENTORY_BYTES_MAX - 10;
        assert_int_equal(inventory_add_key(i, &(FrameKey){ .label = text("eleven byte") }), -EMSGSIZE);
        i->n_told_keys = FRAME_OBJECTS_MAX;
        assert_int_equal(inventory_add_key(i, &(FrameKey){ .label = text("x") }), -EMSGSIZE);
}

static void test_label_that_is_no_text(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *p256 = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("mail", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;

        add_key(i, p256, KEY_TYPE_EC_P256, PRIVATE, "\xff\xfe", "1");
        finish(i);
        t = table_of(i, NULL);
        assert_string_equal(key_table_get(t, 0)->label, "");
        assert_null(key_table_get(t, 0)->policy_instances[0].object); /* no pattern of a rule matches it */
}

/* One key on two tokens is one key; a certificate on either token is its certificate. */
static void test_merges_tokens(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *one = make_ec("P-256"), *other = make_ec("P-384"),
                                           *nobody = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *a = inventory("a", WORKER_OK), *b = inventory("b", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        Key *key = NULL;

        add_key(a, one, KEY_TYPE_EC_P256, FRAME_KEY_PRIVATE | FRAME_KEY_SIGN, "one", "1");
        add_key(b, other, KEY_TYPE_EC_P384, PRIVATE, "other", "2");
        add_key(b, one, KEY_TYPE_EC_P256, FRAME_KEY_PRIVATE | FRAME_KEY_DERIVE, "one on b", "1");
        add_certificate(b, &(CertificateWish){ .name = "one", .key = one, .addresses = "email:one@example.org" });
        add_certificate(a, &(CertificateWish){ .name = "nobody", .key = nobody });
        finish(a);
        finish(b);
        t = table_of(a, b);
        assert_int_equal(key_table_size(t), 2);
        for (size_t i = 0; i < 2; i++)
                if (key_table_get(t, i)->n_instances == 2)
                        key = key_table_get(t, i);
        assert_non_null(key);
        assert_string_equal(key->label, "one");
        assert_ptr_equal(key->instances[0].token, token_a);
        assert_ptr_equal(key->instances[1].token, token_b);
        assert_int_equal(key->flags, FRAME_KEY_PRIVATE | FRAME_KEY_SIGN | FRAME_KEY_DERIVE);
        assert_int_equal(key->n_certificates, 1);
        assert_int_equal(key->n_addresses, 1);
        assert_string_equal(key->addresses[0], "one@example.org");
        assert_ptr_equal(key_table_find(t, key->id.hex), key);
        assert_null(key_table_find(t, "00"));
        assert_null(key_table_find(t, ""));
}

static void test_certificates_in_order(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("a", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        static const char *const order[] = { "newer", "older", "server", "expired", "coming" };
        Certificate *const *c;
        size_t n;

        add_key(i, key, KEY_TYPE_EC_P256, PRIVATE, "k", "1");
        add_certificate(i, &(CertificateWish){ .name = "expired", .key = key, .from_days = -30, .to_days = -1 });
        add_certificate(i, &(CertificateWish){ .name = "server", .key = key, .extended = "serverAuth" });
        add_certificate(i, &(CertificateWish){ .name = "older", .key = key, .from_days = -30, .to_days = 30 });
        add_certificate(
                i, &(CertificateWish){
                           .name = "coming", .key = key, .from_days = 5, .to_days = 30, .extended = "serverAuth" });
        add_certificate(i, &(CertificateWish){ .name = "newer", .key = key, .from_days = -3, .to_days = 30 });
        finish(i);
        t = table_of(i, NULL);
        c = key_certificates(key_table_get(t, 0), time(NULL), &n);
        assert_int_equal(n, ELEMENTSOF(order));
        for (size_t k = 0; k < n; k++) {
                char name[32];

                assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(c[k]->x509), NID_commonName, name,
                                                      sizeof(name)) > 0);
                assert_string_equal(name, order[k]);
        }
}

static void test_chain(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *root = make_ec("P-256"), *middle = make_ec("P-256"),
                                           *leaf = make_ec("P-256"), *impostor = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("a", WORKER_OK), *b = inventory("b", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        const Certificate *chain[KEY_CHAIN_MAX];
        size_t n;

        add_key(i, leaf, KEY_TYPE_EC_P256, PRIVATE, "k", "1");
        add_certificate(
                i, &(CertificateWish){ .name = "leaf", .key = leaf, .issuer_name = "middle", .issuer_key = middle });
        /* The same name, another key: only the signature tells. */
        add_certificate(i, &(CertificateWish){ .name = "middle", .key = impostor, .ca = true });
        /* The right key, but no right to issue. */
        add_certificate(
                i, &(CertificateWish){ .name = "middle", .key = middle, .ca = true, .key_usage = "digitalSignature" });
        add_certificate(b, &(CertificateWish){ .name = "middle",
                                               .key = middle,
                                               .issuer_name = "root",
                                               .issuer_key = root,
                                               .ca = true,
                                               .key_usage = "keyCertSign" });
        add_certificate(b, &(CertificateWish){ .name = "root", .key = root, .ca = true });
        finish(i);
        finish(b);
        t = table_of(i, b);
        n = key_table_chain(t, key_table_get(t, 0)->certificates[0], chain);
        assert_int_equal(n, 2);
        assert_ptr_equal(chain[0], b->certificates[0]);
        assert_ptr_equal(chain[1], b->certificates[1]);
}

/* Two that issued each other must not keep anybody busy. */
static void test_chain_in_a_circle(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *x = make_ec("P-256"), *y = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("a", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        const Certificate *chain[KEY_CHAIN_MAX];

        add_certificate(i,
                        &(CertificateWish){ .name = "x", .key = x, .issuer_name = "y", .issuer_key = y, .ca = true });
        add_certificate(i,
                        &(CertificateWish){ .name = "y", .key = y, .issuer_name = "x", .issuer_key = x, .ca = true });
        finish(i);
        t = table_of(i, NULL);
        assert_int_equal(key_table_chain(t, i->certificates[0], chain), 1);
}

static void test_equality(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *a = inventory("a", WORKER_OK), *b = inventory("a", WORKER_OK),
                                              *c = inventory("a", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *x = NULL, *y = NULL, *z = NULL;

        add_key(a, key, KEY_TYPE_EC_P256, PRIVATE, "k", "1");
        add_key(b, key, KEY_TYPE_EC_P256, PRIVATE, "k", "1");
        add_key(c, key, KEY_TYPE_EC_P256, PRIVATE, "k", "1");
        add_certificate(c, &(CertificateWish){ .name = "k", .key = key });
        finish(a);
        finish(b);
        finish(c);
        x = table_of(a, NULL);
        y = table_of(b, NULL);
        z = table_of(c, NULL);
        assert_true(key_equal(key_table_get(x, 0), key_table_get(y, 0)));
        assert_false(key_equal(key_table_get(x, 0), key_table_get(z, 0)));
}

static void test_uri(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("my token;", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        _cleanup_(key_name_freep) KeyName *name = NULL;
        _cleanup_free_ char *uri = NULL;
        Failure f;

        add_key(i, key, KEY_TYPE_EC_P256, PRIVATE,
                "al\xc3\xad"
                "ce/1",
                "\x01z");
        finish(i);
        t = table_of(i, NULL);
        assert_int_equal(key_instance_uri(&key_table_get(t, 0)->instances[0], &uri), 0);
        assert_string_equal(uri, "pkcs11:token=my%20token%3B;id=%01%7A;object=al%C3%ADce%2F1;type=private");
        assert_int_equal(key_name_parse(uri, &name, &f), 0);
        assert_true(key_name_matches(name, key_table_get(t, 0), OPERATION_NONE, 0));
}

static bool matches(const char *text_name, Key *key, Operation operation) {
        _cleanup_(key_name_freep) KeyName *name = NULL;
        Failure f;

        if (key_name_parse(text_name, &name, &f) != 0)
                fail_msg("%s: %s", text_name, f.text);
        return key_name_matches(name, key, operation, time(NULL));
}

static void test_names(_unused_ void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = make_ec("P-256");
        _cleanup_(inventory_unrefp) Inventory *i = inventory("mail", WORKER_OK);
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        char digits[KEY_ID_LENGTH + 1];
        Key *k;

        add_key(i, key, KEY_TYPE_EC_P256, PRIVATE, "alice", "\x01");
        add_certificate(i, &(CertificateWish){ .name = "k",
                                               .key = key,
                                               .addresses = "email:Alice@Example.org",
                                               .key_usage = "digitalSignature" });
        add_certificate(i, &(CertificateWish){ .name = "k",
                                               .key = key,
                                               .addresses = "email:old@example.org",
                                               .from_days = -30,
                                               .to_days = -1 });
        finish(i);
        t = table_of(i, NULL);
        k = key_table_get(t, 0);

        static const struct {
                const char *name;
                Operation operation;
                bool matches;
        } rows[] = {
                { "", OPERATION_NONE, true },
                { "pkcs11:", OPERATION_NONE, true },
                { "pkcs11:token=mail", OPERATION_NONE, true },
                { "pkcs11:token=mail;object=alice", OPERATION_SIGN, true },
                { "pkcs11:token=mail;object=alice;type=private", OPERATION_NONE, true },
                { "pkcs11:object=alice;type=cert", OPERATION_NONE, true },
                { "pkcs11:id=%01", OPERATION_NONE, true },
                { "pkcs11:serial=0001;model=SoftHSM%20v2;manufacturer=SoftHSM%20project", OPERATION_NONE, true },
                { "pkcs11:token=mai", OPERATION_NONE, false },
                { "pkcs11:token=mail;object=bob", OPERATION_NONE, false },
                { "pkcs11:object=alic", OPERATION_NONE, false },
                { "pkcs11:id=%01%02", OPERATION_NONE, false },
                { "pkcs11:serial=0002", OPERATION_NONE, false },
                { "alice@example.org", OPERATION_SIGN, true },
                { "ALICE@EXAMPLE.ORG", OPERATION_NONE, true },
                { "alice@example.org", OPERATION_DECRYPT, false }, /* keyUsage says so */
                { "bob@example.org", OPERATION_NONE, false },
                { "@example.org", OPERATION_NONE, false },
                { "old@example.org", OPERATION_SIGN, false }, /* expired */
                { "old@example.org", OPERATION_DECRYPT, true },
                { "00000000", OPERATION_NONE, false },
        };
        for (size_t r = 0; r < ELEMENTSOF(rows); r++)
                if (matches(rows[r].name, k, rows[r].operation) != rows[r].matches)
                        fail_msg("\"%s\" %s", rows[r].name, rows[r].matches ? "does not match" : "matches");

        memcpy(digits, k->id.hex, sizeof(digits));
        assert_true(matches(digits, k, OPERATION_NONE));
        digits[8] = '\0';
        for (char *p = digits; *p; p++)
                *p = (char) (*p >= 'a' ? *p - 'a' + 'A' : *p);
        assert_true(matches(digits, k, OPERATION_NONE));
}

static void test_names_that_are_none(_unused_ void **state) {
        static char endless[KEY_NAME_MAX + 2];
        static const struct {
                const char *name;
                const char *said;
        } rows[] = {
                { "alice", "names no key" },
                { "0123456", "8 to 64" },
                { "pkcs11:token=%zz", "malformed" },
                { "pkcs11:token=a;token=b;colour=blue", "doesn't know" },
                { "pkcs11:token=mail?pin-value=1234", "carries a PIN" },
                { "pkcs11:token=mail?pin-source=file:/x", "carries a PIN" },
                { endless, "longer than" },
        };

        memset(endless, 'a', KEY_NAME_MAX + 1);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                KeyName *name = NULL;
                Failure f;

                assert_int_equal(key_name_parse(rows[i].name, &name, &f), OUTCOME_INVALID_INPUT);
                if (!strstr(f.text, rows[i].said))
                        fail_msg("\"%s\": \"%s\"", rows[i].name, f.text);
                assert_null(strstr(f.text, "1234"));
        }
}

static void test_what_keys_can(_unused_ void **state) {
        static const struct {
                KeyType type;
                uint8_t flags;
                bool signs, decrypts;
        } rows[] = {
                { KEY_TYPE_RSA, FRAME_KEY_SIGN | FRAME_KEY_DECRYPT, true, true },
                { KEY_TYPE_RSA, FRAME_KEY_SIGN, true, false },
                { KEY_TYPE_RSA, FRAME_KEY_DERIVE, false, false },
                { KEY_TYPE_EC_P521, FRAME_KEY_SIGN | FRAME_KEY_DERIVE, true, true },
                { KEY_TYPE_EC_P256, FRAME_KEY_DECRYPT, false, false },
                { KEY_TYPE_ED25519, 0xff, true, false },
                { KEY_TYPE_X25519, 0xff, false, true },
                { KEY_TYPE_UNKNOWN, 0xff, false, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const Key k = { .type = rows[i].type, .flags = rows[i].flags };

                assert_int_equal(key_can(&k, OPERATION_SIGN, PURPOSE_SMIME), rows[i].signs);
                assert_int_equal(key_can(&k, OPERATION_SIGN, PURPOSE_DIGEST), rows[i].signs);
                assert_int_equal(key_can(&k, OPERATION_DECRYPT, PURPOSE_CMS), rows[i].decrypts);
                assert_false(key_can(&k, OPERATION_SIGN, PURPOSE_CMS));
                assert_false(key_can(&k, OPERATION_SIGN, PURPOSE_DKIM));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inventory_leaves_out),
                cmocka_unit_test(test_inventory_of_a_locked_token),
                cmocka_unit_test(test_inventory_is_checked),
                cmocka_unit_test(test_label_that_is_no_text),
                cmocka_unit_test(test_merges_tokens),
                cmocka_unit_test(test_certificates_in_order),
                cmocka_unit_test(test_chain),
                cmocka_unit_test(test_chain_in_a_circle),
                cmocka_unit_test(test_equality),
                cmocka_unit_test(test_uri),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_names_that_are_none),
                cmocka_unit_test(test_what_keys_can),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
