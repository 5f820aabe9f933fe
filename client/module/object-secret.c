/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secret keys that live as long as a session (PKCS#11 2.40 section 4.10). Fed with a host's template: what it may say
 * is a table, everything else is refused. */
#include <openssl/crypto.h>
#include <string.h>

#include "names.h"
#include "object-draft.h"
#include "template.h"

/* Values that a key of a type may have, in bytes. */
typedef struct SecretType {
        CK_KEY_TYPE type;
        CK_ULONG min, max, step;
} SecretType;

static const SecretType secret_types[] = {
        { CKK_GENERIC_SECRET, 1, SECRET_MAX, 1 },
        { CKK_AES, 16, 32, 8 },
        { CKK_CAMELLIA, 16, 32, 8 },
        { CKK_DES3, 24, 24, 1 },
        { CKK_RC2, 1, 128, 1 },
};

static CK_RV check_value(CK_KEY_TYPE type, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(secret_types); i++) {
                const SecretType *t = &secret_types[i];

                if (t->type == type)
                        return size >= t->min && size <= t->max && (size - t->min) % t->step == 0
                                       ? CKR_OK
                                       : module_refuse(CKR_TEMPLATE_INCONSISTENT,
                                                       "a secret key of this type cannot have this length");
        }
        return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "secret keys of this type are not made here");
}

/* What a host may say of a secret key. */
typedef enum Rule {
        RULE_FLAG,      /* kept */
        RULE_BYTES,     /* kept */
        RULE_FIXED,     /* a flag that has to be as it would be by itself */
        RULE_CHECKED,   /* compared in check_given() */
        RULE_READ_ONLY, /* not the host's to say */
} Rule;

static const struct {
        CK_ATTRIBUTE_TYPE type;
        Rule rule;
        bool flag; /* without a word from the host */
} attributes[] = {
        { CKA_CLASS, RULE_CHECKED, false },
        { CKA_TOKEN, RULE_CHECKED, false },
        { CKA_KEY_TYPE, RULE_CHECKED, false },
        { CKA_VALUE, RULE_CHECKED, false },
        { CKA_VALUE_LEN, RULE_CHECKED, false },
        { CKA_LABEL, RULE_BYTES, false },
        { CKA_ID, RULE_BYTES, false },
        { CKA_START_DATE, RULE_BYTES, false },
        { CKA_END_DATE, RULE_BYTES, false },
        { CKA_PRIVATE, RULE_FLAG, false },
        { CKA_MODIFIABLE, RULE_FLAG, false },
        { CKA_DESTROYABLE, RULE_FLAG, true },
        { CKA_COPYABLE, RULE_FIXED, false },
        { CKA_TRUSTED, RULE_FIXED, false },
        { CKA_WRAP_WITH_TRUSTED, RULE_FIXED, false },
        /* The value is in this process anyhow. Hosts that did not ask for it to be sensitive move it to where their
         * bulk ciphers are. */
        { CKA_SENSITIVE, RULE_FLAG, false },
        { CKA_EXTRACTABLE, RULE_FLAG, true },
        { CKA_ENCRYPT, RULE_FLAG, false },
        { CKA_DECRYPT, RULE_FLAG, false },
        { CKA_SIGN, RULE_FLAG, false },
        { CKA_VERIFY, RULE_FLAG, false },
        { CKA_WRAP, RULE_FLAG, false },
        { CKA_UNWRAP, RULE_FLAG, true },
        { CKA_DERIVE, RULE_FLAG, false },
        { CKA_LOCAL, RULE_READ_ONLY, false },
        { CKA_ALWAYS_SENSITIVE, RULE_READ_ONLY, false },
        { CKA_NEVER_EXTRACTABLE, RULE_READ_ONLY, false },
        { CKA_KEY_GEN_MECHANISM, RULE_READ_ONLY, false },
};

static CK_RV check_flag(const CK_ATTRIBUTE *a, Rule rule, bool flag) {
        CK_BBOOL v;

        if (!template_bool(a, 1, a->type, &v) || v > CK_TRUE)
                return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID,
                                     "an attribute that is true or false has another value");
        if (rule == RULE_FIXED && (v == CK_TRUE) != flag)
                return module_refuse(CKR_TEMPLATE_INCONSISTENT, "a secret key cannot be made so");
        return CKR_OK;
}

static CK_RV check_date(const CK_ATTRIBUTE *a) {
        return a->ulValueLen == 0 || a->ulValueLen == sizeof(CK_DATE)
                       ? CKR_OK
                       : module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "a date has another size");
}

