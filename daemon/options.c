/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which options make sense. Fed by bus clients: whatever passes here is sent to a token. */
#include "options.h"

#include <string.h>

#include "common/problems.h"

#define SHARED_INFO_MAX FRAME_STRING_MAX
#define OAEP_LABEL_MAX  FRAME_STRING_MAX
#define DERIVED_MAX     64 /* bytes */

static const struct {
        const char *word;
        OptionType type;
} option_table[_OPTION_MAX] = {
        [OPTION_HASH] = { "hash", OPTION_STRING },
        [OPTION_PADDING] = { "padding", OPTION_STRING },
        [OPTION_SALT_LENGTH] = { "salt-length", OPTION_NUMBER },
        [OPTION_MGF_HASH] = { "mgf-hash", OPTION_STRING },
        [OPTION_LABEL] = { "label", OPTION_BYTES },
        [OPTION_KEY_LENGTH] = { "key-length", OPTION_NUMBER },
        [OPTION_KDF] = { "kdf", OPTION_STRING },
        [OPTION_SHARED_INFO] = { "shared-info", OPTION_BYTES },
        [OPTION_LENGTH] = { "length", OPTION_NUMBER },
};

const char *option_to_string(OptionName n) {
        return option_table[n].word;
}

OptionType option_type(OptionName n) {
        return option_table[n].type;
}

static int invalid(Failure *f, OptionName n, const char *why) {
        return failure_set(f, OUTCOME_INVALID_INPUT, "option \"%s\": %s", option_to_string(n), why);
}

/* Options that the method doesn't know at all. */
static int refuse_others(const Options *o, const OptionName *known, size_t n, const char *method, Failure *f) {
        for (OptionName i = 0; i < _OPTION_MAX; i++) {
                bool found = !o->set[i];

                for (size_t k = 0; k < n && !found; k++)
                        found = known[k] == i;
                if (!found)
                        return failure_set(f, OUTCOME_INVALID_INPUT, "option \"%s\" is not one of %s",
                                           option_to_string(i), method);
        }
        return 0;
}

int options_find(const Options *o, const char *word, OptionName *ret, Failure *f) {
        const char *words[_OPTION_MAX], *meant;

        for (OptionName n = 0; n < _OPTION_MAX; n++) {
                words[n] = option_to_string(n);
                if (strcmp(words[n], word) != 0)
                        continue;
                if (o->set[n])
                        return failure_set(f, OUTCOME_INVALID_INPUT, "option \"%s\" is given twice", word);
                *ret = n;
                return 0;
        }
        meant = problems_did_you_mean(word, words, _OPTION_MAX);
        if (meant)
                return failure_set(f, OUTCOME_INVALID_INPUT, "unknown option \"%.40s\"; did you mean \"%s\"?", word,
                                   meant);
        return failure_set(f, OUTCOME_INVALID_INPUT,
                           "unknown option \"%.40s\"; docs/DBUS.md lists those of each method", word);
}

int purpose_parse(const char *word, Operation operation, Purpose *ret, Failure *f) {
        int p = purpose_from_string(word);

        if (p < 0 || purpose_operation((Purpose) p) != operation)
                return failure_set(
                        f, OUTCOME_INVALID_INPUT, "purpose \"%.40s\" is none of this operation: use %s", word,
                        operation == OPERATION_SIGN ? "\"smime\", \"csr\" or \"digest\"" : "\"cms\" or \"raw\"");
        if (p == PURPOSE_DKIM)
                return failure_set(f, OUTCOME_NOT_SUPPORTED,
                                   "purpose \"dkim\" is reserved: this version of signetd does not sign for DKIM");
        *ret = (Purpose) p;
        return 0;
}

/* *ret keeps its default when the option is left out. */
static int parse_hash(const Options *o, OptionName n, Hash *ret, Failure *f) {
        int h;

        if (!o->set[n])
                return 0;
        h = hash_from_string(o->string[n]);
        if (h < 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "option \"%s\": \"%.40s\" is no hash; use sha224, sha256, sha384 or sha512%s",
                                   option_to_string(n), o->string[n], *ret == HASH_SHA1 ? ", or sha1" : "");
        *ret = (Hash) h;
        return 0;
}

