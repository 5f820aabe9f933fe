/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OpenSSL 3 provider "signet": what its files share.
 *
 * It is linked twice, into libsignet (signet_key_evp_pkey()) and into the module signet.so, and reaches signetd by
 * signet.h alone. All of it runs inside a foreign program: it never logs, never exits, and leaves OpenSSL's error
 * queue as it was unless it fails. Functions return OpenSSL's 1 for success and 0 for failure, with an error raised,
 * where they say nothing else. */
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "common/names.h"
#include "common/ossl.h"
#include "signet.h"

DEFINE_CLEANUP(EVP_MD *, EVP_MD_free)
DEFINE_CLEANUP(signet_key *, signet_key_unref)

/* --- the provider ------------------------------------------------------------------------------------- */

/* The kinds of key that the provider brings, each under the names that OpenSSL's own provider gives it. */
typedef enum ProviderKind {
        PROVIDER_RSA,
        PROVIDER_EC,
        PROVIDER_ED25519,
        PROVIDER_X25519,
        _PROVIDER_KIND_MAX,
} ProviderKind;

#define PROVIDER_TIMEOUT_MAX 600000U /* milliseconds */

typedef struct Provider {
        const OSSL_CORE_HANDLE *core;
        /* A library context of our own, with OpenSSL's default provider: it hashes, holds the public halves of keys,
         * and does what needs no private key, so that nothing we do comes back to ourselves. */
        OSSL_LIB_CTX *soft;
        EVP_KEYMGMT *soft_keymgmt[_PROVIDER_KIND_MAX];
        OSSL_FUNC_core_new_error_fn *new_error;
        OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
        OSSL_FUNC_core_vset_error_fn *vset_error;
        char *address;         /* of the bus; NULL: the system bus */
        unsigned timeout;      /* of one call, in milliseconds; 0: the library's own */
        pthread_mutex_t lock;  /* guards client */
        signet_client *client; /* made when a name is first looked up */
} Provider;

/* What OpenSSL calls when it loads the provider (provider-base(7)). */
int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret_out,
                  void **ret_provctx);

/* Reasons of errors. The outcomes of libsignet, SIGNET_E_*, keep their numbers. */
enum {
        PROVIDER_R_SYSTEM = 64,  /* memory, or something that should not happen */
        PROVIDER_R_NO_KEY,       /* an operation without a key, or a key without what the operation needs */
        PROVIDER_R_UNSUPPORTED,  /* a parameter or algorithm that signetd does not do */
        PROVIDER_R_BAD_NAME,     /* a URI or key file that does not name a key */
        PROVIDER_R_SMALL_BUFFER, /* the caller's output buffer */
        PROVIDER_R_SOFT,         /* OpenSSL's own provider failed; its errors stand before this one */
};

const OSSL_ITEM *provider_reason_strings(void);

/* Puts an error on OpenSSL's queue. Returns 0, to be returned in turn. */
int provider_raise_at(Provider *p, const char *file, int line, const char *function, int reason, const char *format,
                      ...) _printf_(6, 7);
#define provider_raise(p, reason, ...) provider_raise_at((p), __FILE__, __LINE__, __func__, (reason), __VA_ARGS__)

/* The same for what a function of libsignet returned, with its sentence. */
#define provider_raise_status(p, r) provider_raise((p), (r) > 0 ? (r) : PROVIDER_R_SYSTEM, "%s", signet_error_message())

/* --- keys --------------------------------------------------------------------------------------------- */

/* A key as OpenSSL holds it. With `remote` its private part is on a token; without, it is wholly in `soft`: the public
 * keys, and also the software keys, that OpenSSL hands to us because we stand first among its providers. */
typedef struct ProviderKey {
        unsigned int refs;
        Provider *provider; /* outlives its keys */
        ProviderKind kind;
        signet_key *remote;
        EVP_PKEY *soft; /* the public half in Provider.soft, or all of it; NULL until there is something */
        int parts;      /* OSSL_KEYMGMT_SELECT_* that are there */
} ProviderKey;

const char *provider_kind_name(ProviderKind kind);                          /* "RSA", "EC"... */
int provider_kind_from_algorithm(const char *algorithm, ProviderKind *ret); /* of signet_key_algorithm(); 0: not ours */

