/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsignet: use keys on tokens through signetd, without holding them.
 *
 * Every function that can fail returns 0, a positive SIGNET_E_* for an outcome that a program should expect, or a
 * negative errno for what it should not (-ENOMEM, -EINVAL for a NULL where none is allowed). After a failure
 * signet_error_message() says in a sentence what happened and what to do. Outputs stay untouched on failure.
 *
 * Any thread may use any handle at any time. After fork() a child may go on using the handles: it gets connections
 * of its own. When signetd restarts, calls connect again by themselves; signing and decrypting are safe to repeat,
 * and a call that was under way is repeated once. */
#ifndef SIGNET_H
#define SIGNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define SIGNET_VERSION_MAJOR 0
#define SIGNET_VERSION_MINOR 1

typedef struct signet_client signet_client;
typedef struct signet_key signet_key;
typedef struct signet_token signet_token;

enum {
        SIGNET_OK = 0,
        SIGNET_E_NO_SUCH_KEY = 1,       /* no key of that name, or none that the caller may see */
        SIGNET_E_NOT_AUTHORIZED = 2,    /* policy says no */
        SIGNET_E_TOKEN_LOCKED = 3,      /* signet_token_unlock() first */
        SIGNET_E_TOKEN_UNAVAILABLE = 4, /* absent, failed, or its worker is starting */
        SIGNET_E_PIN_INCORRECT = 5,
        SIGNET_E_PIN_LOCKED = 6,
        SIGNET_E_RATE_LIMITED = 7,
        SIGNET_E_BUSY = 8, /* too many requests of this user wait already */
        SIGNET_E_TIMEOUT = 9,
        SIGNET_E_DECRYPTION_FAILED = 10,
        SIGNET_E_NOT_SUPPORTED = 11,
        SIGNET_E_INVALID_INPUT = 12,
        SIGNET_E_REVOKED = 13,
        SIGNET_E_UNAVAILABLE = 14, /* signetd cannot be reached */
        SIGNET_E_AMBIGUOUS = 15,   /* the name fits several keys */
        SIGNET_E_PROTOCOL = 16     /* signetd answered something that this library does not understand */
};

/* The symbolic name of a status ("NoSuchKey"...), static; "Unknown" for other numbers. */
const char *signet_status_name(int status);

/* What went wrong in the last failed call of this thread; "" before any. Valid until the thread's next call of this
 * library. */
const char *signet_error_message(void);

/* The library's own version, "0.1.0"; static. */
const char *signet_version(void);

/* --- client ------------------------------------------------------------------------------------------- */

/* A client of the signetd on the system bus (DBUS_SYSTEM_BUS_ADDRESS is honoured), or on the bus at `address`
 * when that is not NULL. Nothing is sent before the first call that needs it. Release with signet_client_unref(). */
int signet_client_new(const char *address, signet_client **ret_client);
signet_client *signet_client_ref(signet_client *client);
void signet_client_unref(signet_client *client); /* accepts NULL */

/* The longest that one call may take, connecting and waiting for a signetd that restarts included, in milliseconds; 0
 * restores the default of 30,000. */
void signet_client_set_timeout(signet_client *client, unsigned int milliseconds);

/* --- keys --------------------------------------------------------------------------------------------- */

/* The keys that `name` means to the caller, best first: a PKCS#11 URI (RFC 7512), a mail address, 8 or more
 * digits of an id, or NULL for all. `operation`: "sign", "decrypt", or NULL for any. None is an empty list, not an
 * error. Release with signet_keys_free(). */
int signet_find_keys(signet_client *client, const char *name, const char *operation, signet_key ***ret_keys,
                     size_t *ret_count);
void signet_keys_free(signet_key **keys, size_t count);

/* The one key that `name` means. SIGNET_E_NO_SUCH_KEY; SIGNET_E_AMBIGUOUS when a URI or an id prefix fits several
 * (an address gives the best). Release with signet_key_unref(). */
int signet_find_key(signet_client *client, const char *name, const char *operation, signet_key **ret_key);
signet_key *signet_key_ref(signet_key *key);
void signet_key_unref(signet_key *key); /* accepts NULL */

/* Properties, as they were when the key was found. What is returned belongs to the key. */
signet_client *signet_key_client(const signet_key *key);
const char *signet_key_id(const signet_key *key); /* 64 hex digits */
/* "rsa", "ec-p256", "ec-p384", "ec-p521", "ed25519", "x25519"; a newer signetd may know more. */
const char *signet_key_algorithm(const signet_key *key);
const char *signet_key_label(const signet_key *key);
unsigned int signet_key_bits(const signet_key *key);
const unsigned char *signet_key_public(const signet_key *key, size_t *ret_size); /* DER SubjectPublicKeyInfo */
/* Lists: an index past the end gives NULL. Certificates are DER, the one to use first; the chain has the DER
 * certificates of their issuers, nearest first, as far as the tokens hold them. */
