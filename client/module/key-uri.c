/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs of keys. Fed with signetd's properties, which repeat what tokens say; what it breaks shows a key in a wrong slot
 * or by a wrong id. */
#include "key-uri.h"

#include <string.h>

#include "common/hex.h"

/* The n characters at s without percent-encoding. */
static bool decode(const char *s, size_t n, KeyUriValue *ret) {
        ret->size = 0;
        for (size_t i = 0; i < n; i++) {
                if (ret->size == KEY_URI_VALUE_MAX)
                        return false;
                if (s[i] != '%')
                        ret->bytes[ret->size++] = (unsigned char) s[i];
                else if (n - i < 3 || hex_decode(s + i + 1, 2, &ret->bytes[ret->size++]) < 0)
                        return false;
                else
                        i += 2;
        }
        ret->bytes[ret->size] = '\0';
        ret->given = true;
        return true;
}

static KeyUriValue *place_for(KeyUri *u, const char *name, size_t n) {
        const struct {
                const char *name;
                KeyUriValue *value;
        } known[] = { { "token", &u->token }, { "serial", &u->serial }, { "id", &u->id }, { "object", &u->object } };

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (strlen(known[i].name) == n && strncmp(known[i].name, name, n) == 0)
                        return known[i].value;
        return NULL;
}

bool key_uri_parse(const char *uri, KeyUri *ret) {
        static const char scheme[] = "pkcs11:";
        const char *p = uri + sizeof(scheme) - 1, *end;

        if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
                return false;
        ret->token.given = ret->serial.given = ret->id.given = ret->object.given = false;
        for (; *p != '\0' && *p != '?'; p = *end == ';' ? end + 1 : end) {
                const char *equals;
                KeyUriValue *value;

                end = p + strcspn(p, ";?");
                equals = memchr(p, '=', (size_t) (end - p));
                if (!equals)
                        return false;
                value = place_for(ret, p, (size_t) (equals - p));
                if (value && (value->given || !decode(equals + 1, (size_t) (end - equals - 1), value)))
                        return false;
        }
        return true;
}

static bool says(const KeyUriValue *v, const char *text) {
        return v->size == strlen(text) && memcmp(v->bytes, text, v->size) == 0;
}

bool key_uri_is_of_token(const KeyUri *uri, const char *label, const char *serial) {
        return uri->token.given && says(&uri->token, label) && (!uri->serial.given || says(&uri->serial, serial));
}
