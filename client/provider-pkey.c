/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet_key_evp_pkey(): the provider built into libsignet, for programs that link it. */
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "error.h"
#include "provider.h"

DEFINE_CLEANUP(CONF *, NCONF_free)

/* Adding a built-in provider twice makes two entries, and nothing undoes it, so one thread at a time looks and adds. */
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;

/* Activates a provider as openssl.cnf would. OSSL_PROVIDER_load() gives a handle that somebody has to close before the
 * context goes; what is configured goes with the context. */
static int activate(OSSL_LIB_CTX *libctx, const char *name) {
        _cleanup_(NCONF_freep) CONF *conf = NULL;
        _cleanup_(BIO_free_allp) BIO *text = NULL;

        conf = NCONF_new_ex(libctx, NULL);
        text = BIO_new(BIO_s_mem());
        return conf && text &&
               BIO_printf(text, "openssl_conf=init\n[init]\nproviders=list\n[list]\n%s=one\n[one]\nactivate=1\n",
                          name) > 0 &&
               NCONF_load_bio(conf, text, NULL) > 0 && CONF_modules_load(conf, NULL, 0) > 0;
}

/* Sees to "signet" in the context, and "default" beside it, both until the context goes: other keys and the program
 * itself may rely on them. OpenSSL brings "default" by itself only while nothing else is loaded; asking whether it is
 * there makes that happen. */
static int load_providers(OSSL_LIB_CTX *libctx) {
        int ok;

        pthread_mutex_lock(&load_lock);
        ok = OSSL_PROVIDER_available(libctx, "default") || activate(libctx, "default");
        if (ok && !OSSL_PROVIDER_available(libctx, "signet"))
                ok = OSSL_PROVIDER_add_builtin(libctx, "signet", provider_init) && activate(libctx, "signet");
        pthread_mutex_unlock(&load_lock);
        return ok;
}

/* Fails with the last thing that OpenSSL had to say, and takes what was raised since the mark from its queue. */
static int fail(const char *what) {
        char reason[256];

        ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
        ERR_pop_to_mark();
        return error_set(-EIO, "%s: %s", what, reason);
}

int signet_key_evp_pkey(signet_key *key, struct ossl_lib_ctx_st *libctx, struct evp_pkey_st **ret_pkey) {
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = NULL;
        EVP_PKEY *pkey = NULL;
        ProviderKind kind;
        void *handle = key;
        OSSL_PARAM params[] = {
                OSSL_PARAM_octet_ptr(PROVIDER_PARAM_KEY, &handle, 0),
                OSSL_PARAM_END,
        };

        if (!key || !ret_pkey)
                return error_set(-EINVAL, "signet_key_evp_pkey: an argument is NULL");
        if (!provider_kind_from_algorithm(signet_key_algorithm(key), &kind))
                return error_set(SIGNET_E_NOT_SUPPORTED, "key \"%s\": OpenSSL has no use for its type, %s",
                                 signet_key_label(key), signet_key_algorithm(key));

        ERR_set_mark();
        if (!load_providers(libctx))
                return fail("OpenSSL cannot load its providers");
        ctx = EVP_PKEY_CTX_new_from_name(libctx, provider_kind_name(kind), PROVIDER_PROPERTIES);
        if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &pkey, OSSL_KEYMGMT_SELECT_ALL, params) != 1)
                return fail("OpenSSL does not take the key");
        ERR_pop_to_mark();

        *ret_pkey = pkey;
        return 0;
}