size_t signet_key_certificate_count(const signet_key *key);
const unsigned char *signet_key_certificate(const signet_key *key, size_t index, size_t *ret_size);
size_t signet_key_chain_count(const signet_key *key);
const unsigned char *signet_key_chain(const signet_key *key, size_t index, size_t *ret_size);
size_t signet_key_address_count(const signet_key *key);
const char *signet_key_address(const signet_key *key, size_t index);
size_t signet_key_uri_count(const signet_key *key);
const char *signet_key_uri(const signet_key *key, size_t index);
size_t signet_key_operation_count(const signet_key *key);
const char *signet_key_operation(const signet_key *key, size_t index); /* "sign:smime", "decrypt:cms"... */
int signet_key_may(const signet_key *key, const char *operation);      /* 1 if that stands among them, else 0 */

/* --- operations --------------------------------------------------------------------------------------- */

/* Initialise with SIGNET_OPTIONS_INIT; NULL or 0 in a member means the default. A member that means nothing for the
 * operation has to be left so: SIGNET_E_INVALID_INPUT. */
typedef struct signet_options {
        size_t size;                /* sizeof(signet_options) */
        const char *hash;           /* "sha256" (default), "sha384", "sha512"...; OAEP defaults to "sha1" */
        const char *padding;        /* RSA: "pkcs1" (default), "pss" for signing, "oaep" for decrypting */
        const char *mgf_hash;       /* OAEP; default: hash */
        unsigned int salt_length;   /* PSS, bytes; 0: the hash's size */
        const unsigned char *label; /* OAEP */
        size_t label_size;
        unsigned int key_length; /* decrypt for "cms": 16, 24, 32 bytes are expected; 0: any. derive: bytes wanted */
        const char *kdf;         /* derive: "x963" (default) or "none" */
        const unsigned char *shared_info; /* derive: X9.63 shared info */
        size_t shared_info_size;
} signet_options;
#define SIGNET_OPTIONS_INIT                                                                                            \
        { sizeof(signet_options), NULL, NULL, NULL, 0, NULL, 0, 0, NULL, NULL, 0 }

/* Inputs have at most 1 MiB, those of one call together 16 MiB; signetd and tokens take less for most purposes. */

/* Signs. purpose "smime": data is DER SignedAttributes (SET OF, RFC 5652 section 5.4); "csr": DER
 * CertificationRequestInfo; "digest": a digest made with `hash`, or for Ed25519 the message itself.
 * The signature is PKCS#1 octets, a DER Ecdsa-Sig-Value or 64 octets of Ed25519. Free it with signet_free(). options
 * may be NULL. */
int signet_sign(signet_key *key, const char *purpose, const unsigned char *data, size_t data_size,
                const signet_options *options, unsigned char **ret_signature, size_t *ret_size);

/* The same for up to 256 inputs in one round trip: all are signed, or the call fails. Free with signet_free_many(). */
int signet_sign_many(signet_key *key, const char *purpose, const unsigned char *const *data, const size_t *data_sizes,
                     size_t count, const signet_options *options, unsigned char ***ret_signatures, size_t **ret_sizes);

/* RSA decryption. purpose "cms": a content key (RFC 5652 section 6.2.1); with "pkcs1" padding, bad padding gives a
 * pseudo-random key and no error (implicit rejection). "raw": any plaintext. Free with signet_free(). */
int signet_decrypt(signet_key *key, const char *purpose, const unsigned char *ciphertext, size_t ciphertext_size,
                   const signet_options *options, unsigned char **ret_plaintext, size_t *ret_size);

/* ECDH with the peer's public key (SEC 1 point, or 32 octets for X25519). purpose "cms": shared_info is a DER
 * ECC-CMS-SharedInfo (RFC 5753 section 7.2) and the result a key-encryption key; "raw": any shared info, or kdf "none".
 * Free with signet_free(). */
int signet_derive(signet_key *key, const char *purpose, const unsigned char *peer, size_t peer_size,
                  const signet_options *options, unsigned char **ret_secret, size_t *ret_size);

void signet_free(unsigned char *data, size_t size); /* wipes size bytes and frees; accepts NULL */
void signet_free_many(unsigned char **data, size_t *sizes, size_t count);

/* --- OpenSSL ------------------------------------------------------------------------------------------ */

struct evp_pkey_st;
struct ossl_lib_ctx_st;

/* An EVP_PKEY that signs, decrypts and derives through signetd, by the provider "signet" that this library brings,
 * loaded into `libctx` (NULL: the default context) beside "default". It keeps the key alive. Free with EVP_PKEY_free().
 */
int signet_key_evp_pkey(signet_key *key, struct ossl_lib_ctx_st *libctx, struct evp_pkey_st **ret_pkey);

/* --- tokens ------------------------------------------------------------------------------------------- */

/* The tokens that the caller may see. Release with signet_tokens_free(). */
int signet_find_tokens(signet_client *client, signet_token ***ret_tokens, size_t *ret_count);
void signet_tokens_free(signet_token **tokens, size_t count);

