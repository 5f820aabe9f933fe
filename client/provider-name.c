/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of keys as OpenSSL's programs and key files carry them, and what signetd finds under them. The names come from
 * command lines, configurations and files: they decide which key is asked for, policy decides whether it is used. */
#include <string.h>
#include <strings.h>

#include "provider.h"

#define PKCS11 "pkcs11:"
#define SIGNET "signet:"

/* The connection is made at the first name, not when the provider is loaded: an openssl.cnf loads it everywhere. */
static int get_client(Provider *p, signet_client **ret_client) {
        int r = 0;

        pthread_mutex_lock(&p->lock);
        if (!p->client) {
                r = signet_client_new(p->address, &p->client);
                if (r == 0)
                        signet_client_set_timeout(p->client, p->timeout);
        }
        if (r == 0)
                *ret_client = signet_client_ref(p->client);
        pthread_mutex_unlock(&p->lock);

        return r == 0 ? 1 : provider_raise_status(p, r);
}

static int parse_query(Provider *p, const char *query, ProviderName *name) {
        static const char key[] = "operation=";

        while (query && *query) {
                size_t n = strcspn(query, "&");

                /* RFC 7512's own query attributes (pin-source, module-name...) tell how to open a module: signetd's
                 * affair. */
                if (strncmp(query, key, strlen(key)) == 0) {
                        const char *value = query + strlen(key);
                        size_t length = n - strlen(key);

                        if (length == strlen("sign") && strncmp(value, "sign", length) == 0)
                                name->operation = "sign";
                        else if (length == strlen("decrypt") && strncmp(value, "decrypt", length) == 0)
                                name->operation = "decrypt";
                        else
                                return provider_raise(p, PROVIDER_R_BAD_NAME,
                                                      "%s: operation is \"sign\" or \"decrypt\"", name->name);
                }
                query += n + (query[n] == '&');
        }
        return 1;
}

/* The value of the attribute with this key, "type=", at s; *ret_n: its length. NULL: it is another attribute. */
static const char *attribute_value(const char *s, size_t n, const char *key, size_t *ret_n) {
        size_t k = strlen(key);

        if (n < k || strncmp(s, key, k) != 0)
                return NULL;
        *ret_n = n - k;
        return s + k;
}

static int take_type(Provider *p, const char *value, size_t n, ProviderName *name) {
        static const char *const types[] = { "", "private", "public", "cert" };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strlen(types[i]) == n && strncmp(types[i], value, n) == 0) {
                        memcpy(name->type, types[i], n + 1);
                        return 1;
                }
        return provider_raise(p, PROVIDER_R_BAD_NAME, "type=%.*s: type is \"private\", \"public\" or \"cert\"",
                              (int) MIN(n, (size_t) 64), value);
}

/* Copies the path of a PKCS#11 URI without its "type", which says which object is wanted, not which key, and without a
 * PIN, which some programs write here: no error may show it, and it is not to go to the bus. */
static int copy_path(Provider *p, const char *uri, size_t n, ProviderName *name) {
        const char *s = uri + strlen(PKCS11), *end = uri + n, *value;
        size_t written = strlen(PKCS11), length;

        memcpy(name->name, PKCS11, written);
        while (s < end) {
                const char *stop = memchr(s, ';', (size_t) (end - s));
                size_t size = (size_t) ((stop ? stop : end) - s);

                if ((value = attribute_value(s, size, "type=", &length))) {
                        if (!take_type(p, value, length, name))
                                return 0;
                } else if (!attribute_value(s, size, "pin-value=", &length) &&
                           !attribute_value(s, size, "pin-source=", &length)) {
                        if (written > strlen(PKCS11))
                                name->name[written++] = ';';
                        memcpy(name->name + written, s, size);
                        written += size;
                }
                s = stop ? stop + 1 : end;
        }
        name->name[written] = '\0';
        return 1;
}

void provider_name_done(ProviderName *name) {
        free(name->name);
        name->name = NULL;
}

int provider_name_parse(Provider *p, const char *uri, ProviderName *ret) {
        _cleanup_(provider_name_done) ProviderName name = { 0 };
        const char *query;
        size_t n;

        if (strlen(uri) > PROVIDER_NAME_MAX)
                return provider_raise(p, PROVIDER_R_BAD_NAME, "a name of a key has at most %d bytes",
                                      PROVIDER_NAME_MAX);

        query = strchr(uri, '?');
        n = query ? (size_t) (query - uri) : strlen(uri);
        name.name = calloc(1, n + 2);
        if (!name.name)
                return provider_raise(p, PROVIDER_R_SYSTEM, "out of memory");

        /* As in every URI, and in OpenSSL's choice of a store, the scheme's case says nothing. */
        if (strncasecmp(uri, PKCS11, strlen(PKCS11)) == 0) {
                if (!copy_path(p, uri, n, &name))
                        return 0;
        } else if (strncasecmp(uri, SIGNET, strlen(SIGNET)) == 0 && n > strlen(SIGNET))
                memcpy(name.name, uri + strlen(SIGNET), n - strlen(SIGNET));
        else
                return provider_raise(
                        p, PROVIDER_R_BAD_NAME,
                        "\"%.*s\" names no key: write pkcs11:ATTRIBUTES (RFC 7512), signet:ADDRESS or signet:ID",
                        (int) n, uri);

        if (query && !parse_query(p, query + 1, &name))
                return 0;

        *ret = name;
        name.name = NULL;
        return 1;
}

int provider_find(Provider *p, const ProviderName *name, signet_key ***ret_keys, size_t *ret_count) {
        signet_client *client = NULL;
        signet_key **keys;
        size_t count;
        int r;

        if (!get_client(p, &client))
                return 0;
        r = signet_find_keys(client, name->name, name->operation, &keys, &count);
        if (r != 0)
                provider_raise_status(p, r);
        signet_client_unref(client);
        if (r != 0)
                return 0;

        if (count == 0) {
                signet_keys_free(keys, count);
                return provider_raise(p, SIGNET_E_NO_SUCH_KEY, "no key \"%s\" that you may use; see: signetctl keys",
                                      name->name);
        }

        *ret_keys = keys;
        *ret_count = count;
        return 1;
}

int provider_find_one(Provider *p, const char *uri, signet_key **ret_key) {
        _cleanup_(provider_name_done) ProviderName name = { 0 };
        signet_client *client = NULL;
        int r;

        if (!provider_name_parse(p, uri, &name) || !get_client(p, &client))
                return 0;

        r = signet_find_key(client, name.name, name.operation, ret_key);
        if (r != 0)
                provider_raise_status(p, r);
        signet_client_unref(client);
        return r == 0;
}