ProviderKey *provider_key_new(Provider *p, ProviderKind kind); /* empty; NULL: no memory */
ProviderKey *provider_key_ref(ProviderKey *key);
ProviderKey *provider_key_unref(ProviderKey *key); /* accepts and returns NULL */
DEFINE_CLEANUP(ProviderKey *, provider_key_unref)

/* Makes an empty key stand for one of signetd's; takes a reference of its own. */
int provider_key_set_remote(ProviderKey *key, signet_key *remote);
int provider_key_from_remote(Provider *p, signet_key *remote, ProviderKey **ret);

/* Looks a name up: "pkcs11:..." or "signet:ADDRESS-OR-ID", each with "?operation=sign" or "?operation=decrypt" if need
 * be (docs/OPENSSL.md). All keys that fit, best first, at least one; release with signet_keys_free(). */
#define PROVIDER_NAME_MAX 1024 /* bytes of a name */
typedef struct ProviderName {
        char *name;            /* as signet_find_keys() takes it */
        const char *operation; /* "sign", "decrypt" or NULL; static */
        char type[8];          /* RFC 7512's attribute: "private", "public", "cert" or "" */
} ProviderName;
int provider_name_parse(Provider *p, const char *uri, ProviderName *ret);
void provider_name_done(ProviderName *name);
int provider_find(Provider *p, const ProviderName *name, signet_key ***ret_keys, size_t *ret_count);
int provider_find_one(Provider *p, const char *uri, signet_key **ret_key); /* exactly one, or an error */

/* The label of PEM files that name a key. */
#define PROVIDER_KEYFILE_LABEL "SIGNET KEY"

/* The OSSL_PARAM by which signet_key_evp_pkey() hands a signet_key to the key management: an octet_ptr. */
#define PROVIDER_PARAM_KEY "signet-key"

/* The OSSL_PARAM that overrides the purpose of an operation (utf8: "digest", "raw"...), as in -pkeyopt purpose:raw. */
#define PROVIDER_PARAM_PURPOSE "purpose"

/* --- hashes ------------------------------------------------------------------------------------------- */

/* signetd's word for a hash, or NULL when it has none. */
const char *provider_hash_word(const EVP_MD *md);

/* Fetches a hash by any of OpenSSL's names for it. */
int provider_hash_fetch(Provider *p, const char *name, EVP_MD **ret);

/* What a utf8 parameter says, on the heap; NULL with an error raised for one that is none, or has no data. */
char *provider_param_text(Provider *p, const OSSL_PARAM *param);

/* The same replaces *value; 1 also where params has none of that name. */
int provider_param_string(Provider *p, const OSSL_PARAM params[], const char *name, char **value);

/* The same for octets; *value is OpenSSL's to free. */
int provider_param_octets(Provider *p, const OSSL_PARAM params[], const char *name, unsigned char **value,
                          size_t *value_size);

/* The same for the name of a hash. */
int provider_param_hash(Provider *p, const OSSL_PARAM params[], const char *name, EVP_MD **value);

/* Copies a result of libsignet to a caller's buffer and frees it. */
int provider_output(Provider *p, unsigned char *data, size_t size, unsigned char *out, size_t room, size_t *ret_size);

/* --- tables that provider_init() hands out ------------------------------------------------------------ */

extern const OSSL_ALGORITHM provider_keymgmt[];
extern const OSSL_ALGORITHM provider_signature[];
extern const OSSL_ALGORITHM provider_cipher[];
extern const OSSL_ALGORITHM provider_exchange[];
extern const OSSL_ALGORITHM provider_store[];
extern const OSSL_ALGORITHM provider_decoder[];
extern const OSSL_ALGORITHM provider_encoder[];

#define PROVIDER_NAMES_RSA     "RSA:rsaEncryption:1.2.840.113549.1.1.1"
#define PROVIDER_NAMES_EC      "EC:id-ecPublicKey:1.2.840.10045.2.1"
#define PROVIDER_NAMES_ED25519 "ED25519:1.3.101.112"
#define PROVIDER_NAMES_X25519  "X25519:1.3.101.110"

#define PROVIDER_PROPERTIES "provider=signet"

/* A line of an OSSL_DISPATCH table. */
#define PROVIDER_FUNCTION(id, function)                                                                                \
        { (id), (void (*)(void))(function) }
