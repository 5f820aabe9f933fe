/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where keys come from: signetd, which lends the use of keys on tokens, and PEM files, for those who have them. */
#pragma once

#include "certificates.h"

typedef struct Keyring Keyring;

/* The keys of the signetd on the bus at `bus` (NULL: the system bus). Nothing is asked before it is needed.
 * `passphrase` opens PEM files that want one; NULL when there is none. */
int keyring_new(const char *bus, const char *passphrase, Keyring **ret, Fault *f) _must_check_;
Keyring *keyring_free(Keyring *k); /* accepts and returns NULL */
DEFINE_CLEANUP(Keyring *, keyring_free)

/* Somebody who signs. */
typedef struct Signer {
        EVP_PKEY *key;
        X509 *certificate;     /* valid now and for signing */
        STACK_OF(X509) *chain; /* its issuers, nearest first, without the root; may be empty */
        X509 *preferred;       /* what mail to the signer is to be encrypted for; NULL when the certificate itself */
        char *name;            /* of the key, for people */
} Signer;
void signer_free(Signer *s); /* accepts NULL */
DEFINE_CLEANUP(Signer *, signer_free)

/* Who is to sign; NULL members leave it open. At least one is given. */
typedef struct SignerChoice {
        const char *address;  /* the certificate must carry it */
        const char *key;      /* a PKCS#11 URI, an id prefix, an address, or the path of a key file */
        X509 *certificate;    /* use this one; its public key is the key's */
        STACK_OF(X509) *more; /* where a key file's certificate may be among others */
} SignerChoice;

/* Finds key and certificate. MAIL_E_NO_SUCH_KEY, _AMBIGUOUS, _NO_CERTIFICATE, _EXPIRED, _WRONG_ADDRESS, _UNAVAILABLE,
 * _NOT_SUPPORTED (a kind of key that CMS cannot use here), each with the next step. */
int keyring_signer(Keyring *k, const SignerChoice *choice, Signer **ret, Fault *f) _must_check_;

/* A key that decrypts, and all certificates that stand for it. */
typedef struct Decrypter {
        STACK_OF(X509) *certificates; /* old ones included; may be empty */
        uint8_t key_id[20];           /* SHA-1 of the public key's bits, RFC 5280 section 4.2.1.2 (1) */
        char *name;                   /* for people */
        struct signet_key *remote;    /* either this */
        EVP_PKEY *local;              /* or this */
} Decrypter;

typedef struct Decrypters {
        Decrypter *items;
        size_t n;
} Decrypters;
void decrypters_done(Decrypters *d);

/* All keys that the caller may decrypt with, or with `key` (not NULL) only what it names. `more` (may be NULL) are
 * certificates that may belong to one of the keys, as from files: old ones that are on no token. */
int keyring_decrypters(Keyring *k, const char *key, STACK_OF(X509) *more, Decrypters *ret, Fault *f) _must_check_;

/* The key itself, to be freed with EVP_PKEY_free(). */
int decrypter_key(const Decrypter *d, EVP_PKEY **ret, Fault *f) _must_check_;

/* Appends the certificates on tokens that carry the address (those that the caller may see). */
int keyring_certificates(Keyring *k, const char *address, STACK_OF(X509) *to, Fault *f) _must_check_;

/* Turns what OpenSSL's queue holds into a fault: the provider's own error (policy, a locked token...) with its kind and
 * sentence if there is one, else `otherwise` with `what`. Empties the queue. */
int keyring_provider_fault(Fault *f, MailError otherwise, const char *what);

/* The id (64 digits) of the key that a certificate is for. */
int certificate_key_id(X509 *certificate, char *ret_id, Fault *f) _must_check_;
