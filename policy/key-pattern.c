/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses and matches a rule's `key`. Patterns come from the administrator; labels and ids come from tokens. */
#include "key-pattern.h"

#include <string.h>

#include "address-pattern.h"

typedef enum Attribute {
        ATTRIBUTE_TOKEN,
        ATTRIBUTE_SERIAL,
        ATTRIBUTE_MODEL,
        ATTRIBUTE_MANUFACTURER,
        ATTRIBUTE_OBJECT, /* from here on they are about the key */
        ATTRIBUTE_ID,
        ATTRIBUTE_TYPE,
        _ATTRIBUTE_MAX,
} Attribute;

static const char *const attribute_names[_ATTRIBUTE_MAX] = {
        [ATTRIBUTE_TOKEN] = "token",   [ATTRIBUTE_SERIAL] = "serial", [ATTRIBUTE_MODEL] = "model",
        [ATTRIBUTE_OBJECT] = "object", [ATTRIBUTE_ID] = "id",         [ATTRIBUTE_MANUFACTURER] = "manufacturer",
        [ATTRIBUTE_TYPE] = "type",
};

/* Attributes of RFC 7512 that name what signetd does not bind rules to, and those of the query part. */
static const char *const path_attributes_refused[] = {
        "slot-manufacturer",    "slot-description",    "slot-id",
        "library-manufacturer", "library-description", "library-version",
};
static const char *const query_attributes[] = { "?pin-source=", "?pin-value=", "?module-name=", "?module-path=" };

struct KeyPattern {
        enum { KEY_PATTERN_URI, KEY_PATTERN_ADDRESS, KEY_PATTERN_ID } kind;
        Glob *attributes[_ATTRIBUTE_MAX]; /* URI: NULL where it does not say */
        AddressPattern *address;
        char *id; /* its first digits */
};

#define SCHEME "pkcs11:"

static int find_attribute(const char *name, size_t n, Attribute *ret, Mistake *m) {
        const char *meant;
        char copy[32];

        for (size_t i = 0; i < _ATTRIBUTE_MAX; i++)
                if (strlen(attribute_names[i]) == n && memcmp(attribute_names[i], name, n) == 0) {
                        *ret = (Attribute) i;
                        return 0;
                }

        n = MIN(n, sizeof(copy) - 1);
        memcpy(copy, name, n);
        copy[n] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(path_attributes_refused); i++)
                if (strcmp(path_attributes_refused[i], copy) == 0)
                        return mistake_set(
                                m, "names \"%s\": rules are bound to tokens and keys, not to slots and libraries",
                                copy);
        meant = problems_did_you_mean(copy, attribute_names, _ATTRIBUTE_MAX);
        if (meant)
                return mistake_set(m, "has the unknown attribute \"%s\"; did you mean \"%s\"?", copy, meant);
        return mistake_set(
                m,
                "has the unknown attribute \"%s\"; there are token, serial, model, manufacturer, object, id and type",
                copy);
}

/* One NAME=VALUE of a URI. */
static int parse_attribute(KeyPattern *p, const char *text, size_t n, Mistake *m) {
        const char *equals = memchr(text, '=', n);
        GlobSyntax syntax = GLOB_USER | GLOB_PERCENT;
        const char *name;
        Attribute a = ATTRIBUTE_TOKEN;
        size_t name_n;
        int r;

        if (!equals)
                return mistake_set(m, "has a part without \"=\"; it should read \"pkcs11:token=NAME;object=LABEL\"");
        name_n = (size_t) (equals - text);
        r = find_attribute(text, name_n, &a, m);
        if (r != 0)
                return r;
        name = attribute_names[a];
        if (p->attributes[a])
                return mistake_set(m, "has the attribute \"%s\" twice", name);
        if (name_n + 1 == n)
                return mistake_set(m, "has no value for \"%s\"; for any value leave \"%s\" away", name, name);

        if (a == ATTRIBUTE_ID)
                syntax |= GLOB_BYTES;
        r = glob_compile(equals + 1, n - name_n - 1, syntax, &p->attributes[a], m);
        if (r != 0)
                return r;
        if (a == ATTRIBUTE_TYPE && glob_match(p->attributes[a], GLOB_EXACT, NULL, "private", 7) != MATCH_YES)
                return mistake_set(
                        m,
                        "can match no key: rules are about private keys, so write \"type=private\" or leave it away");
        return 0;
}

static int parse_uri(KeyPattern *p, const char *text, Mistake *m) {
        const char *rest = text + strlen(SCHEME);

        /* "?" is a wildcard here, so a query part is told by its names. */
        for (size_t i = 0; i < ELEMENTSOF(query_attributes); i++)
                if (strstr(rest, query_attributes[i]))
                        return mistake_set(m, "has a query part (\"?...\"), which says nothing about a key");

        while (*rest) {
                size_t n = strcspn(rest, ";");
                int r = parse_attribute(p, rest, n, m);

                if (r != 0)
                        return r;
                rest += n;
                if (*rest == ';' && !*++rest)
                        return mistake_set(m, "ends in \";\"");
        }

        return 0;
}