/* One attribute by itself. */
static CK_RV check_attribute(const CK_ATTRIBUTE *a) {
        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                if (attributes[i].type != a->type)
                        continue;
                switch (attributes[i].rule) {
                case RULE_FLAG:
                case RULE_FIXED:
                        return check_flag(a, attributes[i].rule, attributes[i].flag);
                case RULE_BYTES:
                        return a->type == CKA_START_DATE || a->type == CKA_END_DATE ? check_date(a) : CKR_OK;
                case RULE_CHECKED:
                        return CKR_OK;
                case RULE_READ_ONLY:
                        return module_refuse(CKR_ATTRIBUTE_READ_ONLY,
                                             "this attribute of a secret key cannot be chosen");
                }
        }
        return module_refuse(CKR_ATTRIBUTE_TYPE_INVALID, "a secret key has no such attribute");
}

/* Whether an attribute is left out or has this number. */
static CK_RV check_number(const CK_ATTRIBUTE *template, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG expected) {
        CK_ULONG v;

        if (!template_find(template, n, type))
                return CKR_OK;
        if (!template_ulong(template, n, type, &v))
                return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "an attribute that is a number has another size");
        return v == expected ? CKR_OK : module_refuse(CKR_TEMPLATE_INCONSISTENT, "class, key type or length differ");
}

static CK_RV check_token(const CK_ATTRIBUTE *template, CK_ULONG n) {
        CK_BBOOL v = CK_FALSE;

        if (template_find(template, n, CKA_TOKEN) && !template_bool(template, n, CKA_TOKEN, &v))
                return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_TOKEN has another size");
        return v == CK_FALSE ? CKR_OK : module_refuse(CKR_TOKEN_WRITE_PROTECTED, "keys are made by signetctl");
}

/* What the template says against what the key is. */
static CK_RV check_given(const CK_ATTRIBUTE *template, CK_ULONG n, CK_KEY_TYPE type, Secret *value) {
        const CK_ATTRIBUTE *given;
        CK_RV rv;

        rv = check_token(template, n);
        if (rv == CKR_OK)
                rv = check_number(template, n, CKA_CLASS, CKO_SECRET_KEY);
        if (rv == CKR_OK)
                rv = check_number(template, n, CKA_KEY_TYPE, type);
        if (rv == CKR_OK)
                rv = check_number(template, n, CKA_VALUE_LEN, secret_size(value));
        if (rv != CKR_OK)
                return rv;
        given = template_find(template, n, CKA_VALUE);
        if (given && (given->ulValueLen != secret_size(value) ||
                      CRYPTO_memcmp(given->pValue, secret_bytes(value), secret_size(value)) != 0))
                return module_refuse(CKR_TEMPLATE_INCONSISTENT, "the value of this key is not the host's to choose");
        return CKR_OK;
}

static CK_RV check_template(const CK_ATTRIBUTE *template, CK_ULONG n) {
        CK_RV rv = template_check(template, n, true);

        for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
                rv = check_attribute(&template[i]);
                if (rv == CKR_OK && template_find(template, i, template[i].type))
                        rv = module_refuse(CKR_TEMPLATE_INCONSISTENT, "an attribute stands twice in a template");
        }
        return rv;
}

static void draft_from_template(Draft *d, const CK_ATTRIBUTE *template, CK_ULONG n) {
        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                const CK_ATTRIBUTE *a = template_find(template, n, attributes[i].type);
                CK_BBOOL v = attributes[i].flag ? CK_TRUE : CK_FALSE;

                switch (attributes[i].rule) {
                case RULE_FLAG:
                case RULE_FIXED:
                        (void) template_bool(template, n, attributes[i].type, &v);
                        draft_bool(d, attributes[i].type, v == CK_TRUE);
                        break;
                case RULE_BYTES:
                        draft_bytes(d, attributes[i].type, a ? a->pValue : NULL, a ? a->ulValueLen : 0);
                        break;
                case RULE_CHECKED:
                case RULE_READ_ONLY:
                        break;
                }
        }
}

CK_RV object_new_secret(Names *names, CK_KEY_TYPE type, Secret *value, const CK_ATTRIBUTE *template, CK_ULONG n,
                        Object **ret) {
        Draft d = { 0 };
        Object *o;
        CK_RV rv;

        rv = check_template(template, n);
        if (rv == CKR_OK)
                rv = check_given(template, n, type, value);
        if (rv == CKR_OK)
                rv = check_value(type, secret_size(value));
        if (rv != CKR_OK)
                return rv;

        draft_from_template(&d, template, n);
        draft_ulong(&d, CKA_CLASS, CKO_SECRET_KEY);
        draft_bool(&d, CKA_TOKEN, false);
        draft_ulong(&d, CKA_KEY_TYPE, type);
        draft_ulong(&d, CKA_VALUE_LEN, secret_size(value));
        draft_bool(&d, CKA_LOCAL, false);
        draft_bool(&d, CKA_ALWAYS_SENSITIVE, false);
        draft_bool(&d, CKA_NEVER_EXTRACTABLE, false);
        draft_ulong(&d, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
        rv = draft_finish(&d, CKO_SECRET_KEY, &o);
        if (rv != CKR_OK)
                return rv;

        o->handle = names_session_object(names);
        o->key_type = type;
        o->value = value;
        *ret = o;
        return CKR_OK;
}