/* The token that signetd's configuration calls `name`; SIGNET_E_NO_SUCH_KEY when there is none to see. */
int signet_find_token(signet_client *client, const char *name, signet_token **ret_token);
void signet_token_unref(signet_token *token); /* accepts NULL */

/* Properties, as they were when the token was found. What is returned belongs to the token. */

const char *signet_token_name(const signet_token *token);
const char *signet_token_state(const signet_token *token);   /* "ready", "locked"... see docs/DBUS.md */
const char *signet_token_message(const signet_token *token); /* what is wrong and what to do, or "" */
const char *signet_token_label(const signet_token *token);
const char *signet_token_serial(const signet_token *token);
const char *signet_token_model(const signet_token *token);
const char *signet_token_manufacturer(const signet_token *token);
unsigned int signet_token_workers(const signet_token *token); /* running now */
unsigned int signet_token_workers_configured(const signet_token *token);
int signet_token_may_unlock(const signet_token *token);

/* Unlocks with the PIN that signetd's worker reads from pin_fd (to end of file; one trailing newline is dropped). The
 * PIN is tried once. pin_fd stays open. */
int signet_token_unlock(signet_token *token, int pin_fd);
int signet_token_lock(signet_token *token);

/* --- everything, and what changes ---------------------------------------------------------------------- */

/* All keys and tokens that the caller may see, in one round trip: keys in no order, tokens by name. None is an empty
 * list, not an error. Release with signet_keys_free() and signet_tokens_free(). */
int signet_find_all(signet_client *client, signet_key ***ret_keys, size_t *ret_n_keys, signet_token ***ret_tokens,
                    size_t *ret_n_tokens);

/* A watch over what the caller may see, for programs that keep the answers of signet_find_all(): a connection to the
 * bus of its own, read only when signet_watch_changed() is called. It may outlive the client. It is of the process that
 * made it: after fork() a child makes its own. */
typedef struct signet_watch signet_watch;

/* What changes from here on is noticed: make the watch first and look for keys then. Succeeds without signetd when the
 * bus is there, and does not start signetd: its coming is a change. SIGNET_E_UNAVAILABLE, at once, without a bus;
 * SIGNET_E_TIMEOUT when signetd is there and does not answer. */
int signet_watch_new(signet_client *client, signet_watch **ret_watch);
void signet_watch_free(signet_watch *watch); /* accepts NULL */

/* 1 when keys, tokens or rights may have changed since the last call that said so, or since the beginning; 0 when they
 * have not, and while signetd is away (its return is 1); a negative errno for a watch that is dead and has to be
 * replaced: -ENOTCONN (the bus is gone, the descriptor was closed, the process became another user), -ECHILD (in a
 * child of fork()). Never waits. Of several threads that call it, one is told of a change. */
int signet_watch_changed(signet_watch *watch);

/* 1 when signetd was on the bus as of the last call of signet_watch_changed(), or the beginning; else, and when the
 * watch is dead, 0. */
int signet_watch_service(const signet_watch *watch);

/* --- daemon ------------------------------------------------------------------------------------------- */

typedef struct signet_status {
        size_t size; /* set to sizeof(signet_status) before the call */
        char version[32];
        uint64_t policy_generation;
        uint64_t start_time;    /* seconds since 1970 */
        uint64_t done, refused; /* these, and pending: 0 unless the caller is root or signetd's own user */
        unsigned int pending;
        uint64_t audit_sequence; /* 0 and "" unless the caller is root or signetd's own user */
        char audit_head[65];
} signet_status;
int signet_get_status(signet_client *client, signet_status *status);

/* Asks policy without doing anything. Members of facts may be NULL (time: 0 for now); another user than oneself is
 * root's to ask. */
typedef struct signet_facts {
        size_t size; /* sizeof(signet_facts) */
        const char *key, *operation, *purpose, *user, *hash, *domain, *address, *unit;
        int64_t time; /* seconds since 1970 */
} signet_facts;
typedef struct signet_verdict signet_verdict;
int signet_explain(signet_client *client, const signet_facts *facts, signet_verdict **ret_verdict);
void signet_verdict_free(signet_verdict *verdict);
int signet_verdict_allowed(const signet_verdict *verdict);
const char *signet_verdict_effect(const signet_verdict *verdict); /* "allow" or "deny" */
const char *signet_verdict_rule(const signet_verdict *verdict);   /* "" when no rule matched */
const char *signet_verdict_file(const signet_verdict *verdict);
unsigned int signet_verdict_line(const signet_verdict *verdict);
const char *signet_verdict_reason(const signet_verdict *verdict); /* a sentence */

/* Makes signetd read its policy again. For root and signetd's own user. On a mistake in a file: SIGNET_E_INVALID_INPUT,
 * the running policy stays in force, and the message names file and line. */
int signet_reload_policy(signet_client *client, uint64_t *ret_generation);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