static int parse_padding(const Options *o, Padding other, Padding *ret, Failure *f) {
        int p;

        if (!o->set[OPTION_PADDING])
                return 0;
        p = padding_from_string(o->string[OPTION_PADDING]);
        if (p != PADDING_PKCS1 && p != (int) other)
                return failure_set(f, OUTCOME_INVALID_INPUT, "option \"padding\": \"%.40s\" cannot be; use pkcs1 or %s",
                                   o->string[OPTION_PADDING], padding_to_string(other));
        *ret = (Padding) p;
        return 0;
}

static int parse_salt(const Options *o, size_t octets, SignOptions *s, Failure *f) {
        size_t hash = hash_size(s->hash), room = octets > hash + 2 ? octets - hash - 2 : 0;
        uint32_t salt = (uint32_t) hash;

        if (s->padding != PADDING_PSS)
                return o->set[OPTION_SALT_LENGTH] ? invalid(f, OPTION_SALT_LENGTH, "goes with padding pss only") : 0;
        if (o->set[OPTION_SALT_LENGTH])
                salt = o->number[OPTION_SALT_LENGTH];
        if (salt > room)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "option \"salt-length\": %u bytes do not fit this key and hash; at most %zu do",
                                   salt, room);
        s->salt_length = (uint16_t) salt;
        return 0;
}

int sign_options_parse(const Options *o, KeyType type, size_t octets, SignOptions *ret, Failure *f) {
        static const OptionName known[] = { OPTION_HASH, OPTION_PADDING, OPTION_SALT_LENGTH };
        SignOptions s = { .hash = HASH_SHA256 };
        int r;

        r = refuse_others(o, known, ELEMENTSOF(known), "Sign", f);
        if (r != 0)
                return r;
        if (type == KEY_TYPE_UNKNOWN || type == KEY_TYPE_X25519)
                return failure_set(f, OUTCOME_NOT_SUPPORTED, "keys of type %s do not sign here",
                                   key_type_to_string(type));
        if (type != KEY_TYPE_RSA && o->set[OPTION_PADDING])
                return invalid(f, OPTION_PADDING, "goes with RSA keys only; leave it out");
        if (type != KEY_TYPE_RSA && o->set[OPTION_SALT_LENGTH])
                return invalid(f, OPTION_SALT_LENGTH, "goes with RSA keys only; leave it out");
        if (type == KEY_TYPE_ED25519) {
                if (o->set[OPTION_HASH])
                        return invalid(f, OPTION_HASH, "an Ed25519 key signs the data itself; leave it out");
                *ret = (SignOptions){};
                return 0;
        }

        r = parse_hash(o, OPTION_HASH, &s.hash, f);
        if (r != 0)
                return r;
        if (s.hash == HASH_SHA1)
                return invalid(f, OPTION_HASH, "sha1 is not used for signatures; use sha256 or longer");
        if (type == KEY_TYPE_RSA) {
                s.padding = PADDING_PKCS1;
                r = parse_padding(o, PADDING_PSS, &s.padding, f);
                if (r == 0)
                        r = parse_salt(o, octets, &s, f);
                if (r != 0)
                        return r;
        }
        *ret = s;
        return 0;
}

static int parse_oaep(const Options *o, DecryptOptions *d, Failure *f) {
        int r;

        if (d->padding != PADDING_OAEP) {
                static const OptionName oaep[] = { OPTION_HASH, OPTION_MGF_HASH, OPTION_LABEL };

                for (size_t i = 0; i < ELEMENTSOF(oaep); i++)
                        if (o->set[oaep[i]])
                                return invalid(f, oaep[i], "goes with padding oaep only");
                return 0;
        }
        d->hash = HASH_SHA1;
        r = parse_hash(o, OPTION_HASH, &d->hash, f);
        if (r != 0)
                return r;
        d->mgf_hash = d->hash;
        r = parse_hash(o, OPTION_MGF_HASH, &d->mgf_hash, f);
        if (r != 0)
                return r;
        d->label = o->bytes[OPTION_LABEL];
        if (d->label.size > OAEP_LABEL_MAX)
                return invalid(f, OPTION_LABEL, "is longer than 1024 bytes");
        return 0;
}

static bool is_aes_length(uint32_t n) {
        return n == 16 || n == 24 || n == 32;
}

