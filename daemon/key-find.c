/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds keys by name. Fed by bus clients: names are untrusted text. URIs are read by p11-kit. */
#include "key-find.h"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <string.h>

typedef enum KeyNameKind {
        KEY_NAME_ALL,
        KEY_NAME_URI,
        KEY_NAME_ADDRESS,
        KEY_NAME_ID,
} KeyNameKind;

struct KeyName {
        KeyNameKind kind;
        char *text; /* address, or lower-case digits */
        P11KitUri *uri;
};

KeyName *key_name_free(KeyName *n) {
        if (!n)
                return NULL;
        free(n->text);
        p11_kit_uri_free(n->uri);
        free(n);
        return NULL;
}

bool key_name_is_address(const KeyName *n) {
        return n->kind == KEY_NAME_ADDRESS;
}

static int parse_uri(const char *text, KeyName *n, Failure *f) {
        int r;

        n->kind = KEY_NAME_URI;
        n->uri = p11_kit_uri_new();
        if (!n->uri)
                return -ENOMEM;
        r = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, n->uri);
        if (r == P11_KIT_URI_UNEXPECTED)
                return -ENOMEM;
        if (r != P11_KIT_URI_OK)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "the PKCS#11 URI is malformed (%s); write it as in "
                                   "\"pkcs11:token=mail;object=alice\"",
                                   p11_kit_uri_message(r) ?: "RFC 7512");
        if (p11_kit_uri_get_pin_value(n->uri) || p11_kit_uri_get_pin_source(n->uri))
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "the PKCS#11 URI carries a PIN; leave pin-value and pin-source "
                                   "out: PINs go to the worker alone (signetctl unlock)");
        if (p11_kit_uri_any_unrecognized(n->uri))
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "the PKCS#11 URI has an attribute that signetd doesn't know; "
                                   "use token, serial, model, manufacturer, object, id and type");
        return 0;
}

static bool is_digits(const char *text) {
        return strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static int parse_digits(const char *text, KeyName *n, Failure *f) {
        size_t size = strlen(text);

        if (size < KEY_NAME_DIGITS_MIN || size > KEY_ID_LENGTH)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "a key's id is named by %d to %d of its first digits, not by %zu",
                                   KEY_NAME_DIGITS_MIN, KEY_ID_LENGTH, size);
        n->kind = KEY_NAME_ID;
        n->text = strdup(text);
        if (!n->text)
                return -ENOMEM;
        for (char *p = n->text; *p; p++)
                if (*p >= 'A' && *p <= 'F')
                        *p = (char) (*p - 'A' + 'a');
        return 0;
}

int key_name_parse(const char *text, KeyName **ret, Failure *f) {
        _cleanup_(key_name_freep) KeyName *n = calloc(1, sizeof(*n));
        int r = 0;

        if (!n)
                return -ENOMEM;
        if (strlen(text) > KEY_NAME_MAX)
                return failure_set(f, OUTCOME_INVALID_INPUT, "the key's name is longer than %d bytes", KEY_NAME_MAX);

        if (*text == '\0')
                n->kind = KEY_NAME_ALL;
        else if (strncasecmp(text, "pkcs11:", strlen("pkcs11:")) == 0)
                r = parse_uri(text, n, f);
        else if (strchr(text, '@')) {
                n->kind = KEY_NAME_ADDRESS;
                n->text = strdup(text);
                r = n->text ? 0 : -ENOMEM;
        } else if (is_digits(text))
                r = parse_digits(text, n, f);
        else
                r = failure_set(
                        f, OUTCOME_INVALID_INPUT,
                        "\"%.80s\" names no key: give a PKCS#11 URI (pkcs11:token=mail;object=alice), a mail address, "
                        "or at least %d digits of the key's id",
                        text, KEY_NAME_DIGITS_MIN);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(n);
        return 0;
}

static void pad(unsigned char *field, size_t room, const char *text) {
        memset(field, ' ', room);
        memcpy(field, text, MIN(strlen(text), room));
}

static bool token_matches(P11KitUri *uri, const Inventory *inventory) {
        CK_TOKEN_INFO info = {};

        pad(info.label, sizeof(info.label), inventory->label);
        pad(info.serialNumber, sizeof(info.serialNumber), inventory->serial);
        pad(info.model, sizeof(info.model), inventory->model);
        pad(info.manufacturerID, sizeof(info.manufacturerID), inventory->manufacturer);
        return p11_kit_uri_match_token_info(uri, &info) == 1;
}

static bool attribute_matches(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, const void *data, size_t n) {
        CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(uri, type);

        return !a || (a->ulValueLen == n && (n == 0 || memcmp(a->pValue, data, n) == 0));
}

/* The type says which object of the key is meant: any of them means the key. */
static bool instance_matches(P11KitUri *uri, const KeyInstance *i) {
        return token_matches(uri, i->inventory) &&
               attribute_matches(uri, CKA_LABEL, i->key->label, strlen(i->key->label)) &&
               attribute_matches(uri, CKA_ID, i->key->ckaid, i->key->ckaid_size);
}

/* The best certificate of the key that carries the address and may be used now, or NULL. Mail that was encrypted to a
 * certificate must be readable after it expired. */
static const Certificate *certificate_for(const KeyName *n, Key *key, Operation operation, int64_t now) {
        Certificate *const *certificates;
        size_t count;

        certificates = key_certificates(key, now, &count);
        for (size_t i = 0; i < count; i++) {
                const Certificate *c = certificates[i];

                if (certificate_has_address(c, n->text) && certificate_fits(c, operation) &&
                    (operation != OPERATION_SIGN || certificate_is_valid(c, now)))
                        return c;
        }
        return NULL;
}

bool key_name_matches(const KeyName *n, Key *key, Operation operation, int64_t now) {
        switch (n->kind) {
        case KEY_NAME_ALL:
                return true;
        case KEY_NAME_ID:
                return strncmp(key->id.hex, n->text, strlen(n->text)) == 0;
        case KEY_NAME_ADDRESS:
                return certificate_for(n, key, operation, now);
        case KEY_NAME_URI:
                for (size_t i = 0; i < key->n_instances; i++)
                        if (instance_matches(n->uri, &key->instances[i]))
                                return true;
                return false;
        }
        return false;
}

int key_name_compare(const KeyName *n, Operation operation, int64_t now, Key *a, Key *b) {
        int d = 0;

        if (n->kind == KEY_NAME_ADDRESS) {
                const Certificate *x = certificate_for(n, a, operation, now),
                                  *y = certificate_for(n, b, operation, now);

                d = x && y ? certificate_compare(x, y, now) : !x - !y;
        }
        if (d == 0)
                d = strcmp(a->label, b->label);
        if (d == 0)
                d = strcmp(a->id.hex, b->id.hex);
        return d;
}

bool key_name_matches_token(const KeyName *n, const Inventory *inventory) {
        return n->kind == KEY_NAME_URI && !p11_kit_uri_get_attribute(n->uri, CKA_LABEL) &&
               !p11_kit_uri_get_attribute(n->uri, CKA_ID) && token_matches(n->uri, inventory);
}
