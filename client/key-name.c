/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the ways to name a key apart. Fed by applications and, through them, by people; a name that passes here and
 * means nothing is signetd's to refuse. */
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/key-id.h"
#include "error.h"
#include "key-name.h"
#include "signet.h"

#define ID_PREFIX_MIN 8

static bool is_hex(const char *s) {
        return s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

static int id_kind(const char *name, KeyNameKind *ret) {
        size_t n = strlen(name);

        if (n < ID_PREFIX_MIN)
                return error_set(SIGNET_E_INVALID_INPUT,
                                 "\"%s\" is too short for a key's id: write at least %d of its digits", name,
                                 ID_PREFIX_MIN);
        if (n > KEY_ID_LENGTH)
                return error_set(SIGNET_E_INVALID_INPUT, "\"%s\" is too long for a key's id: it has %d digits", name,
                                 KEY_ID_LENGTH);
        *ret = KEY_NAME_ID;
        return 0;
}

static int address_kind(const char *name, KeyNameKind *ret) {
        const char *at = strrchr(name, '@');

        if (at == name || at[1] == '\0' || strpbrk(name, " \t<>,"))
                return error_set(SIGNET_E_INVALID_INPUT,
                                 "\"%s\" is not a mail address; write it bare, like alice@example.org", name);
        *ret = KEY_NAME_ADDRESS;
        return 0;
}

static bool is_uri(const char *name) {
        return strncasecmp(name, "pkcs11:", strlen("pkcs11:")) == 0;
}

static bool has_attribute(const char *uri, const char *key) {
        for (const char *s = uri; (s = strstr(s, key)); s++)
                if (s > uri && strchr(":;?&", s[-1]))
                        return true;
        return false;
}

int key_name_check(const char *name) {
        if (!is_uri(name) || (!has_attribute(name, "pin-value=") && !has_attribute(name, "pin-source=")))
                return 0;
        return error_set(SIGNET_E_INVALID_INPUT, "the PKCS#11 URI carries a PIN; leave pin-value and pin-source out of "
                                                 "it: tokens are unlocked with signetctl unlock");
}

int key_name_kind(const char *name, KeyNameKind *ret) {
        int r;

        if (!name || name[0] == '\0') {
                *ret = KEY_NAME_ALL;
                return 0;
        }
        if (strlen(name) > KEY_NAME_MAX)
                return error_set(SIGNET_E_INVALID_INPUT, "the key's name is longer than %d bytes", KEY_NAME_MAX);
        if (!utf8_is_valid(name, strlen(name)))
                return error_set(SIGNET_E_INVALID_INPUT, "the key's name is not valid UTF-8");

        if (is_uri(name)) {
                r = key_name_check(name);
                if (r == 0)
                        *ret = KEY_NAME_URI;
                return r;
        }
        if (strchr(name, '@'))
                return address_kind(name, ret);
        if (is_hex(name))
                return id_kind(name, ret);
        return error_set(
                SIGNET_E_INVALID_INPUT,
                "\"%s\" names no key: write a URI like pkcs11:object=%s, a mail address, or 8 digits of the key's id",
                name, name);
}
