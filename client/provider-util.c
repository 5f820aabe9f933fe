/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the provider's operations share: hashes, parameters, and results on their way out. */
#include <openssl/params.h>
#include <string.h>

#include "provider.h"

const char *provider_hash_word(const EVP_MD *md) {
        static const struct {
                const char *name, *word;
        } hashes[] = {
                { "SHA2-256", "sha256" }, { "SHA2-384", "sha384" }, { "SHA2-512", "sha512" },
                { "SHA2-224", "sha224" }, { "SHA1", "sha1" },
        };

        for (size_t i = 0; md && i < ELEMENTSOF(hashes); i++)
                if (EVP_MD_is_a(md, hashes[i].name))
                        return hashes[i].word;
        return NULL;
}

int provider_hash_fetch(Provider *p, const char *name, EVP_MD **ret) {
        EVP_MD *md;

        md = EVP_MD_fetch(p->soft, name, NULL);
        if (!md)
                return provider_raise(p, PROVIDER_R_SOFT, "OpenSSL's default provider has no hash \"%s\"", name);

        EVP_MD_free(*ret);
        *ret = md;
        return 1;
}

/* A string is as long as it says, and need not end with a NUL; a pointer to one has no length to rely on. */
char *provider_param_text(Provider *p, const OSSL_PARAM *param) {
        const char *s = NULL;
        char *copy;

        if (!OSSL_PARAM_get_utf8_string_ptr(param, &s) || !s) {
                provider_raise(p, PROVIDER_R_UNSUPPORTED, "parameter \"%s\" is no string", param->key);
                return NULL;
        }

        copy = param->data_type == OSSL_PARAM_UTF8_STRING ? strndup(s, param->data_size) : strdup(s);
        if (!copy)
                provider_raise(p, PROVIDER_R_SYSTEM, "out of memory");
        return copy;
}

int provider_param_string(Provider *p, const OSSL_PARAM params[], const char *name, char **value) {
        const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, name);
        char *copy;

        if (!param)
                return 1;
        copy = provider_param_text(p, param);
        if (!copy)
                return 0;

        free(*value);
        *value = copy;
        return 1;
}

int provider_param_octets(Provider *p, const OSSL_PARAM params[], const char *name, unsigned char **value,
                          size_t *value_size) {
        const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, name);
        void *copy = NULL;
        size_t size;

        if (!param)
                return 1;
        if (!OSSL_PARAM_get_octet_string(param, &copy, 0, &size))
                return provider_raise(p, PROVIDER_R_UNSUPPORTED, "parameter \"%s\" is no string of octets", name);

        OPENSSL_free(*value);
        *value = copy;
        *value_size = size;
        return 1;
}

int provider_param_hash(Provider *p, const OSSL_PARAM params[], const char *name, EVP_MD **value) {
        _cleanup_free_ char *s = NULL;

        if (!provider_param_string(p, params, name, &s))
                return 0;
        if (!s || !*s)
                return 1;
        return provider_hash_fetch(p, s, value);
}

int provider_output(Provider *p, unsigned char *data, size_t size, unsigned char *out, size_t room, size_t *ret_size) {
        int ok = 1;

        if (size > room)
                ok = provider_raise(p, PROVIDER_R_SMALL_BUFFER, "the result has %zu bytes, the buffer %zu", size, room);
        else {
                memcpy(out, data, size);
                *ret_size = size;
        }

        signet_free(data, size);
        return ok;
}
