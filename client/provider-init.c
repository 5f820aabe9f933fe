/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The provider's start and end: what OpenSSL gives it, what it offers in return. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

static const OSSL_ALGORITHM *query(void *provctx _unused_, int operation, int *ret_no_cache) {
        *ret_no_cache = 0;

        switch (operation) {
        case OSSL_OP_KEYMGMT:
                return provider_keymgmt;
        case OSSL_OP_SIGNATURE:
                return provider_signature;
        case OSSL_OP_ASYM_CIPHER:
                return provider_cipher;
        case OSSL_OP_KEYEXCH:
                return provider_exchange;
        case OSSL_OP_STORE:
                return provider_store;
        case OSSL_OP_DECODER:
                return provider_decoder;
        case OSSL_OP_ENCODER:
                return provider_encoder;
        default:
                return NULL;
        }
}

static const OSSL_PARAM *gettable_params(void *provctx _unused_) {
        static const OSSL_PARAM params[] = {
                OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
                OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
                OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
                OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
                OSSL_PARAM_END,
        };

        return params;
}

static int get_params(void *provctx _unused_, OSSL_PARAM params[]) {
        OSSL_PARAM *p;

        p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
        if (p && !OSSL_PARAM_set_utf8_ptr(p, "Signet: keys on tokens, used through signetd"))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
        if (p && !OSSL_PARAM_set_utf8_ptr(p, signet_version()))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
        if (p && !OSSL_PARAM_set_utf8_ptr(p, signet_version()))
                return 0;
        p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
        if (p && !OSSL_PARAM_set_int(p, 1))
                return 0;
        return 1;
}

static const OSSL_ITEM *reason_strings(void *provctx _unused_) {
        return provider_reason_strings();
}

/* --- TLS groups --------------------------------------------------------------------------------------- */

typedef struct Groups {
        OSSL_CALLBACK *callback;
        void *arg;
} Groups;

static int relay_group(const OSSL_PARAM params[], void *arg) {
        const Groups *groups = arg;
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
        const char *algorithm;

        if (!p || !OSSL_PARAM_get_utf8_string_ptr(p, &algorithm) ||
            (strcmp(algorithm, "EC") != 0 && strcmp(algorithm, "X25519") != 0))
                return 1;
        return groups->callback(params, groups->arg);
}

/* A group counts for TLS only if the provider that names it is the one that OpenSSL finds first for its keys: where
 * that is us, there would be no elliptic curves left in TLS. We do with them whatever OpenSSL's default provider does.
 */
static int get_capabilities(void *provctx, const char *capability, OSSL_CALLBACK *callback, void *arg) {
        Provider *p = provctx;
        Groups groups = { callback, arg };

        if (strcmp(capability, "TLS-GROUP") != 0)
                return 1;
        return OSSL_PROVIDER_get_capabilities(EVP_KEYMGMT_get0_provider(p->soft_keymgmt[PROVIDER_EC]), capability,
                                              relay_group, &groups);
}

/* --- start and end ------------------------------------------------------------------------------------ */

static void teardown(void *provctx) {
        Provider *p = provctx;

        for (int kind = 0; kind < _PROVIDER_KIND_MAX; kind++)
                EVP_KEYMGMT_free(p->soft_keymgmt[kind]);
        OSSL_LIB_CTX_free(p->soft);
        signet_client_unref(p->client);
        pthread_mutex_destroy(&p->lock);
        free(p->address);
        free(p);
}

static const OSSL_DISPATCH functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reason_strings),
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
        PROVIDER_FUNCTION(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, get_capabilities),
        { 0, NULL },
};

static int parse_timeout(const char *text, unsigned *ret) {
        char *end;
        unsigned long n;

        if (*text < '0' || *text > '9')
                return 0;
        n = strtoul(text, &end, 10);
        if (*end || n == 0 || n > PROVIDER_TIMEOUT_MAX)
                return 0;

        *ret = (unsigned) n;
        return 1;
}

/* bus-address = ADDRESS and timeout = MILLISECONDS in the provider's section of openssl.cnf. A timeout that is none
 * does not load: whoever set it counts on it. */
static int read_settings(Provider *p, OSSL_FUNC_core_get_params_fn *core_get_params) {
        char *address = NULL, *timeout = NULL;
        OSSL_PARAM params[] = {
                OSSL_PARAM_utf8_ptr("bus-address", &address, 0),
                OSSL_PARAM_utf8_ptr("timeout", &timeout, 0),
                OSSL_PARAM_END,
        };

        if (!core_get_params || !core_get_params(p->core, params))
                return 1;
        if (timeout && !parse_timeout(timeout, &p->timeout))
                return 0;
        if (!address || !*address)
                return 1;

        p->address = strdup(address);
        return p->address != NULL;
}

int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret_out,
                  void **ret_provctx) {
        OSSL_FUNC_core_get_params_fn *core_get_params = NULL;
        Provider *p;

        p = calloc(1, sizeof(*p));
        if (!p)
                return 0;
        p->core = core;
        pthread_mutex_init(&p->lock, NULL);

        for (const OSSL_DISPATCH *f = in; f->function_id != 0; f++)
                switch (f->function_id) {
                case OSSL_FUNC_CORE_GET_PARAMS:
                        core_get_params = OSSL_FUNC_core_get_params(f);
                        break;
                case OSSL_FUNC_CORE_NEW_ERROR:
                        p->new_error = OSSL_FUNC_core_new_error(f);
                        break;
                case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
                        p->set_error_debug = OSSL_FUNC_core_set_error_debug(f);
                        break;
                case OSSL_FUNC_CORE_VSET_ERROR:
                        p->vset_error = OSSL_FUNC_core_vset_error(f);
                        break;
                }

        if (!read_settings(p, core_get_params))
                goto fail;

        p->soft = OSSL_LIB_CTX_new_from_dispatch(core, in);
        if (!p->soft)
                goto fail;
        for (int kind = 0; kind < _PROVIDER_KIND_MAX; kind++) {
                p->soft_keymgmt[kind] = EVP_KEYMGMT_fetch(p->soft, provider_kind_name(kind), NULL);
                if (!p->soft_keymgmt[kind])
                        goto fail;
        }

        *ret_out = functions;
        *ret_provctx = p;
        return 1;

fail:
        teardown(p);
        return 0;
}
