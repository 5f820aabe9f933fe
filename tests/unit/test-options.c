/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of Sign, Decrypt and Derive: what each kind of key takes, and what is said when it doesn't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

#define RSA_OCTETS 256

/* "hash=sha256 salt-length=32 label=abc": written as a person would, read by the options' types. */
static void give(Options *o, char *room, size_t size, const char *text) {
        *o = (Options){};
        (void) snprintf(room, size, "%s", text);
        for (char *save = NULL, *word = strtok_r(room, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                char *value = strchr(word, '=');
                OptionName n = 0;

                assert_non_null(value);
                *value++ = '\0';
                while (n < _OPTION_MAX && strcmp(option_to_string(n), word) != 0)
                        n++;
                assert_true(n < _OPTION_MAX);
                o->set[n] = true;
                switch (option_type(n)) {
                case OPTION_STRING:
                        o->string[n] = value;
                        break;
                case OPTION_NUMBER:
                        o->number[n] = (uint32_t) strtoul(value, NULL, 10);
                        break;
                case OPTION_BYTES:
                        o->bytes[n] = (Blob){ *value ? (const uint8_t *) value : NULL, strlen(value) };
                        break;
                }
        }
}

static void expect(int r, const Failure *f, const char *said, const char *given) {
        if (!said && r == 0)
                return;
        if (said && r > 0 && strstr(f->text, said))
                return;
        fail_msg("given \"%s\": %d, \"%s\" instead of \"%s\"", given, r, r > 0 ? f->text : "", said ? said : "success");
}

static void test_sign(_unused_ void **state) {
        static const struct {
                KeyType type;
                const char *given;
                const char *said; /* NULL: it is taken, as follows */
                Padding padding;
                Hash hash;
                uint16_t salt;
        } rows[] = {
                { KEY_TYPE_RSA, "", NULL, PADDING_PKCS1, HASH_SHA256, 0 },
                { KEY_TYPE_RSA, "hash=sha512", NULL, PADDING_PKCS1, HASH_SHA512, 0 },
                { KEY_TYPE_RSA, "padding=pss", NULL, PADDING_PSS, HASH_SHA256, 32 },
                { KEY_TYPE_RSA, "padding=pss hash=sha384", NULL, PADDING_PSS, HASH_SHA384, 48 },
                { KEY_TYPE_RSA, "padding=pss salt-length=0", NULL, PADDING_PSS, HASH_SHA256, 0 },
                { KEY_TYPE_RSA, "padding=pss salt-length=222", NULL, PADDING_PSS, HASH_SHA256, 222 },
                { KEY_TYPE_RSA, "padding=pss salt-length=223", "at most 222" },
                { KEY_TYPE_RSA, "padding=pss salt-length=4294967295", "do not fit" },
                { KEY_TYPE_RSA, "salt-length=32", "\"salt-length\": goes with padding pss" },
                { KEY_TYPE_RSA, "padding=oaep", "use pkcs1 or pss" },
                { KEY_TYPE_RSA, "padding=none", "use pkcs1 or pss" },
                { KEY_TYPE_RSA, "hash=sha1", "sha1 is not used for signatures" },
                { KEY_TYPE_RSA, "hash=none", "\"none\" is no hash" },
                { KEY_TYPE_RSA, "hash=SHA256", "\"SHA256\" is no hash" },
                { KEY_TYPE_RSA, "label=abc", "\"label\" is not one of Sign" },
                { KEY_TYPE_RSA, "key-length=16", "\"key-length\" is not one of Sign" },
                { KEY_TYPE_EC_P256, "", NULL, PADDING_NONE, HASH_SHA256, 0 },
                { KEY_TYPE_EC_P521, "hash=sha224", NULL, PADDING_NONE, HASH_SHA224, 0 },
                { KEY_TYPE_EC_P384, "hash=sha1", "sha1 is not used" },
                { KEY_TYPE_EC_P256, "padding=pkcs1", "goes with RSA keys only" },
                { KEY_TYPE_EC_P256, "salt-length=1", "goes with RSA keys only" },
                { KEY_TYPE_ED25519, "", NULL, PADDING_NONE, HASH_NONE, 0 },
                { KEY_TYPE_ED25519, "hash=sha512", "signs the data itself" },
                { KEY_TYPE_ED25519, "padding=pss", "goes with RSA keys only" },
                { KEY_TYPE_X25519, "", "do not sign" },
                { KEY_TYPE_UNKNOWN, "", "do not sign" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char room[128];
                SignOptions s;
                Options o;
                Failure f;

                give(&o, room, sizeof(room), rows[i].given);
                expect(sign_options_parse(&o, rows[i].type, RSA_OCTETS, &s, &f), &f, rows[i].said, rows[i].given);
                if (rows[i].said)
                        continue;
                assert_int_equal(s.padding, rows[i].padding);
                assert_int_equal(s.hash, rows[i].hash);
                assert_int_equal(s.salt_length, rows[i].salt);
        }
}

static void test_decrypt(_unused_ void **state) {
        static const struct {
                KeyType type;
                Purpose purpose;
                const char *given;
                const char *said;
                DecryptOptions taken;
        } rows[] = {
                { KEY_TYPE_RSA, PURPOSE_CMS, "", NULL, { .padding = PADDING_PKCS1 } },
                { KEY_TYPE_RSA, PURPOSE_CMS, "key-length=32", NULL, { .padding = PADDING_PKCS1, .key_length = 32 } },
                { KEY_TYPE_RSA, PURPOSE_CMS, "padding=oaep", NULL, { PADDING_OAEP, HASH_SHA1, HASH_SHA1 } },
                { KEY_TYPE_RSA,
                  PURPOSE_RAW,
                  "padding=oaep hash=sha256",
                  NULL,
                  { PADDING_OAEP, HASH_SHA256, HASH_SHA256 } },
                { KEY_TYPE_RSA,
                  PURPOSE_RAW,
                  "padding=oaep hash=sha512 mgf-hash=sha1",
                  NULL,
                  { PADDING_OAEP, HASH_SHA512, HASH_SHA1 } },
                { KEY_TYPE_RSA, PURPOSE_RAW, "padding=oaep label=abc", NULL, { PADDING_OAEP, HASH_SHA1, HASH_SHA1 } },
                { KEY_TYPE_RSA, PURPOSE_CMS, "key-length=5", "16, 24 or 32" },
                { KEY_TYPE_RSA, PURPOSE_RAW, "key-length=16", "goes with purpose cms" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "hash=sha256", "\"hash\": goes with padding oaep" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "mgf-hash=sha256", "\"mgf-hash\": goes with padding oaep" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "label=x", "\"label\": goes with padding oaep" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "padding=pss", "use pkcs1 or oaep" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "padding=oaep hash=md5", "\"md5\" is no hash" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "kdf=x963", "\"kdf\" is not one of Decrypt" },
                { KEY_TYPE_EC_P256, PURPOSE_CMS, "", "use Derive" },
                { KEY_TYPE_ED25519, PURPOSE_CMS, "", "this one is ed25519" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char room[128];
                DecryptOptions d;
                Options o;
                Failure f;

                give(&o, room, sizeof(room), rows[i].given);
                expect(decrypt_options_parse(&o, rows[i].type, rows[i].purpose, &d, &f), &f, rows[i].said,
                       rows[i].given);
                if (rows[i].said)
                        continue;
                assert_int_equal(d.padding, rows[i].taken.padding);
                assert_int_equal(d.hash, rows[i].taken.hash);
                assert_int_equal(d.mgf_hash, rows[i].taken.mgf_hash);
                assert_int_equal(d.key_length, rows[i].taken.key_length);
                assert_int_equal(d.label.size, strstr(rows[i].given, "label") ? 3 : 0);
        }
}

static void test_derive(_unused_ void **state) {
        static const struct {
                KeyType type;
                Purpose purpose;
                const char *given;
                const char *said;
                DeriveOptions taken;
        } rows[] = {
                { KEY_TYPE_EC_P256, PURPOSE_CMS, "length=16", NULL, { KDF_X963, HASH_SHA256, 16 } },
                { KEY_TYPE_EC_P384, PURPOSE_CMS, "length=32 hash=sha1 kdf=x963", NULL, { KDF_X963, HASH_SHA1, 32 } },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "length=64 shared-info=abc", NULL, { KDF_X963, HASH_SHA256, 64 } },
                { KEY_TYPE_X25519, PURPOSE_RAW, "kdf=none", NULL, { KDF_NONE, HASH_NONE, 0 } },
                { KEY_TYPE_EC_P256, PURPOSE_CMS, "", "\"length\": is missing" },
                { KEY_TYPE_EC_P256, PURPOSE_CMS, "length=20", "16, 24 or 32" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "length=0", "from 1 to 64" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "length=65", "from 1 to 64" },
                { KEY_TYPE_EC_P256, PURPOSE_CMS, "kdf=none", "purpose raw only" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "kdf=none length=16", "\"length\": goes with kdf x963" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "kdf=none hash=sha256", "\"hash\": goes with kdf x963" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "kdf=none shared-info=a", "\"shared-info\": goes with kdf x963" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "kdf=hkdf length=16", "use x963 or none" },
                { KEY_TYPE_EC_P256, PURPOSE_RAW, "padding=pkcs1 length=16", "\"padding\" is not one of Derive" },
                { KEY_TYPE_RSA, PURPOSE_CMS, "length=16", "use Decrypt" },
                { KEY_TYPE_ED25519, PURPOSE_CMS, "length=16", "this one is ed25519" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char room[128];
                DeriveOptions d;
                Options o;
                Failure f;

                give(&o, room, sizeof(room), rows[i].given);
                expect(derive_options_parse(&o, rows[i].type, rows[i].purpose, &d, &f), &f, rows[i].said,
                       rows[i].given);
                if (rows[i].said)
                        continue;
                assert_int_equal(d.kdf, rows[i].taken.kdf);
                assert_int_equal(d.hash, rows[i].taken.hash);
                assert_int_equal(d.length, rows[i].taken.length);
        }
}

/* Sizes that the worker link cannot carry stop here. */
static void test_too_long(_unused_ void **state) {
        static const uint8_t bytes[FRAME_STRING_MAX + 1];
        DecryptOptions decrypt;
        DeriveOptions derive;
        Options o = { .set = { [OPTION_LABEL] = true, [OPTION_PADDING] = true } };
        Failure f;

        o.string[OPTION_PADDING] = "oaep";
        o.bytes[OPTION_LABEL] = (Blob){ bytes, sizeof(bytes) };
        expect(decrypt_options_parse(&o, KEY_TYPE_RSA, PURPOSE_RAW, &decrypt, &f), &f, "longer than 1024",
               "a long label");
        o.bytes[OPTION_LABEL].size--;
        expect(decrypt_options_parse(&o, KEY_TYPE_RSA, PURPOSE_RAW, &decrypt, &f), &f, NULL, "a label");

        o = (Options){ .set = { [OPTION_SHARED_INFO] = true, [OPTION_LENGTH] = true } };
        o.number[OPTION_LENGTH] = 16;
        o.bytes[OPTION_SHARED_INFO] = (Blob){ bytes, sizeof(bytes) };
        expect(derive_options_parse(&o, KEY_TYPE_EC_P256, PURPOSE_RAW, &derive, &f), &f, "longer than 1024",
               "much info");
}

static void test_purpose(_unused_ void **state) {
        static const struct {
                const char *word;
                Operation operation;
                const char *said;
                Purpose purpose;
        } rows[] = {
                { "smime", OPERATION_SIGN, NULL, PURPOSE_SMIME },
                { "csr", OPERATION_SIGN, NULL, PURPOSE_CSR },
                { "digest", OPERATION_SIGN, NULL, PURPOSE_DIGEST },
                { "cms", OPERATION_DECRYPT, NULL, PURPOSE_CMS },
                { "raw", OPERATION_DECRYPT, NULL, PURPOSE_RAW },
                { "dkim", OPERATION_SIGN, "reserved" },
                { "cms", OPERATION_SIGN, "\"smime\", \"csr\" or \"digest\"" },
                { "smime", OPERATION_DECRYPT, "\"cms\" or \"raw\"" },
                { "none", OPERATION_SIGN, "none of this operation" },
                { "", OPERATION_SIGN, "none of this operation" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Purpose p = PURPOSE_NONE;
                Failure f;

                expect(purpose_parse(rows[i].word, rows[i].operation, &p, &f), &f, rows[i].said, rows[i].word);
                assert_int_equal(p, rows[i].purpose);
        }
}

/* A sentence is never cut in the middle of a character: D-Bus would refuse it. */
static void test_failure_is_utf8(_unused_ void **state) {
        char text[sizeof(((Failure *) NULL)->text) + 8];
        Failure f;

        for (size_t shift = 0; shift < 4; shift++) {
                memset(text, 'x', sizeof(text));
                for (size_t i = shift; i + 2 < sizeof(text); i += 2)
                        memcpy(text + i, "\xc3\xa9", 2);
                text[sizeof(text) - 1] = '\0';
                assert_int_equal(failure_set(&f, OUTCOME_BUSY, "%s", text), OUTCOME_BUSY);
                assert_true(utf8_is_valid(f.text, strlen(f.text)));
                assert_in_range(strlen(f.text), sizeof(f.text) - 3, sizeof(f.text) - 1);
        }
        assert_int_equal(failure_set(&f, OUTCOME_BUSY, "a\xff b"), OUTCOME_BUSY);
        assert_string_equal(f.text, "a");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sign),     cmocka_unit_test(test_decrypt), cmocka_unit_test(test_derive),
                cmocka_unit_test(test_too_long), cmocka_unit_test(test_purpose), cmocka_unit_test(test_failure_is_utf8),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
