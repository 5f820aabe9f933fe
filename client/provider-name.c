/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of keys as OpenSSL's programs and key files carry them, and what signetd finds under them. The names come from
 * command lines, configurations and files: they decide which key is asked for, policy decides whether it is used. */
#include <string.h>

#include "provider.h"

#define NAME_MAX_LENGTH 1024

/* The connection is made at the first name, not when the provider is loaded: an openssl.cnf loads it everywhere. */
static int get_client(Provider *p, signet_client **ret_client) {
        int r = 0;

        pthread_mutex_lock(&p->lock);
        if (!p->client)
                r = signet_client_new(p->address, &p->client);
        if (r == 0)
                *ret_client = signet_client_ref(p->client);
        pthread_mutex_unlock(&p->lock);

        return r == 0 ? 1 : provider_raise_status(p, r);
}

static int parse_query(Provider *p, const char *uri, const char *query, ProviderName *name) {
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
                                                      "%s: operation is \"sign\" or \"decrypt\"", uri);
                }
                query += n + (query[n] == '&');
        }
        return 1;
}

/* Copies the path of a PKCS#11 URI without its "type": that says which object is wanted, not which key. */
static int copy_path(Provider *p, const char *uri, size_t n, ProviderName *name) {
        static const char key[] = "type=";
        const char *s = uri, *end = uri + n;
        size_t written = 0;

        while (s < end) {
                const char *stop = memchr(s, ';', (size_t) (end - s));
                const char *first = strncmp(s, "pkcs11:", 7) == 0 && s == uri ? s + 7 : s;
                size_t length = (size_t) ((stop ? stop : end) - s), skip = (size_t) (first - s);

                if (strncmp(first, key, strlen(key)) == 0) {
                        size_t type_length = length - skip - strlen(key);

                        if (type_length >= sizeof(name->type))
                                return provider_raise(p, PROVIDER_R_BAD_NAME,
                                                      "%s: type is \"private\", \"public\" or \"cert\"", uri);
                        memcpy(name->type, first + strlen(key), type_length);
                        length = skip;
                } else if (written > strlen("pkcs11:"))
                        name->name[written++] = ';';

                memcpy(name->name + written, s, length);
                written += length;
                s = stop ? stop + 1 : end;
        }
        name->name[written] = '\0';

        if (name->type[0] != '\0' && strcmp(name->type, "private") != 0 && strcmp(name->type, "public") != 0 &&
            strcmp(name->type, "cert") != 0)
                return provider_raise(p, PROVIDER_R_BAD_NAME, "%s: type is \"private\", \"public\" or \"cert\"", uri);
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

        if (strlen(uri) > NAME_MAX_LENGTH)
                return provider_raise(p, PROVIDER_R_BAD_NAME, "a name of a key has at most %d bytes", NAME_MAX_LENGTH);

        query = strchr(uri, '?');
        n = query ? (size_t) (query - uri) : strlen(uri);
        name.name = calloc(1, n + 2);
        if (!name.name)
                return provider_raise(p, PROVIDER_R_SYSTEM, "out of memory");

        if (strncmp(uri, "pkcs11:", strlen("pkcs11:")) == 0) {
                if (!copy_path(p, uri, n, &name))
                        return 0;
        } else if (strncmp(uri, "signet:", strlen("signet:")) == 0 && n > strlen("signet:"))
                memcpy(name.name, uri + strlen("signet:"), n - strlen("signet:"));
        else
                return provider_raise(
                        p, PROVIDER_R_BAD_NAME,
                        "\"%s\" names no key: write pkcs11:ATTRIBUTES (RFC 7512), signet:ADDRESS or signet:ID", uri);

        if (query && !parse_query(p, uri, query + 1, &name))
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