static int parse_id(KeyPattern *p, const char *text, Mistake *m) {
        size_t n = strlen(text);

        if (strspn(text, "0123456789abcdefABCDEF") != n)
                return mistake_set(
                        m,
                        "is no key: write a URI (\"pkcs11:object=%s\"), a mail address, or %d or more hex digits "
                        "of the key's id",
                        text, KEY_ID_DIGITS_MIN);
        if (n < KEY_ID_DIGITS_MIN)
                return mistake_set(
                        m,
                        "is too short for a key's id, of which %d hex digits or more are needed; for a label write "
                        "\"pkcs11:object=%s\"",
                        KEY_ID_DIGITS_MIN, text);
        if (n > 64)
                return mistake_set(m, "is too long for a key's id, which has 64 hex digits");

        p->id = strdup(text);
        return p->id ? 0 : -ENOMEM;
}

int key_pattern_parse(const char *text, KeyPattern **ret, Mistake *m) {
        _cleanup_(key_pattern_freep) KeyPattern *p = calloc(1, sizeof(KeyPattern));
        int r = 0;

        if (!p)
                return -ENOMEM;

        if (strncasecmp(text, SCHEME, strlen(SCHEME)) == 0) {
                p->kind = KEY_PATTERN_URI;
                r = parse_uri(p, text, m);
        } else if (strcmp(text, "*") == 0) {
                p->kind = KEY_PATTERN_URI; /* one that demands nothing */
        } else if (strchr(text, '@')) {
                p->kind = KEY_PATTERN_ADDRESS;
                r = address_pattern_parse(text, &p->address, m);
        } else {
                p->kind = KEY_PATTERN_ID;
                r = parse_id(p, text, m);
        }
        if (r != 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

KeyPattern *key_pattern_free(KeyPattern *p) {
        if (!p)
                return NULL;

        for (size_t i = 0; i < _ATTRIBUTE_MAX; i++)
                glob_free(p->attributes[i]);
        address_pattern_free(p->address);
        free(p->id);
        free(p);
        return NULL;
}

bool key_pattern_needs_key(const KeyPattern *p) {
        if (p->kind != KEY_PATTERN_URI)
                return true;
        for (size_t i = ATTRIBUTE_OBJECT; i < _ATTRIBUTE_MAX; i++)
                if (p->attributes[i])
                        return true;
        return false;
}

static Match match_attribute(const Glob *g, Attribute a, const PolicyInstance *instance, const char *user) {
        const char *values[_ATTRIBUTE_MAX] = {
                [ATTRIBUTE_TOKEN] = instance->token,   [ATTRIBUTE_SERIAL] = instance->serial,
                [ATTRIBUTE_MODEL] = instance->model,   [ATTRIBUTE_MANUFACTURER] = instance->manufacturer,
                [ATTRIBUTE_OBJECT] = instance->object, [ATTRIBUTE_TYPE] = "private",
        };

        if (a == ATTRIBUTE_ID)
                return glob_match(g, GLOB_EXACT, user, instance->id, instance->id_size);
        return glob_match(g, GLOB_EXACT, user, values[a], values[a] ? strlen(values[a]) : 0);
}

static Match match_instance(const KeyPattern *p, const PolicyInstance *instance, const char *user) {
        Match match = MATCH_YES;

        for (size_t i = 0; i < _ATTRIBUTE_MAX && match != MATCH_NO; i++)
                if (p->attributes[i])
                        match = MIN(match, match_attribute(p->attributes[i], (Attribute) i, instance, user));
        return match;
}

static Match match_uri(const KeyPattern *p, const PolicyFacts *facts) {
        Match match = MATCH_NO;
        bool demanding = false;

        for (size_t i = 0; i < _ATTRIBUTE_MAX; i++)
                demanding = demanding || p->attributes[i];
        if (!demanding)
                return MATCH_YES;
        if (facts->n_instances == 0)
                return MATCH_UNKNOWN;

        for (size_t i = 0; i < facts->n_instances && match != MATCH_YES; i++)
                match = MAX(match, match_instance(p, &facts->instances[i], facts->user));
        return match;
}

static Match match_address(const KeyPattern *p, GlobCase local_case, const PolicyFacts *facts) {
        Match match = MATCH_NO;

        for (size_t i = 0; i < facts->n_key_addresses && match != MATCH_YES; i++)
                match = MAX(match, address_pattern_match(p->address, local_case, facts->user, facts->key_addresses[i]));
        return match;
}

Match key_pattern_match(const KeyPattern *p, GlobCase local_case, const PolicyFacts *facts) {
        if (!facts->key_id && key_pattern_needs_key(p))
                return MATCH_NO;

        switch (p->kind) {
        case KEY_PATTERN_URI:
                return match_uri(p, facts);
        case KEY_PATTERN_ADDRESS:
                return match_address(p, local_case, facts);
        default:
                return strncasecmp(facts->key_id, p->id, strlen(p->id)) == 0 ? MATCH_YES : MATCH_NO;
        }
}