int decrypt_options_parse(const Options *o, KeyType type, Purpose purpose, DecryptOptions *ret, Failure *f) {
        static const OptionName known[] = { OPTION_HASH, OPTION_PADDING, OPTION_MGF_HASH, OPTION_LABEL,
                                            OPTION_KEY_LENGTH };
        DecryptOptions d = { .padding = PADDING_PKCS1 };
        int r;

        r = refuse_others(o, known, ELEMENTSOF(known), "Decrypt", f);
        if (r != 0)
                return r;
        if (type != KEY_TYPE_RSA)
                return failure_set(f, OUTCOME_NOT_SUPPORTED, "Decrypt is for RSA keys and this one is %s%s",
                                   key_type_to_string(type),
                                   key_type_is_ec(type) || type == KEY_TYPE_X25519 ? "; use Derive" : "");
        r = parse_padding(o, PADDING_OAEP, &d.padding, f);
        if (r == 0)
                r = parse_oaep(o, &d, f);
        if (r != 0)
                return r;
        if (o->set[OPTION_KEY_LENGTH]) {
                if (purpose != PURPOSE_CMS)
                        return invalid(f, OPTION_KEY_LENGTH, "goes with purpose cms only");
                if (!is_aes_length(o->number[OPTION_KEY_LENGTH]))
                        return invalid(f, OPTION_KEY_LENGTH, "a content key has 16, 24 or 32 bytes");
                d.key_length = (uint16_t) o->number[OPTION_KEY_LENGTH];
        }
        *ret = d;
        return 0;
}

static int parse_derived_length(const Options *o, Purpose purpose, DeriveOptions *d, Failure *f) {
        uint32_t n = o->number[OPTION_LENGTH];

        if (d->kdf == KDF_NONE)
                return o->set[OPTION_LENGTH] ? invalid(f, OPTION_LENGTH, "goes with kdf x963 only") : 0;
        if (!o->set[OPTION_LENGTH])
                return invalid(f, OPTION_LENGTH, "is missing: how many bytes are wanted?");
        if (purpose == PURPOSE_CMS && !is_aes_length(n))
                return invalid(f, OPTION_LENGTH, "a key-encryption key has 16, 24 or 32 bytes");
        if (n == 0 || n > DERIVED_MAX)
                return invalid(f, OPTION_LENGTH, "must be from 1 to 64 bytes");
        d->length = (uint16_t) n;
        return 0;
}

static int parse_kdf(const Options *o, Purpose purpose, Kdf *ret, Failure *f) {
        const char *word = o->string[OPTION_KDF];

        if (!o->set[OPTION_KDF] || strcmp(word, kdf_to_string(KDF_X963)) == 0)
                return 0;
        if (strcmp(word, kdf_to_string(KDF_NONE)) != 0)
                return failure_set(f, OUTCOME_INVALID_INPUT, "option \"kdf\": \"%.40s\" cannot be; use x963 or none",
                                   word);
        if (purpose != PURPOSE_RAW)
                return invalid(f, OPTION_KDF, "the shared secret itself is given out for purpose raw only; use x963");
        *ret = KDF_NONE;
        return 0;
}

int derive_options_parse(const Options *o, KeyType type, Purpose purpose, DeriveOptions *ret, Failure *f) {
        static const OptionName known[] = { OPTION_HASH, OPTION_KDF, OPTION_SHARED_INFO, OPTION_LENGTH };
        DeriveOptions d = { .kdf = KDF_X963, .hash = HASH_SHA256 };
        int r;

        r = refuse_others(o, known, ELEMENTSOF(known), "Derive", f);
        if (r != 0)
                return r;
        if (!key_type_is_ec(type) && type != KEY_TYPE_X25519)
                return failure_set(f, OUTCOME_NOT_SUPPORTED, "Derive is for EC and X25519 keys and this one is %s%s",
                                   key_type_to_string(type), type == KEY_TYPE_RSA ? "; use Decrypt" : "");
        r = parse_kdf(o, purpose, &d.kdf, f);
        if (r == 0)
                r = parse_derived_length(o, purpose, &d, f);
        if (r != 0)
                return r;
        if (d.kdf == KDF_NONE) {
                if (o->set[OPTION_HASH])
                        return invalid(f, OPTION_HASH, "goes with kdf x963 only");
                if (o->set[OPTION_SHARED_INFO])
                        return invalid(f, OPTION_SHARED_INFO, "goes with kdf x963 only");
                d.hash = HASH_NONE;
        } else {
                r = parse_hash(o, OPTION_HASH, &d.hash, f);
                if (r != 0)
                        return r;
        }
        d.shared_info = o->bytes[OPTION_SHARED_INFO];
        if (d.shared_info.size > SHARED_INFO_MAX)
                return invalid(f, OPTION_SHARED_INFO, "is longer than 1024 bytes");
        *ret = d;
        return 0;
}
